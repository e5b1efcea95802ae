//! Each run puts one heartbeat into each table, and a table that is out does not stop the others.

use super::*;
use event_store::Memory;
use resilience::FixedClock;
use std::time::Duration;
use testkit::{Gate, Gated, Plan, Stop, now};

struct Tables {
    memories: BTreeMap<Service, Arc<Memory>>,
    clock: Arc<FixedClock>,
}

impl Tables {
    fn new() -> Self {
        let memories = Service::ALL.map(|service| (service, Arc::default())).into();
        Self { memories, clock: Arc::new(FixedClock::at(now())) }
    }

    async fn beat(&self, gate: &Arc<dyn Gate>) -> Result<Value, Failure> {
        let gated = |(service, table): (&Service, &Arc<Memory>)| {
            let table: Arc<dyn Documents> = Gated::new(gate.clone(), table.clone());
            (*service, table)
        };
        let tables = self.memories.iter().map(gated).collect();
        WriteHeartbeats { tables, clock: self.clock.clone() }.run().await
    }

    /// The number of heartbeats in the table of each service.
    fn counts(&self) -> Vec<usize> {
        self.memories.values().map(|table| table.stream_length()).collect()
    }
}

#[tokio::test]
async fn each_run_puts_a_new_heartbeat_into_each_table() {
    let tables = Tables::new();
    let open: Arc<dyn Gate> = Plan::open();
    tables.beat(&open).await.unwrap();
    tables.clock.advance(Duration::from_mins(5));
    tables.beat(&open).await.unwrap();
    assert_eq!(tables.counts(), [2; 5]);
    for (service, table) in &tables.memories {
        for (key, document) in table.all_documents() {
            assert_eq!(key.pk, format!("heartbeat#{}", service.as_str()));
            let kept = document.expires_at.unwrap().duration_since(key.sk.parse().unwrap());
            assert_eq!(kept.as_hours(), 24, "the table deletes it");
        }
    }
}

#[tokio::test]
async fn a_table_that_is_out_fails_the_run_and_stops_no_other() {
    let tables = Tables::new();
    let second_call_fails: Arc<dyn Gate> = Plan::stopping(1, Stop::Fail);
    let failure = tables.beat(&second_call_fails).await.unwrap_err();
    assert_eq!(failure.reason(), "no heartbeat was written into orders");
    assert_eq!(tables.counts(), [1, 0, 1, 1, 1]);
}
