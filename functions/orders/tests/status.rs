//! The status is a function of the set of facts: the order of their arrival is nothing, repeats are nothing.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use event_store::{EventStore, Memory, StreamId};
use events::{
    Amount, CancelCause, Delivered, DisputeOutcome, Event, InventoryEvent, InventoryUpdated, LabelPurchased,
    LabelVoidFailed, LabelVoidRequested, LabelVoided, OrderPaid, OrderStatus, OrdersEvent, OutOfStock,
    PaymentCancelled, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentRequested, PaymentsEvent,
    RefundCause, RefundFailed, RefundId, RefundRequested, ReturnReceived, ServiceEvent, ShipmentCancelled,
    ShipmentRequested, ShipmentTracked, Shipped, ShippingEvent, StockReleased, TrackingStatus,
};
use orders::{Order, TrackOrder};
use proptest::prelude::*;
use resilience::{Failure, FixedClock};
use runtime::queue::{Consumer as _, Message};
use std::sync::Arc;
use testkit::{customer, envelope, eur, lines, now, order_id, placed, sku};

fn on_one_thread<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// Places an order, lets it be told all of `messages` in their order, and folds what stands there then.
fn told(messages: &[Message]) -> Order {
    on_one_thread(async {
        let table = Arc::new(Memory::default());
        let id = order_id(1);
        let first = envelope(&id, 1, &OrdersEvent::from(placed()));
        table.append(&StreamId::order(&id), &first).await.unwrap();
        let track = TrackOrder { store: table.clone(), clock: Arc::new(FixedClock::at(now())) };
        for message in messages {
            track.consume(message).await.unwrap();
        }
        let store: Arc<dyn EventStore> = table;
        store.history::<Order>(&StreamId::order(&id)).await.unwrap().state
    })
}

fn says<E: ServiceEvent>(sequence: u32, event: impl Into<E>) -> Message {
    testkit::message(&order_id(1), sequence, &event.into())
}

fn payment_requested() -> PaymentRequested {
    PaymentRequested {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        customer: customer(),
        pay_by: now(),
    }
}

fn order_paid() -> OrderPaid {
    OrderPaid {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        reference: None,
    }
}

fn refund(id: &str, instead_of: Option<&str>, cause: RefundCause) -> RefundRequested {
    RefundRequested {
        refund_id: RefundId::try_from(id).unwrap(),
        cause,
        amount: Amount::minor(1900),
        captured: None,
        reference: None,
        instead_of: instead_of.map(|id| RefundId::try_from(id).unwrap()),
        reason: None,
    }
}

fn refunded(id: &str) -> PaymentRefunded {
    PaymentRefunded {
        refund_id: RefundId::try_from(id).unwrap(),
        provider_refund_id: None,
        amount: Amount::minor(1900),
    }
}

fn shipped() -> Shipped {
    Shipped { carrier: "DHL".to_owned(), tracking_code: "T1".to_owned() }
}

fn label() -> LabelPurchased {
    LabelPurchased {
        carrier: "DHL".to_owned(),
        tracking_code: "T1".to_owned(),
        label_url: "https://l".to_owned(),
    }
}

fn delivered_order() -> Vec<Message> {
    vec![
        says::<PaymentsEvent>(1, payment_requested()),
        says::<PaymentsEvent>(2, order_paid()),
        says::<InventoryEvent>(1, InventoryUpdated { lines: lines() }),
        says::<ShippingEvent>(
            1,
            ShipmentRequested { provider: events::Provider::Warehouse, shipment_id: None, lines: lines() },
        ),
        says::<ShippingEvent>(2, shipped()),
        says::<ShippingEvent>(3, Delivered {}),
    ]
}

fn cancelled_order() -> Vec<Message> {
    vec![
        says::<PaymentsEvent>(1, payment_requested()),
        says::<PaymentsEvent>(2, order_paid()),
        says::<InventoryEvent>(1, InventoryUpdated { lines: lines() }),
        says::<ShippingEvent>(1, label()),
        says::<ShippingEvent>(2, ShipmentCancelled {}),
        says::<InventoryEvent>(2, StockReleased { lines: lines() }),
        says::<PaymentsEvent>(3, refund("r1", None, RefundCause::Cancelled)),
        says::<PaymentsEvent>(4, refunded("r1")),
        says::<ShippingEvent>(3, LabelVoided {}),
    ]
}

