//! Money that comes by transfer: a bank with books of its own, and a clerk who gives back by hand what is owed. Both tell
//! of it by signed webhooks, late, twice, before the order is known, or after its end.

use super::chance::Chance;
use super::executor::finish;
use super::jobs::Call;
use super::senders::{STANDARD, told_by};
use super::world::World;
use event_store::{EventStore, StreamId};
use events::{Event, OrderId, OrderPlaced, PaymentsEvent, Service, offline_sender};
use jiff::Timestamp;
use orders::Order;
use outbound::DeadLetter;
use payments::{Ledger, Payment, Refund, Settled};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::Books;

/// The sender who is believed about money.
pub(super) const BANK: &str = "bank";
/// How an order is paid by way of it.
pub(super) const BY_TRANSFER: &str = "elsewhere:bank";

/// One order's money.
#[derive(Debug, Clone, Default)]
struct Account {
    received: u64,
    given_back: u64,
    /// The inbox's names of the webhooks that told of its coming.
    told_by: Vec<String>,
    /// Nobody had asked for it: the amount is another one, or the order was cancelled before its payment began.
    is_strange: bool,
    /// A person has found it among the letters.
    is_set_aside: bool,
}

/// The bank and its clerk.
pub(super) struct Bank {
    chance: Chance,
    accounts: BTreeMap<OrderId, Account>,
    told: u64,
}

/// Whether somebody else than Stripe takes the order's money.
pub(super) fn is_by_transfer(order: &Order) -> bool {
    order.placed().is_some_and(|(placed, _)| offline_sender(&placed.payment_method).is_some())
}

impl Bank {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, accounts: BTreeMap::new(), told: 0 }
    }

    /// What it holds of the order, in the words of the other provider's books.
    pub(super) fn books_of(&self, id: &OrderId) -> Books {
        let Account { received, given_back, .. } = self.accounts.get(id).cloned().unwrap_or_default();
        Books {
            charges: usize::from(received > 0),
            captured: received,
            refunded: given_back,
            ..Books::default()
        }
    }

    /// The customer pays, once: now and then another amount than was asked for.
    pub(super) fn pay(&mut self, id: &OrderId, placed: &OrderPlaced, now: Timestamp) -> Vec<Call> {
        // A fifth never does: by its number, so that it stays so.
        if self.accounts.contains_key(id) || id.as_str().ends_with(['0', '1', '2']) {
            return Vec::new();
        }
        let is_strange = self.chance.misfortune("transfer of another amount", 60);
        let received = placed.total.units() - u64::from(is_strange);
        let data = json!({"order_id": id, "amount": received, "currency": placed.currency, "reference": self.reference()});
        let times = if self.chance.misfortune("transfer told twice", 150) && !is_strange { 2 } else { 1 };
        let (mut told_by, mut calls) = (Vec::new(), Vec::new());
        for _ in 0..times {
            let message = self.message();
            calls.extend(self.tells(&message, "payment.received", &data, now));
            told_by.push(format!("{BANK}.{message}"));
        }
        self.accounts.insert(id.clone(), Account { received, told_by, is_strange, ..Account::default() });
        calls
    }

    /// Something is given back that nobody had asked for.
    pub(super) fn give(&mut self, world: &World, id: &OrderId, now: Timestamp) -> Vec<Call> {
        let Some(free) = self.free(&ledger(world, id), id) else { return Vec::new() };
        let amount = free.min(1 + self.chance.below(300) as u64);
        self.gives_back(id, amount, None, now)
    }

    /// The clerk gives back by hand what calls somebody, one after the other: the next only once the one before is known.
    pub(super) fn settle(&mut self, world: &World, id: &OrderId, now: Timestamp) -> Vec<Call> {
        let ledger = ledger(world, id);
        let Some(free) = self.free(&ledger, id) else { return Vec::new() };
        let Some(owed) = owed(world, id, &ledger) else { return Vec::new() };
        let asked = owed.request.amount.units();
        let amount = asked.min(free);
        let named = amount == asked && self.chance.roll(500);
        self.gives_back(id, amount, named.then(|| owed.request.refund_id.to_string()), now)
    }

    /// What is left to do when nothing goes wrong any more: what is owed goes back, and so does what nobody asked for.
    pub(super) fn finish(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        let ids: Vec<OrderId> = self.accounts.keys().cloned().collect();
        let mut calls = Vec::new();
        for id in ids {
            calls.extend(self.settle(world, &id, now));
            let is_known = !ledger(world, &id).captured().is_zero();
            if let Some(account) =
                self.accounts.get_mut(&id).filter(|account| account.is_set_aside && !is_known)
            {
                account.received = 0;
            }
        }
        calls
    }

    /// Whether a letter is about money that nobody asked for, which is a person's.
    pub(super) fn knows(&self, letter: &DeadLetter) -> bool {
        self.accounts.values().any(|account| account.is_strange && account.is_told_of(letter))
    }

    /// A person finds money that nobody asked for among the letters.
    pub(super) fn reads(&mut self, world: &World, letters: &[DeadLetter]) {
        for (id, account) in &mut self.accounts {
            account.is_strange |= has_ended_before_it_began(world, id);
            account.is_set_aside =
                account.is_strange && letters.iter().any(|letter| account.is_told_of(letter));
        }
    }

    /// What there is to give back; `None` while the service does not know all that was.
    fn free(&self, ledger: &Ledger, id: &OrderId) -> Option<u64> {
        let account = self.accounts.get(id)?;
        let is_known =
            (ledger.captured().units(), ledger.refunded().units()) == (account.received, account.given_back);
        is_known.then(|| account.received - account.given_back).filter(|free| *free > 0)
    }

    fn gives_back(&mut self, id: &OrderId, amount: u64, refund: Option<String>, now: Timestamp) -> Vec<Call> {
        let Some(account) = self.accounts.get_mut(id).filter(|_| amount > 0) else { return Vec::new() };
        account.given_back += amount;
        let mut data = json!({"order_id": id, "amount": amount, "reference": self.reference()});
        if let Some(refund) = refund {
            data["refund_id"] = json!(refund);
        }
        let message = self.message();
        self.tells(&message, "payment.refunded", &data, now)
    }

    fn tells(&self, message: &str, kind: &str, data: &Value, now: Timestamp) -> Vec<Call> {
        let times = if self.chance.fault("webhook twice", 100) { 2 } else { 1 };
        let told = |_| Call::new(STANDARD, told_by(BANK, message, kind, data), self.chance.some_time(now));
        (0..times).map(told).collect()
    }

    fn message(&mut self) -> String {
        self.told += 1;
        format!("msg-{}", self.told)
    }

    fn reference(&mut self) -> String {
        self.told += 1;
        format!("RF{}", self.told)
    }
}

