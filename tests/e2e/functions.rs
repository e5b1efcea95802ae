//! Administration of deployed functions: invoke one, change its settings, pause its event sources. Each change is undone
//! when the test ends, also if it fails.

use crate::emulator::Emulator;
use crate::wait::until;
use serde_json::{Value, json};

/// The deployed name of a function.
fn deployed_name(emulator: &Emulator, function: &str) -> String {
    let functions = emulator.functions();
    let found = functions.iter().find(|of| of["Environment"]["Variables"]["FUNCTION_NAME"] == *function);
    let name = found.and_then(|found| found["FunctionName"].as_str());
    name.unwrap_or_else(|| panic!("{function} is not deployed")).to_owned()
}

/// What every caller of a function names.
const ALIAS: &str = "live";

/// Invokes a function without input and returns its answer.
#[track_caller]
pub(crate) fn invoke(emulator: &Emulator, function: &str) -> Value {
    invoke_with(emulator, function, &json!({}))
}

/// Invokes a function and returns its answer.
#[track_caller]
pub(crate) fn invoke_with(emulator: &Emulator, function: &str, input: &Value) -> Value {
    let path = format!("functions/{}/invocations?Qualifier={ALIAS}", deployed_name(emulator, function));
    let answer = emulator.lambda("POST", &path, Some(input));
    assert_eq!(answer.header("x-amz-function-error"), None, "{answer}");
    answer.expect(200)
}

/// Invokes a function without input that ends with an error, and returns what it says.
#[track_caller]
pub(crate) fn refused(emulator: &Emulator, function: &str) -> String {
    let path = format!("functions/{}/invocations?Qualifier={ALIAS}", deployed_name(emulator, function));
    let answer = emulator.lambda("POST", &path, Some(&json!({})));
    assert_ne!(answer.header("x-amz-function-error"), None, "{answer}");
    answer.expect(200)["errorMessage"].as_str().unwrap_or_default().to_owned()
}

/// A changed variable of a function's environment, until this is dropped.
pub(crate) struct Variable<'a> {
    emulator: &'a Emulator,
    path: String,
    function: String,
    before: Value,
}

impl<'a> Variable<'a> {
    pub(crate) fn set(emulator: &'a Emulator, function: &str, variable: &str, value: &str) -> Self {
        let function = deployed_name(emulator, function);
        let path = format!("functions/{function}/configuration");
        let before = emulator.lambda("GET", &path, None).expect(200)["Environment"].clone();
        let mut environment = before.clone();
        environment["Variables"][variable] = value.into();
        let set = Self { emulator, path, function, before };
        set.put(&environment);
        set
    }

    fn put(&self, environment: &Value) {
        self.emulator.lambda("PUT", &self.path, Some(&json!({ "Environment": environment }))).expect(200);
        until("the function to have its environment", || {
            let now = self.emulator.lambda("GET", &self.path, None).expect(200);
            let is_set = now["Environment"]["Variables"] == environment["Variables"]
                && now["LastUpdateStatus"] == "Successful";
            if is_set { Ok(()) } else { Err(now) }
        });
        // Callers reach a version, whose environment never changes.
        let (emulator, function) = (self.emulator, &self.function);
        let published =
            emulator.lambda("POST", &format!("functions/{function}/versions"), Some(&json!({}))).expect(201);
        let alias = format!("functions/{function}/aliases/{ALIAS}");
        emulator.lambda("PUT", &alias, Some(&json!({ "FunctionVersion": published["Version"] }))).expect(200);
    }
}

impl Drop for Variable<'_> {
    fn drop(&mut self) {
        self.put(&self.before);
    }
}

/// A function whose event sources are disabled until this is dropped.
pub(crate) struct Paused<'a> {
    emulator: &'a Emulator,
    sources: Vec<String>,
}

impl<'a> Paused<'a> {
    pub(crate) fn function(emulator: &'a Emulator, function: &str) -> Self {
        let path =
            format!("event-source-mappings/?FunctionName={}:{ALIAS}", deployed_name(emulator, function));
        let list = emulator.lambda("GET", &path, None).expect(200);
        let sources = list["EventSourceMappings"].as_array().expect("a list");
        let sources: Vec<String> =
            sources.iter().map(|source| source["UUID"].as_str().expect("an id").to_owned()).collect();
        assert!(!sources.is_empty(), "{function} has no event source");
        let paused = Self { emulator, sources };
        paused.enable(false);
        paused
    }

    fn enable(&self, enabled: bool) {
        for source in &self.sources {
            let path = format!("event-source-mappings/{source}");
            let answer = self.emulator.lambda("PUT", &path, Some(&json!({ "Enabled": enabled })));
            assert!((200..300).contains(&answer.status), "{answer}");
        }
    }
}

impl Drop for Paused<'_> {
    fn drop(&mut self) {
        self.enable(true);
    }
}
