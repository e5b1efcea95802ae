//! What the actors do: a call of the API, or an event at a provider.

use crate::cell::{Cell, ProviderTwin};
use crate::step_runner::{StepRunner, finish};
use crate::work::{Act, Webhook};
use event_store::{Document, Documents as _, EventStore, Key, Memory, StreamId};
use events::{Event, OrderId, PaymentsEvent, RefundFailed, ShippingEvent};
use payments::Payment;
use runtime::http::Request;
use serde_json::{Value, json};
use testkit::{EASYPOST_CARRIER, FakeStripe, RequestBuilder as _, customer, tracker_event};

/// The request of an act that is a call of the API.
pub(crate) fn request(runner: &StepRunner, cell: &Cell, act: Act) -> Option<Request> {
    let about = |route: &str, n: u8| testkit::request(route).path("order_id", runner.order(n).as_str());
    let warehouse = |what: &str, n: u8, body: Value| {
        Some(about(&format!("POST /shipments/{{order_id}}/{what}"), n).by_admin().json(&body))
    };
    match act {
        Act::Cancel(n) => Some(about("POST /orders/{order_id}/cancel", n).by(customer())),
        Act::Dispatch(n) => {
            let labelled = has_label(cell, runner.order(n));
            let manual = json!({"carrier": "DHL", "tracking_code": manual_code(n)});
            warehouse("dispatch", n, if labelled { json!({}) } else { manual })
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
            let failed = newest_failed_refund(cell, runner.order(n))?;
            let route = "POST /orders/{order_id}/refunds/{refund_id}/retry";
            Some(about(route, n).by_admin().path("refund_id", failed.refund_id.as_str()))
        }
        Act::PayByPasses
        | Act::Sweep
        | Act::LongAfter
        | Act::Authenticate(_)
        | Act::FailAuthentication(_)
        | Act::PayInDashboard(_)
        | Act::CancelInDashboard(_)
        | Act::RefundInDashboard(_)
        | Act::RefundAllInDashboard(_)
        | Act::Dispute(_)
        | Act::Inquire(_)
        | Act::Escalate(_)
        | Act::EndInquiry(_)
        | Act::WinDispute(_)
        | Act::LoseDispute(_)
        | Act::HoldRefunds
        | Act::RefundSucceeds(_)
        | Act::RefundFails(_)
        | Act::RefusedSucceeds(_)
        | Act::Scan(_)
        | Act::ScanDelivered(_) => None,
    }
}

/// Applies an act at a provider. Returns the webhook if the provider's twin does not list it itself.
pub(crate) fn at_provider(runner: &StepRunner, cell: &Cell, act: Act) -> Option<Value> {
    match &cell.provider {
        ProviderTwin::None | ProviderTwin::EasyPost(_) => scan(runner, cell, act),
        ProviderTwin::Stripe(stripe) => {
            at_stripe(runner, cell, stripe, act);
            None
        }
    }
}

