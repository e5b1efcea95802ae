//! `manage-shipments`: the warehouse's side.
//!
//! Trigger: `GET /shipments?open=true&limit=&cursor=`, `GET /shipments/{order_id}`, and
//! `POST /shipments/{order_id}/dispatch | deliver | fail | return | void`, for the admin group. Effect: at most one
//! event: `Shipped`, `Delivered`, `ShippingFailed`, `ReturnReceived` or `LabelVoidRequested`; a dispatch maps its code to
//! the order before. The carrier is not called here: `ship-order` gives a label back once it hears the wish.
//! Idempotent by the shipment's state: `202` where the event was appended, `200` for an identical repeat, `409`
//! where the shipment's state does not allow it, and for a tracking code that another order may use.

mod commands;
mod list;
#[cfg(test)]
mod tests;
mod view;

use crate::shipment::Refusal;
use crate::{Shipment, Standing, address, tracking};
use async_trait::async_trait;
use commands::{Dispatch, Fail, Return};
use event_store::{Decided, Documents, EventStore, History, StepError, StreamId, append_decided};
use events::{OrderId, ShippingEvent};
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request};
use std::sync::Arc;
use view::{Page, View};

/// The step. See the module.
pub struct ManageShipments {
    /// The shipments' streams.
    pub store: Arc<dyn EventStore>,
    /// Addresses, the map of codes, the list of open shipments.
    pub documents: Arc<dyn Documents>,
    /// Dates events.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Endpoint for ManageShipments {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.admin()?;
        match request.route.as_str() {
            "GET /shipments" => self.list(&request).await,
            "GET /shipments/{order_id}" => self.show(&request.order_id()?).await,
            "POST /shipments/{order_id}/dispatch" => self.dispatch(&request).await,
            "POST /shipments/{order_id}/deliver" => {
                request.nothing()?;
                self.obey(&request, Shipment::decide_delivered).await
            }
            "POST /shipments/{order_id}/void" => {
                request.nothing()?;
                self.obey(&request, Shipment::decide_void_again).await
            }
            "POST /shipments/{order_id}/fail" => {
                let Fail { reason } = request.json::<Fail>()?.checked()?;
                self.obey(&request, |shipment| shipment.decide_failed(&reason)).await
            }
            "POST /shipments/{order_id}/return" => {
                let Return { restock } = request.json()?;
                self.obey(&request, |shipment| shipment.decide_returned(restock)).await
            }
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

impl ManageShipments {
    async fn show(&self, order: &OrderId) -> Result<Reply, Problem> {
        let history = self.history(order).await?;
        if history.state.standing() == Standing::Absent {
            return Err(Problem::not_found("there is no shipment of this order"));
        }
        let destination = address::of(&*self.documents, order).await?;
        Ok(Reply::json(200, &Page::of(View::of(order, &history), destination)))
    }

    async fn dispatch(&self, request: &Request) -> Result<Reply, Problem> {
        let order = request.order_id()?;
        let given = request.json::<Dispatch>()?.checked()?;
        let state = self.history(&order).await?.state;
        // Nothing is mapped for a dispatch that is refused or was made before.
        if let Some(ShippingEvent::Shipped(shipped)) =
            state.decide_dispatch(given.as_ref()).map_err(problem)?
        {
            let parcel = crate::Parcel { carrier: shipped.carrier, tracking_code: shipped.tracking_code };
            if !tracking::claim(&*self.documents, &*self.store, &parcel, &order).await? {
                return Err(Problem::conflict("this tracking code belongs to another order"));
            }
        }
        self.obey(request, |shipment| shipment.decide_dispatch(given.as_ref())).await
    }

    async fn obey(
        &self,
        request: &Request,
        decide: impl Fn(&Shipment) -> Result<Option<ShippingEvent>, Refusal> + Send + Sync,
    ) -> Result<Reply, Problem> {
        let order = request.order_id()?;
        let stream = StreamId::order(&order);
        let decided = append_decided(&*self.store, &stream, &request.cause, &*self.clock, decide).await;
        let (status, history) = match decided {
            Ok(Decided::Appended(history)) => (202, history),
            Ok(Decided::Nothing(history)) => (200, history),
            Err(StepError::Refused(refusal)) => return Err(problem(refusal)),
            Err(StepError::Store(error)) => return Err(error.into()),
        };
        Ok(Reply::json(status, &View::of(&order, &history)))
    }

    async fn history(&self, order: &OrderId) -> Result<History<Shipment>, Problem> {
        Ok(self.store.history(&StreamId::order(order)).await?)
    }
}

fn problem(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::Stands(Standing::Absent) => Problem::conflict("there is no shipment of this order yet"),
        Refusal::Stands(standing) => Problem::conflict(format!("the shipment is {}", standing.as_str())),
        Refusal::NothingToVoid => Problem::conflict("there is no label that has to be given back"),
        Refusal::NoCode => Problem::validation(
            ["/carrier", "/tracking_code"]
                .map(|field| FieldError::at(field, "needed, since no label was bought"))
                .into(),
        ),
    }
}
