//! What the tests of this package share: the local stack's environment, as `make env` prints it.

/// A variable of the local stack.
///
/// # Panics
/// Where it is not set: these tests need the stack.
#[expect(clippy::disallowed_methods, reason = "tests are told of the stack by the environment")]
#[expect(clippy::panic, reason = "a test without its stack cannot pass")]
pub fn stack(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: this test needs the local stack; run `make test`, or `make up` and `eval \"$(make -s env)\"`")
    })
}
