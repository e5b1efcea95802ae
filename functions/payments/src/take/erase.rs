//! The erasure of an order's personal data: the providers' webhooks about it, and its events.
//!
//! Payments holds no copy besides: a late `OrderPlaced` finds the payment in the stream and does nothing. The ids of the
//! provider's objects stay, because money can still move.

use super::{TakePayment, Work};
use crate::provider::{IntentId, SOURCES};
use event_store::{StreamId, erase_stream};
use events::{CustomerErasureRequested, PaymentDataErased, PaymentsEvent, ServiceEvent as _};
use resilience::Failure;
use webhooks::inbox::erasure::{erase_causes, erase_parked};

impl TakePayment {
    /// After `CustomerErasureRequested`.
    pub(super) async fn erase(
        &self,
        work: &Work<'_>,
        request: &CustomerErasureRequested,
    ) -> Result<(), Failure> {
        let (documents, stream): (_, &StreamId) = (&*self.documents, &work.stream);
        let envelopes = self.store.read(stream).await?;
        for envelope in &envelopes {
            if let Ok(PaymentsEvent::PaymentRequested(terms)) = PaymentsEvent::read(envelope) {
                let intent = IntentId::recorded(&terms.intent_id, &envelope.id)?;
                erase_parked(documents, &intent.partition(), SOURCES[0]).await?;
            }
        }
        erase_causes(documents, SOURCES, "", &envelopes).await?;
        erase_stream(&*self.store, &*self.redaction, stream, &request.pseudonym).await?;
        let erased = PaymentDataErased { pseudonym: request.pseudonym.clone() };
        self.append(work, |payment| Ok(payment.pseudonym.is_none().then(|| erased.clone().into()))).await?;
        // What was appended before that event, and after the stream was read.
        erase_stream(&*self.store, &*self.redaction, stream, &request.pseudonym).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
