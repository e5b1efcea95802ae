//! For every status, and for every attention: what the order waits for, since when and until when.

use super::super::known::Known;
use super::{Wait, waits};
use crate::testing::lasts;
use events::{
    Amount, Attention, Because, CancelCause, Detail, DisputeOutcome, Event, InventoryEvent, InventoryUpdated,
    LabelPurchased, LabelVoidFailed, LabelVoidRequested, LabelVoided, OrderCancellationRequested,
    OrderExpired, OrderPaid, OrderPlaced, OrderStatus, OrderUpdated, OrdersEvent, OutOfStock,
    PaymentCancelled, PaymentDisputed, PaymentFailed, PaymentRefunded, PaymentRequested, PaymentsEvent,
    Provider, RefundCause, RefundFailed, RefundId, RefundRequested, RequestedBy, ReturnReceived,
    ShipmentCancelled, ShipmentHeld, ShipmentRequested, Shipped, ShippingEvent, ShippingFailed,
    StockCommitted, StockReleased, StockReturned,
};
use jiff::Timestamp;
use testkit::{customer, eur, lines, placed};

/// A moment by its second after the order was placed.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

/// The waits after these events, the n-th of which happened n seconds after the order was placed: `<name> <since>..<until>`.
fn after(order: &OrderPlaced, events: &[Event]) -> Vec<String> {
    let mut known = Known::new(order, at(0));
    for (second, event) in (1..).zip(events) {
        known.add(event, at(second));
    }
    let shown = |wait: &Wait| {
        let second = |moment: Timestamp| moment.as_second() - 1_000_000;
        let until = wait.until.map_or_else(String::new, |until| second(until).to_string());
        format!("{} {}..{until}", wait.step.name().0, second(wait.since))
    };
    waits(&known, &lasts()).iter().map(shown).collect()
}

fn order() -> OrderPlaced {
    OrderPlaced { pay_by: at(1800), ..placed() }
}

fn is(because: Because, status: OrderStatus) -> Event {
    with(because, status, &[])
}

fn with(because: Because, status: OrderStatus, attention: &[Attention]) -> Event {
    let (attention, detail) = (attention.to_vec(), Detail::default());
    let updated = OrderUpdated { because, status, attention, detail, paid: true, quiet: false };
    Event::Orders(OrdersEvent::from(updated))
}

fn payment(event: impl Into<PaymentsEvent>) -> Event {
    Event::Payments(event.into())
}

fn stock(event: impl Into<InventoryEvent>) -> Event {
    Event::Inventory(event.into())
}

fn parcel(event: impl Into<ShippingEvent>) -> Event {
    Event::Shipping(event.into())
}

fn requested() -> Event {
    payment(PaymentRequested {
        intent_id: "pi_1".to_owned(),
        amount: Amount::minor(1900),
        currency: eur(),
        lines: lines(),
        customer: customer(),
        pay_by: at(1800),
        confirm: events::Confirm::Server,
    })
}

fn paid() -> Event {
    let (intent_id, amount) = ("pi_1".to_owned(), Amount::minor(1900));
    payment(OrderPaid { intent_id, amount, currency: eur(), lines: lines(), reference: None })
}

fn refund(id: &str, cause: RefundCause, instead_of: Option<&str>) -> Event {
    payment(RefundRequested {
        refund_id: RefundId::try_from(id).unwrap(),
        cause,
        amount: Amount::minor(1900),
        captured: None,
        reference: None,
        instead_of: instead_of.map(|id| RefundId::try_from(id).unwrap()),
        reason: None,
    })
}

fn refunded(id: &str) -> Event {
    let (refund_id, amount) = (RefundId::try_from(id).unwrap(), Amount::minor(1900));
    payment(PaymentRefunded { refund_id, amount, provider_refund_id: None, foreign_in_full: false })
}

fn refund_failed(id: &str, again: bool) -> Event {
    let (refund_id, amount) = (RefundId::try_from(id).unwrap(), Amount::minor(1900));
    payment(RefundFailed { refund_id, amount, code: "no_funds".to_owned(), refused: true, again })
}

fn shipment(provider: Provider) -> Event {
    parcel(ShipmentRequested { provider, shipment_id: None, lines: lines() })
}

fn label() -> Event {
    let label_url = "https://label.example".to_owned();
    parcel(LabelPurchased { carrier: "DHL".to_owned(), tracking_code: "T1".to_owned(), label_url })
}

fn shipped() -> Event {
    parcel(Shipped { carrier: "DHL".to_owned(), tracking_code: "T1".to_owned() })
}

fn allocated() -> Event {
    stock(InventoryUpdated::unsharded(lines()))
}

fn reached(status: OrderStatus) -> Event {
    is(Because::Deadline, status)
}

