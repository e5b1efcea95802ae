//! The checks of the invariants (ARCHITECTURE.md): of a cell in any state, of each change of a cell, and of a world in
//! which nothing else can happen.

use crate::cell::{Cell, ProviderTwin};
use crate::scenario::Scenario;
use event_store::{Counters as _, Counts};
use events::{Attention, Envelope, Event, InventoryEvent, OrderId, Service, ShippingEvent};
use std::collections::BTreeMap;
use steps::refunded_after_dispatch;
use testkit::{Books, sku};

/// The one product, and its price.
pub(crate) const PRODUCT: &str = "TEA-01";
pub(crate) const PRICE: u64 = 1900;

/// The invariants of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// I1: money, and labels, which cost money.
    Money,
    /// I2: stock.
    Stock,
    /// I3: every order reaches an end with nothing owed, or an attention; every order of arrival gives the same end.
    Ends,
    /// I4: never both shipped and cancelled.
    OneEnd,
    /// I5: sequences without gaps, and no change of an event once it is written.
    Sequences,
    /// I6: every event is recorded once in the history of its order, and no message is rejected.
    Published,
    /// The scenario explains every end that is found, even if nothing is owed: a charge whose answer was lost is not a
    /// declined card.
    Explained,
}

/// A violation of an invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The violated invariant.
    pub invariant: Invariant,
    /// The violation in words.
    pub what: String,
}

fn finding(invariant: Invariant, what: String) -> Finding {
    Finding { invariant, what }
}

/// The violations in a cell.
pub(crate) fn of_cell(cell: &Cell, orders: &[OrderId], scenario: &Scenario) -> Vec<Finding> {
    let mut found = sequences(cell);
    match cell.service {
        Service::Payments => {
            found.extend(orders.iter().filter_map(|order| money(&books(cell, order), order)));
            found.extend(orders.iter().filter_map(|order| one_refund_each(cell, order)));
        }
        Service::Inventory => found.extend(stock(cell, scenario)),
        Service::Shipping => {
            found.extend(orders.iter().filter_map(|order| one_end(cell, order)));
            found.extend(orders.iter().filter_map(|order| one_label(cell, order)));
        }
        Service::Orders => found.extend(recorded_once(cell)),
        Service::Catalog => {}
    }
    found
}

fn sequences(cell: &Cell) -> Vec<Finding> {
    let mut found = Vec::new();
    for stream in cell.streams() {
        for (place, envelope) in stream.iter().enumerate() {
            if usize::try_from(envelope.sequence.number()).ok() != Some(place + 1) {
                found.push(finding(
                    Invariant::Sequences,
                    format!("{} is at place {}", envelope.id, place + 1),
                ));
            }
        }
    }
    found
}

/// An event never changes once it is written.
pub(crate) fn of_change(before: &Cell, after: &Cell) -> Vec<Finding> {
    let (old, new) = (before.table.all_events(), after.table.all_events());
    let changed = old.iter().filter(|envelope| !new.contains(envelope));
    changed.map(|envelope| finding(Invariant::Sequences, format!("{} has changed", envelope.id))).collect()
}

/// The same facts in another order of arrival give the same order.
pub(crate) fn of_sorting(arrived: &Cell, sorted: &Cell, orders: &[OrderId], found: &mut Vec<Finding>) {
    for id in orders {
        let [left, right] = [arrived, sorted].map(|cell| {
            let order = cell.order(id);
            let facts = order.facts();
            format!(
                "{} {:?} open {} captured {} refunded {} payment {:?} shipment {:?}",
                order.status().as_str(),
                order.attention(),
                facts.is_open(),
                facts.captured(),
                facts.refunded(),
                facts.payment(),
                facts.shipment(),
            )
        });
        if left != right {
            found.push(finding(
                Invariant::Ends,
                format!("in order of arrival {id} is {left}, sorted {right}"),
            ));
        }
    }
}

pub(crate) fn books(cell: &Cell, order: &OrderId) -> Books {
    match &cell.provider {
        ProviderTwin::Stripe(stripe) => stripe.books_of(order.as_str()),
        ProviderTwin::None | ProviderTwin::EasyPost(_) => Books::default(),
    }
}

