//! Actions in words, for the printed counterexamples.

use crate::explore::Pipeline;
use crate::memo::Work;
use crate::recorded_ports::CallFault;
use crate::state::{Action, How, State};

/// The number of printed steps of a path that reaches no end.
const MOST_STEPS: usize = 60;

impl Pipeline {
    /// A path to a state in words, one line an action.
    pub fn describe_path(&self, path: Vec<(State, Option<Action>)>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut last = None;
        for (state, action) in path {
            if let Some(action) = action {
                lines.push(self.describe(&state, action));
                last = self.memo.next(&state, action);
            }
        }
        let mut last = last.unwrap_or_else(|| self.first());
        if self.findings(&last).is_empty() {
            lines.push("and then, without further faults,".to_owned());
            for _ in 0..MOST_STEPS {
                let Some(work) = self.next_without_faults(&last) else { break };
                let action = Action::Run(work, How::Complete);
                lines.push(self.describe(&last, action));
                last = self.memo.next(&last, action).unwrap_or(last);
            }
        }
        lines.extend(
            self.findings(&last).into_iter().map(|found| format!("{:?}: {}", found.invariant, found.what)),
        );
        lines
    }

    fn describe(&self, state: &State, action: Action) -> String {
        match action {
            Action::Run(work, how) => {
                let outcome = self.memo.look(state, work, how);
                let calls: Vec<&str> = outcome.calls.iter().map(|call| call.name).collect();
                let call = |place: u8| calls.get(usize::from(place)).copied().unwrap_or_default();
                let mut emitted: Vec<String> = outcome
                    .messages
                    .iter()
                    .chain(&outcome.tracked)
                    .map(|message| self.memo.message(*message).envelope.event_type.clone())
                    .collect();
                emitted.dedup();
                let how = match how {
                    How::Complete => String::new(),
                    How::Duplicate => ", and a duplicate is still under way".to_owned(),
                    How::Crash(fault) => format!(", and crashes {}", place(fault, &call)),
                    How::Fault(fault) => format!(", with a fault {}", place(fault, &call)),
                    How::Freeze(fault) => format!(", and freezes {}", place(fault, &call)),
                };
                let emitted =
                    if emitted.is_empty() { String::new() } else { format!(" → {}", emitted.join(", ")) };
                format!("{}{how}{emitted} [{:?}]", self.describe_work(work), outcome.end)
            }
            Action::TimeOut(id) => {
                let first = self.memo.frozen(id).work;
                format!(
                    "{} is given to another process: the frozen one is a zombie",
                    self.describe_work(first)
                )
            }
            Action::Lose(webhook) => format!("the webhook {} is lost", self.memo.webhook(webhook).kind()),
        }
    }

    pub(crate) fn describe_work(&self, work: Work) -> String {
        match work {
            Work::Message(id, deliveries) => {
                let message = self.memo.message(id);
                let (queue, envelope) = (message.queue.name(), &message.envelope);
                let place = envelope.id.as_str().replace(&envelope.subject, &self.name_of(&envelope.subject));
                format!("{queue} receives {} ({place}), delivery {deliveries}", envelope.event_type)
            }
            Work::Webhook(id) => format!("the webhook {} arrives", self.memo.webhook(id).kind()),
            Work::Act(act) => act.to_string(),
            Work::Resume(id) => {
                format!("the frozen process resumes: {}", self.describe_work(self.memo.frozen(id).work))
            }
        }
    }

    fn name_of(&self, subject: &str) -> String {
        let place = self.memo.runner.orders.iter().position(|order| order.as_str() == subject);
        place.map_or_else(|| subject.to_owned(), |n| n.to_string())
    }
}

fn place<'a>(fault: CallFault, call: &impl Fn(u8) -> &'a str) -> String {
    match fault {
        CallFault::StopBefore(0) => "before its first call".to_owned(),
        CallFault::StopBefore(at) => format!("before call {at} ({})", call(at)),
        CallFault::StopAfter(at) => format!("after call {at} ({})", call(at)),
        CallFault::Fail(at) => format!("at call {at} ({}): no effect, no answer", call(at)),
        CallFault::LoseReply(at) => format!("at call {at} ({}): the effect, no answer", call(at)),
        CallFault::ErrorBefore(at) => format!("at call {at} ({}): 500 without an effect", call(at)),
        CallFault::ErrorAfter(at) => format!("at call {at} ({}): 500 after the effect", call(at)),
    }
}
