//! The invariants, checked once nothing is under way: against the providers' own books where these exist. Each violation
//! names its invariant and its order.

use super::actors::{PRODUCTS, order};
use super::bank::is_by_transfer;
use super::erasures;
use super::event_loop::{OF_ORDERS, Simulation};
use super::executor::finish;
use super::explanation_checks;
use super::mail_checks;
use super::view_checks;
use super::webhook_senders::plain;
use event_store::{Counters as _, EventStore, StreamId};
use events::{Actor, Attention, Envelope, Event, EventId, OrderId, OrdersEvent, Service, ShippingEvent};
use jiff::Timestamp;
use orders::Order;
use outbound::DeadLetter;
use std::collections::{BTreeMap, BTreeSet};
use steps::refunded_after_dispatch;
use testkit::sku;

/// The pieces that were shipped and not restocked, by SKU.
type Gone = BTreeMap<String, i64>;

/// Checks everything, records the violations, and returns the orders by end.
pub(super) fn check(simulation: &mut Simulation) -> BTreeMap<String, u64> {
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    let mut gone = Gone::new();
    let orders = all_orders(simulation);
    let (mut wrong, dead_lettered) = i6_dead_letters(simulation);
    for id in simulation.actors.accepted.keys() {
        if !orders.contains(id) {
            wrong.push(format!("I7: {id} was accepted and does not exist"));
        }
    }
    for id in &orders {
        let order = order(&simulation.world, id);
        let has_entry =
            !order.attention().is_empty() || dead_lettered.iter().any(|letter| letter.contains(id.as_str()));
        let end = if order.facts().is_open() && has_entry { "attention" } else { order.status().as_str() };
        *ends.entry(end.to_owned()).or_default() += 1;
        wrong.extend(i3_has_ended_or_has_an_entry(id, &order, has_entry));
        wrong.extend(i1_money(simulation, id, &order));
        wrong.extend(i4_never_shipped_and_cancelled(simulation, id, &mut gone, &order));
    }
    wrong.extend(i2_stock(simulation, &gone));
    wrong.extend(i5_i6_written_once_and_published(simulation));
    wrong.extend(i6_scans_are_recorded(simulation));
    wrong.extend(view_checks::check(simulation, &orders));
    wrong.extend(explanation_checks::check(&simulation.world, &orders));
    wrong.extend(mail_checks::check(&simulation.world, &simulation.actors, &orders));
    wrong.extend(erasures::check(simulation));
    wrong.extend(simulation.world.providers.wrong());
    simulation.violations.append(&mut wrong);
    ends
}

/// The dead letters are the unreadable messages and the unrequested transfers, and no others. Returns the violations, and
/// the other dead letters.
fn i6_dead_letters(simulation: &Simulation) -> (Vec<String>, Vec<String>) {
    let letters = simulation.world.queues.dead_letters();
    let bodies: BTreeSet<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
    let lost = simulation.unreadable.iter().filter(|body| !bodies.contains(&***body));
    let mut wrong: Vec<String> =
        lost.map(|body| format!("I6: an unreadable message is not among the dead letters: {body}")).collect();
    let is_expected = |letter: &DeadLetter| {
        let body = letter.body.as_str();
        simulation.unreadable.contains(body)
            || simulation.may_be_dead.contains(body)
            || simulation.actors.bank.explains(letter)
    };
    let others = letters.iter().filter(|letter| !is_expected(letter));
    let dead_lettered: Vec<String> =
        others.map(|letter| format!("{}: {}: {}", letter.function, letter.reason, letter.body)).collect();
    wrong.sort_unstable();
    wrong.extend(
        dead_lettered.iter().map(|letter| format!("I6: a valid message was dead-lettered: {letter}")),
    );
    (wrong, dead_lettered)
}