fn money(books: &Books, order: &OrderId) -> Option<Finding> {
    let gone = books.refunded + books.charged_back;
    let wrong = books.charges > 1 || books.captured > PRICE || gone > books.captured;
    wrong.then(|| finding(Invariant::Money, format!("{order} costs {PRICE}, the provider has {books:?}")))
}

/// The provider accepts a second refund of a part, so the ids must differ.
fn one_refund_each(cell: &Cell, order: &OrderId) -> Option<Finding> {
    let ProviderTwin::Stripe(stripe) = &cell.provider else { return None };
    let mut ids = stripe.refund_ids_of(order.as_str());
    ids.sort();
    let twice = ids.windows(2).find(|pair| pair[0] == pair[1])?;
    Some(finding(Invariant::Money, format!("the refund {} of {order} was made twice", twice[0])))
}

/// The available and allocated pieces are those of the orders.
fn stock(cell: &Cell, scenario: &Scenario) -> Option<Finding> {
    let item = |key| crate::step_runner::finish(cell.table.counts(&key)).ok().flatten();
    let items = inventory::stock_keys(&sku(PRODUCT)).into_iter().filter_map(item);
    let items: Vec<(i64, i64)> = items.map(|counts| held(&counts)).collect();
    let (mut taken, mut gone) = (0, 0);
    for stream in cell.streams() {
        match stream.last().map(Event::read) {
            Some(Ok(Event::Inventory(InventoryEvent::InventoryUpdated(_)))) => taken += 1,
            Some(Ok(Event::Inventory(InventoryEvent::StockCommitted(_)))) => gone += 1,
            _ => {}
        }
    }
    let due = (i64::from(scenario.stock) - taken - gone, taken);
    let held = items.iter().fold((0, 0), |sum, item| (sum.0 + item.0, sum.1 + item.1));
    let wrong = held != due || items.iter().any(|item| item.0 < 0 || item.1 < 0);
    wrong.then(|| {
        finding(Invariant::Stock, format!("(available, allocated) is {held:?} where {due:?} is due"))
    })
}

fn held(counts: &Counts) -> (i64, i64) {
    (counts.get("available"), counts.get("allocated"))
}

fn one_end(cell: &Cell, order: &OrderId) -> Option<Finding> {
    let events = cell.events_of(order);
    let count = |is: fn(&ShippingEvent) -> bool| {
        events.iter().filter(|event| matches!(event, Event::Shipping(event) if is(event))).count()
    };
    let shipped = count(|event| matches!(event, ShippingEvent::Shipped(_)));
    let cancelled = count(|event| matches!(event, ShippingEvent::ShipmentCancelled(_)));
    let back = count(|event| matches!(event, ShippingEvent::ReturnReceived(_)));
    (shipped + cancelled > 1 || back > 1).then(|| {
        let what = format!("{order} was shipped {shipped} times, cancelled {cancelled}, returned {back}");
        finding(Invariant::OneEnd, what)
    })
}

fn labels(cell: &Cell, order: &OrderId) -> usize {
    match &cell.provider {
        ProviderTwin::EasyPost(carrier) => {
            let labels = carrier.labels();
            labels.iter().filter(|(of, code)| of == order.as_str() && code.is_some()).count()
        }
        ProviderTwin::None | ProviderTwin::Stripe(_) => 0,
    }
}

fn one_label(cell: &Cell, order: &OrderId) -> Option<Finding> {
    let count = labels(cell, order);
    (count > 1).then(|| finding(Invariant::Money, format!("{count} labels were bought for {order}")))
}

fn recorded_once(cell: &Cell) -> Vec<Finding> {
    let mut times: BTreeMap<String, u32> = BTreeMap::new();
    for envelope in cell.table.all_events().iter().filter(|envelope| is_update(envelope)) {
        *times.entry(envelope.causationid.to_string()).or_default() += 1;
    }
    let often = times.into_iter().filter(|(id, times)| *times > 1 && !id.starts_with("sweep/"));
    let wrong = |(id, times)| finding(Invariant::Published, format!("{id} was recorded {times} times"));
    often.map(wrong).collect()
}

fn is_update(envelope: &Envelope) -> bool {
    envelope.event_type == "OrderUpdated"
}

