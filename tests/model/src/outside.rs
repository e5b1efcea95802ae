//! What people and providers do: as calls of the API, or behind a provider's doors.

use crate::cell::{Cell, Outside};
use crate::stage::{Stage, finish};
use crate::work::{Act, Hook};
use event_store::{Document, Documents as _, EventStore, Key, Memory, StreamId};
use events::{Event, OrderId, PaymentsEvent, RefundFailed, ShippingEvent};
use payments::Payment;
use runtime::http::Request;
use serde_json::{Value, json};
use testkit::{EASYPOST_CARRIER, FakeStripe, RequestBuilder as _, customer, request, tracker_event};

/// The call that an act consists of, if it is one.
pub(crate) fn call(stage: &Stage, cell: &Cell, act: Act) -> Option<Request> {
    let about = |route: &str, n: u8| request(route).path("order_id", stage.order(n).as_str());
    let warehouse = |what: &str, n: u8, body: Value| {
        Some(about(&format!("POST /shipments/{{order_id}}/{what}"), n).by_admin().json(&body))
    };
    match act {
        Act::Cancel(n) => Some(about("POST /orders/{order_id}/cancel", n).by(customer())),
        Act::Dispatch(n) => {
            let labelled = has_label(cell, stage.order(n));
            let by_hand = json!({"carrier": "DHL", "tracking_code": by_hand(n)});
            warehouse("dispatch", n, if labelled { json!({}) } else { by_hand })
        }
        Act::CannotShip(n) => warehouse("fail", n, json!({"reason": "broken"})),
        Act::Deliver(n) => warehouse("deliver", n, json!({})),
        Act::Return(n) => warehouse("return", n, json!({"restock": true})),
        Act::Goodwill(n) => {
            let body = json!({"amount": 500, "reason": "a scratch"});
            let route = "POST /orders/{order_id}/refunds";
            Some(about(route, n).by_admin().header("idempotency-key", "goodwill").json(&body))
        }
        Act::RetryRefund(n) => {
            let failed = newest_failed_refund(cell, stage.order(n))?;
            let route = "POST /orders/{order_id}/refunds/{refund_id}/retry";
            Some(about(route, n).by_admin().path("refund_id", failed.refund_id.as_str()))
        }
        Act::PayByPasses
        | Act::Sweep
        | Act::LongAfter
        | Act::Authenticate(_)
        | Act::FailAuthentication(_)
        | Act::PayElsewhere(_)
        | Act::CancelElsewhere(_)
        | Act::RefundElsewhere(_)
        | Act::Dispute(_)
        | Act::WinDispute(_)
        | Act::LoseDispute(_)
        | Act::HoldRefunds
        | Act::RefundSucceeds(_)
        | Act::RefundFails(_)
        | Act::RefusedTurnsUp(_)
        | Act::Scan(_)
        | Act::ScanDelivered(_) => None,
    }
}

/// What happens at a provider, and the webhooks that it does not keep a list of itself.
pub(crate) fn happen(stage: &Stage, cell: &Cell, act: Act) -> Option<Value> {
    match &cell.outside {
        Outside::Nobody | Outside::EasyPost(_) => scan(stage, cell, act),
        Outside::Stripe(stripe) => {
            at_stripe(stage, cell, stripe, act);
            None
        }
    }
}

fn at_stripe(stage: &Stage, cell: &Cell, stripe: &FakeStripe, act: Act) {
    let intent = |n| recorded_intent(cell, stage.order(n)).unwrap_or_default();
    let books = |n| stripe.books_of(stage.order(n).as_str());
    match act {
        Act::Authenticate(n) => stripe.authenticate(&intent(n), true),
        Act::FailAuthentication(n) => stripe.authenticate(&intent(n), false),
        // The customer may know the intent before it is noted here.
        Act::PayElsewhere(n) => {
            let newest = stripe.intents_of(stage.order(n).as_str()).pop();
            let intent = recorded_intent(cell, stage.order(n)).or(newest).unwrap_or_default();
            stripe.pay_externally(&intent);
        }
        Act::CancelElsewhere(n) => stripe.cancel_in_dashboard(&intent(n)),
        Act::RefundElsewhere(n) if books(n).captured > 0 => drop(stripe.refund_in_dashboard(&intent(n), 300)),
        Act::Dispute(n) if books(n).captured > books(n).refunded => {
            stripe.dispute(&intent(n), books(n).captured - books(n).refunded);
        }
        Act::WinDispute(n) => close(stripe, &intent(n), true),
        Act::LoseDispute(n) => close(stripe, &intent(n), false),
        Act::HoldRefunds => stripe.hold_refunds(true),
        Act::RefundSucceeds(n) => settle(stripe, &stripe.refunds_with_status(&intent(n), "pending"), true),
        Act::RefundFails(n) => {
            let mut standing = stripe.refunds_with_status(&intent(n), "pending");
            standing.extend(stripe.refunds_with_status(&intent(n), "succeeded"));
            settle(stripe, &standing, false);
        }
        Act::RefusedTurnsUp(n) => {
            if let Some(failed) = newest_failed_refund(cell, stage.order(n)) {
                let (order, amount) = (stage.order(n).as_str(), failed.amount.units());
                stripe.refund_by_late_call(order, &intent(n), failed.refund_id.as_str(), amount);
            }
        }
        Act::RefundElsewhere(_)
        | Act::Dispute(_)
        | Act::Cancel(_)
        | Act::PayByPasses
        | Act::Sweep
        | Act::LongAfter
        | Act::Goodwill(_)
        | Act::RetryRefund(_)
        | Act::Dispatch(_)
        | Act::CannotShip(_)
        | Act::Deliver(_)
        | Act::Return(_)
        | Act::Scan(_)
        | Act::ScanDelivered(_) => {}
    }
}