/// Each scan in a webhook that was answered with 200 is recorded, unless the order was dispatched under another code, or the
/// scan is older than the dispatch.
fn i6_scans_are_recorded(simulation: &Simulation) -> Vec<String> {
    let (mut order_of, mut left_with, mut left_at) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut recorded: BTreeSet<(String, String)> = BTreeSet::new();
    // As they were written: the codes of some were erased since.
    for envelope in simulation.as_written(Service::Shipping) {
        let order = envelope.subject.clone();
        match Event::read(&envelope) {
            Ok(Event::Shipping(ShippingEvent::LabelPurchased(label))) => {
                order_of.insert(plain(&label.tracking_code), order);
            }
            Ok(Event::Shipping(ShippingEvent::Shipped(shipped))) => {
                left_with.insert(order.clone(), plain(&shipped.tracking_code));
                left_at.insert(order.clone(), envelope.time);
                order_of.insert(plain(&shipped.tracking_code), order);
            }
            Ok(Event::Shipping(ShippingEvent::ShipmentTracked(tracked))) => {
                recorded.extend(tracked.occurred_at.map(|at| (order, at.to_string())));
            }
            _ => {}
        }
    }
    let mut wrong = Vec::new();
    for (code, times) in &simulation.actors.scanned {
        let Some(order) = order_of.get(code) else {
            wrong.push(format!("I6: {code} was scanned and belongs to no order"));
            continue;
        };
        // A scan that arrives after the erasure is not recorded.
        let owner = simulation.actors.accepted.iter().find(|(id, _)| id.as_str() == order);
        if simulation.actors.erased.is_of(owner.map(|(_, owner)| owner)) {
            continue;
        }
        let is_another = left_with.get(order).is_some_and(|left| left != code);
        let is_older = |time: &str| {
            let scanned_at = time.parse::<Timestamp>().ok();
            scanned_at.zip(left_at.get(order)).is_some_and(|(scanned_at, left_at)| scanned_at < *left_at)
        };
        for time in times.iter().filter(|time| {
            !is_another && !is_older(time) && !recorded.contains(&(order.clone(), (*time).clone()))
        }) {
            wrong.push(format!("I6: {order}: the scan of {code} at {time} is not recorded"));
        }
    }
    wrong
}

/// The messages that overtook what they follow from, by kind.
pub(super) fn overtakings(simulation: &Simulation) -> BTreeMap<&'static str, u64> {
    let first = |service, event_type: &str| {
        let mut count = 0_u64;
        simulation.world.table(service).visit_events(|event| {
            count += u64::from(event.sequence.number() == 1 && event.event_type == event_type);
        });
        count
    };
    let parked = |service| {
        let documents = simulation.world.table(service).all_documents().into_iter();
        documents.filter(|(key, _)| key.sk.starts_with("parked#")).count() as u64
    };
    let counts = [
        ("payment ended before it began", first(Service::Payments, "PaymentCancelled")),
        ("stock released before it was taken", first(Service::Inventory, "StockReleased")),
        ("shipment cancelled before it was asked for", first(Service::Shipping, "ShipmentCancelled")),
        ("webhook before its order", parked(Service::Payments)),
        ("scan before its code", parked(Service::Shipping)),
    ];
    counts.into()
}

fn i3_has_ended_or_has_an_entry(id: &OrderId, order: &Order, has_entry: bool) -> Option<String> {
    let is_stuck = order.facts().is_open() && !has_entry;
    is_stuck.then(|| format!("I3: {id} is still {} without an attention", order.status().as_str()))
}

pub(super) fn all_orders(simulation: &Simulation) -> BTreeSet<OrderId> {
    let events = simulation.world.table(Service::Orders).all_events();
    let placed = events.iter().filter(|envelope| envelope.event_type == "OrderPlaced");
    placed.filter_map(|envelope| OrderId::try_from(envelope.subject.as_str()).ok()).collect()
}

fn events_of(simulation: &Simulation, service: Service, id: &OrderId) -> Vec<Event> {
    let envelopes = finish(simulation.world.table(service).read(&StreamId::order(id))).unwrap_or_default();
    envelopes.iter().filter_map(|envelope| Event::read(envelope).ok()).collect()
}