#[test]
fn the_happy_way_ends_delivered_with_every_step_on_it() {
    use OrderStatus::{Allocated, Delivered, Paid, Placed, Shipped};
    let way = delivered_order();
    let statuses: Vec<_> = (0..=way.len()).map(|n| told(&way[..n]).status()).collect();
    assert_eq!(statuses, [Placed, Placed, Paid, Allocated, Allocated, Shipped, Delivered]);
    let order = told(&way);
    assert!(!order.facts().is_open());
    assert_eq!(order.facts().carrier(), Some(("DHL", "T1")));
}

#[test]
fn a_cancellation_lasts_until_stock_money_and_label_are_settled() {
    let way = cancelled_order();
    for settled in 5..way.len() {
        assert_eq!(told(&way[..settled]).status(), OrderStatus::Cancelling, "after {settled} facts");
        assert!(told(&way[..settled]).facts().is_open());
    }
    let order = told(&way);
    assert_eq!(order.status(), OrderStatus::Cancelled);
    assert!(!order.facts().is_open());
}

#[test]
fn a_cancellation_lasts_until_every_refund_of_it_is_settled() {
    let part = |id: &str, cause, amount| RefundRequested {
        amount: Amount::minor(amount),
        ..refund(id, None, cause)
    };
    let back = |id: &str, amount| PaymentRefunded { amount: Amount::minor(amount), ..refunded(id) };
    for other in [RefundCause::Goodwill, RefundCause::Foreign] {
        let way = [
            says::<PaymentsEvent>(1, payment_requested()),
            says::<PaymentsEvent>(2, order_paid()),
            says::<PaymentsEvent>(3, part("other", other, 300)),
            says::<ShippingEvent>(1, ShipmentCancelled {}),
            says::<InventoryEvent>(1, StockReleased { lines: lines() }),
            says::<PaymentsEvent>(4, part("cancelled", RefundCause::Cancelled, 1600)),
            says::<PaymentsEvent>(5, back("cancelled", 1600)),
            says::<PaymentsEvent>(6, back("other", 300)),
        ];
        assert_eq!(told(&way[..7]).status(), OrderStatus::Cancelling, "3.00 are under way yet, {other:?}");
        assert_eq!(told(&way).status(), OrderStatus::Cancelled, "{other:?}");
    }
}

#[test]
fn each_way_of_ending_has_its_status() {
    let out_of_stock = vec![
        says::<PaymentsEvent>(1, order_paid()),
        says::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
    ];
    let declined = vec![says::<PaymentsEvent>(1, PaymentFailed { code: "card_declined".to_owned() })];
    let expired = vec![says::<PaymentsEvent>(1, PaymentCancelled { cause: CancelCause::Expired })];
    let mut returned = delivered_order();
    returned.push(says::<ShippingEvent>(4, ReturnReceived { restock: true }));
    for (way, status) in [
        (out_of_stock, OrderStatus::OutOfStock),
        (declined, OrderStatus::PaymentFailed),
        (expired, OrderStatus::Expired),
        (returned, OrderStatus::Returned),
    ] {
        assert_eq!(told(&way).status(), status);
    }
}

#[test]
fn an_order_that_has_ended_does_not_go_backwards_when_a_cancellation_comes_late() {
    let way = vec![
        says::<PaymentsEvent>(1, order_paid()),
        says::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
        says::<ShippingEvent>(1, ShipmentCancelled {}),
    ];
    assert_eq!(told(&way[..2]).status(), OrderStatus::OutOfStock);
    assert_eq!(told(&way).status(), OrderStatus::OutOfStock);
}

