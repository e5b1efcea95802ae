//! Deployed functions, handled as their administrator would: run by hand, set otherwise, held back. What a test changes
//! is changed back when it ends, also when it fails.

use crate::emulator::Emulator;
use crate::wait::until;
use serde_json::{Value, json};

/// The name that a function has in the account.
fn deployed_name(emulator: &Emulator, function: &str) -> String {
    let functions = emulator.functions();
    let found = functions.iter().find(|of| of["Environment"]["Variables"]["FUNCTION_NAME"] == *function);
    let name = found.and_then(|found| found["FunctionName"].as_str());
    name.unwrap_or_else(|| panic!("{function} is not deployed")).to_owned()
}

/// Runs a function that is told nothing and gives back what it answers.
#[track_caller]
pub(crate) fn invoke(emulator: &Emulator, function: &str) -> Value {
    invoke_with(emulator, function, &json!({}))
}

/// Runs a function and gives back what it answers.
#[track_caller]
pub(crate) fn invoke_with(emulator: &Emulator, function: &str, told: &Value) -> Value {
    let path = format!("functions/{}/invocations", deployed_name(emulator, function));
    let answer = emulator.lambda("POST", &path, Some(told));
    assert_eq!(answer.header("x-amz-function-error"), None, "{answer}");
    answer.expect(200)
}

/// A variable of a function's environment that is another one until this is dropped.
pub(crate) struct Variable<'a> {
    emulator: &'a Emulator,
    path: String,
    before: Value,
}

impl<'a> Variable<'a> {
    pub(crate) fn set(emulator: &'a Emulator, function: &str, variable: &str, value: &str) -> Self {
        let path = format!("functions/{}/configuration", deployed_name(emulator, function));
        let before = emulator.lambda("GET", &path, None).expect(200)["Environment"].clone();
        let mut environment = before.clone();
        environment["Variables"][variable] = value.into();
        let set = Self { emulator, path, before };
        set.put(&environment);
        set
    }

    fn put(&self, environment: &Value) {
        self.emulator.lambda("PUT", &self.path, Some(&json!({ "Environment": environment }))).expect(200);
        until("the function to have its environment", || {
            let now = self.emulator.lambda("GET", &self.path, None).expect(200);
            let is_there = now["Environment"]["Variables"] == environment["Variables"]
                && now["LastUpdateStatus"] == "Successful";
            if is_there { Ok(()) } else { Err(now) }
        });
    }
}

impl Drop for Variable<'_> {
    fn drop(&mut self) {
        self.put(&self.before);
    }
}

/// A function that is handed nothing, from no queue and no stream, until this is dropped.
pub(crate) struct Held<'a> {
    emulator: &'a Emulator,
    sources: Vec<String>,
}

impl<'a> Held<'a> {
    pub(crate) fn back(emulator: &'a Emulator, function: &str) -> Self {
        let path = format!("event-source-mappings/?FunctionName={}", deployed_name(emulator, function));
        let list = emulator.lambda("GET", &path, None).expect(200);
        let sources = list["EventSourceMappings"].as_array().expect("a list");
        let sources: Vec<String> =
            sources.iter().map(|source| source["UUID"].as_str().expect("an id").to_owned()).collect();
        assert!(!sources.is_empty(), "{function} has no source");
        let held = Self { emulator, sources };
        held.enable(false);
        held
    }

    fn enable(&self, enabled: bool) {
        for source in &self.sources {
            let path = format!("event-source-mappings/{source}");
            let answer = self.emulator.lambda("PUT", &path, Some(&json!({ "Enabled": enabled })));
            assert!((200..300).contains(&answer.status), "{answer}");
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.enable(true);
    }
}
