//! `place-order`: `POST /orders` with the header `Idempotency-Key`.
//!
//! - Effect and event: `OrderPlaced`, priced from orders' own copy of prices. Nothing is charged here: payments reacts.
//! - Idempotent by the order id, a hash of customer and key. A second append at sequence 1 fails, and the answer is then
//!   made from the stored event.
//! - Answers `202`; to a repeat the same with `Idempotency-Replayed: true`; `400` for a missing or invalid key or an unreadable
//!   body; `409` with the prices as they are if they do not sum up to `expected_total`; `422` for an order that cannot be
//!   accepted, and for another request under a used key; `503` when the table is unavailable.

mod countries;
mod order_input;
mod total;

use crate::view::{Item, Links};
use crate::{Order, Price};
use async_trait::async_trait;
use event_store::{AppendError, Documents, EventStore, StreamId};
use events::{
    Amount, Cause, Currency, Customer, Envelope, OrderId, OrderLine, OrderNumber, OrderPlaced, OrderStatus,
    OrdersEvent, Sequence, offline_sender,
};
use jiff::Timestamp;
use order_input::OrderInput;
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, digest_of};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use webhooks::Senders;

/// The step.
pub struct PlaceOrder {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The copies of prices.
    pub documents: Arc<dyn Documents>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long an order may stay unpaid.
    pub pay_within: Duration,
    /// How long an order with an offline payment may stay unpaid.
    pub pay_offline_within: Duration,
    /// The systems that report offline payments.
    pub senders: Senders,
}

#[derive(Debug, Serialize)]
struct Accepted {
    order_id: OrderId,
    number: OrderNumber,
    status: OrderStatus,
    items: Vec<Item>,
    total: Amount,
    currency: Currency,
    placed_at: Timestamp,
    pay_by: Timestamp,
    links: Links,
}

#[async_trait]
impl Endpoint for PlaceOrder {
    /// It prices the order meanwhile.
    fn awaits_admission(&self, route: &str) -> bool {
        route == "POST /orders"
    }

    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let customer = &request.caller()?.customer;
        let id = order_id(customer, request.idempotency_key("order")?);
        tracing::Span::current().record("order.id", id.as_str());
        let input = request.json::<OrderInput>()?.validated()?;
        let digest = input.digest();

        let (lines, total) = match self.price(&input).await?.and_then(|lines| self.payable(lines, &input)) {
            Ok(priced) => priced,
            // A repeat gets its first answer, even if products, prices or senders have changed since.
            Err(refusal) => return self.replay(&id, &digest).await?.ok_or(refusal),
        };
        let is_offline = offline_sender(&input.payment_method).is_some();
        let pay_within = if is_offline { self.pay_offline_within } else { self.pay_within };
        let now = self.clock.now();
        let placed = OrderPlaced {
            customer: customer.clone(),
            lines,
            total,
            currency: input.currency,
            pay_by: now.checked_add(pay_within).map_err(Problem::internal)?,
            contact: input.contact,
            shipping_address: input.shipping_address,
            payment_method: input.payment_method,
            request_digest: digest.clone(),
        };
        request.admission.granted().await?;
        let event = OrdersEvent::from(placed.clone());
        // The event's data names the customer, so it needs no actor.
        let cause = Cause { actor: None, ..request.cause };
        let envelope = Envelope::wrap(id.as_str(), Sequence::FIRST, now, &cause, &event);
        match self.store.append(&StreamId::order(&id), &envelope).await {
            Ok(()) => {
                tracing::info!(
                    event.id = %envelope.id,
                    metrics = "Orders by status",
                    Orders = 1_u64,
                    status = OrderStatus::Placed.as_str(),
                    "order placed"
                );
                Ok(accepted(&id, &placed, now))
            }
            Err(AppendError::Conflict) => {
                let replayed = self.replay(&id, &digest).await?;
                replayed
                    .ok_or_else(|| Problem::internal("the append conflicted, but the stream has no order"))
            }
            Err(AppendError::Store(error)) => Err(error.into()),
        }
    }
}

impl PlaceOrder {
    /// Prices every line from our own copy. The inner error is the client's to fix.
    async fn price(&self, input: &OrderInput) -> Result<Result<Vec<OrderLine>, Problem>, Problem> {
        let keys: Vec<_> = input.items.iter().map(|item| Price::key(&item.sku)).collect();
        let mut prices = HashMap::new();
        for (key, document) in self.documents.get_many(&keys).await? {
            let price: Price = document.read(&key)?;
            prices.insert(key, price);
        }
        let mut lines = Vec::new();
        let mut errors = Vec::new();
        for (place, (item, key)) in input.items.iter().zip(keys).enumerate() {
            match prices.get(&key) {
                Some(price) if price.active && price.currency == input.currency => lines.push(OrderLine {
                    sku: item.sku.clone(),
                    quantity: item.quantity,
                    unit_price: price.price,
                    weight_grams: price.weight_grams,
                }),
                Some(price) if price.active => {
                    errors.push(FieldError::at(
                        "/currency",
                        format!("this product is sold in {}", price.currency),
                    ));
                }
                Some(_) | None => {
                    errors.push(FieldError::at(format!("/items/{place}/sku"), "this product is not sold"));
                }
            }
        }
        Ok(if errors.is_empty() { Ok(lines) } else { Err(Problem::validation(errors)) })
    }

    /// The lines with their total, if that is as expected and can be paid.
    fn payable(
        &self,
        lines: Vec<OrderLine>,
        input: &OrderInput,
    ) -> Result<(Vec<OrderLine>, Amount), Problem> {
        let sender = offline_sender(&input.payment_method);
        let total = total::payable(&lines, input.currency, input.expected_total, sender.is_some())?;
        if sender.is_some_and(|sender| !self.senders.takes_payments(sender)) {
            let unknown = FieldError::at("/payment_method", "no sender of this name reports payments here");
            return Err(Problem::validation(vec![unknown]));
        }
        Ok((lines, total))
    }

    /// The answer for the order that is stored under this id; `None` if none is.
    async fn replay(&self, id: &OrderId, digest: &str) -> Result<Option<Reply>, Problem> {
        let history = self.store.history::<Order>(&StreamId::order(id)).await?;
        let Some((placed, placed_at)) = history.state.placed() else { return Ok(None) };
        if placed.request_digest != digest {
            return Err(Problem::idempotency_key_reused("order"));
        }
        tracing::info!("order replayed");
        Ok(Some(accepted(id, placed, placed_at).with("idempotency-replayed", "true")))
    }
}

fn accepted(id: &OrderId, placed: &OrderPlaced, placed_at: Timestamp) -> Reply {
    let body = Accepted {
        order_id: id.clone(),
        number: OrderNumber::of(id),
        status: OrderStatus::Placed,
        items: placed.lines.iter().map(Item::from).collect(),
        total: placed.total,
        currency: placed.currency,
        placed_at,
        pay_by: placed.pay_by,
        links: Links::to(id),
    };
    Reply::json(202, &body).with("location", format!("/orders/{id}"))
}

fn order_id(customer: &Customer, key: &str) -> OrderId {
    OrderId::from_digest(digest_of(&[&customer.issuer, &customer.subject, key]).to_be_bytes())
}

#[cfg(test)]
mod tests;
