//! Clients read orders and payments while the simulation runs. An answer must hold only the caller's own data, must be
//! complete, and must not be older than the streams were when the call was sent.

use super::actors::Actors;
use super::chance::Chance;
use super::executor::finish;
use super::invocations::Call;
use super::world::World;
use event_store::{EventStore as _, StreamId};
use events::{Amount, Confirm, Customer, Envelope, Event, OrderId, OrdersEvent, PaymentsEvent, Service};
use jiff::Timestamp;
use runtime::http::{Problem, Reply};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::{RequestBuilder as _, customer, other_customer, request};

pub(super) const LIST: &str = "GET /orders";
pub(super) const ORDER: &str = "GET /orders/{order_id}";
const EVENTS: &str = "GET /orders/{order_id}/events";
pub(super) const PAYMENT: &str = "GET /orders/{order_id}/payment";

/// A read: mostly by the customer, sometimes by another customer or by an admin.
pub(super) fn ask(actors: &Actors, chance: &Chance, now: Timestamp) -> Option<Call> {
    let id = actors.open.get(chance.below(actors.open.len()))?;
    let owner = actors.accepted.get(id)?;
    let (operation, route) = match chance.below(6) {
        0 => (LIST, LIST),
        1 => (ORDER, EVENTS),
        2 | 3 => (PAYMENT, PAYMENT),
        _ => (ORDER, ORDER),
    };
    let read = request(route).path("order_id", id.as_str());
    let read = match chance.below(8) {
        0 => read.by_admin(),
        1 | 2 => read.by(the_other(owner)),
        _ => read.by(owner.clone()),
    };
    Some(Call::new(operation, read, now))
}

fn the_other(owner: &Customer) -> Customer {
    if *owner == customer() { other_customer() } else { customer() }
}

/// The number of events in the stream that a call reads.
pub(super) fn known(world: &World, call: &Call) -> usize {
    stream(world, call).map_or(0, |stream| stream.len())
}

fn stream(world: &World, call: &Call) -> Option<Vec<Envelope>> {
    let service = match call.operation {
        ORDER => Service::Orders,
        PAYMENT => Service::Payments,
        _ => return None,
    };
    let id = OrderId::try_from(call.request.in_path("order_id")).ok()?;
    finish(world.table(service).read(&StreamId::order(&id))).ok()
}

/// Checks an answer below 500 against the streams.
pub(super) fn judge(
    world: &World,
    actors: &Actors,
    call: &Call,
    answer: &Result<Reply, Problem>,
) -> Result<(), String> {
    let (Some(caller), true) = (&call.request.caller, call.operation.starts_with("GET ")) else {
        return Ok(());
    };
    let body: Value =
        answer.as_ref().map_or(Value::Null, |reply| serde_json::from_str(&reply.body).unwrap_or_default());
    if call.operation == LIST {
        let items = body["items"].as_array().cloned().unwrap_or_default();
        let is_theirs = |item: &Value| {
            let id = item["order_id"].as_str().and_then(|id| OrderId::try_from(id).ok());
            id.is_some_and(|id| actors.accepted.get(&id).is_none_or(|owner| *owner == caller.customer))
        };
        let is_right = answer.is_ok() && items.iter().all(is_theirs);
        return if is_right {
            Ok(())
        } else {
            Err(format!("I8: a list of {}: {body}", caller.customer.subject))
        };
    }
    let id = call.request.in_path("order_id");
    let owner = OrderId::try_from(id).ok().and_then(|id| actors.accepted.get(&id));
    // From the request on it belongs to no caller, and its events are redacted one after the other.
    if actors.erased.may_be_of(owner) {
        return Ok(());
    }
    let may_see = caller.is_of_shop() || owner == Some(&caller.customer);
    let envelopes = stream(world, call).unwrap_or_default();
    let mut prefixes = (call.known..=envelopes.len()).filter_map(|count| envelopes.get(..count));
    let fits = prefixes.any(|so_far| match (call.request.route.as_str(), answer.is_ok()) {
        (PAYMENT, true) => may_see && fits_payment(so_far, &body, caller.is_of_shop()),
        (PAYMENT, false) => !may_see || !has_terms(so_far) && (so_far.is_empty() || !caller.is_of_shop()),
        (EVENTS, true) => {
            may_see
                && public(&body["events"]) == public(&json!(so_far))
                && shows_what_it_may(so_far, &body, caller.is_of_shop())
        }
        (_, true) => may_see && fits_order(so_far, &body),
        (_, false) => !may_see,
    });
    let status = answer.as_ref().map_or_else(|problem| problem.status, |reply| reply.status);
    let is_right = fits && [200, 404].contains(&status);
    if is_right { Ok(()) } else { Err(format!("I8: {} of {id}: {status} {body}", call.request.route)) }
}

