//! The functions of callbacks, with receivers that take whatever they are sent.

use crate::functions::{Outcome, Stage};
use callbacks::{
    DeliverWebhook, Lanes, ManageCallbacks, Pace, PlanDeliveries, RandomBytes, ScheduleCallbacks,
};
use outbound::Networks;
use resilience::NoJitter;
use std::sync::Arc;
use std::time::Duration;

const PACE: Pace = Pace { call_within: Duration::from_secs(30) };

/// The same secret in every run, so that runs can be compared.
struct NoRandomness;

impl RandomBytes for NoRandomness {
    fn bytes(&self) -> Option<[u8; 32]> {
        Some([7; 32])
    }
}

impl Stage {
    /// Runs the sample through a function of callbacks.
    pub(crate) async fn run_callbacks(&self, function: &str, text: &str) -> Outcome {
        let (documents, work, clock) = (self.table(), self.gated(&self.work), self.clock());
        match function {
            "manage-callbacks" => {
                let by_time = Arc::new(self.table.index("endpoint", "created_at"));
                let step = ManageCallbacks {
                    documents,
                    deliveries_by_time: self.gated(&by_time),
                    work,
                    names: self.gated(&self.names),
                    random: Arc::new(NoRandomness),
                    clock,
                    networks: Networks::Public,
                    pace: PACE,
                };
                self.answer(step, text).await
            }
            "plan-deliveries" => {
                self.consume(PlanDeliveries { documents, work, clock, pace: PACE }, text).await
            }
            "deliver-webhook" => {
                let step = DeliverWebhook {
                    documents,
                    work,
                    transport: self.gated(&self.receivers),
                    clock,
                    jitter: Arc::new(NoJitter),
                    pace: PACE,
                    lanes: Lanes::of(2),
                };
                self.consume(step, text).await
            }
            "schedule-callbacks" => {
                let by_time = Arc::new(self.table.index("pending_shard", "overdue_at"));
                let pending_by_time = self.gated(&by_time);
                self.perform(&ScheduleCallbacks { documents, pending_by_time, work, clock, pace: PACE }, text)
                    .await
            }
            other => Outcome::Failed(format!("{other} is not wired; add it")),
        }
    }

    /// What the receivers were sent, and what lies in the delivery queue.
    pub(crate) fn callbacks(&self) -> (Vec<String>, Vec<String>) {
        let calls = self.receivers.calls();
        let told = calls.iter().map(|call| format!("{call:?} {:?} {:?}", call.headers, call.body));
        (told.collect(), self.work.sent().iter().map(|work| format!("{work:?}")).collect())
    }
}
