//! Offline payments: money that reaches the shop through another system than Stripe (a bank transfer, an invoice, a till).
//!
//! An order whose payment method is `elsewhere:<sender>` has no intent at Stripe. Its intent id is
//! `elsewhere:<sender>:<order id>`, so that no other sender can pay the order; every decision about it is the same as for a
//! card. The sender reports by Standard Webhooks:
//!
//! | type | data | means |
//! |---|---|---|
//! | `payment.received` | `{"order_id", "amount", "currency", "reference"}` | the money arrived: `OrderPaid`; after the payment's end, a late capture that is refunded |
//! | `payment.refunded` | `{"order_id", "amount", "reference", "refund_id"?}` | a refund was paid: the one with that id, else the newest of that amount that is owed, else an extra one |
//!
//! The `reference` distinguishes two payments, or two refunds, of one order. A second payment, another amount, or more refunded
//! than is left is dead-lettered.
//!
//! No call can make a refund: it fails at once as `to_be_made_elsewhere`, and raises an attention after the last attempt. The
//! debt ends when the sender reports that it was paid.

use super::{Capture, Fact, RefundReport, Report, Reported};
use crate::provider::IntentId;
use crate::{Ledger, Settled};
use events::{Amount, Currency, OrderId, RefundId};
use resilience::Failure;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fmt;
use webhooks::{Topic, sender_of};

/// The source of the inbox's items.
pub(crate) const SOURCE: &str = Topic::Payments.source();

/// The code of a refund that only a person can make.
pub(crate) const REFUND_OFFLINE: &str = "to_be_made_elsewhere";

const PREFIX: &str = "elsewhere:";

/// The payment of one order through one sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfflinePayment {
    /// The system that reports it.
    pub sender: String,
    /// The order.
    pub order: OrderId,
}

impl OfflinePayment {
    /// Reads `elsewhere:<sender>:<order id>`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (sender, order) = text.strip_prefix(PREFIX)?.split_once(':')?;
        let order = OrderId::try_from(order).ok()?;
        (!sender.is_empty()).then(|| Self { sender: sender.to_owned(), order })
    }

    /// The intent id of this payment.
    pub(crate) fn intent(sender: &str, order: &OrderId) -> IntentId {
        IntentId::Offline(Self { sender: sender.to_owned(), order: order.clone() })
    }
}

impl fmt::Display for OfflinePayment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}:{}", self.sender, self.order)
    }
}

/// The body of a Standard Webhook. Its timestamp is the sender's, and no decision uses it.
#[derive(Deserialize)]
struct Body {
    r#type: String,
}

#[derive(Deserialize)]
struct WithData<T> {
    data: T,
}

#[derive(Deserialize)]
struct Received {
    order_id: OrderId,
    amount: Amount,
    currency: Currency,
    reference: String,
}

#[derive(Deserialize)]
struct Refunded {
    order_id: OrderId,
    amount: Amount,
    reference: String,
    #[serde(default)]
    refund_id: Option<RefundId>,
}

/// Parses a webhook; `None` if it changes nothing here. An error says what is wrong, without values.
pub(crate) fn parse(event_id: &str, body: &[u8]) -> Result<Option<Report>, String> {
    let sender = sender_of(event_id);
    let Body { r#type: event_type } =
        json::from_slice(body).map_err(|error| format!("the webhook cannot be read: {error}"))?;
    let report = |intent, fact| {
        Some(Report { intent, order_id: None, stack: None, facts: vec![Reported::Offline(fact)] })
    };
    Ok(match event_type.as_str() {
        "payment.received" => {
            let Received { order_id, amount, currency, reference } = read(body)?;
            let (intent, reference) = (OfflinePayment::intent(sender, &order_id), Some(checked(reference)?));
            let capture = Capture { intent: intent.clone(), amount, currency, reference };
            report(intent, Fact::Captured(capture))
        }
        "payment.refunded" => {
            let Refunded { order_id, amount, reference, refund_id } = read(body)?;
            if amount.is_zero() {
                return Err("a refund of nothing is no refund".to_owned());
            }
            let (provider_id, settled) = (checked(reference)?, Settled::Refunded);
            let refund = RefundReport {
                provider_id,
                refund_id,
                amount,
                settled,
                code: String::new(),
                may_be_release: false,
            };
            report(OfflinePayment::intent(sender, &order_id), Fact::ManualRefund(refund))
        }
        _ => None,
    })
}

/// Reads the data. What it does not read may hold anything.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    let body: WithData<T> =
        json::from_slice(body).map_err(|error| format!("the webhook's data cannot be read: {error}"))?;
    Ok(body.data)
}

fn checked(reference: String) -> Result<String, String> {
    if webhooks::is_name(&reference) && reference.len() <= 40 {
        Ok(reference)
    } else {
        Err("the reference has the wrong shape: 1 to 40 letters, digits, _ . and -".to_owned())
    }
}

/// The report with the refund that it must mean, if it names none: the newest of that amount that is owed.
///
/// It is a sender's statement and not a provider's record, so a report that contradicts the ledger is rejected: an unknown
/// refund, another amount than that refund's, or more than is left of what was received.
pub(crate) fn match_refund(ledger: &Ledger, report: &RefundReport) -> Result<RefundReport, Failure> {
    let owed = || ledger.newest_owed(report.amount, &report.provider_id);
    let refund_id = report.refund_id.clone().or_else(owed);
    let named = match &refund_id {
        Some(id) => Some(ledger.refund(id).ok_or_else(|| Failure::reject("no refund of that id exists"))?),
        None => None,
    };
    let known = ledger.by_provider_id(&report.provider_id);
    if known.or(named).is_some_and(|refund| refund.request.amount != report.amount) {
        return Err(Failure::reject("the amount differs from the amount of that refund"));
    }
    let is_extra = known.is_none() && named.is_none_or(|refund| !refund.may_succeed());
    if is_extra && report.amount > ledger.captured().less(ledger.refunded()) {
        return Err(Failure::reject("more was refunded than is left of what was received"));
    }
    Ok(RefundReport { refund_id, ..report.clone() })
}

#[cfg(test)]
mod tests;
