//! `erase-customer`: `POST /customers/{subject}/erase`, for the admin group.
//!
//! - Effect: one request in orders' table, with who asked. `sweep-orders` carries it out within minutes: it appends
//!   `CustomerErasureRequested` to each order of the customer, and every service erases its own data.
//! - Answers `202` with the pseudonym that replaces the subject, under which the orders are found afterwards. A repeat while the
//!   request is under way gets the same answer.
//! - `409` with the orders that are still open; nothing is erased then. `404` if the subject has no orders.

use crate::requests::{ErasureRequest, orders_of};
use crate::{Deadlines, Order};
use async_trait::async_trait;
use event_store::{Documents, EventStore, Pages, StreamId};
use events::{Customer, OrderId, OrderNumber};
use futures_util::future::try_join_all;
use outbound::RandomBytes;
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, Role};
use serde_json::json;
use std::sync::Arc;

/// The longest subject of a token.
const LONGEST_SUBJECT: usize = 255;
/// How many streams are read at once.
const AT_ONCE: usize = 10;
/// How many open orders a refusal names.
const MOST_NAMED: usize = 10;

/// The step.
pub struct EraseCustomer {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// The requests.
    pub documents: Arc<dyn Documents>,
    /// The views of each customer.
    pub by_customer: Arc<dyn Pages>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The random bytes of pseudonyms.
    pub random: Arc<dyn RandomBytes>,
    /// How long an order may go without progress: one that has a deadline is still open.
    pub deadlines: Deadlines,
}

#[async_trait]
impl Endpoint for EraseCustomer {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let operator = &request.at_least(Role::Admin)?.customer;
        request.no_body()?;
        let subject = request.in_path("subject");
        if let Some(error) = FieldError::text("/subject", subject, LONGEST_SUBJECT) {
            return Err(Problem::validation(vec![error]));
        }
        let customer = Customer { issuer: operator.issuer.clone(), subject: subject.to_owned() };
        let orders = orders_of(&*self.by_customer, &customer).await?;
        if orders.is_empty() {
            return Err(Problem::not_found("no order of this customer is known"));
        }
        let open = self.open(&orders).await?;
        if !open.is_empty() {
            let named = open.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Problem::conflict(format!(
                "{} orders are still open, and nothing is erased: {named}",
                open.len()
            )));
        }
        let bytes =
            self.random.bytes().ok_or_else(|| Problem::internal("the machine has no random bytes"))?;
        let asked = ErasureRequest::new(customer, &bytes, operator.clone(), self.clock.now());
        let asked = asked.keep(&*self.documents).await?;
        tracing::info!(
            pseudonym = asked.pseudonym,
            orders = orders.len(),
            "the erasure of a customer is requested"
        );
        Ok(Reply::json(202, &json!({ "pseudonym": asked.pseudonym, "orders": orders.len() })))
    }
}

impl EraseCustomer {
    /// The open ones of these orders, each with its status.
    async fn open(&self, orders: &[OrderId]) -> Result<Vec<String>, Problem> {
        let mut open = Vec::new();
        for orders in orders.chunks(AT_ONCE) {
            let found = try_join_all(orders.iter().map(|id| self.named_if_open(id))).await?;
            open.extend(found.into_iter().flatten());
        }
        Ok(open)
    }

    async fn named_if_open(&self, id: &OrderId) -> Result<Option<String>, Problem> {
        let order = self.store.history::<Order>(&StreamId::order(id)).await?.state;
        let named = || format!("{} ({})", OrderNumber::of(id), order.status().as_str());
        Ok(order.is_needed(&self.deadlines).then(named))
    }
}

#[cfg(test)]
mod tests;