#[test]
fn an_order_that_is_not_paid_waits_for_its_payment_until_it_expires() {
    assert_eq!(after(&order(), &[]), ["payment_begin 0..1800"]);
    assert_eq!(after(&order(), &[requested()]), ["payment 1..1800"]);
    let offline = OrderPlaced { payment_method: "elsewhere:bank".to_owned(), ..order() };
    assert_eq!(after(&offline, &[requested()]), ["offline_payment 1..1800"]);
    let secure = [requested(), is(Because::PaymentActionRequired, OrderStatus::PaymentActionRequired)];
    assert_eq!(after(&order(), &secure), ["authentication 2..1800"]);
    let expired = [requested(), Event::Orders(OrderExpired { pay_by: at(1800) }.into())];
    assert_eq!(after(&order(), &expired), ["expiry 2..62"]);
}

#[test]
fn a_paid_order_waits_for_stock_then_for_its_parcel_to_leave_and_to_arrive() {
    let mut events = vec![requested(), paid(), reached(OrderStatus::Paid)];
    assert_eq!(after(&order(), &events), ["allocation 3..123"]);
    events.extend([allocated(), reached(OrderStatus::Allocated)]);
    assert_eq!(after(&order(), &events), ["shipment 5..185"]);
    let mut by_carrier = events.clone();
    events.push(shipment(Provider::Warehouse));
    assert_eq!(after(&order(), &events), ["dispatch 6..185"]);
    by_carrier.push(shipment(Provider::Easypost));
    assert_eq!(after(&order(), &by_carrier), ["label 6..185"]);
    by_carrier.push(label());
    assert_eq!(after(&order(), &by_carrier), ["first_scan 7..185"]);
    events.extend([shipped(), reached(OrderStatus::Shipped)]);
    assert_eq!(after(&order(), &events), ["delivery 8..308", "stock_commit 7.."]);
    events.push(stock(StockCommitted { lines: lines() }));
    assert_eq!(after(&order(), &events), ["delivery 8..308"]);
    events.push(reached(OrderStatus::Delivered));
    assert_eq!(after(&order(), &events), [""; 0]);
    let restock = |restock| parcel(ReturnReceived { restock });
    let back = |more: &[Event]| after(&order(), &[&events[..], more].concat());
    assert_eq!(back(&[restock(false), reached(OrderStatus::Returned)]), [""; 0]);
    assert_eq!(back(&[restock(true), reached(OrderStatus::Returned)]), ["stock_return 11.."]);
    let returned = stock(StockReturned { lines: lines() });
    assert_eq!(back(&[restock(true), reached(OrderStatus::Returned), returned]), [""; 0]);
}

#[test]
fn a_cancellation_waits_for_shipping_and_then_for_stock_money_and_label() {
    let (requested_by, reason) = (RequestedBy::Customer, None);
    let asked = Event::Orders(OrderCancellationRequested { requested_by, reason }.into());
    let mut events = vec![requested(), paid(), allocated(), label(), reached(OrderStatus::Allocated), asked];
    events.insert(3, shipment(Provider::Easypost));
    assert_eq!(after(&order(), &events), ["first_scan 5..186", "cancellation 7.."]);
    events.extend([parcel(ShipmentCancelled {}), reached(OrderStatus::Cancelling)]);
    assert_eq!(
        after(&order(), &events),
        ["refund_request 9..249", "stock_release 9..249", "label_void 9..249"]
    );
    events.extend([
        stock(StockReleased { lines: lines() }),
        parcel(LabelVoided {}),
        refund("cancelled", RefundCause::Cancelled, None),
    ]);
    assert_eq!(after(&order(), &events), ["refund 12..252"]);
    events.extend([refunded("cancelled"), reached(OrderStatus::Cancelled)]);
    assert_eq!(after(&order(), &events), [""; 0]);
}

#[test]
fn a_cancellation_before_the_payment_waits_for_the_end_of_the_payment() {
    let mut events = vec![parcel(ShipmentCancelled {}), reached(OrderStatus::Cancelling)];
    assert_eq!(after(&order(), &events), ["payment_cancellation 2..242", "stock_release 2..242"]);
    events.push(payment(PaymentCancelled { cause: CancelCause::Cancelled }));
    assert_eq!(after(&order(), &events), ["stock_release 2..242"]);
}

#[test]
fn an_end_without_goods_waits_until_nothing_is_owed() {
    let missing = stock(OutOfStock { missing: vec![] });
    let mut events = vec![requested(), paid(), missing, reached(OrderStatus::OutOfStock)];
    assert_eq!(after(&order(), &events), ["refund_request 4..364"]);
    events.push(refund("out_of_stock", RefundCause::OutOfStock, None));
    assert_eq!(after(&order(), &events), ["refund 5..365"]);
    events.push(refund_failed("out_of_stock", true));
    assert_eq!(after(&order(), &events), ["refund_again 6..366"]);
    events.push(refund("out_of_stock.2", RefundCause::OutOfStock, Some("out_of_stock")));
    assert_eq!(after(&order(), &events), ["refund 7..367"]);
    events.push(refunded("out_of_stock.2"));
    assert_eq!(after(&order(), &events), [""; 0]);

    let failed = parcel(ShippingFailed { reason: "no".to_owned() });
    let events = [requested(), paid(), allocated(), failed, reached(OrderStatus::ShippingFailed)];
    assert_eq!(after(&order(), &events), ["refund_request 5..365", "stock_release 5..365"]);
}

