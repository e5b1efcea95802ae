//! The invariants, checked when everything has come to rest: against the provider's own books where there are any.
//! Each finding names its invariant and its order.

use super::bank::is_by_transfer;
use super::executor::finish;
use super::play::{OF_ORDERS, Play};
use super::shop::{GOODS, order};
use event_store::{Counters as _, Documents as _, EventStore, StreamId};
use events::{Attention, Event, OrderId, OrdersEvent, PaymentsEvent, RefundCause, Service, ShippingEvent};
use orders::{Order, Summary};
use outbound::DeadLetter;
use std::collections::{BTreeMap, BTreeSet};
use testkit::sku;

/// What left the house for good, by SKU.
type Gone = BTreeMap<String, i64>;

/// Checks everything, notes what is wrong, and answers the orders by end.
pub(super) fn check(play: &mut Play) -> BTreeMap<String, u64> {
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    let mut gone = Gone::new();
    let orders = all_orders(play);
    let (mut wrong, set_aside) = i6_dead_letters(play);
    for id in play.shop.accepted.keys() {
        if !orders.contains(id) {
            wrong.push(format!("I7: {id} was accepted and is not there"));
        }
    }
    for id in &orders {
        let order = order(&play.world, id);
        let has_entry =
            !order.attention().is_empty() || set_aside.iter().any(|letter| letter.contains(id.as_str()));
        let end = if order.facts().is_open() && has_entry { "attention" } else { order.status().as_str() };
        *ends.entry(end.to_owned()).or_default() += 1;
        wrong.extend(i3_has_ended_or_somebody_was_told(id, &order, has_entry));
        wrong.extend(i1_money(play, id, &order));
        wrong.extend(i4_never_shipped_and_cancelled(play, id, &mut gone, &order));
        wrong.extend(i8_the_view_is_the_fold(play, id));
    }
    wrong.extend(i2_stock(play, &gone));
    wrong.extend(i5_i6_written_once_and_published(play));
    wrong.extend(i6_scans_are_told(play));
    wrong.extend(play.world.ways.wrong());
    play.violations.append(&mut wrong);
    ends
}

/// Whatever cannot be read is with the dead letters, and money that does not fit, and nothing else is. Answers what is wrong, and what is there.
fn i6_dead_letters(play: &Play) -> (Vec<String>, Vec<String>) {
    let letters = play.world.mailroom.letters();
    let there: BTreeSet<&str> = letters.iter().map(|letter| letter.body.as_str()).collect();
    let lost = play.unreadable.iter().filter(|body| !there.contains(&***body));
    let mut wrong: Vec<String> = lost.map(|body| format!("I6: it is nowhere: {body}")).collect();
    let is_expected =
        |letter: &DeadLetter| play.unreadable.contains(letter.body.as_str()) || play.shop.bank.knows(letter);
    let others = letters.iter().filter(|letter| !is_expected(letter));
    let set_aside: Vec<String> =
        others.map(|letter| format!("{}: {}: {}", letter.function, letter.reason, letter.body)).collect();
    wrong.sort_unstable();
    wrong.extend(set_aside.iter().map(|letter| format!("I6: nothing here is beyond handling: {letter}")));
    (wrong, set_aside)
}

/// A carrier's webhook that was taken is told: each of its scans, unless another code's parcel left.
fn i6_scans_are_told(play: &Play) -> Vec<String> {
    let (mut order_of, mut left_with) = (BTreeMap::new(), BTreeMap::new());
    let mut told: BTreeSet<(String, String)> = BTreeSet::new();
    for envelope in play.world.table(Service::Shipping).all_events() {
        let order = envelope.subject.clone();
        match Event::read(&envelope) {
            Ok(Event::Shipping(ShippingEvent::LabelPurchased(label))) => {
                order_of.insert(label.tracking_code, order);
            }
            Ok(Event::Shipping(ShippingEvent::Shipped(shipped))) => {
                left_with.insert(order.clone(), shipped.tracking_code.clone());
                order_of.insert(shipped.tracking_code, order);
            }
            Ok(Event::Shipping(ShippingEvent::ShipmentTracked(tracked))) => {
                told.extend(tracked.occurred_at.map(|at| (order, at.to_string())));
            }
            _ => {}
        }
    }
    let mut wrong = Vec::new();
    for (code, times) in &play.shop.scanned {
        let Some(order) = order_of.get(code) else {
            wrong.push(format!("I6: {code} was scanned and is no order's"));
            continue;
        };
        let is_another = left_with.get(order).is_some_and(|left| left != code);
        for time in
            times.iter().filter(|time| !is_another && !told.contains(&(order.clone(), (*time).clone())))
        {
            wrong.push(format!("I6: {order}: {code} was scanned at {time}, and nobody was told"));
        }
    }
    wrong
}

