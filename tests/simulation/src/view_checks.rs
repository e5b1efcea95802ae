//! I8: what is read equals the fold of the events: the views, and the look-up items of the search.

use super::event_loop::Simulation;
use super::executor::finish;
use event_store::{Document, Documents as _, EventStore, Key, StreamId};
use events::{OrderId, Service};
use orders::{Order, Summary, Term};
use outbound::Secret;
use std::collections::{BTreeMap, BTreeSet};
use steps::SEARCH_KEY;

pub(super) fn check(simulation: &Simulation, orders: &BTreeSet<OrderId>) -> Vec<String> {
    let views = orders.iter().flat_map(|id| the_view_is_the_fold(simulation, id));
    views.chain(the_look_up_items_are_those_of_the_events(simulation, orders)).collect()
}

/// A rebuild from the events gives the items that were written as the events came.
fn the_look_up_items_are_those_of_the_events(
    simulation: &Simulation,
    orders: &BTreeSet<OrderId>,
) -> Vec<String> {
    let (table, key): (&dyn EventStore, _) =
        (&**simulation.world.table(Service::Orders), Secret::new(SEARCH_KEY));
    let mut rebuilt: BTreeMap<Key, Document> = BTreeMap::new();
    for id in orders {
        let history = finish(table.history::<Order>(&StreamId::order(id))).expect("readable");
        let view = Summary::key(id, &history.state).expect("it was placed");
        rebuilt.extend(Term::of(&history, id).into_iter().map(|(_, term)| term.item(id, &view, &key)));
    }
    let found = simulation.world.views.all_documents().into_iter();
    let found: BTreeMap<Key, Document> = found.filter(|(key, _)| key.pk.starts_with("find#")).collect();
    let keys: BTreeSet<&Key> = rebuilt.keys().chain(found.keys()).collect();
    keys.into_iter()
        .filter(|key| rebuilt.get(key) != found.get(key))
        .map(|key| format!("I8: the look-up item {key} is not that of the events"))
        .collect()
}

/// Whether two views are the same, whatever the version.
fn is_same(fold: Option<&Document>, view: Option<&Document>) -> bool {
    let content = |one: &Document| Document { version: 0, ..one.clone() };
    fold.map(content) == view.map(content)
}

fn the_view_is_the_fold(simulation: &Simulation, id: &OrderId) -> Vec<String> {
    let table: &dyn EventStore = &**simulation.world.table(Service::Orders);
    let history = finish(table.history::<Order>(&StreamId::order(id))).expect("readable");
    let deadlines = orders::Deadlines::default();
    // A sweep may have moved it to its next deadline.
    let folds = [Summary::document, Summary::swept].map(|fold| fold(&history, id, &deadlines));
    let key = Summary::key(id, &history.state).expect("it was placed");
    let view = finish(simulation.world.views.get(&key)).expect("readable");
    // Events that change nothing in the view are not written to it.
    (!folds.iter().any(|fold| is_same(fold.as_ref(), view.as_ref())))
        .then(|| format!("I8: the view of {id} is not the fold of its events"))
        .into_iter()
        .collect()
}
