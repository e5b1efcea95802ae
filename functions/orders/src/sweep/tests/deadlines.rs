//! When an order is overdue, and which event the sweep appends then.

use crate::testing::{
    DAY, MINUTE, World, after, disputed, open_by_deadline, order_paid, refund, refund_failed, refunded,
    shipped,
};
use crate::{Deadlines, Due, Order};
use event_store::{Pages as _, Walk};
use events::{
    Attention, Because, CancelCause, Delivered, DisputeOutcome, InventoryEvent, InventoryUpdated,
    OrderStatus, OrdersEvent, OutOfStock, PaymentActionRequired, PaymentCancellationRequested,
    PaymentCancelled, PaymentsEvent, RefundCause, ServiceEvent as _, ShippingEvent,
};
use jiff::Timestamp;
use serde_json::json;
use std::time::Duration;
use testkit::{lines, order_id, placed, sku};

impl World {
    /// How many requests to expire exist, over all orders.
    pub(super) fn expiries(&self) -> usize {
        self.table.all_events().iter().filter(|event| event.event_type == "OrderExpired").count()
    }

    /// The statuses in which an order was recorded as stuck, over all orders.
    fn stuck_in(&self) -> Vec<OrderStatus> {
        self.table
            .all_events()
            .iter()
            .filter_map(|envelope| match OrdersEvent::read(envelope).unwrap() {
                OrdersEvent::OrderUpdated(updated) => Some(updated),
                _ => None,
            })
            .filter(|updated| updated.because == Because::Deadline)
            .map(|updated| {
                assert!(updated.attention.contains(&Attention::Stuck));
                updated.status
            })
            .collect()
    }

    /// The deadline of the first order. The index must have it as well, or the end of the time to pay, if that is sooner.
    async fn next_deadline(&self) -> Option<(Timestamp, Due)> {
        let deadline = self.first_order().await.next_deadline(&Deadlines::default());
        let views = self.stored_views();
        let attributes = &views.first().unwrap().1.attributes;
        let indexed = attributes.iter().find(|(name, _)| *name == "deadline").map(|(_, value)| value.clone());
        let expected = deadline.map_or(Timestamp::MAX, |(at, _)| at);
        let accepted = [expected, expected.min(placed().pay_by)].map(|at| at.to_string());
        assert!(indexed.is_none_or(|indexed| accepted.contains(&indexed)));
        deadline
    }

    /// How many orders `GET /orders?open=true` lists.
    async fn listed(&self) -> usize {
        let index = open_by_deadline(&self.views);
        index.page("open#00", Walk::Forward, 10, None).await.unwrap().documents.len()
    }
}

#[tokio::test]
async fn an_unpaid_order_is_asked_to_expire_once_and_payments_decides() {
    let world = World::default();
    world.place(1).await;
    world.wait(MINUTE);
    world.deliver::<PaymentsEvent>(PaymentActionRequired { intent_id: "pi_1".to_owned() }).await;
    assert_eq!(world.next_deadline().await, Some((placed().pay_by, Due::Expiry)));
    world.wait(28 * MINUTE);
    assert_eq!(world.sweep().await, (0, 0), "a minute is left");
    world.wait(MINUTE);
    assert_eq!(world.sweep().await, (1, 1), "at the deadline");
    for _ in 0..3 {
        assert_eq!(world.sweep().await, (0, 0), "it is no longer due");
    }
    assert_eq!(world.expiries(), 1);
    let order = world.first_order().await;
    assert_eq!(order.status(), OrderStatus::PaymentActionRequired, "payments has not decided yet");
    assert_eq!(order.attention(), []);
    let events = world.table.all_events();
    assert_eq!(*events.last().unwrap().data, json!({ "pay_by": placed().pay_by }));

    let (cause, code) = (CancelCause::Expired, None);
    world.deliver::<PaymentsEvent>(PaymentCancellationRequested { cause, code }).await;
    world.deliver::<PaymentsEvent>(PaymentCancelled { cause }).await;
    assert_eq!(world.first_order().await.status(), OrderStatus::Expired);
    world.wait(1000 * MINUTE);
    assert_eq!(world.sweep().await, (0, 0), "it has ended and owes nothing");
}

