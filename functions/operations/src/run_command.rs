//! `run-command`: the operators' commands over HTTP, for the console. Needs the admin group.
//!
//! - Trigger: `POST /operations/{command}` with the command's input, without `by` and `for_seconds`. The commands are
//!   `redrive-dead-letters`, `replay-events`, `rebuild-views` and `reconcile-stripe`.
//! - Effect: invokes the function of that name with the input, the caller's subject as `by`, and a bound on the time of the run, so that
//!   the answer comes before the gateway gives up. A run that is out of time says so in its answer, and the caller runs it again.
//! - Answer: the command's own. `404` for another command; `422` with the reason if the command ends with an error; `504` if it gave no
//!   answer: what it did is unknown, and a repeat is harmless.
//! - Publishes: nothing.
//!
//! It has no grant but to invoke these functions: the rights on queues and tables stay with them.

use async_trait::async_trait;
use outbound::{Functions, NotAnswered};
use runtime::http::{Endpoint, Problem, Reply, Request, Role};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The functions that an admin may run. Each is bounded by `for_seconds`, records `by`, and may be run again.
const COMMANDS: [&str; 4] = ["redrive-dead-letters", "replay-events", "rebuild-views", "reconcile-stripe"];
/// How long a run works. The function's own timeout is longer by what it needs to start and to end.
const FOR_SECONDS: u32 = 8;

/// The step. See the module.
pub struct RunCommand {
    /// The functions of the stack.
    pub functions: Arc<dyn Functions>,
}

#[async_trait]
impl Endpoint for RunCommand {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let admin = &request.at_least(Role::Admin)?.customer;
        let wanted = request.in_path("command");
        let command = COMMANDS
            .into_iter()
            .find(|command| *command == wanted)
            .ok_or_else(|| Problem::not_found(format!("the commands are {}", COMMANDS.join(", "))))?;
        let mut input: Map<String, Value> = request.json()?;
        input.insert("by".to_owned(), admin.subject.clone().into());
        input.insert("for_seconds".to_owned(), FOR_SECONDS.into());
        let answered = self.functions.ask(command, &Value::Object(input).to_string()).await;
        let answer = answered.map_err(|error| match error {
            NotAnswered::Failed(why) => {
                Problem::new(422, "command-failed", "The command ended with an error", why)
            }
            NotAnswered::Unclear(why) => Problem::timed_out(why),
        })?;
        let answer: Box<RawValue> = RawValue::from_string(answer).map_err(Problem::internal)?;
        Ok(Reply::json(200, &answer))
    }
}

#[cfg(test)]
mod tests;