#[test]
fn an_order_that_owes_money_is_open_and_a_failed_refund_asks_for_attention() {
    let mut way = vec![
        says::<PaymentsEvent>(1, order_paid()),
        says::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
    ];
    assert!(told(&way).facts().is_open(), "nobody has asked for the refund yet");
    way.push(says::<PaymentsEvent>(2, refund("r1", None, RefundCause::OutOfStock)));
    way.push(says::<PaymentsEvent>(
        3,
        RefundFailed {
            refund_id: RefundId::try_from("r1").unwrap(),
            amount: Amount::minor(1900),
            code: "lost_card".to_owned(),
            refused: false,
            again: false,
        },
    ));
    let failed = told(&way);
    assert_eq!(failed.attention(), [events::Attention::RefundFailed]);
    assert!(failed.facts().is_open());
    way.push(says::<PaymentsEvent>(4, refund("r2", Some("r1"), RefundCause::OutOfStock)));
    way.push(says::<PaymentsEvent>(5, refunded("r2")));
    let settled = told(&way);
    assert_eq!(settled.attention(), []);
    assert!(!settled.facts().is_open());
    assert_eq!(settled.facts().refunded(), Amount::minor(1900));
}

#[test]
fn a_refund_that_fails_after_it_had_succeeded_is_owed_again() {
    let failed = RefundFailed {
        refund_id: RefundId::try_from("r1").unwrap(),
        amount: Amount::minor(1900),
        code: "lost_card".to_owned(),
        refused: false,
        again: false,
    };
    let mut way = vec![
        says::<PaymentsEvent>(1, order_paid()),
        says::<InventoryEvent>(1, OutOfStock { missing: vec![sku("TEA-01")] }),
        says::<PaymentsEvent>(2, refund("r1", None, RefundCause::OutOfStock)),
        says::<PaymentsEvent>(3, refunded("r1")),
    ];
    assert!(!told(&way).facts().is_open());
    way.push(says::<PaymentsEvent>(4, failed));
    let owed = told(&way);
    assert_eq!(owed.attention(), [events::Attention::RefundFailed]);
    assert_eq!(owed.facts().refunded(), Amount::ZERO);
    assert!(owed.facts().is_open());
}

#[test]
fn a_cancelled_order_stays_cancelled_when_its_refund_fails_late_and_is_open_again() {
    let mut way = cancelled_order();
    let code = "lost_card".to_owned();
    let (refund_id, amount) = (RefundId::try_from("r1").unwrap(), Amount::minor(1900));
    way.push(says::<PaymentsEvent>(
        5,
        RefundFailed { refund_id, amount, code, refused: false, again: false },
    ));
    assert_eq!(told(&way).status(), OrderStatus::Cancelled);
    assert!(told(&way).facts().is_open());
    way.push(says::<PaymentsEvent>(6, refund("r2", Some("r1"), RefundCause::Cancelled)));
    assert_eq!(told(&way).status(), OrderStatus::Cancelled);
    way.push(says::<PaymentsEvent>(7, refunded("r2")));
    assert!(!told(&way).facts().is_open());
}

#[test]
fn a_refund_made_elsewhere_that_failed_is_nobodys_debt() {
    let mut way = delivered_order();
    way.push(says::<PaymentsEvent>(3, refund("foreign.re_1", None, RefundCause::Foreign)));
    assert!(told(&way).facts().is_open());
    let refund_id = RefundId::try_from("foreign.re_1").unwrap();
    way.push(says::<PaymentsEvent>(
        4,
        RefundFailed {
            refund_id,
            amount: Amount::minor(1900),
            code: "x".to_owned(),
            refused: false,
            again: false,
        },
    ));
    assert!(!told(&way).facts().is_open());
    assert_eq!(told(&way).attention(), []);
}

/// Nobody has to act on what is tried again by itself; the failure that is not, calls.
#[test]
fn a_refund_that_is_asked_for_again_by_itself_needs_nobody_until_it_is_given_up() {
    let mut way = delivered_order();
    way.push(says::<PaymentsEvent>(3, refund("g", None, RefundCause::Goodwill)));
    way.push(says::<PaymentsEvent>(4, RefundFailed { again: true, ..failed("g") }));
    assert_eq!(told(&way).attention(), []);
    assert!(told(&way).facts().is_open(), "it is owed all the same");
    way.push(says::<PaymentsEvent>(5, refund("g.2", Some("g"), RefundCause::Goodwill)));
    way.push(says::<PaymentsEvent>(6, failed("g.2")));
    let backwards: Vec<Message> = way.iter().rev().cloned().collect();
    for way in [&way, &backwards] {
        assert_eq!(told(way).attention(), [events::Attention::RefundFailed]);
    }
}