/// The four cells of a world.
pub(crate) struct Cells<'a> {
    pub(crate) orders: &'a Cell,
    pub(crate) payments: &'a Cell,
    pub(crate) inventory: &'a Cell,
    pub(crate) shipping: &'a Cell,
}

/// The violations in a world in which nothing else can happen.
pub(crate) fn at_rest(cells: &Cells<'_>, orders: &[OrderId], scenario: &Scenario) -> Vec<Finding> {
    let mut found = Vec::new();
    let ends = orders.iter().map(|id| (id, end_of(cells.orders, id)));
    for (id, end) in ends.filter(|(_, end)| !scenario.ends.contains(&end.as_str())) {
        found.push(finding(
            Invariant::Explained,
            format!("{id} ends `{end}`, which the scenario does not explain"),
        ));
    }
    for id in orders {
        let order = cells.orders.order(id);
        let attention = order.attention();
        if order.facts().is_open() && attention.is_empty() {
            let what = format!("{id} stays {} without an attention", order.status().as_str());
            found.push(finding(Invariant::Ends, what));
        }
        let needs_an_operator = [Attention::RefundFailed, Attention::Disputed, Attention::Stuck];
        if !attention.iter().any(|attention| needs_an_operator.contains(attention)) {
            found.extend(settled(cells, id));
        }
        if !attention.iter().any(|it| [Attention::VoidFailed, Attention::Stuck].contains(it)) {
            found.extend(label_is_used(cells.shipping, id));
        }
    }
    let history = cells.orders.table.all_events();
    for cell in [cells.payments, cells.inventory, cells.shipping] {
        let missing = cell.table.all_events().into_iter();
        let missing = missing.filter(|event| !history.iter().any(|update| update.causationid == event.id));
        found.extend(
            missing.map(|event| finding(Invariant::Published, format!("{} is not in the history", event.id))),
        );
    }
    found
}

/// The shop keeps the price of what was shipped, less goodwill, returns and lost disputes. The history of the order equals
/// the provider's books.
fn settled(cells: &Cells<'_>, id: &OrderId) -> Vec<Finding> {
    let books = books(cells.payments, id);
    let shipment = cells.shipping.events_of(id);
    let has_left = shipment.iter().any(|event| matches!(event, Event::Shipping(ShippingEvent::Shipped(_))));
    let refunded = if has_left { refunded_after_dispatch(cells.payments.events_of(id)) } else { 0 };
    let due = if has_left { PRICE.saturating_sub(refunded + books.charged_back) } else { 0 };
    let kept = books.captured.saturating_sub(books.refunded + books.charged_back);
    let mut found = Vec::new();
    if kept != due {
        found.push(finding(
            Invariant::Money,
            format!("{kept} was kept of {id} where {due} is due: {books:?}"),
        ));
    }
    let order = cells.orders.order(id);
    let history = (order.facts().captured().units(), order.facts().refunded().units());
    if history != (books.captured, books.refunded) {
        found.push(finding(
            Invariant::Money,
            format!("the history of {id} has {history:?}, the provider {books:?}"),
        ));
    }
    found
}

/// A label that is paid for is on a parcel or will be; every other label was refunded.
fn label_is_used(shipping: &Cell, id: &OrderId) -> Option<Finding> {
    let ProviderTwin::EasyPost(carrier) = &shipping.provider else { return None };
    let labels = carrier.held_labels();
    let held = labels.iter().filter(|of| *of == id.as_str()).count();
    let ended = shipping.events_of(id).iter().any(|event| {
        matches!(
            event,
            Event::Shipping(ShippingEvent::ShipmentCancelled(_) | ShippingEvent::ShippingFailed(_))
        )
    });
    (ended && held > 0)
        .then(|| finding(Invariant::Money, format!("{id} has ended, and its label is not refunded")))
}

/// The end of an order, as the printed table shows it.
pub(crate) fn end_of(orders: &Cell, id: &OrderId) -> String {
    let order = orders.order(id);
    let attention: Vec<_> = order.attention().iter().map(|attention| attention.as_str()).collect();
    let status = order.status().as_str();
    if attention.is_empty() { status.to_owned() } else { format!("{status}+{}", attention.join("+")) }
}