fn at_stripe(runner: &StepRunner, cell: &Cell, stripe: &FakeStripe, act: Act) {
    let intent = |n| recorded_intent(cell, runner.order(n)).unwrap_or_default();
    let books = |n| stripe.books_of(runner.order(n).as_str());
    match act {
        Act::Authenticate(n) => stripe.authenticate(&intent(n), true),
        Act::FailAuthentication(n) => stripe.authenticate(&intent(n), false),
        // The intent may be paid before it is recorded here.
        Act::PayInDashboard(n) => {
            let newest = stripe.intents_of(runner.order(n).as_str()).pop();
            let intent = recorded_intent(cell, runner.order(n)).or(newest).unwrap_or_default();
            stripe.pay_externally(&intent);
        }
        Act::CancelInDashboard(n) => stripe.cancel_in_dashboard(&intent(n)),
        Act::RefundInDashboard(n) if books(n).captured > 0 => {
            drop(stripe.refund_in_dashboard(&intent(n), 300));
        }
        Act::RefundAllInDashboard(n) if books(n).captured > books(n).refunded => {
            drop(stripe.refund_in_dashboard(&intent(n), books(n).captured - books(n).refunded));
        }
        Act::Dispute(n) if books(n).captured > books(n).refunded => {
            stripe.dispute(&intent(n), books(n).captured - books(n).refunded);
        }
        Act::Inquire(n) if books(n).captured > books(n).refunded => {
            stripe.inquire(&intent(n), books(n).captured - books(n).refunded);
        }
        // A bank has no reason to dispute what was refunded.
        Act::Escalate(n) if books(n).refunded == 0 => {
            for inquiry in stripe.open_inquiries_of(&intent(n)) {
                stripe.escalate(&inquiry);
            }
        }
        Act::EndInquiry(n) => {
            for inquiry in stripe.open_inquiries_of(&intent(n)) {
                stripe.close_inquiry(&inquiry);
            }
        }
        Act::WinDispute(n) => close(stripe, &intent(n), true),
        Act::LoseDispute(n) => close(stripe, &intent(n), false),
        Act::HoldRefunds => stripe.hold_refunds(true),
        Act::RefundSucceeds(n) => settle(stripe, &stripe.refunds_with_status(&intent(n), "pending"), true),
        Act::RefundFails(n) => {
            let mut refunds = stripe.refunds_with_status(&intent(n), "pending");
            refunds.extend(stripe.refunds_with_status(&intent(n), "succeeded"));
            settle(stripe, &refunds, false);
        }
        Act::RefusedSucceeds(n) => {
            if let Some(failed) = newest_failed_refund(cell, runner.order(n)) {
                let (order, amount) = (runner.order(n).as_str(), failed.amount.units());
                stripe.refund_by_late_call(order, &intent(n), failed.refund_id.as_str(), amount);
            }
        }
        Act::RefundInDashboard(_)
        | Act::RefundAllInDashboard(_)
        | Act::Dispute(_)
        | Act::Inquire(_)
        | Act::Escalate(_)
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

/// The carrier's webhook about a parcel: with the code of the label that it sold, even if the label is not recorded yet,
/// or with the code that the warehouse entered.
fn scan(runner: &StepRunner, cell: &Cell, act: Act) -> Option<Value> {
    let in_transit = ("in_transit", "departed", "2026-01-03T07:00:00Z");
    let (n, scans) = match act {
        Act::Scan(n) => (n, vec![in_transit]),
        Act::ScanDelivered(n) => (n, vec![in_transit, ("delivered", "arrived", "2026-01-03T08:00:00Z")]),
        _ => return None,
    };
    let order = runner.order(n);
    let (carrier, code) = match &cell.provider {
        ProviderTwin::EasyPost(account) => {
            let labels = account.labels().into_iter();
            let mut of_order = labels.filter(|(of, _)| of == order.as_str());
            (EASYPOST_CARRIER, of_order.find_map(|(_, code)| code)?)
        }
        ProviderTwin::None | ProviderTwin::Stripe(_) => {
            cell.events_of(order).iter().find(|event| is_request(event))?;
            ("DHL", manual_code(n))
        }
    };
    Some(tracker_event(&format!("evt_{}_{n}", scans.len()), carrier, &code, &scans))
}

fn is_request(event: &Event) -> bool {
    matches!(event, Event::Shipping(ShippingEvent::ShipmentRequested(_)))
}

/// The code that the warehouse enters if there is no label.
fn manual_code(n: u8) -> String {
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

/// Deletes a webhook that was read and is not parked, with its verdict; the real table keeps both for thirty days. A
/// duplicate of it is then read again, as a stream's batch may be. Otherwise states that differ only by handled webhooks
/// would count as different.
pub(crate) fn forget(table: &Memory, webhook: &Webhook) {
    let documents = table.all_documents();
    let is_parked = |(key, _): &(Key, Document)| key.sk.strip_prefix("parked#") == Some(webhook.event_id());
    if documents.iter().any(is_parked) {
        return;
    }
    let partition = webhook.inbox().pk;
    for (key, _) in documents.iter().filter(|(key, _)| key.pk == partition) {
        drop(finish(table.delete(key)));
    }
}
