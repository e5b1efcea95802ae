//! `make limits`: what an operator writes is what the functions read, and may read.

use crate::functions::Variable;
use crate::stack::Stack;
use crate::wait::until;
use event_store::Documents as _;
use runtime::http::ChangedLimits;
use serde_json::json;

#[test]
fn a_limit_that_an_operator_changes_is_in_force_in_a_process_that_starts() {
    let stack = Stack::exclusive();
    let key = ChangedLimits::key();
    // Hardly less than the limit of the local stack, because it is in force for all tests.
    stack.tables.put("LIMITS", &key.pk, &key.sk, &json!({"per_hour": {"requests": 900_000}}));
    let _starts_anew = Variable::set(&stack.emulator, "get-payment", "LOG_LEVEL", "debug");
    until("the changed limit", || {
        let answer = stack.customer.get("/orders/0123456789abcdef0123456789abcdef/payment");
        let policy = answer.header("ratelimit-policy").unwrap_or_default().to_owned();
        if policy == "\"requests\";q=900000;w=3600" { Ok(()) } else { Err(policy) }
    });
    let table = stack.tables.clients().table(&tests::variable("CONVEYOR_LIMITS_TABLE"));
    stack.tables.run(table.delete(&key)).expect("the table answers");
}
