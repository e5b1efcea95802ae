//! `cancel-order`: `POST /orders/{order_id}/cancel`, with an optional `{"reason"}`.
//!
//! Effect and event said: `OrderCancellationRequested`, once; shipping decides whether it wins. Answers 202, also
//! to a repeat; 409 when the order has ended, was shipped, or a request was rejected; 404 for another's order.
//! Idempotent by the fold.

use crate::Order;
use crate::order::NotCancellable;
use crate::view::Links;
use async_trait::async_trait;
use event_store::{EventStore, StreamId, append_decided};
use events::RequestedBy;
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request};
use serde::Deserialize;
use std::sync::Arc;

const LONGEST_REASON: usize = 500;

/// The step.
pub struct CancelOrder {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    reason: Option<String>,
}

#[async_trait]
impl Endpoint for CancelOrder {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let caller = request.caller()?;
        let id = request.order_id()?;
        let body = if request.body.is_empty() { Body::default() } else { request.json()? };
        if body.reason.as_deref().is_some_and(|reason| !is_sound(reason)) {
            let error =
                FieldError::at("/reason", format!("1 to {LONGEST_REASON} characters, no control characters"));
            return Err(Problem::validation(vec![error]));
        }
        let decided = append_decided(
            &*self.store,
            &StreamId::order(&id),
            &request.cause,
            &*self.clock,
            |order: &Order| {
                let own = order.placed().is_some_and(|(placed, _)| placed.customer == caller.customer);
                if !own && !caller.admin {
                    return Err(Problem::not_found("no such order"));
                }
                let by = if own { RequestedBy::Customer } else { RequestedBy::Admin };
                order.decide_cancel(by, body.reason.clone()).map_err(refusal)
            },
        )
        .await?;
        let status = decided.history().state.status();
        Ok(Reply::json(
            202,
            &serde_json::json!({ "order_id": id, "status": status, "links": Links::to(&id) }),
        ))
    }
}

fn is_sound(reason: &str) -> bool {
    !reason.trim().is_empty()
        && reason.chars().count() <= LONGEST_REASON
        && !reason.chars().any(char::is_control)
}

fn refusal(not: NotCancellable) -> Problem {
    match not {
        NotCancellable::Unknown => Problem::not_found("no such order"),
        NotCancellable::Over(status) => {
            Problem::conflict(format!("the order is {} and can no longer be cancelled", status.as_str()))
        }
        NotCancellable::Rejected => {
            Problem::conflict("a cancellation was rejected: the order was already on its way")
        }
    }
}
