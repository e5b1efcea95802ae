//! `request-refund`: money that goes back because somebody of the shop says so. Needs the admin group.
//!
//! - `POST /orders/{order_id}/refunds` `{"amount", "reason"}`, in minor units of the payment's currency. Idempotent by
//!   `Idempotency-Key` (required): the refund's id is a hash of caller and key. The same key and request: the same
//!   answer and `Idempotency-Replayed: true`; another request: `422`. `409` for more than can still be asked to go
//!   back, and for what was not paid.
//! - `POST /orders/{order_id}/refunds/{refund_id}/retry`: a refund that failed is asked for once more, for what is still
//!   owed, however often it was. Idempotent by the stream: while something stands in for it, that is answered. `409`
//!   for one that did not fail.
//! - Both answer `202` `{"order_id", "refund_id", "amount", "currency", "status", "links"}`; `404` where there is no
//!   payment, or no such refund.
//! - Effect: one event appended, decided on the ledger as it stands, so that no two requests take the same money. The
//!   refund itself is made by `take-payment`.
//! - Says: `RefundRequested`.

use crate::ledger::Refund;
use crate::payment::{NotRefunded, Payment};
use async_trait::async_trait;
use event_store::{Decided, EventStore, StreamId, append_decided};
use events::{Amount, Currency, Customer, OrderId, PaymentsEvent, RefundId};
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, digest_of};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const LONGEST_REASON: usize = 200;

/// The step. See the module.
pub struct RequestRefund {
    /// Payments' streams.
    pub store: Arc<dyn EventStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    amount: Amount,
    reason: String,
}

/// The answer. The amount is in minor units.
#[derive(Serialize)]
struct Body<'a> {
    order_id: &'a OrderId,
    refund_id: &'a RefundId,
    amount: Amount,
    currency: Currency,
    status: &'static str,
    links: Links,
}

#[derive(Serialize)]
struct Links {
    order: String,
    payment: String,
    retry: String,
}

#[async_trait]
impl Endpoint for RequestRefund {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        match request.route.as_str() {
            "POST /orders/{order_id}/refunds" => self.give(&request).await,
            "POST /orders/{order_id}/refunds/{refund_id}/retry" => self.retry(&request).await,
            _ => Err(Problem::not_found("no such resource")),
        }
    }
}

impl RequestRefund {
    async fn give(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = &request.admin()?.customer;
        let order = request.order_id()?;
        let id = refund_id(caller, request.idempotency_key("refund")?)?;
        let wanted: Wanted = request.json()?;
        validate(&wanted)?;
        let decide = |payment: &Payment| payment.decide_goodwill(&id, wanted.amount, &wanted.reason);
        self.answer_with(request, &order, decide, |payment| payment.ledger.refund(&id)).await
    }

    async fn retry(&self, request: &Request) -> Result<Reply, Problem> {
        request.admin()?;
        let order = request.order_id()?;
        let id = RefundId::try_from(request.in_path("refund_id"))
            .map_err(|_| Problem::not_found("no such refund"))?;
        let decide = |payment: &Payment| payment.decide_retry(&id);
        self.answer_with(request, &order, decide, |payment| payment.ledger.newest(&id)).await
    }

    /// Appends what `decide` says, and answers with the refund that `which` then finds.
    async fn answer_with(
        &self,
        request: &Request,
        order: &OrderId,
        decide: impl Fn(&Payment) -> Result<Option<PaymentsEvent>, NotRefunded> + Send + Sync,
        which: impl Fn(&Payment) -> Option<&Refund> + Send,
    ) -> Result<Reply, Problem> {
        let stream = StreamId::order(order);
        let decide = |payment: &Payment| decide(payment).map_err(|refusal| refused(&refusal));
        let decided = append_decided(&*self.store, &stream, &request.cause, &*self.clock, decide).await?;
        let is_replayed = matches!(decided, Decided::Nothing(_));
        let payment = decided.history().state;
        let (Some(refund), Some(terms)) = (which(&payment), payment.stage.terms()) else {
            return Err(Problem::internal("a refund was decided on that the ledger does not hold"));
        };
        let refund_id = &refund.request.refund_id;
        let body = Body {
            order_id: order,
            refund_id,
            amount: refund.request.amount,
            currency: terms.currency,
            status: "requested",
            links: Links {
                order: format!("/orders/{order}"),
                payment: format!("/orders/{order}/payment"),
                retry: format!("/orders/{order}/refunds/{refund_id}/retry"),
            },
        };
        let reply = Reply::json(202, &body);
        Ok(if is_replayed { reply.with("idempotency-replayed", "true") } else { reply })
    }
}

fn refused(refusal: &NotRefunded) -> Problem {
    match refusal {
        NotRefunded::NoPayment => Problem::not_found("no such order, or its payment has not begun"),
        NotRefunded::NoRefund => Problem::not_found("no such refund"),
        NotRefunded::NotPaid => {
            Problem::conflict("the order is not paid; money that comes after its end goes back by itself")
        }
        NotRefunded::Another => Problem::idempotency_key_reused("refund"),
        NotRefunded::TooMuch { free } => Problem::conflict(format!(
            "at most {free} minor units can still be asked to go back; the rest is under way, gone back, or with the bank"
        )),
        NotRefunded::NotFailed => Problem::conflict("the refund did not fail; it is under way, or went back"),
        NotRefunded::Foreign => Problem::conflict(
            "the refund was made at the provider, not here; look at it there, or ask for a new one",
        ),
    }
}

fn validate(wanted: &Wanted) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if wanted.amount.is_zero() {
        errors.push(FieldError::at("/amount", "a whole number of minor units, at least 1"));
    }
    errors.extend(FieldError::text("/reason", &wanted.reason, LONGEST_REASON));
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation(errors)) }
}

/// A quarter of the digest is enough to tell the refunds of one order apart.
fn refund_id(caller: &Customer, key: &str) -> Result<RefundId, Problem> {
    let short = digest_of(&[&caller.issuer, &caller.subject, key]) >> 64;
    RefundId::try_from(format!("goodwill.{short:016x}").as_str()).map_err(Problem::internal)
}

#[cfg(test)]
mod tests;
