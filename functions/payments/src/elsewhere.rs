//! Money that comes by way of another system than Stripe: a bank transfer, an invoice, a till.
//!
//! An order whose payment method is `elsewhere:<sender>` has no intent at Stripe. What is recorded in the intent's place
//! names the sender, so that nobody else's word pays the order; everything that is decided about it is decided as for
//! every payment. The sender tells what happened by Standard Webhooks:
//!
//! | type | data | means |
//! |---|---|---|
//! | `payment.received` | `{"order_id", "amount", "currency", "reference"}` | the money is there: `OrderPaid`, or after the end a late capture that has to go back |
//! | `payment.refunded` | `{"order_id", "amount", "reference", "refund_id"?}` | it was given back: the refund of that id, else the newest of that amount that is owed, else one more |
//!
//! A `reference` tells two payments, or two refunds, of one order apart. A second payment, another amount, or more given back
//! than is left are set aside for a person.
//!
//! Nothing can be done by a call: a refund fails at once as `to_be_made_elsewhere`, and calls somebody once it has been
//! asked for often enough. Who made it tells so, and the debt is gone.

use crate::payment::{Capture, RefundReport};
use crate::stripe::{About, Fact, News};
use crate::{Ledger, Settled};
use events::{Amount, Currency, OrderId, RefundId};
use resilience::Failure;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use webhooks::Topic;

/// The source of the inbox's items.
pub(crate) const SOURCE: &str = Topic::Payments.source();

/// The code of a refund that no call can make.
pub(crate) const BY_HAND: &str = "to_be_made_elsewhere";

const PREFIX: &str = "elsewhere:";

/// What stands in the intent's place: one sender's word about one order.
pub(crate) fn intent_id(sender: &str, order: &OrderId) -> String {
    format!("{PREFIX}{sender}:{order}")
}

/// Whether there is no intent at Stripe.
pub(crate) fn is_elsewhere(intent_id: &str) -> bool {
    intent_id.starts_with(PREFIX)
}

/// A webhook as Standard Webhooks has it. Its timestamp is the sender's, and nothing is decided by it.
#[derive(Deserialize)]
struct Body {
    r#type: String,
    data: Value,
}

#[derive(Deserialize)]
struct Received {
    order_id: OrderId,
    amount: Amount,
    currency: Currency,
    reference: String,
}

#[derive(Deserialize)]
struct GivenBack {
    order_id: OrderId,
    amount: Amount,
    reference: String,
    #[serde(default)]
    refund_id: Option<RefundId>,
}

/// What a webhook of `sender` tells; `None` for what changes nothing here. An error names what is wrong, without values.
pub(crate) fn news(sender: &str, body: &[u8]) -> Result<Option<News>, String> {
    let body: Body =
        json::from_slice(body).map_err(|error| format!("the webhook cannot be read: {error}"))?;
    let about = |order: &OrderId| About { intent_id: intent_id(sender, order), order_id: None, stack: None };
    Ok(match body.r#type.as_str() {
        "payment.received" => {
            let Received { order_id, amount, currency, reference } = read(body.data)?;
            let (intent_id, reference) = (intent_id(sender, &order_id), Some(checked(reference)?));
            let capture = Capture { intent_id, amount, currency, reference };
            Some(News { about: about(&order_id), fact: Fact::Captured(capture) })
        }
        "payment.refunded" => {
            let GivenBack { order_id, amount, reference, refund_id } = read(body.data)?;
            if amount.is_zero() {
                return Err("a refund of nothing is none".to_owned());
            }
            let (provider_id, settled) = (checked(reference)?, Settled::Refunded);
            let report = RefundReport { provider_id, refund_id, amount, settled, code: String::new() };
            Some(News { about: about(&order_id), fact: Fact::GivenBack(report) })
        }
        _ => None,
    })
}

fn read<T: DeserializeOwned>(data: Value) -> Result<T, String> {
    json::read(data).map_err(|error| format!("the webhook's data cannot be read: {error}"))
}

/// What tells two payments, or two refunds, of one order apart.
fn checked(reference: String) -> Result<String, String> {
    if webhooks::is_name(&reference) && reference.len() <= 40 {
        Ok(reference)
    } else {
        Err("the reference is not of its shape: 1 to 40 letters, digits, _ . and -".to_owned())
    }
}

/// The report with the refund that it must mean, where it names none: the newest of that amount that is owed. It is a
/// sender's word and no provider's book, so one that cannot be so is for a person: a refund that there is not, another
/// amount than that refund's, or more than is left of what was received.
pub(crate) fn named(ledger: &Ledger, report: &RefundReport) -> Result<RefundReport, Failure> {
    let owed = || ledger.owed_of(report.amount, &report.provider_id);
    let refund_id = report.refund_id.clone().or_else(owed);
    let named = match &refund_id {
        Some(id) => Some(ledger.refund(id).ok_or_else(|| Failure::reject("there is no refund of that id"))?),
        None => None,
    };
    let known = ledger.of(&report.provider_id);
    if known.or(named).is_some_and(|refund| refund.request.amount != report.amount) {
        return Err(Failure::reject("another amount was given back than that refund is of"));
    }
    let is_one_more = known.is_none() && named.is_none_or(|refund| !refund.may_succeed());
    if is_one_more && report.amount > ledger.captured().less(ledger.refunded()) {
        return Err(Failure::reject("more was given back than is left of what was received"));
    }
    Ok(RefundReport { refund_id, ..report.clone() })
}

#[cfg(test)]
mod tests;
