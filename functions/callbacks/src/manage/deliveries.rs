//! The delivery log of an endpoint, test events, and redeliveries.

use super::view::{DeliveryView, STATUSES, status};
use super::{ManageCallbacks, idempotency};
use crate::delivery::Delivery;
use crate::delivery_job;
use crate::endpoint::{Endpoint, EndpointState};
use crate::outgoing::Outgoing;
use crate::store::{self, Changed};
use event_store::{Position, Walk};
use jiff::Timestamp;
use runtime::cursor;
use runtime::http::{Problem, Reply, Request};
use serde::Serialize;

#[derive(Serialize)]
struct List<'a> {
    items: Vec<DeliveryView<'a>>,
    /// The cursor of the next page; `null` on the last one.
    next: Option<String>,
}

impl ManageCallbacks {
    /// Newest first. The status filter applies after the page is read, so a page may be short and still have a next one.
    pub(super) async fn deliveries(&self, request: &Request) -> Result<Reply, Problem> {
        request.query_has_only(&["status", "limit", "cursor"])?;
        let endpoint = self.endpoint(request).await?;
        let limit = request.number_in_query("limit", 25, 1, 100)?;
        let wanted = request.in_query("status");
        if wanted.is_some_and(|wanted| !STATUSES.contains(&wanted)) {
            return Err(Problem::bad_request(format!("status is one of {}", STATUSES.join(", "))));
        }
        let after = request.in_query("cursor").map(|text| read_cursor(text, &endpoint)).transpose()?;
        let page = self.deliveries_by_time.page(&endpoint.id, Walk::Backward, limit, after.as_ref()).await?;
        let read = page.documents.iter().map(|(key, document)| document.read(key));
        let deliveries = read.collect::<Result<Vec<Delivery>, _>>()?;
        let items = deliveries
            .iter()
            .filter(|delivery| wanted.is_none_or(|wanted| wanted == status(&delivery.state)))
            .map(DeliveryView::of)
            .collect();
        Ok(Reply::json(200, &List { items, next: page.next.as_ref().map(cursor::encode) }))
    }

    /// Creates a test delivery for this endpoint, whatever types it wants.
    pub(super) async fn test(&self, request: &Request) -> Result<Reply, Problem> {
        let source = idempotency(request, "test")?;
        let endpoint = self.endpoint(request).await?;
        check_enabled(&endpoint)?;
        let now = self.clock.now();
        let message = Outgoing::test(&source, &endpoint.id, now);
        let new = Delivery::new(&endpoint.id, message, now);
        let changed =
            self.change_delivery(&endpoint.id, &new.id, |stored| Ok(stored.is_none().then(|| new.clone())));
        self.send(changed.await?).await
    }

    pub(super) async fn redeliver(&self, request: &Request) -> Result<Reply, Problem> {
        let endpoint = self.endpoint(request).await?;
        check_enabled(&endpoint)?;
        let now = self.clock.now();
        let changed = self.change_delivery(&endpoint.id, request.in_path("delivery_id"), |stored| {
            let unknown = || Problem::not_found("no such delivery; deliveries are kept for 30 days");
            stored.map(|delivery| delivery.redelivered(now)).ok_or_else(unknown)
        });
        self.send(changed.await?).await
    }

    /// Sends the job after the write. A request that wrote nothing sends none: the delivery has its message.
    async fn send(&self, changed: Changed<Delivery>) -> Result<Reply, Problem> {
        let is_replayed = matches!(changed, Changed::NotNeeded(_));
        let Some(delivery) = changed.stored() else {
            return Err(Problem::internal("the delivery was neither written nor found"));
        };
        if !is_replayed {
            delivery_job::send(&*self.documents, &*self.work, &*self.clock, &delivery).await?;
        }
        let reply = Reply::json(202, &DeliveryView::of(&delivery));
        Ok(if is_replayed { reply.with("idempotency-replayed", "true") } else { reply })
    }
}

fn check_enabled(endpoint: &Endpoint) -> Result<(), Problem> {
    match endpoint.state {
        EndpointState::Enabled { .. } => Ok(()),
        EndpointState::Disabled { .. } | EndpointState::Deleted { .. } => {
            Err(Problem::conflict("the endpoint is disabled; enable it first"))
        }
    }
}

/// Accepts only a position in this endpoint's log. A cursor is untrusted input, and the table fails on any other position.
fn read_cursor(text: &str, endpoint: &Endpoint) -> Result<Position, Problem> {
    cursor::decode::<Position>(text)
        .filter(|position| position.pk == store::health_key(&endpoint.id).pk)
        .filter(|position| {
            position.sk.starts_with("delivery#") && position.order.parse::<Timestamp>().is_ok()
        })
        .ok_or_else(|| Problem::bad_request("the cursor is not of this list; start without a cursor"))
}
