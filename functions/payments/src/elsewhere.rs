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
//! Nothing can be done by a call: a refund fails at once as `to_be_made_elsewhere`, and calls somebody once it has been
//! asked for often enough. Who made it tells so, and the debt is gone.

use crate::payment::{Capture, RefundReport};
use crate::stripe::{About, Fact, News};
use crate::{Ledger, Settled};
use events::{Amount, Currency, OrderId, RefundId};
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
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| format!("the webhook is no {{type, data}}: {:?}", error.classify()))?;
    let about = |order: &OrderId| About { intent_id: intent_id(sender, order), order_id: None, stack: None };
    Ok(match body.r#type.as_str() {
        "payment.received" => {
            let Received { order_id, amount, currency } = read(body.data)?;
            let intent_id = intent_id(sender, &order_id);
            Some(News {
                about: about(&order_id),
                fact: Fact::Captured(Capture { intent_id, amount, currency }),
            })
        }
        "payment.refunded" => {
            let GivenBack { order_id, amount, reference, refund_id } = read(body.data)?;
            if !webhooks::is_name(&reference) || reference.len() > 40 {
                return Err(
                    "the reference is not of its shape: 1 to 40 letters, digits, _ . and -".to_owned()
                );
            }
            let (provider_id, settled) = (reference, Settled::Refunded);
            let report = RefundReport { provider_id, refund_id, amount, settled, code: String::new() };
            Some(News { about: about(&order_id), fact: Fact::GivenBack(report) })
        }
        _ => None,
    })
}

fn read<T: DeserializeOwned>(data: Value) -> Result<T, String> {
    T::deserialize(data)
        .map_err(|error| format!("the webhook's data are not of their shape: {:?}", error.classify()))
}

/// The report with the refund that it must mean, where it names none: the newest of that amount that is owed.
pub(crate) fn named(ledger: &Ledger, report: &RefundReport) -> RefundReport {
    let owed = || ledger.owed_of(report.amount, &report.provider_id);
    RefundReport { refund_id: report.refund_id.clone().or_else(owed), ..report.clone() }
}

#[cfg(test)]
mod tests;
