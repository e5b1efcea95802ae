//! Overlapping deliveries of one refund request: a delayed one continues beside the next. Every refund here is a part of what
//! was captured, because of a part the provider would accept a second refund.

mod again;
mod late;
mod unreported;

use crate::testing::slow::{Slow, StopsAt};
use crate::testing::{STACK, World};
use event_store::{EventStore as _, StreamId};
use events::{Amount, Envelope, PaymentsEvent, RefundCause, RefundRequested};
use resilience::Failure;
use testkit::{Fault, delivered, envelope, order_id};

/// A paid order of 19.00 with a requested refund of 5.00.
pub(super) async fn requested() -> (World, Envelope) {
    let world = World::after_checkout("pm_card_visa").await;
    let request = PaymentsEvent::from(RefundRequested {
        refund_id: "goodwill.1".try_into().unwrap(),
        cause: RefundCause::Goodwill,
        amount: Amount::minor(500),
        captured: None,
        reference: None,
        instead_of: None,
        reason: None,
    });
    let envelope = envelope(&order_id(1), 3, &request);
    world.table.append(&StreamId::order(&order_id(1)), &envelope).await.unwrap();
    (world, envelope)
}

/// The first delivery stops before its n-th call, the second one runs to its end, then the first continues.
async fn overlap(world: &World, envelope: &Envelope, passes: usize, meanwhile: Option<(u32, Fault)>) {
    let first = delivered(envelope, 1).unwrap();
    let slow = Slow::at(world, "/v1/refunds", StopsAt::Call, passes);
    let overtaken = slow.overtaken(world, &first, async {
        if let Some((times, fault)) = meanwhile {
            world.provider.fail("POST /v1/refunds", times, fault);
        }
        world.redeliver("RefundRequested", 2).await.unwrap_or_default();
    });
    overtaken.await.unwrap_or_default();
    world.provider.heal();
    for deliveries in 3.. {
        if world.redeliver("RefundRequested", deliveries).await.is_ok() {
            return;
        }
        assert!(deliveries < 6, "it never ends");
    }
}

#[tokio::test]
async fn a_delivery_that_resumes_late_makes_no_second_refund() {
    let (world, envelope) = requested().await;
    overlap(&world, &envelope, 0, None).await;
    assert_eq!(world.provider.refunded(), 500);
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(500));
}

#[tokio::test]
async fn overlapping_deliveries_use_the_same_keys_whatever_fails() {
    let faults = [
        Fault::Unreachable,
        Fault::ErrorBefore,
        Fault::ErrorAfter,
        Fault::TimeoutBefore,
        Fault::TimeoutAfter,
        Fault::RateLimited,
        Fault::Conflict,
    ];
    for fault in faults {
        for times in 1..4 {
            let (world, envelope) = requested().await;
            overlap(&world, &envelope, 0, Some((times, fault))).await;
            assert_eq!(world.provider.refunded(), 500, "{fault:?}, {times} times, before the first call");

            // The first delivery has seen a failure and its repetition, and stops before it uses the second key.
            let (world, envelope) = requested().await;
            world.provider.fail("POST /v1/refunds", 1, Fault::ErrorBefore);
            overlap(&world, &envelope, 2, Some((times, fault))).await;
            assert_eq!(world.provider.refunded(), 500, "{fault:?}, {times} times, before the second key");
        }
    }
}

/// The provider repeats its failure under the same key. Only then is the next key used.
#[tokio::test]
async fn only_a_spent_key_is_replaced() {
    let (world, _) = requested().await;
    world.provider.fail("POST /v1/refunds", 1, Fault::ErrorBefore);
    world.redeliver("RefundRequested", 1).await.unwrap();
    assert_eq!((world.provider.calls("POST /v1/refunds"), world.provider.refunded()), (3, 500));

    let (world, _) = requested().await;
    world.provider.fail("POST /v1/refunds", 1, Fault::TimeoutBefore);
    assert!(matches!(world.redeliver("RefundRequested", 1).await, Err(Failure::Retry { .. })));
    assert_eq!(world.provider.calls("POST /v1/refunds"), 1, "it is unknown whether the key is spent");
    world.redeliver("RefundRequested", 2).await.unwrap();
    assert_eq!(world.provider.keys("/v1/refunds"), [format!("{STACK}/{}/1", id_of_request(&world))]);
}

/// If the provider fails under every key, the message returns to the queue.
#[tokio::test]
async fn a_request_uses_at_most_five_keys() {
    let (world, _) = requested().await;
    world.provider.fail("POST /v1/refunds", 99, Fault::ErrorBefore);
    assert!(matches!(world.redeliver("RefundRequested", 1).await, Err(Failure::Retry { .. })));
    assert_eq!(world.provider.keys("/v1/refunds").len(), 5);
    assert_eq!(world.types().last().unwrap(), "RefundRequested");
}

fn id_of_request(world: &World) -> String {
    world.table.all_events().last().map(|last| last.causationid.to_string()).unwrap()
}
