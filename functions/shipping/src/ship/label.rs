//! Labels: bought once, and given back where they have no future.
//!
//! The shipment's state at the carrier is asked for before anything is done there, so a message that comes again
//! after a crash finds what the crash had left behind.

use super::ShipOrder;
use crate::easypost::{EasyPostError, Refunded, label, lowest, refunded};
use crate::shipment::Voiding;
use crate::{Parcel, Shipment, append, open, tracking};
use event_store::StreamId;
use events::{LabelPurchased, OrderId, Provider, ShippingEvent};
use resilience::Failure;
use runtime::queue::Message;

/// After so many deliveries a shipment without a rate is given up: until then a carrier may only be out.
const PATIENCE: u32 = 6;

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
                    Some(rate) => self.buy(id, &rate.id, message).await?,
                    None => refused_in_the_end(message, "no carrier offers a rate")?,
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

    async fn buy(&self, id: &str, rate: &str, message: &Message) -> Result<Purchase, Failure> {
        match self.easypost.buy(id, rate).await {
            Ok(bought) => label(&bought)
                .map(Purchase::Bought)
                .ok_or_else(|| Failure::retry("the label is bought and not ready yet")),
            Err(EasyPostError::Refused { code }) if code.contains(".RATE") => {
                refused_in_the_end(message, &code)
            }
            Err(EasyPostError::Refused { code }) => {
                Ok(Purchase::Refused(format!("the carrier sells no label ({code})")))
            }
            Err(error) => Err(error.into()),
        }
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

fn refused_in_the_end(message: &Message, why: &str) -> Result<Purchase, Failure> {
    if message.deliveries < PATIENCE {
        return Err(Failure::retry(why));
    }
    Ok(Purchase::Refused(format!("the carrier sells no label ({why})")))
}