#[test]
fn a_refund_of_the_dashboard_that_fails_is_not_waited_for() {
    let mut events =
        vec![paid(), reached(OrderStatus::Delivered), refund("re_1", RefundCause::Foreign, None)];
    assert_eq!(after(&order(), &events), ["refund 3..363"]);
    events.push(refund_failed("re_1", true));
    assert_eq!(after(&order(), &events), [""; 0]);
}

#[test]
fn a_failed_refund_is_not_waited_for_once_nothing_of_the_money_is_left() {
    let mut events = vec![paid(), reached(OrderStatus::Delivered), refund("r", RefundCause::Goodwill, None)];
    events.push(refund_failed("r", true));
    assert_eq!(after(&order(), &events), ["refund_again 4..364"]);
    let lost = payment(PaymentDisputed {
        dispute_id: "dp_1".to_owned(),
        outcome: DisputeOutcome::Lost,
        amount: Amount::minor(1900),
        inquiry: false,
        evidence_due_by: None,
    });
    assert_eq!(after(&order(), &[&events[..], &[lost]].concat()), [""; 0], "the bank took it");
    let by_another = [refund("f", RefundCause::Foreign, None), refunded("f")];
    assert_eq!(after(&order(), &[&events[..], &by_another].concat()), [""; 0], "another refund paid it out");
}

#[test]
fn an_order_that_ended_without_money_waits_for_nothing() {
    for (end, status) in [
        (payment(PaymentFailed { code: "card_declined".to_owned() }), OrderStatus::PaymentFailed),
        (payment(PaymentCancelled { cause: CancelCause::Expired }), OrderStatus::Expired),
    ] {
        assert_eq!(after(&order(), &[requested(), end, reached(status)]), [""; 0], "{status:?}");
    }
}

#[test]
fn a_refused_void_waits_for_an_operator_until_it_is_requested_again() {
    let failed = parcel(ShippingFailed { reason: "no".to_owned() });
    let refused = parcel(LabelVoidFailed { reason: "used".to_owned() });
    let released = stock(StockReleased { lines: lines() });
    let mut events = vec![paid(), label(), failed, released, refund("f", RefundCause::ShippingFailed, None)];
    events.extend([refunded("f"), refused]);
    events.push(with(Because::LabelVoidFailed, OrderStatus::ShippingFailed, &[Attention::VoidFailed]));
    assert_eq!(after(&order(), &events), ["attention 8.."]);
    events.push(parcel(LabelVoidRequested {}));
    assert_eq!(after(&order(), &events), ["attention 8..", "label_void 8..368"]);
}

#[test]
fn a_held_parcel_waits_for_an_operator_and_not_for_the_warehouse() {
    let held = parcel(ShipmentHeld { refund_id: RefundId::try_from("r").unwrap() });
    let attention = [Attention::RefundedUnshipped];
    let known = with(Because::ShipmentHeld, OrderStatus::Allocated, &attention);
    let events =
        [paid(), allocated(), reached(OrderStatus::Allocated), shipment(Provider::Warehouse), held, known];
    assert_eq!(after(&order(), &events), ["attention 6.."]);
}

#[test]
fn every_attention_waits_for_an_operator_since_it_was_raised_and_no_longer_than_it_holds() {
    for attention in Attention::ALL {
        let raised = |attentions: &[Attention]| with(Because::Deadline, OrderStatus::Delivered, attentions);
        let events = [raised(&[]), raised(&[attention]), raised(&[attention])];
        assert_eq!(after(&order(), &events), ["attention 2.."], "{attention:?}");
        let ended = [&events[..], &[raised(&[])]].concat();
        assert_eq!(after(&order(), &ended), [""; 0], "{attention:?}");
    }
}

#[test]
fn a_dispute_waits_until_its_evidence_is_due() {
    let dispute = |outcome| {
        payment(PaymentDisputed {
            dispute_id: "dp_1".to_owned(),
            outcome,
            amount: Amount::minor(1900),
            inquiry: false,
            evidence_due_by: Some(at(5000)),
        })
    };
    let disputed = with(Because::PaymentDisputed, OrderStatus::Delivered, &[Attention::Disputed]);
    let mut events = vec![dispute(DisputeOutcome::Opened), disputed];
    assert_eq!(after(&order(), &events), ["attention 2..5000"]);
    events.push(dispute(DisputeOutcome::Won));
    assert_eq!(after(&order(), &events), ["attention 2.."], "orders has not recorded the end yet");
}
