//! Actions in words, for whoever reads a counterexample.

use crate::explore::Pipeline;
use crate::library::Work;
use crate::state::{Action, How, State};
use crate::wire::Trouble;

/// How far a path that finds no end is told.
const MOST_CALM: usize = 60;

impl Pipeline {
    /// A path to a state in words, a line an action.
    pub fn tell(&self, path: Vec<(State, Option<Action>)>) -> Vec<String> {
        let mut lines = Vec::new();
        let mut last = None;
        for (state, action) in path {
            if let Some(action) = action {
                lines.push(self.describe(&state, action));
                last = self.library.next(&state, action);
            }
        }
        let mut last = last.unwrap_or_else(|| self.first());
        if self.findings(&last).is_empty() {
            lines.push("and then, although nothing goes wrong any more,".to_owned());
            for _ in 0..MOST_CALM {
                let Some(work) = self.calm_work(&last) else { break };
                let action = Action::Run(work, How::Through);
                lines.push(self.describe(&last, action));
                last = self.library.next(&last, action).unwrap_or(last);
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
                let outcome = self.library.look(state, work, how);
                let calls: Vec<&str> = outcome.asked.iter().map(|asked| asked.name).collect();
                let call = |place: u8| calls.get(usize::from(place)).copied().unwrap_or_default();
                let said: Vec<String> = outcome
                    .letters
                    .iter()
                    .chain(&outcome.news)
                    .map(|letter| self.library.letter(*letter).envelope.event_type.clone())
                    .collect();
                let mut said = said;
                said.dedup();
                let how = match how {
                    How::Through => String::new(),
                    How::Again => ", and a copy is still under way".to_owned(),
                    How::Crash(trouble) => format!(", and crashes {}", place(trouble, &call)),
                    How::Fault(trouble) => format!(", with a fault {}", place(trouble, &call)),
                    How::Sleep(trouble) => format!(", and falls asleep {}", place(trouble, &call)),
                };
                let said = if said.is_empty() { String::new() } else { format!(" → {}", said.join(", ")) };
                format!("{}{how}{said} [{:?}]", self.describe_work(work), outcome.end)
            }
            Action::GiveUp(id) => {
                let first = self.library.sleeper(id).work;
                format!("{} is given to another: who slept over it is a zombie", self.describe_work(first))
            }
            Action::Lose(hook) => format!("the webhook {} is lost", self.library.hook(hook).kind()),
        }
    }

    pub(crate) fn describe_work(&self, work: Work) -> String {
        match work {
            Work::Letter(id, deliveries) => {
                let letter = self.library.letter(id);
                let (queue, envelope) = (letter.queue.name(), &letter.envelope);
                let place = envelope.id.as_str().replace(&envelope.subject, &self.name_of(&envelope.subject));
                format!("{queue} gets {} ({place}), delivery {deliveries}", envelope.event_type)
            }
            Work::Hook(id) => format!("the webhook {} arrives", self.library.hook(id).kind()),
            Work::Act(act) => act.to_string(),
            Work::Sleeper(id) => {
                format!("who slept goes on: {}", self.describe_work(self.library.sleeper(id).work))
            }
        }
    }

    fn name_of(&self, subject: &str) -> String {
        let place = self.library.stage.orders.iter().position(|order| order.as_str() == subject);
        place.map_or_else(|| subject.to_owned(), |n| n.to_string())
    }
}

fn place<'a>(trouble: Trouble, call: &impl Fn(u8) -> &'a str) -> String {
    match trouble {
        Trouble::StopBefore(0) => "before it did anything".to_owned(),
        Trouble::StopBefore(at) => format!("before call {at} ({})", call(at)),
        Trouble::StopAfter(at) => format!("after call {at} ({})", call(at)),
        Trouble::Fail(at) => format!("at call {at} ({}): no effect, no answer", call(at)),
        Trouble::LoseReply(at) => format!("at call {at} ({}): done, no answer", call(at)),
        Trouble::ErrorBefore(at) => format!("at call {at} ({}): 500 before", call(at)),
        Trouble::ErrorAfter(at) => format!("at call {at} ({}): 500 after it was done", call(at)),
    }
}
