//! The delivery log of an endpoint, test events, and redelivery by hand.

use super::view::{DeliveryView, STATUSES, status};
use super::{ManageCallbacks, idempotency};
use crate::delivery::Delivery;
use crate::endpoint::{Endpoint, Standing};
use crate::errand;
use crate::outgoing::Outgoing;
use crate::store::{self, Changed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Position, Walk};
use jiff::Timestamp;
use runtime::http::{Problem, Reply, Request};
use serde::Serialize;

#[derive(Serialize)]
struct List<'a> {
    items: Vec<DeliveryView<'a>>,
    /// Where the next page begins; `null` on the last one.
    next: Option<String>,
}

impl ManageCallbacks {
    /// Newest first. A page may hold fewer than `limit` of the status asked for and still have a next one.
    pub(super) async fn deliveries(&self, request: &Request) -> Result<Reply, Problem> {
        let endpoint = self.endpoint(request).await?;
        let limit = request.number_in_query("limit", 25, 1, 100)?;
        let wanted = request.query.get("status").map(String::as_str);
        if wanted.is_some_and(|wanted| !STATUSES.contains(&wanted)) {
            return Err(Problem::bad_request(format!("status is one of {}", STATUSES.join(", "))));
        }
        let after = request.query.get("cursor").map(|text| read_cursor(text, &endpoint)).transpose()?;
        let page = self.deliveries_by_time.page(&endpoint.id, Walk::Backward, limit, after.as_ref()).await?;
        let read = page.documents.iter().map(|(key, document)| document.read(key));
        let deliveries = read.collect::<Result<Vec<Delivery>, _>>()?;
        let items = deliveries
            .iter()
            .filter(|delivery| wanted.is_none_or(|wanted| wanted == status(&delivery.state)))
            .map(DeliveryView::of)
            .collect();
        Ok(Reply::json(200, &List { items, next: page.next.as_ref().map(cursor) }))
    }

    /// A delivery to this endpoint alone, whatever types it wants.
    pub(super) async fn test(&self, request: &Request) -> Result<Reply, Problem> {
        let asked = idempotency(request, "test")?;
        let endpoint = self.endpoint(request).await?;
        is_enabled(&endpoint)?;
        let now = self.clock.now();
        let message = Outgoing::test(&asked, &endpoint.id, now);
        let planned = Delivery::new(&endpoint.id, message, now, self.pace);
        let kept = self.keep(&endpoint.id, &planned, |there| Ok(there.is_none().then(|| planned.clone())));
        self.sent(kept.await?).await
    }

    pub(super) async fn redeliver(&self, request: &Request) -> Result<Reply, Problem> {
        let endpoint = self.endpoint(request).await?;
        is_enabled(&endpoint)?;
        let now = self.clock.now();
        let key = store::delivery_key(&endpoint.id, request.in_path("delivery_id"));
        let changed = store::change::<Delivery, Problem>(&*self.documents, &*self.clock, &key, |there| {
            let unknown = || Problem::not_found("no such delivery; they are kept for 30 days");
            there.map(|delivery| delivery.redelivered(now, self.pace)).ok_or_else(unknown)
        });
        self.sent(changed.await?).await
    }

    /// The message follows the write. It is sent also where the write was made before, by a request that may not have
    /// come to its end: a message too many does nothing.
    async fn sent(&self, changed: Changed<Delivery>) -> Result<Reply, Problem> {
        let is_replayed = matches!(changed, Changed::Left(_));
        let Some(delivery) = changed.now() else {
            return Err(Problem::internal("a delivery came and went"));
        };
        errand::send(&*self.work, &delivery, self.clock.now())
            .await
            .map_err(|error| Problem::unavailable("the queue did not answer; try again", error))?;
        let reply = Reply::json(202, &DeliveryView::of(&delivery));
        Ok(if is_replayed { reply.with("idempotency-replayed", "true") } else { reply })
    }
}

fn is_enabled(endpoint: &Endpoint) -> Result<(), Problem> {
    match endpoint.standing {
        Standing::Enabled { .. } => Ok(()),
        Standing::Disabled { .. } | Standing::Deleted { .. } => {
            Err(Problem::conflict("the endpoint is disabled; enable it first"))
        }
    }
}

/// A place in the log and nothing else.
fn cursor(position: &Position) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(position).unwrap_or_default())
}

/// Only a place in this endpoint's log: the table refuses any other, and a client can write what it likes.
fn read_cursor(text: &str, endpoint: &Endpoint) -> Result<Position, Problem> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|json| serde_json::from_slice::<Position>(&json).ok())
        .filter(|position| position.pk == store::health_key(&endpoint.id).pk)
        .filter(|position| {
            position.sk.starts_with("delivery#") && position.order.parse::<Timestamp>().is_ok()
        })
        .ok_or_else(|| Problem::bad_request("the cursor is not one of this list; begin without a cursor"))
}
