//! The environment of the local stack, as `make env` prints it.

pub mod collector;

/// A variable of the local stack.
///
/// # Panics
/// If it is not set: these tests need the stack.
#[expect(clippy::disallowed_methods, reason = "the environment names the stack")]
#[expect(clippy::panic, reason = "a test without its stack cannot pass")]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: this test needs the local stack; run `make test`, or `make up` and `eval \"$(make -s env)\"`")
    })
}

/// The variables of the local stack whose names end with `ending`, with their values: for example the URL of every queue.
pub fn variables_ending(ending: &str) -> Vec<(String, String)> {
    std::env::vars().filter(|(name, _)| name.starts_with("CONVEYOR_") && name.ends_with(ending)).collect()
}
