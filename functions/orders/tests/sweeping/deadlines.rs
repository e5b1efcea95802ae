//! When an order is overdue, and what is said of it then.

use crate::shop::{MINUTE, Shop, after, disputed, index, order_paid, refund, refund_id, refunded, shipped};
use event_store::{Pages as _, Walk};
use events::{
    Amount, Attention, Because, CancelCause, Delivered, DisputeOutcome, InventoryEvent, InventoryUpdated,
    OrderStatus, OrdersEvent, OutOfStock, PaymentActionRequired, PaymentCancellationRequested,
    PaymentCancelled, PaymentsEvent, RefundCause, RefundFailed, ShippingEvent,
};
use orders::{Deadlines, Due, Order};
use serde_json::json;
use std::time::Duration;
use testkit::{lines, order_id, placed, sku};

#[tokio::test]
async fn an_order_that_is_abandoned_at_3d_secure_is_asked_to_expire_once_and_its_payment_decides() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.wait(MINUTE);
    shop.tell::<PaymentsEvent>(PaymentActionRequired { intent_id: "pi_1".to_owned() }).await;
    assert_eq!(shop.next_deadline().await, Some((placed().pay_by, Due::Expiry)));
    shop.wait(28 * MINUTE);
    assert_eq!(shop.sweep().await, (0, 0), "a minute is left");
    shop.wait(MINUTE);
    assert_eq!(shop.sweep().await, (1, 1), "the moment it passes");
    for _ in 0..3 {
        assert_eq!(shop.sweep().await, (0, 0), "it is not due any more");
    }
    assert_eq!(shop.expiries(), 1);
    let order = shop.first().await;
    assert_eq!(order.status(), OrderStatus::PaymentActionRequired, "payments has not answered yet");
    assert_eq!(order.attention(), []);
    let events = shop.table.all_events();
    assert_eq!(*events.last().unwrap().data, json!({ "pay_by": placed().pay_by }));

    let (cause, code) = (CancelCause::Expired, None);
    shop.tell::<PaymentsEvent>(PaymentCancellationRequested { cause, code }).await;
    shop.tell::<PaymentsEvent>(PaymentCancelled { cause }).await;
    assert_eq!(shop.first().await.status(), OrderStatus::Expired);
    shop.wait(1000 * MINUTE);
    assert_eq!(shop.sweep().await, (0, 0), "it has ended and owes nothing");
}

#[tokio::test]
async fn a_paid_order_never_expires_not_even_where_its_payment_is_told_late() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.wait(29 * MINUTE);
    assert_eq!(shop.sweep().await, (0, 0));
    shop.wait(2 * MINUTE);
    shop.sweep().await;
    assert_eq!(shop.expiries(), 0);

    // The stock is known of and the payment is not: who takes stock was told that it is paid.
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<InventoryEvent>(InventoryUpdated { lines: lines() }).await;
    shop.wait(31 * MINUTE);
    shop.sweep().await;
    assert_eq!(shop.expiries(), 0);
}

#[tokio::test]
async fn a_payment_in_the_last_moment_counts_although_the_expiry_was_asked_for() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.wait(30 * MINUTE);
    shop.sweep().await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    assert_eq!(shop.first().await.status(), OrderStatus::Paid);
    assert_eq!(shop.next_deadline().await, Some((after(60 * MINUTE), Due::Stuck)));
    assert_eq!(shop.expiries(), 1);
}

#[tokio::test]
async fn stuck_is_said_once_in_each_status_and_is_over_when_the_status_moves() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    assert_eq!(shop.next_deadline().await, Some((after(30 * MINUTE), Due::Stuck)));
    shop.wait(30 * MINUTE);
    assert_eq!(shop.sweep().await, (1, 1));
    for _ in 0..3 {
        shop.wait(30 * MINUTE);
        assert_eq!(shop.sweep().await, (0, 0), "a stuck order is not read again each minute");
    }
    assert_eq!(shop.stuck_in(), [OrderStatus::Paid]);
    assert_eq!(shop.first().await.attention(), [Attention::Stuck]);
    assert_eq!(shop.next_deadline().await, None);
    let page = index(&shop.views).page("open#00", Walk::Forward, 10, None).await.unwrap();
    assert_eq!(page.documents.len(), 1, "but it is still listed as open");

    shop.tell::<InventoryEvent>(InventoryUpdated { lines: lines() }).await;
    assert_eq!(shop.first().await.attention(), []);
    shop.wait(72 * 60 * MINUTE);
    assert_eq!(shop.sweep().await, (1, 1));
    assert_eq!(shop.stuck_in(), [OrderStatus::Paid, OrderStatus::Allocated]);
    shop.tell::<ShippingEvent>(shipped()).await;
    assert_eq!(shop.first().await.attention(), []);
}

#[tokio::test]
async fn a_sweep_that_comes_late_leaves_payments_its_time_to_answer() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.wait(600 * MINUTE);
    assert_eq!(shop.sweep().await, (1, 1));
    assert_eq!(shop.next_deadline().await, Some((after(615 * MINUTE), Due::Stuck)));
    shop.wait(14 * MINUTE);
    assert_eq!(shop.sweep().await, (0, 0));
    shop.wait(MINUTE);
    assert_eq!(shop.sweep().await, (1, 1), "nothing came of the expiry");
    assert_eq!(shop.stuck_in(), [OrderStatus::Placed]);
    assert_eq!(shop.expiries(), 1);
}