#[tokio::test]
async fn a_paid_order_never_expires_even_when_order_paid_is_late() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.wait(29 * MINUTE);
    assert_eq!(world.sweep().await, (0, 0));
    world.wait(2 * MINUTE);
    world.sweep().await;
    assert_eq!(world.expiries(), 0);

    // `OrderPaid` is late. Inventory allocates only for a paid order, so the allocation shows the payment.
    let world = World::default();
    world.place(1).await;
    world.deliver::<InventoryEvent>(InventoryUpdated::unsharded(lines())).await;
    world.wait(31 * MINUTE);
    world.sweep().await;
    assert_eq!(world.expiries(), 0);
}

#[tokio::test]
async fn a_payment_after_the_expiry_request_counts() {
    let world = World::default();
    world.place(1).await;
    world.wait(30 * MINUTE);
    world.sweep().await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    assert_eq!(world.first_order().await.status(), OrderStatus::Paid);
    assert_eq!(world.next_deadline().await, Some((after(60 * MINUTE), Due::Stuck)));
    assert_eq!(world.expiries(), 1);
}

#[tokio::test]
async fn stuck_is_recorded_once_per_status_and_ends_when_it_changes() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    assert_eq!(world.next_deadline().await, Some((after(30 * MINUTE), Due::Stuck)));
    world.wait(30 * MINUTE);
    assert_eq!(world.sweep().await, (1, 1));
    for _ in 0..3 {
        world.wait(30 * MINUTE);
        assert_eq!(world.sweep().await, (0, 0), "a stuck order is not due every minute");
    }
    assert_eq!(world.stuck_in(), [OrderStatus::Paid]);
    assert_eq!(world.first_order().await.attention(), [Attention::Stuck]);
    assert_eq!(world.next_deadline().await, None);
    assert_eq!(world.listed().await, 1, "it is still listed as open");

    world.deliver::<InventoryEvent>(InventoryUpdated::unsharded(lines())).await;
    assert_eq!(world.first_order().await.attention(), []);
    world.wait(3 * DAY);
    assert_eq!(world.sweep().await, (1, 1));
    assert_eq!(world.stuck_in(), [OrderStatus::Paid, OrderStatus::Allocated]);
    world.deliver::<ShippingEvent>(shipped()).await;
    assert_eq!(world.first_order().await.attention(), []);
}

#[tokio::test]
async fn a_late_sweep_leaves_payments_time_to_answer() {
    let world = World::default();
    world.place(1).await;
    world.wait(600 * MINUTE);
    assert_eq!(world.sweep().await, (1, 1));
    assert_eq!(world.next_deadline().await, Some((after(615 * MINUTE), Due::Stuck)));
    world.wait(14 * MINUTE);
    assert_eq!(world.sweep().await, (0, 0));
    world.wait(MINUTE);
    assert_eq!(world.sweep().await, (1, 1), "payments never answered");
    assert_eq!(world.stuck_in(), [OrderStatus::Placed]);
    assert_eq!(world.expiries(), 1);
}

#[tokio::test]
async fn a_debt_after_the_end_has_its_own_deadline() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<ShippingEvent>(shipped()).await;
    world.deliver::<ShippingEvent>(Delivered {}).await;
    assert_eq!(world.next_deadline().await, None);
    world.wait(30 * DAY);
    world.deliver::<PaymentsEvent>(refund("r1", RefundCause::Goodwill)).await;
    assert_eq!(world.next_deadline().await, Some((after(31 * DAY), Due::Stuck)));
    assert_eq!(world.sweep().await, (0, 0));
    world.wait(DAY);
    assert_eq!(world.sweep().await, (1, 1));
    assert_eq!(world.first_order().await.attention(), [Attention::Stuck]);

    world.deliver::<PaymentsEvent>(refunded("r1")).await;
    assert_eq!(world.first_order().await.attention(), [], "the debt is paid; the status is the same");
    world.deliver::<PaymentsEvent>(refund("r2", RefundCause::Goodwill)).await;
    assert_eq!(world.first_order().await.attention(), [], "a second debt has its own deadline");
    world.wait(DAY);
    assert_eq!(world.sweep().await, (1, 1));
    assert_eq!(world.stuck_in(), [OrderStatus::Delivered; 2]);
}

