//! What a command gets, and who may run one.

use super::*;
use serde_json::json;
use std::sync::atomic::Ordering;
use testkit::{MemoryFunctions, RequestBuilder as _, request};

fn run(command: &str, input: &Value) -> Request {
    let mut request = request("POST /operations/{command}").json(input).by_admin();
    request.path.insert("command".to_owned(), command.to_owned());
    request
}

#[tokio::test]
async fn a_command_gets_its_input_with_who_runs_it_and_for_how_long() {
    let functions = Arc::new(MemoryFunctions::default());
    let step = RunCommand { functions: functions.clone() };
    let input = json!({"function": "take-payment", "do": "list", "by": "another", "for_seconds": 600});
    let reply = step.answer(run("redrive-dead-letters", &input)).await.unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (200, "{}"));
    let invoked = functions.invoked();
    let [(function, payload)] = invoked.as_slice() else { panic!("one invocation: {invoked:?}") };
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(function, "redrive-dead-letters");
    assert_eq!(
        payload,
        json!({"function": "take-payment", "do": "list", "by": "admin-1", "for_seconds": FOR_SECONDS})
    );
}

#[tokio::test]
async fn no_other_function_can_be_run() {
    let functions = Arc::new(MemoryFunctions::default());
    let step = RunCommand { functions: functions.clone() };
    for other in ["restore-table", "take-payment", "", "../redrive-dead-letters"] {
        assert_eq!(step.answer(run(other, &json!({}))).await.unwrap_err().status, 404, "{other}");
    }
    assert!(functions.invoked().is_empty());
}

#[tokio::test]
async fn only_an_admin_runs_a_command() {
    let functions = Arc::new(MemoryFunctions::default());
    let step = RunCommand { functions: functions.clone() };
    for role in [Role::Customer, Role::Viewer, Role::Staff] {
        let request = run("redrive-dead-letters", &json!({"do": "count"})).by_role(role);
        assert_eq!(step.answer(request).await.unwrap_err().status, 403, "{role:?}");
    }
    assert!(functions.invoked().is_empty());
}

#[tokio::test]
async fn the_error_of_a_command_is_shown_to_the_admin() {
    let functions = Arc::new(MemoryFunctions::default());
    functions.is_failing.store(true, Ordering::SeqCst);
    let problem =
        RunCommand { functions }.answer(run("replay-events", &json!({"do": "plan"}))).await.unwrap_err();
    assert_eq!((problem.status, problem.kind), (422, "command-failed"));
    assert_eq!(problem.detail, "the topic is out");
}