#[tokio::test]
async fn an_ended_order_that_owes_is_stuck_by_the_time_of_its_debt_and_not_of_its_end() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.tell::<ShippingEvent>(shipped()).await;
    shop.tell::<ShippingEvent>(Delivered {}).await;
    assert_eq!(shop.next_deadline().await, None);
    let weeks = 30 * 24 * 60 * MINUTE;
    shop.wait(weeks);
    shop.tell::<PaymentsEvent>(refund("r1", RefundCause::Goodwill)).await;
    let day = 24 * 60 * MINUTE;
    assert_eq!(shop.next_deadline().await, Some((after(weeks + day), Due::Stuck)));
    assert_eq!(shop.sweep().await, (0, 0));
    shop.wait(day);
    assert_eq!(shop.sweep().await, (1, 1));
    assert_eq!(shop.first().await.attention(), [Attention::Stuck]);

    shop.tell::<PaymentsEvent>(refunded("r1")).await;
    assert_eq!(shop.first().await.attention(), [], "the debt is paid, although the status is the same");
    shop.tell::<PaymentsEvent>(refund("r2", RefundCause::Goodwill)).await;
    assert_eq!(shop.first().await.attention(), [], "another debt has a deadline of its own");
    shop.wait(day);
    assert_eq!(shop.sweep().await, (1, 1));
    assert_eq!(shop.stuck_in(), [OrderStatus::Delivered; 2]);
}

#[tokio::test]
async fn a_refund_that_nobody_asked_for_is_missed_and_one_that_failed_is_too() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.tell::<InventoryEvent>(OutOfStock { missing: vec![sku("TEA-01")] }).await;
    let day = 24 * 60 * MINUTE;
    shop.wait(day);
    assert_eq!(shop.sweep().await, (1, 1));
    shop.tell::<PaymentsEvent>(refund("r1", RefundCause::OutOfStock)).await;
    assert_eq!(shop.first().await.attention(), [], "something has moved");
    let (code, amount) = ("lost_card".to_owned(), Amount::minor(1900));
    shop.tell::<PaymentsEvent>(RefundFailed {
        refund_id: refund_id("r1"),
        amount,
        code,
        refused: false,
        again: false,
    })
    .await;
    assert_eq!(shop.first().await.attention(), [Attention::RefundFailed]);
    shop.wait(day);
    assert_eq!(shop.sweep().await, (1, 1));
    assert_eq!(shop.first().await.attention(), [Attention::RefundFailed, Attention::Stuck]);
    assert_eq!(shop.stuck_in(), [OrderStatus::OutOfStock; 2]);
}

#[tokio::test]
async fn a_parcel_of_which_nothing_is_heard_is_missed_after_thirty_days() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.tell::<ShippingEvent>(shipped()).await;
    let listed =
        async || index(&shop.views).page("open#00", Walk::Forward, 10, None).await.unwrap().documents.len();
    let days = |days: u32| days * 24 * 60 * MINUTE;
    assert_eq!(shop.next_deadline().await, Some((after(days(30)), Due::Stuck)));
    assert_eq!(listed().await, 0, "nothing of ours has to happen");
    shop.wait(days(29));
    assert_eq!(shop.sweep().await, (0, 0));
    shop.wait(days(1));
    assert_eq!(shop.sweep().await, (1, 1));
    for _ in 0..2 {
        shop.wait(days(30));
        assert_eq!(shop.sweep().await, (0, 0), "it is said once");
    }
    let missing = shop.first().await;
    assert_eq!((missing.status(), missing.attention()), (OrderStatus::Shipped, vec![Attention::Stuck]));
    assert_eq!(listed().await, 1, "somebody has to look");
    shop.tell::<ShippingEvent>(Delivered {}).await;
    assert_eq!(shop.first().await.attention(), []);
    assert_eq!((listed().await, shop.next_deadline().await), (0, None));
}

#[tokio::test]
async fn where_nobody_tells_of_arrivals_no_parcel_is_missed() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<ShippingEvent>(shipped()).await;
    let never = Deadlines { shipped: Duration::ZERO, ..Deadlines::default() };
    assert_eq!(shop.first().await.next_deadline(&never), None);
}

#[tokio::test]
async fn a_dispute_that_takes_weeks_is_not_called_stuck() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.tell::<ShippingEvent>(shipped()).await;
    shop.tell::<ShippingEvent>(Delivered {}).await;
    shop.tell::<PaymentsEvent>(disputed(DisputeOutcome::Opened)).await;
    shop.wait(60 * 24 * 60 * MINUTE);
    assert_eq!(shop.sweep().await, (0, 0));
    assert_eq!(shop.first().await.attention(), [Attention::Disputed]);
    assert!(shop.first().await.facts().is_open());
    assert_eq!(shop.next_deadline().await, None);
    shop.tell::<PaymentsEvent>(disputed(DisputeOutcome::Won)).await;
    assert!(!shop.first().await.facts().is_open());
}

#[tokio::test]
async fn an_order_that_is_not_shipped_is_stuck_although_it_is_disputed() {
    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.tell::<PaymentsEvent>(disputed(DisputeOutcome::Opened)).await;
    shop.wait(30 * MINUTE);
    assert_eq!(shop.sweep().await, (1, 1));
    assert_eq!(shop.first().await.attention(), [Attention::Disputed, Attention::Stuck]);
}

#[test]
fn deadlines_that_are_set_are_those_that_count() {
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