/// An order is charged at most once, and never more is refunded than captured. The shop keeps the price of what was
/// shipped, less goodwill, returns and lost disputes. The ledger equals the provider's books, in
/// minor units.
fn i1_money(simulation: &Simulation, id: &OrderId, order: &Order) -> Vec<String> {
    let by_transfer = is_by_transfer(order);
    let books = if by_transfer {
        simulation.actors.bank.books_of(id)
    } else {
        let books = simulation.world.stripe.books_of(id.as_str());
        match simulation.world.sold_in.in_minor(books) {
            Ok(books) => books,
            Err(wrong) => return vec![format!("I1: {id}: {wrong}")],
        }
    };
    let total = order.placed().map_or(0, |(placed, _)| placed.total.units());
    let mut wrong = Vec::new();
    if books.charges > 1 || books.captured > total {
        wrong.push(format!("I1: {id} was charged {} times, {} of {total}", books.charges, books.captured));
    }
    if books.refunded > books.captured {
        wrong.push(format!("I1: {id}: {} captured and {} refunded", books.captured, books.refunded));
    }
    let facts = order.facts();
    let ledger = (facts.captured().units(), facts.refunded().units());
    if ledger != (books.captured, books.refunded) {
        wrong.push(format!("I1: {id}: the ledger has {ledger:?}, the provider {books:?}"));
    }
    let payments: &dyn EventStore = &**simulation.world.table(Service::Payments);
    let payment =
        finish(payments.history::<payments::Payment>(&StreamId::order(id))).expect("readable").state;
    if payment.ledger.held().units() != books.charged_back + books.held {
        wrong.push(format!(
            "I1: {id}: the ledger has {} at the bank, the provider {books:?}",
            payment.ledger.held()
        ));
    }
    // `stuck` is no excuse: it is the only sign of a refund that was never requested.
    let needs_an_operator = [Attention::RefundFailed, Attention::Disputed];
    // The clerk makes the refunds of offline payments, so none may be left.
    if !by_transfer && order.attention().iter().any(|attention| needs_an_operator.contains(attention)) {
        return wrong;
    }
    let shipment = events_of(simulation, Service::Shipping, id);
    let has_left = shipment.iter().any(|event| matches!(event, Event::Shipping(ShippingEvent::Shipped(_))));
    let refunded =
        if has_left { refunded_after_dispatch(events_of(simulation, Service::Payments, id)) } else { 0 };
    let due = if has_left { total.saturating_sub(refunded + books.charged_back) } else { 0 };
    let kept = books.captured.saturating_sub(books.refunded + books.charged_back);
    if kept != due {
        let status = order.status().as_str();
        wrong.push(format!("I1: {id} is {status}, {kept} was kept where {due} is due: {books:?}"));
    }
    wrong
}

fn i4_never_shipped_and_cancelled(
    simulation: &Simulation,
    id: &OrderId,
    gone: &mut Gone,
    order: &Order,
) -> Vec<String> {
    let events = events_of(simulation, Service::Shipping, id);
    let count = |is: fn(&ShippingEvent) -> bool| {
        events.iter().filter(|event| matches!(event, Event::Shipping(event) if is(event))).count()
    };
    let shipped = count(|event| matches!(event, ShippingEvent::Shipped(_)));
    let cancelled = count(|event| matches!(event, ShippingEvent::ShipmentCancelled(_)));
    let restocked =
        count(|event| matches!(event, ShippingEvent::ReturnReceived(returned) if returned.restock));
    if shipped == 1
        && restocked == 0
        && let Some((placed, _)) = order.placed()
    {
        for line in &placed.lines {
            *gone.entry(line.sku.to_string()).or_default() += i64::from(line.quantity);
        }
    }
    let mut is_held = false;
    let mut sent_while_held = 0;
    for envelope in
        finish(simulation.world.table(Service::Shipping).read(&StreamId::order(id))).unwrap_or_default()
    {
        match envelope.event_type.as_str() {
            "ShipmentHeld" => is_held = true,
            "ShipmentReleased" => is_held = false,
            // A scan proves what has happened; only a person can be refused.
            "Shipped" if is_held && !envelope.causationid.as_str().starts_with("webhook/") => {
                sent_while_held += 1;
            }
            _ => {}
        }
    }
    let is_wrong = sent_while_held > 0 || shipped + cancelled > 1 || restocked > 1;
    is_wrong
        .then(|| format!("I4: {id}: shipped {shipped} times, cancelled {cancelled} times"))
        .into_iter()
        .collect()
}

