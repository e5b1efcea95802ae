//! `request-refund`: refunds that an operator requests. Needs the staff group.
//!
//! - `POST /orders/{order_id}/refunds` `{"amount", "reason"}`, in minor units of the payment's currency. Idempotent by
//!   `Idempotency-Key` (required): the refund's id is a hash of caller and key. The same key and request: the same
//!   answer and `Idempotency-Replayed: true`; another request: `422`. `422` for an amount that is no multiple of the currency's
//!   step, unless it is all that is left. `409` if the order is not paid or the amount is more
//!   than is refundable.
//! - `POST /orders/{order_id}/refunds/{refund_id}/retry`: requests a failed refund again, for what is still owed, after any
//!   number of attempts. Idempotent by the stream: while a replacement is under way, the answer is that replacement. `409`
//!   for a refund that did not fail.
//! - Both answer `202` `{"order_id", "number", "refund_id", "amount", "currency", "status", "links"}`; `404` if the payment or the
//!   refund does not exist.
//! - Effect: one event appended, decided on the current ledger, so that no two requests refund the same money.
//!   `take-payment` makes the refund.
//! - Emits: `RefundRequested`.

use crate::ledger::Refund;
use crate::payment::{NotRefunded, Payment};
use async_trait::async_trait;
use event_store::{Decided, EventStore, StreamId, append_decided};
use events::{Amount, Currency, Customer, OrderId, OrderNumber, PaymentsEvent, RefundId};
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, Role, digest_of, whole_number};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const LONGEST_REASON: usize = 200;

/// The step. See the module.
pub struct RequestRefund {
    /// Payments' streams.
    pub store: Arc<dyn EventStore>,
    /// Dates events.
    pub clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(deserialize_with = "whole_number")]
    amount: Amount,
    reason: String,
}

/// The answer. The amount is in minor units.
#[derive(Serialize)]
struct Body<'a> {
    order_id: &'a OrderId,
    number: OrderNumber,
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
            "POST /orders/{order_id}/refunds" => self.refund(&request).await,
            "POST /orders/{order_id}/refunds/{refund_id}/retry" => self.retry(&request).await,
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

impl RequestRefund {
    async fn refund(&self, request: &Request) -> Result<Reply, Problem> {
        let caller = &request.at_least(Role::Staff)?.customer;
        let order = request.order_id()?;
        let id = refund_id(caller, request.idempotency_key("refund")?)?;
        let input: Input = request.json()?;
        validate(&input)?;
        let decide = |payment: &Payment| payment.decide_goodwill(&id, input.amount, &input.reason);
        self.answer_with(request, &order, decide, |payment| payment.ledger.refund(&id)).await
    }

    async fn retry(&self, request: &Request) -> Result<Reply, Problem> {
        request.at_least(Role::Staff)?;
        let order = request.order_id()?;
        let id = RefundId::try_from(request.in_path("refund_id"))
            .map_err(|_| Problem::not_found("no such refund"))?;
        let decide = |payment: &Payment| payment.decide_retry(&id);
        self.answer_with(request, &order, decide, |payment| payment.ledger.newest(&id)).await
    }

    /// Appends what `decide` returns, and answers with the refund that `find` then returns.
    async fn answer_with(
        &self,
        request: &Request,
        order: &OrderId,
        decide: impl Fn(&Payment) -> Result<Option<PaymentsEvent>, NotRefunded> + Send + Sync,
        find: impl Fn(&Payment) -> Option<&Refund> + Send,
    ) -> Result<Reply, Problem> {
        let stream = StreamId::order(order);
        let decide = |payment: &Payment| decide(payment).map_err(|refusal| refused(&refusal));
        let decided = append_decided(&*self.store, &stream, &request.cause, &*self.clock, decide).await?;
        let is_replayed = matches!(decided, Decided::Nothing(_));
        let payment = decided.history().state;
        let (Some(refund), Some(terms)) = (find(&payment), payment.stage.terms()) else {
            return Err(Problem::internal("the ledger lacks the refund that was just decided"));
        };
        let refund_id = &refund.request.refund_id;
        let body = Body {
            order_id: order,
            number: OrderNumber::of(order),
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
        NotRefunded::NotPaid => Problem::conflict(
            "the order is not paid; money that arrives after its end is refunded automatically",
        ),
        NotRefunded::DifferentRequest => Problem::idempotency_key_reused("refund"),
        NotRefunded::OffStep { currency } => {
            let step = currency.rules().step;
            let detail =
                format!("a multiple of {step} minor units of {currency}, or everything that is left");
            Problem::validation(vec![FieldError::at("/amount", detail)])
        }
        NotRefunded::TooMuch { refundable, currency } => Problem::conflict(format!(
            "at most {refundable} minor units of {currency} are refundable; the rest is being refunded, is refunded, or is \
             held by the bank"
        )),
        NotRefunded::NotFailed => Problem::conflict("the refund did not fail; it is under way or was paid"),
        NotRefunded::Foreign => Problem::conflict(
            "the refund was made at the provider, outside of Conveyor; check it there, or request a new one",
        ),
    }
}

fn validate(input: &Input) -> Result<(), Problem> {
    let mut errors = Vec::new();
    if input.amount.is_zero() {
        errors.push(FieldError::at("/amount", "a whole number of minor units, at least 1"));
    }
    errors.extend(FieldError::lines("/reason", &input.reason, LONGEST_REASON));
    if errors.is_empty() { Ok(()) } else { Err(Problem::validation(errors)) }
}

/// 64 bits of the digest are enough to distinguish the refunds of one order.
fn refund_id(caller: &Customer, key: &str) -> Result<RefundId, Problem> {
    let short = digest_of(&[&caller.issuer, &caller.subject, key]) >> 64;
    RefundId::try_from(format!("goodwill.{short:016x}").as_str()).map_err(Problem::internal)
}

#[cfg(test)]
mod tests;
