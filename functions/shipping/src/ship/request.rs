//! The stock is allocated: the shipment begins.

use super::ShipOrder;
use crate::easypost::{EasyPostError, request};
use crate::{Shipment, Stage, address, append, open};
use event_store::StreamId;
use events::{Line, OrderId, Provider};
use resilience::Failure;
use runtime::queue::Message;

impl ShipOrder {
    pub(super) async fn request(
        &self,
        order: &OrderId,
        message: &Message,
        lines: &[Line],
    ) -> Result<(), Failure> {
        let shipment = self.store.history::<Shipment>(&StreamId::order(order)).await?.state;
        if shipment.stage != Stage::Absent {
            return self.off_the_list_unless_open(order, &shipment).await;
        }
        let destination = address::of(&*self.documents, order)
            .await?
            .ok_or_else(|| Failure::retry("the order's address has not arrived yet, or was erased"))?;
        let shipment_id = match self.provider {
            Provider::Warehouse => None,
            Provider::Easypost => {
                let wanted = request(&self.terms, order, &destination, lines);
                match self.easypost.create(wanted).await {
                    Ok(created) => Some(created.id),
                    // Only an address is the customer's. Whatever else is unsound is ours, and other orders' too:
                    // failing them all would be worse than an alarm.
                    Err(EasyPostError::Refused { code }) if code.starts_with("ADDRESS.") => {
                        return self.undeliverable(order, message, &code).await;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        };
        open::add(&*self.documents, order, self.clock.now()).await?;
        let cause = message.envelope.as_cause();
        let decided = append(&*self.store, &*self.clock, order, &cause, |shipment| {
            shipment.decide_request(self.provider, shipment_id.as_deref(), lines)
        })
        .await?;
        // A cancellation may have been first; its own message may have come by before the list knew the order.
        self.off_the_list_unless_open(order, &decided.history().state).await
    }

    async fn undeliverable(&self, order: &OrderId, message: &Message, code: &str) -> Result<(), Failure> {
        let reason = format!("the carrier refuses the address ({code})");
        let cause = message.envelope.as_cause();
        append(&*self.store, &*self.clock, order, &cause, |shipment| shipment.decide_undeliverable(&reason))
            .await
            .map(drop)
    }

    async fn off_the_list_unless_open(&self, order: &OrderId, shipment: &Shipment) -> Result<(), Failure> {
        if !shipment.is_open() {
            open::remove(&*self.documents, order).await?;
        }
        Ok(())
    }
}