fn i2_stock(simulation: &Simulation, gone: &Gone) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, _, pieces) in PRODUCTS {
        let counts = inventory::stock_keys(&sku(name)).into_iter().filter_map(|key| {
            finish(simulation.world.table(Service::Inventory).counts(&key)).expect("readable")
        });
        let items: Vec<(i64, i64)> =
            counts.map(|counts| (counts.get("available"), counts.get("allocated"))).collect();
        let (available, allocated): (i64, i64) =
            items.iter().fold((0, 0), |sum, item| (sum.0 + item.0, sum.1 + item.1));
        let is_negative = items.iter().any(|(available, allocated)| *available < 0 || *allocated < 0);
        let start = i64::try_from(pieces).expect("a few pieces");
        let due = start - gone.get(name).copied().unwrap_or(0);
        if is_negative || allocated != 0 || available != due {
            wrong
                .push(format!("I2: {name}: {available} available where {due} is due, {allocated} allocated"));
        }
    }
    wrong
}

/// Each event is as it was written, or redacted.
fn i5_only_an_erasure_changes_an_event(simulation: &Simulation, service: Service) -> Vec<String> {
    let present = simulation.world.table(service).all_events();
    let written = simulation.as_written(service);
    let pairs = written.iter().zip(&present);
    // The pseudonym is in the place of the customer, in the data or as the actor.
    let is_redacted = |written: &Envelope, now: &Envelope| {
        let actor = now.actor.as_ref().map(Actor::as_str);
        let pseudonym = now.data["customer"]["subject"].as_str().or(actor).unwrap_or_default();
        written.redacted(pseudonym).as_ref() == Some(now)
    };
    pairs
        .filter(|(written, now)| written != now && !is_redacted(written, now))
        .map(|(written, _)| format!("I5: {} has changed", written.id))
        .collect()
}

fn i5_i6_written_once_and_published(simulation: &Simulation) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut updates: BTreeMap<EventId, u32> = BTreeMap::new();
    for service in Service::ALL {
        wrong.extend(i5_only_an_erasure_changes_an_event(simulation, service));
        let mut next: BTreeMap<String, u32> = BTreeMap::new();
        simulation.world.table(service).visit_events(|envelope| {
            let expected = next.entry(envelope.subject.clone()).or_insert(1);
            if envelope.sequence.number() != *expected {
                wrong.push(format!("I5: {} is at place {expected}", envelope.id));
            }
            *expected += 1;
            if !simulation.published.contains(envelope.id.as_str()) {
                wrong.push(format!("I6: {} was never published", envelope.id));
            }
            if let Ok(Event::Orders(OrdersEvent::OrderUpdated(_))) = Event::read(envelope) {
                *updates.entry(envelope.causationid.clone()).or_default() += 1;
            }
        });
    }
    for service in OF_ORDERS.into_iter().filter(|service| *service != Service::Orders) {
        simulation.world.table(service).visit_events(|envelope| {
            let times = updates.get(&envelope.id).copied().unwrap_or(0);
            if times != 1 {
                wrong.push(format!("I6: {} is {times} times in its order's history", envelope.id));
            }
        });
    }
    wrong
}