/// What was refused made nothing. If it turns up nevertheless, it has left; what the bank took back has not.
#[test]
fn a_refund_that_was_refused_and_turns_up_is_given_back_and_one_that_was_taken_back_is_not() {
    let mut way = delivered_order();
    way.push(says::<PaymentsEvent>(3, refund("g", None, RefundCause::Goodwill)));
    way.push(says::<PaymentsEvent>(4, RefundFailed { refused: true, ..failed("g") }));
    assert_eq!(told(&way).attention(), [events::Attention::RefundFailed]);
    way.push(says::<PaymentsEvent>(5, refunded("g")));
    let backwards: Vec<Message> = way.iter().rev().cloned().collect();
    for way in [&way, &backwards] {
        assert_eq!(told(way).attention(), []);
        assert_eq!(told(way).facts().refunded(), Amount::minor(1900));
        assert!(!told(way).facts().is_open());
    }
    way.push(says::<PaymentsEvent>(6, failed("g")));
    assert_eq!(told(&way).facts().refunded(), Amount::ZERO);
    assert_eq!(told(&way).attention(), [events::Attention::RefundFailed]);
}

/// The wish alone gives nothing back.
#[test]
fn a_label_that_the_carrier_kept_needs_attention_until_it_is_void_however_often_it_is_asked_for() {
    let mut way = vec![
        says::<ShippingEvent>(1, ShipmentCancelled {}),
        says::<ShippingEvent>(2, LabelVoidFailed { reason: "no".to_owned() }),
    ];
    for _ in 0..2 {
        assert_eq!(told(&way).attention(), [events::Attention::VoidFailed]);
        way.push(says::<ShippingEvent>(3, LabelVoidRequested {}));
    }
    way.push(says::<ShippingEvent>(4, LabelVoided {}));
    assert_eq!(told(&way).attention(), []);
}

fn failed(id: &str) -> RefundFailed {
    let refund_id = RefundId::try_from(id).unwrap();
    RefundFailed {
        refund_id,
        amount: Amount::minor(1900),
        code: "charge_disputed".to_owned(),
        refused: false,
        again: false,
    }
}

/// A refund that was given up is owed until the money is gone, by whichever way.
#[test]
fn a_refund_that_was_given_up_is_no_debt_once_nothing_is_left_to_give() {
    let mut given_up = delivered_order();
    given_up.push(says::<PaymentsEvent>(3, refund("goodwill.1", None, RefundCause::Goodwill)));
    given_up.push(says::<PaymentsEvent>(4, failed("goodwill.1")));
    assert_eq!(told(&given_up).attention(), [events::Attention::RefundFailed]);
    let dispute = |outcome, amount| PaymentDisputed {
        dispute_id: "dp_1".to_owned(),
        outcome,
        amount: Amount::minor(amount),
    };
    let everything = [
        says::<PaymentsEvent>(5, refund("returned", None, RefundCause::Returned)),
        says::<PaymentsEvent>(6, refunded("returned")),
    ];
    let to_the_bank = [says::<PaymentsEvent>(5, dispute(DisputeOutcome::Lost, 1900))];
    for gone in [&everything[..], &to_the_bank] {
        let way: Vec<Message> = given_up.iter().chain(gone).cloned().collect();
        let backwards: Vec<Message> = way.iter().rev().cloned().collect();
        for way in [way, backwards] {
            assert_eq!(told(&way).attention(), []);
            assert!(!told(&way).facts().is_open());
        }
    }
    let in_part = says::<PaymentsEvent>(5, dispute(DisputeOutcome::Lost, 900));
    given_up.push(in_part);
    assert_eq!(told(&given_up).attention(), [events::Attention::RefundFailed], "a part is left");
    given_up.extend(everything);
    given_up.push(says::<PaymentsEvent>(7, failed("returned")));
    assert!(told(&given_up).facts().is_open(), "and owed again, should it come back");
}

