//! Offline payments by bank transfer: a bank with its own books, and a clerk who makes the refunds manually. Both report
//! by signed webhooks, which arrive late, duplicated, before the order is known, or after its end.

use super::chance::Chance;
use super::executor::finish;
use super::invocations::Call;
use super::webhook_senders::{STANDARD, standard_webhook};
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

/// The sender that may report payments.
pub(super) const BANK: &str = "bank";
/// The payment method of an order that is paid by transfer.
pub(super) const BY_TRANSFER: &str = "elsewhere:bank";

/// One order's money.
#[derive(Debug, Clone, Default)]
struct Account {
    received: u64,
    refunded: u64,
    /// The ids of the webhooks that reported the transfer, as the inbox stores them.
    reported_by: Vec<String>,
    /// No payment was requested for it: the amount differs, or the order was cancelled before its payment began.
    is_unrequested: bool,
    /// An operator has found it in the dead-letter queue.
    is_dead_lettered: bool,
}

/// The bank and its clerk.
pub(super) struct Bank {
    chance: Chance,
    accounts: BTreeMap<OrderId, Account>,
    last_number: u64,
}

/// Whether the order is paid offline.
pub(super) fn is_by_transfer(order: &Order) -> bool {
    order.placed().is_some_and(|(placed, _)| offline_sender(&placed.payment_method).is_some())
}

impl Bank {
    pub(super) fn new(chance: Chance) -> Self {
        Self { chance, accounts: BTreeMap::new(), last_number: 0 }
    }

    /// The bank's books of the order, in the form of Stripe's.
    pub(super) fn books_of(&self, id: &OrderId) -> Books {
        let Account { received, refunded, .. } = self.accounts.get(id).cloned().unwrap_or_default();
        Books { charges: usize::from(received > 0), captured: received, refunded, ..Books::default() }
    }

    /// The customer pays once: now and then another amount than the total.
    pub(super) fn pay(&mut self, id: &OrderId, placed: &OrderPlaced, now: Timestamp) -> Vec<Call> {
        // A fifth of the customers never pays: the id decides, so that they never do.
        if self.accounts.contains_key(id) || id.as_str().ends_with(['0', '1', '2']) {
            return Vec::new();
        }
        let is_unrequested = self.chance.misfortune("transfer of another amount", 60);
        let received = placed.total.units() - u64::from(is_unrequested);
        let data = json!({"order_id": id, "amount": received, "currency": placed.currency, "reference": self.reference()});
        let times =
            if self.chance.misfortune("transfer reported twice", 150) && !is_unrequested { 2 } else { 1 };
        let (mut reported_by, mut calls) = (Vec::new(), Vec::new());
        for _ in 0..times {
            let message = self.message();
            calls.extend(self.report(&message, "payment.received", &data, now));
            reported_by.push(format!("{BANK}.{message}"));
        }
        self.accounts
            .insert(id.clone(), Account { received, reported_by, is_unrequested, ..Account::default() });
        calls
    }

    /// The clerk refunds a part that no service requested.
    pub(super) fn refund_unrequested(&mut self, world: &World, id: &OrderId, now: Timestamp) -> Vec<Call> {
        let Some(refundable) = self.refundable(&ledger(world, id), id) else { return Vec::new() };
        let amount = refundable.min(1 + self.chance.below(300) as u64);
        self.refund(id, amount, None, now)
    }

    /// The clerk makes a failed refund manually. The next one follows only when the service has recorded this one.
    pub(super) fn settle(&mut self, world: &World, id: &OrderId, now: Timestamp) -> Vec<Call> {
        let ledger = ledger(world, id);
        let Some(refundable) = self.refundable(&ledger, id) else { return Vec::new() };
        let Some(owed) = owed(world, id, &ledger) else { return Vec::new() };
        let requested = owed.request.amount.units();
        let amount = requested.min(refundable);
        let named = amount == requested && self.chance.roll(500);
        self.refund(id, amount, named.then(|| owed.request.refund_id.to_string()), now)
    }

    /// What remains once the faults have stopped: owed refunds, and the return of transfers that no service requested.
    pub(super) fn finish(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        let ids: Vec<OrderId> = self.accounts.keys().cloned().collect();
        let mut calls = Vec::new();
        for id in ids {
            calls.extend(self.settle(world, &id, now));
            let is_known = !ledger(world, &id).captured().is_zero();
            if let Some(account) =
                self.accounts.get_mut(&id).filter(|account| account.is_dead_lettered && !is_known)
            {
                account.received = 0;
            }
        }
        calls
    }

    /// Whether a dead letter reports a transfer that no service requested. An operator has to handle it.
    pub(super) fn explains(&self, letter: &DeadLetter) -> bool {
        self.accounts.values().any(|account| account.is_unrequested && account.is_reported_by(letter))
    }

    /// An operator reviews the dead letters and finds the transfers that no service requested.
    pub(super) fn review(&mut self, world: &World, letters: &[DeadLetter]) {
        for (id, account) in &mut self.accounts {
            account.is_unrequested |= has_ended_before_it_began(world, id);
            account.is_dead_lettered =
                account.is_unrequested && letters.iter().any(|letter| account.is_reported_by(letter));
        }
    }

    /// The amount that can be refunded; `None` while the service has not recorded every transfer.
    fn refundable(&self, ledger: &Ledger, id: &OrderId) -> Option<u64> {
        let account = self.accounts.get(id)?;
        let is_known =
            (ledger.captured().units(), ledger.refunded().units()) == (account.received, account.refunded);
        is_known.then(|| account.received - account.refunded).filter(|amount| *amount > 0)
    }

    fn refund(&mut self, id: &OrderId, amount: u64, refund_id: Option<String>, now: Timestamp) -> Vec<Call> {
        let Some(account) = self.accounts.get_mut(id).filter(|_| amount > 0) else { return Vec::new() };
        account.refunded += amount;
        let mut data = json!({"order_id": id, "amount": amount, "reference": self.reference()});
        if let Some(refund_id) = refund_id {
            data["refund_id"] = json!(refund_id);
        }
        let message = self.message();
        self.report(&message, "payment.refunded", &data, now)
    }

    fn report(&self, message: &str, kind: &str, data: &Value, now: Timestamp) -> Vec<Call> {
        let times = if self.chance.fault("webhook twice", 100) { 2 } else { 1 };
        let webhook = |_| {
            let request = standard_webhook(BANK, message, kind, data);
            Call::new(STANDARD, request, self.chance.arrival(now))
        };
        (0..times).map(webhook).collect()
    }

    fn message(&mut self) -> String {
        self.last_number += 1;
        format!("msg-{}", self.last_number)
    }

    fn reference(&mut self) -> String {
        self.last_number += 1;
        format!("RF{}", self.last_number)
    }
}

impl Account {
    /// A dead letter names the inbox item of the webhook, or the parked copy of it.
    fn is_reported_by(&self, letter: &DeadLetter) -> bool {
        self.reported_by.iter().any(|event| {
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

/// The refund that is not retried automatically any more: an operator has to make it.
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