/// Customers see public words in place of the provider's codes, and not who acted.
fn public(events: &Value) -> Value {
    let mut events = events.clone();
    for event in events.as_array_mut().into_iter().flatten() {
        if let Some(code) = event.pointer_mut("/data/detail/code") {
            *code = Value::Null;
        }
        event.as_object_mut().and_then(|attributes| attributes.remove("actor"));
    }
    events
}

/// Whether an admin sees everything, and a customer public words for the codes and no actor.
fn shows_what_it_may(so_far: &[Envelope], body: &Value, is_admin: bool) -> bool {
    const WORDS: [&str; 8] = [
        "card_declined",
        "insufficient_funds",
        "expired_card",
        "incorrect_details",
        "authentication_failed",
        "try_again",
        "refund_failed",
        "to_be_made_elsewhere",
    ];
    if is_admin {
        return body["events"] == json!(so_far);
    }
    let mut events = body["events"].as_array().into_iter().flatten();
    events.all(|event| {
        let code = event.pointer("/data/detail/code").and_then(Value::as_str);
        code.is_none_or(|code| WORDS.contains(&code)) && event.get("actor").is_none()
    })
}

/// Compares the page with the events: it shows the status of the last `OrderUpdated`, and when something changed last.
fn fits_order(so_far: &[Envelope], body: &Value) -> bool {
    let last_status = so_far.iter().rev().find_map(|envelope| match Event::read(envelope) {
        Ok(Event::Orders(OrdersEvent::OrderUpdated(updated))) => Some(updated.status.as_str()),
        _ => None,
    });
    let is_quiet = |envelope: &&Envelope| envelope.data["quiet"] == true;
    let last = so_far.iter().rev().find(|envelope| !is_quiet(envelope));
    let last = last.map(|envelope| envelope.time.to_string());
    let timeline = body["timeline"].as_array().cloned().unwrap_or_default();
    let has_currency = |entry: &Value| {
        let detail = &entry["detail"];
        detail["amount"].is_null() && detail["captured"].is_null() || detail["currency"] == body["currency"]
    };
    body["status"] == last_status.unwrap_or("placed")
        && body["updated_at"].as_str() == last.as_deref()
        && timeline.iter().all(has_currency)
}

fn payment_events(so_far: &[Envelope]) -> impl Iterator<Item = PaymentsEvent> + '_ {
    so_far.iter().filter_map(|envelope| match Event::read(envelope) {
        Ok(Event::Payments(event)) => Some(event),
        _ => None,
    })
}

fn has_terms(so_far: &[Envelope]) -> bool {
    so_far.iter().any(|envelope| envelope.event_type == "PaymentRequested")
}

fn fits_payment(so_far: &[Envelope], body: &Value, by_admin: bool) -> bool {
    let (mut status, mut refunds, mut is_by_browser) = ("", BTreeMap::new(), false);
    for event in payment_events(so_far) {
        match event {
            PaymentsEvent::PaymentRequested(request) => {
                status = "requested";
                is_by_browser = request.confirm == Confirm::Client;
            }
            PaymentsEvent::PaymentActionRequired(_) => status = "action_required",
            PaymentsEvent::OrderPaid(_) => status = "paid",
            PaymentsEvent::PaymentFailed(_) => status = "failed",
            PaymentsEvent::PaymentCancellationRequested(_) => status = "cancelling",
            PaymentsEvent::PaymentCancelled(_) => status = "cancelled",
            PaymentsEvent::PaymentRefunded(refunded) => {
                refunds.insert(refunded.refund_id, refunded.amount.units());
            }
            PaymentsEvent::RefundFailed(failed) => {
                refunds.remove(&failed.refund_id);
            }
            // A late capture is refunded, and the payment has ended permanently.
            PaymentsEvent::RefundRequested(request) if request.captured.is_some() => status = "cancelled",
            PaymentsEvent::RefundRequested(_)
            | PaymentsEvent::PaymentDisputed(_)
            | PaymentsEvent::PaymentDataErased(_) => {}
        }
    }
    let refunded = json!(Amount::minor(refunds.values().sum()));
    let may_have_secret =
        !by_admin && (status == "action_required" || is_by_browser && status == "requested");
    body["status"] == status
        && body["refunded"] == refunded
        && (body.get("client_secret").is_none() || may_have_secret)
}
