//! Checks of the mail to customers: nothing is sent about an order that was never paid, and the cancellation of a paid
//! order is announced, in whatever order its events arrive.

use super::actors::{Actors, order};
use super::world::World;
use events::{OrderId, OrderStatus};
use std::collections::{BTreeMap, BTreeSet};

/// The violations.
pub(super) fn check(world: &World, actors: &Actors, orders: &BTreeSet<OrderId>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut subjects: BTreeMap<&OrderId, Vec<String>> = BTreeMap::new();
    for mail in world.mail.mails() {
        let named = mail.body.lines().find_map(|line| line.strip_prefix("Its id: "));
        match orders.iter().find(|id| Some(id.as_str()) == named) {
            Some(id) => subjects.entry(id).or_default().push(mail.subject),
            None => wrong.push(format!("mail: one about no order: {}", mail.subject)),
        }
    }
    for id in orders {
        let order = order(world, id);
        let mails = subjects.remove(id).unwrap_or_default();
        if !order.facts().is_paid() && !mails.is_empty() {
            wrong.push(format!("mail: {id} was never paid, and its address got {mails:?}"));
        }
        let is_announced = mails.iter().any(|subject| subject.contains("is cancelled"));
        // A message about it may come after the erasure.
        let is_erased = actors.erased.is_of(actors.accepted.get(id));
        if order.facts().is_paid() && order.status() == OrderStatus::Cancelled && !is_announced && !is_erased
        {
            wrong.push(format!("mail: {id} was paid and cancelled, and its address got only {mails:?}"));
        }
    }
    wrong
}
