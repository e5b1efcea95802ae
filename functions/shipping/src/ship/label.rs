//! Labels: bought once, and given back where they have no future.
//!
//! The shipment's state at the carrier is asked for before anything is done there, so a message that comes again
//! after a crash finds what the crash had left behind.

use super::ShipOrder;
use crate::easypost::{EasyPostError, Refunded, label, lowest, refunded};
use crate::shipment::Voiding;
use crate::{Parcel, Shipment, append, open, tracking};
use event_store::{Document, Key, StreamId};
use events::{LabelPurchased, OrderId, Provider, ShippingEvent};
use jiff::{SignedDuration, Timestamp};
use resilience::Failure;
use runtime::queue::Message;

/// Once EasyPost has said so often that no carrier sells a label, the shipment is given up: until then a carrier may only be out.
const PATIENCE: u64 = 6;
/// No message waits for longer.
const UNSOLD_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What came of a purchase that was answered clearly.
enum Purchase {
    Bought(LabelPurchased),
    Refused(String),
}

impl ShipOrder {
    pub(super) async fn buy_label(&self, order: &OrderId, message: &Message) -> Result<(), Failure> {
        let shipment = self.shipment(order).await?;
        let Some(id) = easypost_id(&shipment)? else { return Ok(()) };
        if shipment.label.is_some() {
            return Ok(());
        }
        let found = self.easypost.retrieve(id).await?;
        let purchase = match label(&found) {
            Some(label) => Purchase::Bought(label),
            // It was cancelled, failed, or left the house by hand.
            None if !shipment.is_open() => return Ok(()),
            None => {
                // Rates grow old while a message waits.
                let fresh = message.deliveries > 1 || found.rates.as_ref().is_none_or(Vec::is_empty);
                let rates =
                    if fresh { self.easypost.rerate(id).await? } else { found.rates.unwrap_or_default() };
                match lowest(&rates, self.terms.service.as_deref()) {
                    Some(rate) => self.buy(order, id, &rate.id).await?,
                    None => self.refused_in_the_end(order, "no carrier offers a rate").await?,
                }
            }
        };
        let cause = message.envelope.as_cause();
        match purchase {
            Purchase::Bought(label) => {
                let parcel =
                    Parcel { carrier: label.carrier.clone(), tracking_code: label.tracking_code.clone() };
                tracking::map(&*self.documents, &parcel, order).await?;
                append(&*self.store, &*self.clock, order, &cause, |shipment| shipment.decide_label(&label))
                    .await?;
            }
            Purchase::Refused(reason) => {
                append(&*self.store, &*self.clock, order, &cause, |shipment| {
                    shipment.decide_no_label(&reason)
                })
                .await?;
            }
        }
        Ok(())
    }

    async fn buy(&self, order: &OrderId, id: &str, rate: &str) -> Result<Purchase, Failure> {
        match self.easypost.buy(id, rate).await {
            Ok(bought) => label(&bought)
                .map(Purchase::Bought)
                .ok_or_else(|| Failure::retry("the label is bought and not ready yet")),
            Err(EasyPostError::Refused { code }) if code.contains(".RATE") => {
                self.refused_in_the_end(order, &code).await
            }
            Err(EasyPostError::Refused { code }) => {
                Ok(Purchase::Refused(format!("the carrier sells no label ({code})")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What counts is what EasyPost said: a message is delivered as well while EasyPost is out, or is not called. Counted twice, it is
    /// given up a little earlier.
    async fn refused_in_the_end(&self, order: &OrderId, why: &str) -> Result<Purchase, Failure> {
        let key = Key::new(format!("order#{order}"), "unsold");
        let before = self.documents.get(&key).await?.map_or(0, |document| document.version);
        if before + 1 < PATIENCE {
            let until = self.clock.now().saturating_add(UNSOLD_FOR).unwrap_or(Timestamp::MAX);
            self.documents.put_newer(&key, &Document::of(&()).versioned(before + 1).until(until)).await?;
            return Err(Failure::retry(why));
        }
        Ok(Purchase::Refused(format!("the carrier sells no label ({why})")))
    }

    /// After `LabelPurchased`, `ShipmentCancelled`, `ShippingFailed` and `LabelVoidRequested`.
    pub(super) async fn settle(&self, order: &OrderId, message: &Message) -> Result<(), Failure> {
        let shipment = self.shipment(order).await?;
        if !shipment.is_open()
            && !matches!(message.event, events::Event::Shipping(ShippingEvent::LabelPurchased(_)))
        {
            open::remove(&*self.documents, order).await?;
        }
        if shipment.label_without_future().is_none() {
            return Ok(());
        }
        let Some(id) = easypost_id(&shipment)? else { return Ok(()) };
        let voiding = self.give_back(id).await?;
        let cause = message.envelope.as_cause();
        append(&*self.store, &*self.clock, order, &cause, |shipment| shipment.decide_voiding(&voiding))
            .await?;
        Ok(())
    }

    async fn give_back(&self, id: &str) -> Result<Voiding, Failure> {
        if refunded(&self.easypost.retrieve(id).await?) == Refunded::Accepted {
            return Ok(Voiding::Done);
        }
        match self.easypost.refund(id).await {
            Ok(answer) => match refunded(&answer) {
                Refunded::Accepted => Ok(Voiding::Done),
                Refunded::Open { rejected: true } => {
                    Ok(Voiding::Refused("the carrier rejects the refund".to_owned()))
                }
                Refunded::Open { rejected: false } => Err(Failure::retry("the refund is not under way yet")),
            },
            Err(EasyPostError::Refused { code }) => Ok(Voiding::Refused(code)),
            Err(error) => Err(error.into()),
        }
    }

    async fn shipment(&self, order: &OrderId) -> Result<Shipment, Failure> {
        Ok(self.store.history::<Shipment>(&StreamId::order(order)).await?.state)
    }
}

/// The carrier's shipment; `None` where there is no carrier, because the warehouse dispatches it itself or there
/// was never a request.
fn easypost_id(shipment: &Shipment) -> Result<Option<&str>, Failure> {
    let Some(request) = &shipment.request else { return Ok(None) };
    match (request.provider, &request.shipment_id) {
        (Provider::Warehouse, _) => Ok(None),
        (Provider::Easypost, Some(id)) => Ok(Some(id)),
        (Provider::Easypost, None) => Err(Failure::reject("the shipment names no shipment of its carrier")),
    }
}
