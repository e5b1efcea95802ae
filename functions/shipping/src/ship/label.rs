//! Labels: buys the label of a requested shipment, and voids a label that the shipment does not use.

use super::ShipOrder;
use crate::carrier::{LabelOrder, Parcel, Purchase};
use crate::{Shipment, append, open, tracking};
use event_store::{Document, Key, StreamId};
use events::{OrderId, ShippingEvent};
use jiff::{SignedDuration, Timestamp};
use resilience::Failure;
use runtime::queue::Message;

/// How often the carrier may offer no price before the shipment fails. It may only be a carrier that is down.
const PATIENCE: u64 = 6;
/// How long those answers are counted: longer than any message is retried.
const COUNTED_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

impl ShipOrder {
    /// After `ShipmentRequested`.
    pub(super) async fn buy_label(&self, order: &OrderId, message: &Message) -> Result<(), Failure> {
        let shipment = self.shipment(order).await?;
        let Some(request) = &shipment.request else { return Ok(()) };
        if shipment.label.is_some() {
            return Ok(());
        }
        // A shipment that was cancelled, failed, is held, or left without a label needs none. One that is bought must be known.
        let (may_buy, is_retry) = (shipment.is_open(), message.is_repeat());
        let purchase = self.carriers.label(LabelOrder { shipment: request, may_buy, is_retry }).await?;
        let refusal = match purchase {
            Purchase::Bought(label) => {
                let parcel =
                    Parcel { carrier: label.carrier.clone(), tracking_code: label.tracking_code.clone() };
                tracking::map(&*self.documents, &parcel, order).await?;
                let cause = message.envelope.as_cause();
                append(&*self.store, &*self.clock, order, &cause, |shipment| shipment.decide_label(&label))
                    .await?;
                return Ok(());
            }
            Purchase::NotBought => return Ok(()),
            Purchase::NoOffer { reason } => self.count_no_offer(order, reason).await?,
            Purchase::Refused { reason } => reason,
        };
        let reason = format!("the carrier sells no label ({refusal})");
        let cause = message.envelope.as_cause();
        append(&*self.store, &*self.clock, order, &cause, |shipment| shipment.decide_no_label(&reason))
            .await?;
        Ok(())
    }

    /// Counts an answer without a price, and retries until there are too many.
    ///
    /// Answers of the carrier are counted, not deliveries of the message: a message is also delivered while the
    /// carrier is down or not called. An answer that is counted twice after a crash only ends the patience earlier.
    async fn count_no_offer(&self, order: &OrderId, reason: String) -> Result<String, Failure> {
        let key = Key::new(format!("order#{order}"), "unsold");
        let before = self.documents.get(&key).await?.map_or(0, |document| document.version);
        if before + 1 < PATIENCE {
            let until = self.clock.now().saturating_add(COUNTED_FOR).unwrap_or(Timestamp::MAX);
            self.documents.put_newer(&key, &Document::of(&()).versioned(before + 1).until(until)).await?;
            return Err(Failure::retry(reason));
        }
        Ok(reason)
    }

    /// After `LabelPurchased`, `ShipmentCancelled`, `ShippingFailed` and `LabelVoidRequested`: leaves the open list if
    /// the shipment ended, and voids a label that is not used.
    pub(super) async fn settle(&self, order: &OrderId, message: &Message) -> Result<(), Failure> {
        let shipment = self.shipment(order).await?;
        if !shipment.is_waiting()
            && !matches!(message.event, events::Event::Shipping(ShippingEvent::LabelPurchased(_)))
        {
            open::remove(&*self.documents, order).await?;
        }
        if shipment.unused_label().is_none() {
            return Ok(());
        }
        let Some(request) = &shipment.request else { return Ok(()) };
        let Some(outcome) = self.carriers.void(request).await? else { return Ok(()) };
        let cause = message.envelope.as_cause();
        append(&*self.store, &*self.clock, order, &cause, |shipment| shipment.decide_void(&outcome)).await?;
        Ok(())
    }

    async fn shipment(&self, order: &OrderId) -> Result<Shipment, Failure> {
        Ok(self.store.history::<Shipment>(&StreamId::order(order)).await?.state)
    }
}
