//! The stock is allocated, so the shipment is requested.

use super::ShipOrder;
use crate::carrier::Requested;
use crate::{Shipment, Stage, address, append, open};
use event_store::StreamId;
use events::{Line, OrderId};
use resilience::Failure;
use runtime::queue::Message;

impl ShipOrder {
    /// After `InventoryUpdated`.
    pub(super) async fn request(
        &self,
        order: &OrderId,
        message: &Message,
        lines: &[Line],
    ) -> Result<(), Failure> {
        let shipment = self.store.history::<Shipment>(&StreamId::order(order)).await?.state;
        if shipment.stage != Stage::Absent {
            return self.unlist_unless_open(order, &shipment).await;
        }
        let destination = address::of(&*self.documents, order)
            .await?
            .ok_or_else(|| Failure::retry("the order's address has not arrived yet, or was erased"))?;
        let shipment_id = match self.carriers.request(order, &destination, lines).await? {
            Requested::Accepted { shipment_id } => shipment_id,
            Requested::AddressRefused { code } => return self.undeliverable(order, message, &code).await,
        };
        open::add(&*self.documents, order, self.clock.now()).await?;
        let cause = message.envelope.as_cause();
        let decided = append(&*self.store, &*self.clock, order, &cause, |shipment| {
            shipment.decide_request(self.carriers.provider, shipment_id.as_deref(), lines)
        })
        .await?;
        // The shipment may be cancelled meanwhile, and the message of that event handled before the order was listed.
        self.unlist_unless_open(order, &decided.history().state).await
    }

    async fn undeliverable(&self, order: &OrderId, message: &Message, code: &str) -> Result<(), Failure> {
        let reason = format!("the carrier refuses the address ({code})");
        let cause = message.envelope.as_cause();
        append(&*self.store, &*self.clock, order, &cause, |shipment| shipment.decide_undeliverable(&reason))
            .await
            .map(drop)
    }

    async fn unlist_unless_open(&self, order: &OrderId, shipment: &Shipment) -> Result<(), Failure> {
        if !shipment.is_waiting() {
            open::remove(&*self.documents, order).await?;
        }
        Ok(())
    }
}