#[tokio::test]
async fn a_missing_refund_and_a_failed_refund_become_stuck() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<InventoryEvent>(OutOfStock { missing: vec![sku("TEA-01")] }).await;
    world.wait(DAY);
    assert_eq!(world.sweep().await, (1, 1));
    world.deliver::<PaymentsEvent>(refund("r1", RefundCause::OutOfStock)).await;
    assert_eq!(world.first_order().await.attention(), [], "the order has made progress");
    world.deliver::<PaymentsEvent>(refund_failed("r1")).await;
    assert_eq!(world.first_order().await.attention(), [Attention::RefundFailed]);
    world.wait(DAY);
    assert_eq!(world.sweep().await, (1, 1));
    assert_eq!(world.first_order().await.attention(), [Attention::RefundFailed, Attention::Stuck]);
    assert_eq!(world.stuck_in(), [OrderStatus::OutOfStock; 2]);
}

#[tokio::test]
async fn a_parcel_without_news_is_stuck_after_thirty_days() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<ShippingEvent>(shipped()).await;
    assert_eq!(world.next_deadline().await, Some((after(30 * DAY), Due::Stuck)));
    assert_eq!(world.listed().await, 0, "our services have nothing left to do");
    world.wait(29 * DAY);
    assert_eq!(world.sweep().await, (1, 0), "the time to pay is over, and nothing is due");
    assert_eq!(world.sweep().await, (0, 0));
    world.wait(DAY);
    assert_eq!(world.sweep().await, (1, 1));
    for _ in 0..2 {
        world.wait(30 * DAY);
        assert_eq!(world.sweep().await, (0, 0), "it is recorded once");
    }
    let missing = world.first_order().await;
    assert_eq!((missing.status(), missing.attention()), (OrderStatus::Shipped, vec![Attention::Stuck]));
    assert_eq!(world.listed().await, 1, "an operator must look for it");
    world.deliver::<ShippingEvent>(Delivered {}).await;
    assert_eq!(world.first_order().await.attention(), []);
    assert_eq!((world.listed().await, world.next_deadline().await), (0, None));
}

#[tokio::test]
async fn a_zero_shipped_deadline_never_makes_a_parcel_stuck() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<ShippingEvent>(shipped()).await;
    let never = Deadlines { shipped: Duration::ZERO, ..Deadlines::default() };
    assert_eq!(world.first_order().await.next_deadline(&never), None);
}

#[tokio::test]
async fn a_long_dispute_is_not_stuck() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<ShippingEvent>(shipped()).await;
    world.deliver::<ShippingEvent>(Delivered {}).await;
    world.deliver::<PaymentsEvent>(disputed(DisputeOutcome::Opened)).await;
    world.wait(60 * DAY);
    assert_eq!(world.sweep().await, (0, 0));
    assert_eq!(world.first_order().await.attention(), [Attention::Disputed]);
    assert!(world.first_order().await.facts().is_open());
    assert_eq!(world.next_deadline().await, None);
    world.deliver::<PaymentsEvent>(disputed(DisputeOutcome::Won)).await;
    assert!(!world.first_order().await.facts().is_open());
}

#[tokio::test]
async fn a_disputed_order_that_is_not_shipped_becomes_stuck() {
    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.deliver::<PaymentsEvent>(disputed(DisputeOutcome::Opened)).await;
    world.wait(30 * MINUTE);
    assert_eq!(world.sweep().await, (1, 1));
    assert_eq!(world.first_order().await.attention(), [Attention::Disputed, Attention::Stuck]);
}

#[test]
fn configured_deadlines_apply() {
    let order = {
        let mut order = Order::default();
        let envelope = testkit::envelope(&order_id(1), 1, &OrdersEvent::from(placed()));
        event_store::Aggregate::evolve(&mut order, &OrdersEvent::from(placed()), &envelope);
        let paid = testkit::message(&order_id(1), 1, &PaymentsEvent::from(order_paid()));
        let detail = events::Detail::default();
        let event = order.decide_update(Because::OrderPaid, &detail, &paid.envelope.id).unwrap();
        let envelope = testkit::envelope(&order_id(1), 2, &event);
        event_store::Aggregate::evolve(&mut order, &event, &envelope);
        order
    };
    let short = Deadlines { paid: Duration::from_secs(5), ..Deadlines::default() };
    assert_eq!(order.decide_overdue(after(Duration::from_secs(4)), &short), None);
    assert!(order.decide_overdue(after(Duration::from_secs(5)), &short).is_some());
    assert_eq!(order.decide_overdue(after(Duration::from_secs(5)), &Deadlines::default()), None);
}
