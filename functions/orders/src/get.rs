//! `get-order`: `GET /orders`, `GET /orders/{order_id}`, `GET /orders/{order_id}/events`.
//!
//! One order is always the fold of its stream, so a client reads its own write. Lists come from the views, which follow within
//! moments. A customer sees only their own orders: another customer's is a `404`. Writes nothing.

use crate::cursor::Cursor;
use crate::summary::{Listed, OPEN_SHARDS, listed, listed_for_customer};
use crate::view::{SeenBy, shown};
use crate::{Order, OrderPage, Summary};
use async_trait::async_trait;
use event_store::{EventStore, History, Pages, StreamId, Walk};
use events::OrderId;
use runtime::http::{Caller, Endpoint, Problem, Reply, Request, Role};
use serde::Serialize;
use std::sync::Arc;

/// The step.
pub struct GetOrder {
    /// Orders' streams.
    pub store: Arc<dyn EventStore>,
    /// Each customer's views, by time.
    pub by_customer: Arc<dyn Pages>,
    /// The views of open orders by deadline.
    pub open_by_deadline: Arc<dyn Pages>,
}

#[derive(Debug, Serialize)]
pub(crate) struct List {
    pub(crate) items: Vec<Listed>,
    pub(crate) next: Option<String>,
}

#[async_trait]
impl Endpoint for GetOrder {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let caller = request.caller()?;
        match request.route.as_str() {
            "GET /orders" => {
                request.query_has_only(&["limit", "cursor", "open"])?;
                match request.in_query("open") {
                    None => self.own_orders(&request, caller).await,
                    Some(open) => self.open_orders(&request, open).await,
                }
            }
            "GET /orders/{order_id}" => {
                let id = request.order_id()?;
                let history = self.visible(&id, caller).await?;
                let page = OrderPage::of(&id, &history, seen_by(caller))
                    .ok_or_else(|| Problem::not_found("no such order"))?;
                Ok(Reply::json(200, &page))
            }
            "GET /orders/{order_id}/events" => {
                request.query_has_only(&[])?;
                let id = request.order_id()?;
                let history = self.visible(&id, caller).await?;
                let events: Vec<_> =
                    history.envelopes.into_iter().map(|envelope| shown(envelope, seen_by(caller))).collect();
                Ok(Reply::json(200, &serde_json::json!({ "events": events })))
            }
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

fn seen_by(caller: &Caller) -> SeenBy {
    if caller.is_of_shop() { SeenBy::Admin } else { SeenBy::Customer }
}

impl GetOrder {
    async fn visible(&self, id: &OrderId, caller: &Caller) -> Result<History<Order>, Problem> {
        let history = self.store.history::<Order>(&StreamId::order(id)).await?;
        match history.state.placed() {
            Some((placed, _)) if caller.is_of_shop() || placed.customer == caller.customer => Ok(history),
            _ => Err(Problem::not_found("no such order")),
        }
    }

    async fn own_orders(&self, request: &Request, caller: &Caller) -> Result<Reply, Problem> {
        let partition = Summary::customer_partition(&caller.customer);
        let (limit, cursor) = paging(request, &partition)?;
        let page = self.by_customer.page(&partition, Walk::Backward, limit, cursor.position.as_ref()).await?;
        let next = page.next.map(|position| Cursor::at(&partition, 0, Some(position)).encode());
        let present = page.documents.iter().filter(|(_, view)| !view.is_erased());
        let items = present.map(listed_for_customer).collect::<Result<_, _>>()?;
        Ok(Reply::json(200, &List { items, next }))
    }

    /// All open orders: one partition of the index after the other, the nearest deadline first in each.
    async fn open_orders(&self, request: &Request, open: &str) -> Result<Reply, Problem> {
        request.at_least(Role::Viewer)?;
        if open != "true" {
            return Err(Problem::bad_request("open must be true if it is given"));
        }
        let (limit, Cursor { mut shard, mut position, .. }) = paging(request, "open")?;
        let mut items = Vec::new();
        while shard < OPEN_SHARDS {
            let missing = limit.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
            if missing == 0 {
                let next = Some(Cursor::at("open", shard, position).encode());
                return Ok(Reply::json(200, &List { items, next }));
            }
            let partition = Summary::open_partition(shard);
            let page =
                self.open_by_deadline.page(&partition, Walk::Forward, missing, position.as_ref()).await?;
            for view in &page.documents {
                items.push(listed(view)?);
            }
            position = page.next;
            if position.is_none() {
                shard += 1;
            }
        }
        Ok(Reply::json(200, &List { items, next: None }))
    }
}

fn paging(request: &Request, list: &str) -> Result<(u32, Cursor), Problem> {
    let limit = request.number_in_query("limit", 20, 1, 100)?;
    let cursor = match request.in_query("cursor") {
        Some(text) => Cursor::decode(text, list)?,
        None => Cursor::start(list),
    };
    Ok((limit, cursor))
}

#[cfg(test)]
mod tests;
