//! `GET /health/ready` on the deployed stack: its role may ask all that it asks, and every dependency answers.

use crate::stack::Stack;
use serde_json::Value;

fn names(list: &Value, field: &str) -> Vec<String> {
    let items = list.as_array().expect("a list").iter();
    items.map(|item| item[field].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn every_dependency_of_the_deployed_stack_answers_and_only_an_admin_sees_it() {
    let stack = Stack::shared();
    stack.customer.get("/health/ready").problem(403);
    let answer = stack.anonymous.get("/health/ready");
    assert_eq!(answer.status, 401, "{answer}");
    let report = stack.admin.get("/health/ready").expect(200);
    for (list, field, number) in [("dependencies", "name", 11), ("queues", "function", 8)] {
        let items = report[list].as_array().expect("a list");
        let failing: Vec<&Value> = items.iter().filter(|item| item["state"] != "ok").collect();
        assert!(failing.is_empty(), "{failing:?}");
        assert_eq!(names(&report[list], field).len(), number, "{report}");
    }
    assert_eq!(names(&report["breakers"], "provider"), ["stripe", "easypost"]);
    assert_eq!(names(&report["streams"], "table").len(), 5);
    for id in ["build", "deploy"] {
        let id = report[id].as_str().expect("an id");
        assert!(id.len() == 12 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    }
    // Constant, whatever is out.
    assert_eq!(stack.anonymous.get("/health").expect(200)["status"], "ok");
}
