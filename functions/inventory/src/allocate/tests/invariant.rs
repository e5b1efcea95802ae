//! Invariant I2 holds after every step of a random history.

use crate::Allocation;
use crate::testing::{World, cancelled, line, order, paid, returned, shipped, shipping_failed};
use event_store::{EventStore, StreamId};
use events::{InventoryEvent, ServiceEvent as _};
use proptest::prelude::*;

/// What can change the stock.
#[derive(Debug, Clone)]
enum Action {
    Paid { order: u8, lines: Vec<(usize, u32)> },
    Shipped { order: u8 },
    Failed { order: u8 },
    Cancelled { order: u8 },
    Returned { order: u8, restock: bool },
    Put { of: usize, on_hand: i64 },
    Adjusted { of: usize, key: u8, delta: i64 },
    Spread { of: usize, shards: u8, on_hand: Option<i64> },
}

const SKUS: [&str; 3] = ["A", "B", "C"];

fn action() -> impl Strategy<Value = Action> {
    let order = 0..4_u8;
    prop_oneof![
        4 => (order.clone(), prop::collection::vec((0..3_usize, 1..4_u32), 1..4))
            .prop_map(|(order, lines)| Action::Paid { order, lines }),
        3 => order.clone().prop_map(|order| Action::Shipped { order }),
        1 => order.clone().prop_map(|order| Action::Failed { order }),
        1 => order.clone().prop_map(|order| Action::Cancelled { order }),
        2 => (order, any::<bool>()).prop_map(|(order, restock)| Action::Returned { order, restock }),
        2 => (0..3_usize, 0..12_i64).prop_map(|(of, on_hand)| Action::Put { of, on_hand }),
        1 => (0..3_usize, 1..5_u8, prop::option::of(0..12_i64))
            .prop_map(|(of, shards, on_hand)| Action::Spread { of, shards, on_hand }),
        2 => (0..3_usize, 0..4_u8, -5..6_i64).prop_map(|(of, key, delta)| Action::Adjusted { of, key, delta }),
    ]
}

/// By how much the event changes what is on hand of `of`.
fn on_hand_of(event: &InventoryEvent, of: &str) -> i64 {
    let sum = |lines: &[events::Line]| -> i64 {
        lines.iter().filter(|line| line.sku.as_str() == of).map(|line| i64::from(line.quantity)).sum()
    };
    match event {
        InventoryEvent::StockCommitted(event) => -sum(&event.lines),
        InventoryEvent::StockReturned(event) => sum(&event.lines),
        InventoryEvent::InventoryUpdated(_)
        | InventoryEvent::OutOfStock(_)
        | InventoryEvent::StockReleased(_) => 0,
    }
}

/// Applies it, and returns by how much a put or an adjustment changed each SKU.
async fn apply(world: &World, action: &Action) -> [i64; 3] {
    let mut managed = [0; 3];
    match action {
        Action::Paid { order: number, lines } => {
            let lines: Vec<_> = lines.iter().map(|(of, quantity)| line(SKUS[*of], *quantity)).collect();
            world.deliver(&order(*number), &paid(&lines)).await.unwrap();
        }
        Action::Shipped { order: number } => drop(world.deliver(&order(*number), &shipped()).await),
        Action::Failed { order: number } => drop(world.deliver(&order(*number), &shipping_failed()).await),
        Action::Cancelled { order: number } => drop(world.deliver(&order(*number), &cancelled()).await),
        Action::Returned { order: number, restock } => {
            drop(world.deliver(&order(*number), &returned(*restock)).await);
        }
        Action::Put { of, on_hand } => {
            let before = world.stock(SKUS[*of]).await.0;
            if world.put(SKUS[*of], *on_hand, None).await.is_ok() {
                managed[*of] = on_hand - before;
            }
        }
        Action::Spread { of, shards, on_hand } => {
            let before = world.stock(SKUS[*of]).await.0;
            if let (Ok(_), Some(on_hand)) = (world.spread(SKUS[*of], *shards, *on_hand).await, on_hand) {
                managed[*of] = on_hand - before;
            }
        }
        Action::Adjusted { of, key, delta } => {
            if let Ok(reply) = world.adjust(SKUS[*of], &format!("k{key}"), *delta).await
                && reply.status == 201
            {
                managed[*of] = *delta;
            }
        }
    }
    managed
}

proptest! {
    #[test]
    fn i2_on_hand_is_available_plus_allocated(
        actions in prop::collection::vec(action(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            let mut expected = [0_i64; 3];
            let mut seen = 0;
            for action in &actions {
                let managed = apply(&world, action).await;
                let written = world.table.written_since(seen);
                seen += written.len();
                for (place, of) in SKUS.iter().enumerate() {
                    let moved: i64 =
                        written.iter().map(|it| on_hand_of(&InventoryEvent::read(it).unwrap(), of)).sum();
                    expected[place] += managed[place] + moved;
                    let (on_hand, available, allocated) = world.stock(of).await;
                    prop_assert_eq!(on_hand, available + allocated);
                    for (available, allocated) in world.shards(of).await {
                        prop_assert!(available >= 0 && allocated >= 0, "{}: {} and {}", of, available, allocated);
                    }
                    prop_assert_eq!(on_hand, expected[place], "{} after {:?}", of, action);
                }
            }
            // The allocated number of each SKU is the sum over the orders' streams.
            for (place, of) in SKUS.iter().enumerate() {
                let mut held = 0;
                for number in 0..4 {
                    let store: &dyn EventStore = &*world.table;
                    let history = store.history::<Allocation>(&StreamId::order(&order(number))).await.unwrap();
                    if let Allocation::Allocated { lines, .. } = history.state {
                        let of_this = lines.iter().filter(|line| line.sku.as_str() == *of);
                        held += of_this.map(|line| i64::from(line.quantity)).sum::<i64>();
                    }
                }
                prop_assert_eq!(world.stock(of).await.2, held, "{} of {}", place, of);
            }
            Ok(())
        })?;
    }
}
