//! The status is a function of the set of facts: neither their order of arrival nor duplicates change it.

mod attention;
mod money;
mod names;
mod page;

use crate::Order;
use crate::testing::{
    World, cancelled_order, delivered_order, order_paid, payment_requested, publish, refund, refunded,
};
use events::{
    Amount, CancelCause, InventoryEvent, OrderStatus, OutOfStock, PaymentCancelled, PaymentFailed,
    PaymentRefunded, PaymentsEvent, RefundCause, RefundRequested, ReturnReceived, ShipmentCancelled,
    ShippingEvent, StockReleased,
};
use proptest::prelude::*;
use runtime::queue::{Consumer as _, Message};
use testkit::{lines, sku};

/// Places an order, delivers the messages in this order, and folds the stream.
fn order_after(messages: &[Message]) -> Order {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let world = World::default();
        world.place(1).await;
        for message in messages {
            world.track.consume(message).await.unwrap();
        }
        world.first_order().await
    })
}

#[test]
fn the_happy_path_passes_every_status() {
    use OrderStatus::{Allocated, Delivered, Paid, Placed, Shipped};
    let facts = delivered_order();
    let statuses: Vec<_> = (0..=facts.len()).map(|n| order_after(&facts[..n]).status()).collect();
    assert_eq!(statuses, [Placed, Placed, Paid, Allocated, Allocated, Shipped, Delivered]);
    let order = order_after(&facts);
    assert!(!order.facts().is_open());
    assert_eq!(order.facts().carrier(), Some(("DHL", "T1")));
}

#[test]
fn a_cancellation_lasts_until_stock_money_and_label_are_settled() {
    let facts = cancelled_order();
    for settled in 5..facts.len() {
        assert_eq!(order_after(&facts[..settled]).status(), OrderStatus::Cancelling, "after {settled} facts");
        assert!(order_after(&facts[..settled]).facts().is_open());
    }
    let order = order_after(&facts);
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert!(!order.facts().is_open());
}

#[test]
fn a_cancellation_lasts_until_every_refund_of_it_is_settled() {
    let part =
        |id: &str, cause, amount| RefundRequested { amount: Amount::minor(amount), ..refund(id, cause) };
    let success = |id: &str, amount| PaymentRefunded { amount: Amount::minor(amount), ..refunded(id) };
    for other in [RefundCause::Goodwill, RefundCause::Foreign] {
        let facts = [
            publish::<PaymentsEvent>(1, payment_requested()),
            publish::<PaymentsEvent>(2, order_paid()),
            publish::<PaymentsEvent>(3, part("other", other, 300)),
            publish::<ShippingEvent>(1, ShipmentCancelled {}),
            publish::<InventoryEvent>(1, StockReleased { lines: lines() }),
            publish::<PaymentsEvent>(4, part("cancelled", RefundCause::Cancelled, 1600)),
            publish::<PaymentsEvent>(5, success("cancelled", 1600)),
            publish::<PaymentsEvent>(6, success("other", 300)),
        ];
        assert_eq!(
            order_after(&facts[..7]).status(),
            OrderStatus::Cancelling,
            "3.00 are not refunded yet, {other:?}"
        );
        assert_eq!(order_after(&facts).status(), OrderStatus::Cancelled, "{other:?}");
    }
}

#[test]
fn each_end_has_its_status() {
    let out_of_stock = vec![
        publish::<PaymentsEvent>(1, order_paid()),
        publish::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
    ];
    let declined = vec![publish::<PaymentsEvent>(1, PaymentFailed { code: "card_declined".to_owned() })];
    let expired = vec![publish::<PaymentsEvent>(1, PaymentCancelled { cause: CancelCause::Expired })];
    let mut returned = delivered_order();
    returned.push(publish::<ShippingEvent>(4, ReturnReceived { restock: true }));
    for (facts, status) in [
        (out_of_stock, OrderStatus::OutOfStock),
        (declined, OrderStatus::PaymentFailed),
        (expired, OrderStatus::Expired),
        (returned, OrderStatus::Returned),
    ] {
        assert_eq!(order_after(&facts).status(), status);
    }
}

#[test]
fn a_late_cancellation_does_not_change_an_ended_order() {
    let facts = [
        publish::<PaymentsEvent>(1, order_paid()),
        publish::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
        publish::<ShippingEvent>(1, ShipmentCancelled {}),
    ];
    assert_eq!(order_after(&facts[..2]).status(), OrderStatus::OutOfStock);
    assert_eq!(order_after(&facts).status(), OrderStatus::OutOfStock);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_order_of_arrival_gives_the_same_result(
        facts in prop_oneof![Just(delivered_order()), Just(cancelled_order())].prop_shuffle_twice(),
    ) {
        let (straight, shuffled) = facts;
        let (left, right) = (order_after(&straight), order_after(&shuffled));
        prop_assert_eq!(left.status(), right.status());
        prop_assert_eq!(left.attention(), right.attention());
        prop_assert_eq!(left.facts().is_open(), right.facts().is_open());
        prop_assert!(left.facts().is_open() || left.attention().is_empty(), "it is in the list of open orders");
        prop_assert_eq!(left.facts().refunded(), right.facts().refunded());
    }
}

/// The messages, and the same messages twice, shuffled.
trait ShuffleTwice: Strategy<Value = Vec<Message>> + Sized + 'static {
    fn prop_shuffle_twice(self) -> BoxedStrategy<(Vec<Message>, Vec<Message>)> {
        self.prop_flat_map(|facts| {
            let twice: Vec<Message> = facts.iter().chain(&facts).cloned().collect();
            (Just(facts), Just(twice).prop_shuffle())
        })
        .boxed()
    }
}

impl<S: Strategy<Value = Vec<Message>> + 'static> ShuffleTwice for S {}
