//! `cancel-order`: `POST /orders/{order_id}/cancel`, with an optional `{"reason"}` of one or more lines.
//!
//! - Effect and event: `OrderCancellationRequested`, once. Shipping decides whether the order can still be cancelled.
//! - Idempotent by the order's stream.
//! - Answers `202`, also to a repeat; `409` if the order has ended, was shipped, or an earlier request was rejected; `404` for
//!   an unknown order or another customer's.

use crate::Order;
use crate::order::NotCancellable;
use crate::view::Links;
use async_trait::async_trait;
use event_store::{EventStore, StreamId, append_decided};
use events::{OrderNumber, RequestedBy};
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, Role, optional};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const MAX_REASON: usize = 500;

/// The step.
pub struct CancelOrder {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    #[serde(default, deserialize_with = "optional")]
    reason: Option<String>,
}

#[async_trait]
impl Endpoint for CancelOrder {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let caller = request.caller()?;
        let id = request.order_id()?;
        let body = if request.body.is_empty() { Body::default() } else { request.json()? };
        let error = body.reason.as_deref().and_then(|text| FieldError::lines("/reason", text, MAX_REASON));
        if let Some(error) = error {
            return Err(Problem::validation(vec![error]));
        }
        let decided = append_decided(
            &*self.store,
            &StreamId::order(&id),
            &request.cause,
            &*self.clock,
            |order: &Order| {
                let own = order.placed().is_some_and(|(placed, _)| placed.customer == caller.customer);
                if !own && caller.role < Role::Staff {
                    return Err(Problem::not_found("no such order"));
                }
                let by = if own { RequestedBy::Customer } else { RequestedBy::Admin };
                order.decide_cancel(by, body.reason.clone()).map_err(refusal)
            },
        )
        .await?;
        let (number, status) = (OrderNumber::of(&id), decided.history().state.status());
        Ok(Reply::json(
            202,
            &json!({ "order_id": id, "number": number, "status": status, "links": Links::to(&id) }),
        ))
    }
}

fn refusal(why: NotCancellable) -> Problem {
    match why {
        NotCancellable::Unknown => Problem::not_found("no such order"),
        NotCancellable::Over(status) => {
            Problem::conflict(format!("the order is {} and can no longer be cancelled", status.as_str()))
        }
        NotCancellable::Rejected => {
            Problem::conflict("an earlier cancellation was rejected; the order can no longer be cancelled")
        }
    }
}

#[cfg(test)]
mod tests;