/// A provider refuses to refund what the bank holds; once the bank keeps it, nothing is owed.
#[test]
fn a_cancellation_whose_refund_was_given_up_is_settled_once_the_bank_has_taken_it_all() {
    let mut way = cancelled_order();
    way.retain(|message| !matches!(message.event, Event::Payments(PaymentsEvent::PaymentRefunded(_))));
    way.push(says::<PaymentsEvent>(5, failed("r1")));
    assert_eq!(told(&way).status(), OrderStatus::Cancelling);
    way.push(says::<PaymentsEvent>(
        6,
        PaymentDisputed {
            dispute_id: "dp_1".to_owned(),
            outcome: DisputeOutcome::Lost,
            amount: Amount::minor(1900),
        },
    ));
    let order = told(&way);
    assert_eq!((order.status(), order.attention()), (OrderStatus::Cancelled, Vec::new()));
    assert!(!order.facts().is_open());
}

fn tracked(sequence: u32, status: TrackingStatus) -> Message {
    let (status_detail, occurred_at, after_cancellation) = (None, Some(now()), false);
    says::<ShippingEvent>(
        sequence,
        ShipmentTracked { status, status_detail, occurred_at, after_cancellation },
    )
}

#[test]
fn a_parcel_that_cannot_be_delivered_needs_attention_until_it_arrives_or_is_back() {
    for failure in [TrackingStatus::Failure, TrackingStatus::ReturnToSender] {
        let mut way = delivered_order();
        way.pop();
        way.push(tracked(3, TrackingStatus::InTransit));
        assert_eq!(told(&way).attention(), []);
        way.push(tracked(4, failure));
        let failed = told(&way);
        assert_eq!(
            (failed.status(), failed.attention()),
            (OrderStatus::Shipped, vec![events::Attention::DeliveryFailed])
        );
        let arrival = says::<ShippingEvent>(5, Delivered {});
        let back = says::<ShippingEvent>(5, ReturnReceived { restock: true });
        for end in [arrival, back] {
            let way: Vec<Message> = way.iter().cloned().chain([end]).collect();
            assert_eq!(told(&way).attention(), [], "{failure:?}");
        }
    }
}

#[test]
fn a_fact_told_twice_is_recorded_once() {
    on_one_thread(async {
        let table = Arc::new(Memory::default());
        let id = order_id(1);
        let first = envelope(&id, 1, &OrdersEvent::from(placed()));
        table.append(&StreamId::order(&id), &first).await.unwrap();
        let track = TrackOrder { store: table.clone(), clock: Arc::new(FixedClock::at(now())) };
        for _ in 0..3 {
            for message in delivered_order() {
                track.consume(&message).await.unwrap();
            }
        }
        assert_eq!(table.all_events().len(), 1 + delivered_order().len());
    });
}

#[tokio::test]
async fn a_fact_about_an_order_of_another_stack_is_rejected() {
    let track = TrackOrder { store: Arc::new(Memory::default()), clock: Arc::new(FixedClock::at(now())) };
    let failure = track.consume(&delivered_order()[0]).await.unwrap_err();
    assert!(matches!(failure, Failure::Reject { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_order_of_arrival_gives_the_same_order(
        way in prop_oneof![Just(delivered_order()), Just(cancelled_order())].prop_shuffle_twice(),
    ) {
        let (straight, shuffled) = way;
        let (left, right) = (told(&straight), told(&shuffled));
        prop_assert_eq!(left.status(), right.status());
        prop_assert_eq!(left.attention(), right.attention());
        prop_assert_eq!(left.facts().is_open(), right.facts().is_open());
        prop_assert_eq!(left.facts().refunded(), right.facts().refunded());
    }
}

/// A way and the same way in another order, with some of its facts told twice.
trait ShuffleTwice: Strategy<Value = Vec<Message>> + Sized + 'static {
    fn prop_shuffle_twice(self) -> BoxedStrategy<(Vec<Message>, Vec<Message>)> {
        self.prop_flat_map(|way| {
            let twice: Vec<Message> = way.iter().chain(&way).cloned().collect();
            (Just(way), Just(twice).prop_shuffle())
        })
        .boxed()
    }
}

impl<S: Strategy<Value = Vec<Message>> + 'static> ShuffleTwice for S {}
