//! `manage-shipments`: the warehouse reads its shipments and reports what it did.
//!
//! Trigger: `GET /shipments?open=true&limit=&cursor=`, `GET /shipments/{order_id}`, and
//! `POST /shipments/{order_id}/dispatch | tracking | deliver | fail | return | void | release | stray`. A viewer reads, staff report.
//! Effect: at most one event: `Shipped`, `TrackingCorrected`, `Delivered`, `ShippingFailed`, `ReturnReceived`,
//! `LabelVoidRequested`, `ShipmentReleased` or `StrayParcelSettled`. A dispatch or a correction maps its code to the order first. No carrier is called here: `ship-order` voids the label when it receives `LabelVoidRequested`.
//! Idempotent by the shipment's state: `202` if an event was appended, `200` for an identical repeat, `409` if the
//! shipment's status does not allow it or if another order may use the tracking code.

mod commands;
mod list;
#[cfg(test)]
mod tests;
mod view;

use crate::shipment::Refusal;
use crate::{Parcel, Shipment, ShipmentStatus, address, tracking};
use async_trait::async_trait;
use commands::{Dispatch, Fail, Return, Stray, Tracking};
use event_store::{Decided, Documents, EventStore, History, StepError, StreamId, append_decided_on};
use events::{OrderId, ShippingEvent};
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, Role};
use std::sync::Arc;
use view::{Page, View};

/// The step. See the module.
pub struct ManageShipments {
    /// The shipments' streams.
    pub store: Arc<dyn EventStore>,
    /// Addresses, the map of codes, the list of open shipments.
    pub documents: Arc<dyn Documents>,
    /// Sets the time of events.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Endpoint for ManageShipments {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.to_change(Role::Staff)?;
        match request.route.as_str() {
            "GET /shipments" => self.list(&request).await,
            "GET /shipments/{order_id}" => self.show(&request.order_id()?).await,
            "POST /shipments/{order_id}/dispatch" => self.dispatch(&request).await,
            "POST /shipments/{order_id}/tracking" => self.correct(&request).await,
            "POST /shipments/{order_id}/release" => {
                request.no_body()?;
                let operator = &request.caller()?.customer;
                self.execute(&request, |shipment| shipment.decide_release(operator)).await
            }
            "POST /shipments/{order_id}/stray" => {
                let Stray { outcome } = request.json()?;
                let operator = &request.caller()?.customer;
                self.execute(&request, |shipment| shipment.decide_stray(outcome, operator)).await
            }
            "POST /shipments/{order_id}/deliver" => {
                request.no_body()?;
                self.execute(&request, Shipment::decide_delivered).await
            }
            "POST /shipments/{order_id}/void" => {
                request.no_body()?;
                self.execute(&request, Shipment::decide_void_again).await
            }
            "POST /shipments/{order_id}/fail" => {
                let Fail { reason } = request.json::<Fail>()?.checked()?;
                self.execute(&request, |shipment| shipment.decide_failed(&reason)).await
            }
            "POST /shipments/{order_id}/return" => {
                let Return { restock } = request.json()?;
                self.execute(&request, |shipment| shipment.decide_returned(restock)).await
            }
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

impl ManageShipments {
    async fn show(&self, order: &OrderId) -> Result<Reply, Problem> {
        let history = self.history(order).await?;
        if history.state.status() == ShipmentStatus::Absent {
            return Err(Problem::not_found("this order has no shipment"));
        }
        let destination = address::of(&*self.documents, order).await?;
        Ok(Reply::json(200, &Page::of(View::of(order, &history), destination)))
    }

    async fn dispatch(&self, request: &Request) -> Result<Reply, Problem> {
        let order = request.order_id()?;
        let given = request.json::<Dispatch>()?.checked()?;
        let history = self.history(&order).await?;
        // A dispatch that is refused, or a repeat, maps no code.
        if let Some(ShippingEvent::Shipped(shipped)) =
            history.state.decide_dispatch(given.as_ref()).map_err(problem)?
        {
            let parcel = Parcel { carrier: shipped.carrier, tracking_code: shipped.tracking_code };
            self.claim(&parcel, &order).await?;
        }
        self.execute_on(history, request, |shipment| shipment.decide_dispatch(given.as_ref())).await
    }

    async fn correct(&self, request: &Request) -> Result<Reply, Problem> {
        let order = request.order_id()?;
        let operator = &request.caller()?.customer;
        let given = request.json::<Tracking>()?.checked()?;
        let history = self.history(&order).await?;
        if history.state.decide_correction(&given, operator).map_err(problem)?.is_some() {
            self.claim(&given, &order).await?;
        }
        self.execute_on(history, request, |shipment| shipment.decide_correction(&given, operator)).await
    }

    async fn claim(&self, parcel: &Parcel, order: &OrderId) -> Result<(), Problem> {
        if tracking::claim(&*self.documents, &*self.store, parcel, order).await? {
            return Ok(());
        }
        Err(Problem::conflict("this tracking code belongs to another order"))
    }

    async fn execute(
        &self,
        request: &Request,
        decide: impl Fn(&Shipment) -> Result<Option<ShippingEvent>, Refusal> + Send + Sync,
    ) -> Result<Reply, Problem> {
        let history = self.history(&request.order_id()?).await?;
        self.execute_on(history, request, decide).await
    }

    /// The same for a stream that was just read.
    async fn execute_on(
        &self,
        history: History<Shipment>,
        request: &Request,
        decide: impl Fn(&Shipment) -> Result<Option<ShippingEvent>, Refusal> + Send + Sync,
    ) -> Result<Reply, Problem> {
        let order = request.order_id()?;
        let (stream, cause) = (StreamId::order(&order), &request.cause);
        let decided = append_decided_on(history, &*self.store, &stream, cause, &*self.clock, decide).await;
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
        Refusal::Status(ShipmentStatus::Absent) => Problem::conflict("this order has no shipment yet"),
        Refusal::Status(ShipmentStatus::Held) => Problem::conflict(
            "the shipment is held because all money was refunded: release it, or cancel the order",
        ),
        Refusal::Status(status) => Problem::conflict(format!("the shipment is {}", status.as_str())),
        Refusal::IssuedCode => Problem::conflict("the parcel left with the code of its label"),
        Refusal::NotHeld => Problem::conflict("the shipment is not held"),
        Refusal::NotStray => Problem::conflict(
            "no scan of this parcel waits for an answer, or another answer was given after the last one",
        ),
        Refusal::NothingToVoid => Problem::conflict("the shipment has no label to void"),
        Refusal::NoCode => Problem::validation(
            ["/carrier", "/tracking_code"]
                .map(|field| FieldError::at(field, "required because no label was bought"))
                .into(),
        ),
    }
}