/// What overtook what it follows from.
pub(super) fn overtakings(play: &Play) -> BTreeMap<&'static str, u64> {
    let first = |service, event_type: &str| {
        let events = play.world.table(service).all_events().into_iter();
        events.filter(|event| event.sequence.number() == 1 && event.event_type == event_type).count()
    };
    let parked = |service| {
        let documents = play.world.table(service).all_documents().into_iter();
        documents.filter(|(key, _)| key.sk.starts_with("parked#")).count()
    };
    let counts = [
        ("payment ended before it began", first(Service::Payments, "PaymentCancelled")),
        ("stock released before it was taken", first(Service::Inventory, "StockReleased")),
        ("shipment cancelled before it was asked for", first(Service::Shipping, "ShipmentCancelled")),
        ("webhook before its order", parked(Service::Payments)),
        ("scan before its code", parked(Service::Shipping)),
    ];
    counts.into_iter().map(|(kind, count)| (kind, count as u64)).collect()
}

fn i3_has_ended_or_somebody_was_told(id: &OrderId, order: &Order, has_entry: bool) -> Option<String> {
    let is_lost = order.facts().is_open() && !has_entry;
    is_lost.then(|| format!("I3: {id} is still {} and nobody was told", order.status().as_str()))
}

fn all_orders(play: &Play) -> BTreeSet<OrderId> {
    let events = play.world.table(Service::Orders).all_events();
    let placed = events.iter().filter(|envelope| envelope.event_type == "OrderPlaced");
    placed.filter_map(|envelope| OrderId::try_from(envelope.subject.as_str()).ok()).collect()
}

fn events_of(play: &Play, service: Service, id: &OrderId) -> Vec<Event> {
    let envelopes = finish(play.world.table(service).read(&StreamId::order(id))).unwrap_or_default();
    envelopes.iter().filter_map(|envelope| Event::read(envelope).ok()).collect()
}

/// Never charged twice, never more refunded than captured; what stays is the price of what was shipped, less what the
/// shop gave away or the bank took; and the ledger is what the provider says.
fn i1_money(play: &Play, id: &OrderId, order: &Order) -> Vec<String> {
    let by_transfer = is_by_transfer(order);
    let books =
        if by_transfer { play.shop.bank.books_of(id) } else { play.world.stripe.books_of(id.as_str()) };
    let total = order.placed().map_or(0, |(placed, _)| placed.total.units());
    let mut wrong = Vec::new();
    if books.charges > 1 || books.captured > total {
        wrong.push(format!("I1: {id} was charged {} times, {} of {total}", books.charges, books.captured));
    }
    if books.refunded > books.captured {
        wrong.push(format!("I1: {id}: {} taken and {} given back", books.captured, books.refunded));
    }
    let facts = order.facts();
    let told = (facts.captured().units(), facts.refunded().units());
    if told != (books.captured, books.refunded) {
        wrong.push(format!("I1: {id}: the ledger says {told:?}, the provider {books:?}"));
    }
    // An order that is merely stuck excuses nothing: that is how money that nobody asks back shows itself.
    let owed_to_a_person = [Attention::RefundFailed, Attention::Disputed];
    // What is owed by transfer is given back here by the clerk.
    if !by_transfer && order.attention().iter().any(|attention| owed_to_a_person.contains(attention)) {
        return wrong;
    }
    let shipment = events_of(play, Service::Shipping, id);
    let has_left = shipment.iter().any(|event| matches!(event, Event::Shipping(ShippingEvent::Shipped(_))));
    let given = if has_left { given_away(play, id) } else { 0 };
    let due = if has_left { total.saturating_sub(given + books.charged_back) } else { 0 };
    let kept = books.captured.saturating_sub(books.refunded + books.charged_back);
    if kept != due {
        let status = order.status().as_str();
        wrong.push(format!("I1: {id} is {status}, {kept} was kept where {due} is due: {books:?}"));
    }
    wrong
}