fn close(stripe: &FakeStripe, intent: &str, won: bool) {
    for dispute in stripe.open_disputes_of(intent) {
        stripe.close_dispute(&dispute, won);
    }
}

fn settle(stripe: &FakeStripe, refunds: &[String], success: bool) {
    if let Some(refund) = refunds.last() {
        stripe.settle_refund(refund, success);
    }
}

/// What the carrier tells of a parcel: of the label that it sold, also if nobody here has noted that yet, or of the code
/// that the warehouse typed.
fn scan(stage: &Stage, cell: &Cell, act: Act) -> Option<Value> {
    let on_its_way = ("in_transit", "departed", "2026-01-03T07:00:00Z");
    let (n, scans) = match act {
        Act::Scan(n) => (n, vec![on_its_way]),
        Act::ScanDelivered(n) => (n, vec![on_its_way, ("delivered", "arrived", "2026-01-03T08:00:00Z")]),
        _ => return None,
    };
    let order = stage.order(n);
    let (carrier, code) = match &cell.outside {
        Outside::EasyPost(account) => {
            let labels = account.labels().into_iter();
            let mut of_order = labels.filter(|(of, _)| of == order.as_str());
            (EASYPOST_CARRIER, of_order.find_map(|(_, code)| code)?)
        }
        Outside::Nobody | Outside::Stripe(_) => {
            cell.events_of(order).iter().find(|event| is_request(event))?;
            ("DHL", by_hand(n))
        }
    };
    Some(tracker_event(&format!("evt_{}_{n}", scans.len()), carrier, &code, &scans))
}

fn is_request(event: &Event) -> bool {
    matches!(event, Event::Shipping(ShippingEvent::ShipmentRequested(_)))
}

/// The code that the warehouse types where there is no label.
fn by_hand(n: u8) -> String {
    format!("T-{n}")
}

fn has_label(cell: &Cell, order: &OrderId) -> bool {
    let events = cell.events_of(order);
    events.iter().any(|event| matches!(event, Event::Shipping(ShippingEvent::LabelPurchased(_))))
}

fn newest_failed_refund(cell: &Cell, order: &OrderId) -> Option<RefundFailed> {
    let mut events = cell.events_of(order).into_iter().rev();
    events.find_map(|event| match event {
        Event::Payments(PaymentsEvent::RefundFailed(failed)) => Some(failed),
        _ => None,
    })
}

fn recorded_intent(cell: &Cell, order: &OrderId) -> Option<String> {
    let store: &dyn EventStore = &*cell.table;
    let payment = finish(store.history::<Payment>(&StreamId::order(order))).ok()?.state;
    payment.stage.terms().map(|terms| terms.intent_id.clone())
}

/// A webhook that was read and that nothing points to is forgotten at once, with its verdict; the table keeps both for
/// thirty days. It can only come again, and is then read again: what a stream's batch may do as well. Two worlds that
/// differ by the webhooks that they have done with are one.
pub(crate) fn forget(table: &Memory, hook: &Hook) {
    let documents = table.all_documents();
    let is_parked = |(key, _): &(Key, Document)| key.sk.strip_prefix("parked#") == Some(hook.event_id());
    if documents.iter().any(is_parked) {
        return;
    }
    let partition = hook.inbox().pk;
    for (key, _) in documents.iter().filter(|(key, _)| key.pk == partition) {
        drop(finish(table.delete(key)));
    }
}