impl Account {
    /// By the place in the inbox of what told of it, or as what had waited for its order.
    fn is_told_of(&self, letter: &DeadLetter) -> bool {
        self.told_by.iter().any(|event| {
            letter.body.contains(&format!("#{event}\""))
                || letter.reason.contains(&format!("parked#{event}:"))
        })
    }
}

fn has_ended_before_it_began(world: &World, id: &OrderId) -> bool {
    let envelopes = finish(world.table(Service::Payments).read(&StreamId::order(id))).expect("readable");
    envelopes.first().is_some_and(|first| first.event_type == "PaymentCancelled")
}

fn ledger(world: &World, id: &OrderId) -> Ledger {
    let table: &dyn EventStore = &**world.table(Service::Payments);
    finish(table.history::<Payment>(&StreamId::order(id))).expect("readable").state.ledger
}

/// The refund that was asked for often enough, and is a person's now.
fn owed(world: &World, id: &OrderId, ledger: &Ledger) -> Option<Refund> {
    let envelopes = finish(world.table(Service::Payments).read(&StreamId::order(id))).expect("readable");
    let given_up = envelopes.iter().filter_map(|envelope| match Event::read(envelope) {
        Ok(Event::Payments(PaymentsEvent::RefundFailed(failed))) if !failed.again => Some(failed.refund_id),
        _ => None,
    });
    let mut newest = given_up.filter_map(|id| ledger.refund(&id).filter(|_| is_newest(ledger, &id)).cloned());
    newest.find(|refund| refund.settled == Settled::Failed && !refund.request.amount.is_zero())
}

fn is_newest(ledger: &Ledger, id: &events::RefundId) -> bool {
    ledger.newest(id).is_some_and(|newest| newest.request.refund_id == *id)
}