/// What went back although the goods had left: returns, goodwill, and what the dashboard did.
fn given_away(play: &Play, id: &OrderId) -> u64 {
    let mut causes = BTreeMap::new();
    let mut settled = BTreeMap::new();
    for event in events_of(play, Service::Payments, id) {
        match event {
            Event::Payments(PaymentsEvent::RefundRequested(request)) => {
                causes.insert(request.refund_id, request.cause);
            }
            Event::Payments(PaymentsEvent::PaymentRefunded(refunded)) => {
                settled.insert(refunded.refund_id, refunded.amount.units());
            }
            Event::Payments(PaymentsEvent::RefundFailed(failed)) => {
                settled.remove(&failed.refund_id);
            }
            _ => {}
        }
    }
    let allowed = [RefundCause::Goodwill, RefundCause::Returned, RefundCause::Foreign];
    let given = settled.iter().filter(|(id, _)| causes.get(id).is_some_and(|cause| allowed.contains(cause)));
    given.map(|(_, amount)| amount).sum()
}

fn i4_never_shipped_and_cancelled(play: &Play, id: &OrderId, gone: &mut Gone, order: &Order) -> Vec<String> {
    let said = events_of(play, Service::Shipping, id);
    let count = |is: fn(&ShippingEvent) -> bool| {
        said.iter().filter(|event| matches!(event, Event::Shipping(event) if is(event))).count()
    };
    let shipped = count(|event| matches!(event, ShippingEvent::Shipped(_)));
    let cancelled = count(|event| matches!(event, ShippingEvent::ShipmentCancelled(_)));
    let restocked = count(|event| matches!(event, ShippingEvent::ReturnReceived(back) if back.restock));
    if shipped == 1
        && restocked == 0
        && let Some((placed, _)) = order.placed()
    {
        for line in &placed.lines {
            *gone.entry(line.sku.to_string()).or_default() += i64::from(line.quantity);
        }
    }
    let is_wrong = shipped + cancelled > 1 || restocked > 1;
    is_wrong
        .then(|| format!("I4: {id}: shipped {shipped} times, cancelled {cancelled} times"))
        .into_iter()
        .collect()
}

fn i2_stock(play: &Play, gone: &Gone) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, _, pieces) in GOODS {
        let counts = finish(play.world.table(Service::Inventory).counts(&inventory::stock_key(&sku(name))));
        let counts = counts.expect("readable").expect("stock");
        let (available, allocated) = (counts.get("available"), counts.get("allocated"));
        let start = i64::try_from(pieces).expect("a few pieces");
        let due = start - gone.get(name).copied().unwrap_or(0);
        if available < 0 || allocated != 0 || available != due {
            wrong
                .push(format!("I2: {name}: {available} available where {due} is due, {allocated} allocated"));
        }
    }
    wrong
}

fn i5_i6_written_once_and_published(play: &Play) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told: BTreeMap<String, u32> = BTreeMap::new();
    for service in Service::ALL {
        let mut next: BTreeMap<String, u32> = BTreeMap::new();
        for envelope in play.world.table(service).all_events() {
            let expected = next.entry(envelope.subject.clone()).or_insert(1);
            if envelope.sequence.number() != *expected {
                wrong.push(format!("I5: {} stands where {expected} should", envelope.id));
            }
            *expected += 1;
            if !play.published.contains(envelope.id.as_str()) {
                wrong.push(format!("I6: {} was never published", envelope.id));
            }
            if let Ok(Event::Orders(OrdersEvent::OrderUpdated(_))) = Event::read(&envelope) {
                *told.entry(envelope.causationid.to_string()).or_default() += 1;
            }
        }
    }
    for service in OF_ORDERS.into_iter().filter(|service| *service != Service::Orders) {
        for envelope in play.world.table(service).all_events() {
            let times = told.get(envelope.id.as_str()).copied().unwrap_or(0);
            if times != 1 {
                wrong.push(format!("I6: {} is {times} times in its order's history", envelope.id));
            }
        }
    }
    wrong
}

fn i8_the_view_is_the_fold(play: &Play, id: &OrderId) -> Vec<String> {
    let table: &dyn EventStore = &**play.world.table(Service::Orders);
    let history = finish(table.history::<Order>(&StreamId::order(id))).expect("readable");
    let fold = Summary::document(&history, id, &orders::Deadlines::default());
    let view = finish(play.world.views.get(&Summary::key(id))).expect("readable");
    (view != fold)
        .then(|| format!("I8: the view of {id} is not the fold of its events"))
        .into_iter()
        .collect()
}
