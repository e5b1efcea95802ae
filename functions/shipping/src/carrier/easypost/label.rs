//! Buys and voids labels at EasyPost.
//!
//! Each step first reads the shipment from EasyPost. So a message that is redelivered after a crash finds the label
//! that was bought, or the refund that was requested, and does neither again.

use super::EasyPost;
use super::client::EasyPostError;
use super::translate::{Refund, label, lowest, refund};
use crate::carrier::{Purchase, VoidOutcome};
use resilience::Failure;

impl EasyPost {
    /// Buys the label of EasyPost's shipment `id`, unless it is bought already.
    pub(in crate::carrier) async fn label(
        &self,
        id: &str,
        may_buy: bool,
        is_retry: bool,
    ) -> Result<Purchase, Failure> {
        let found = self.client.retrieve(id).await?;
        if let Some(label) = label(&found) {
            return Ok(Purchase::Bought(label));
        }
        if !may_buy {
            return Ok(Purchase::NotBought);
        }
        let known = found.rates.filter(|rates| !is_retry && !rates.is_empty());
        let rates = match known {
            Some(rates) => rates,
            None => self.client.rerate(id).await?,
        };
        match lowest(&rates, self.terms.service.as_deref()) {
            Some(rate) => self.buy(id, &rate.id).await,
            None => Ok(Purchase::NoOffer { reason: "no carrier offers a rate".to_owned() }),
        }
    }

    async fn buy(&self, id: &str, rate: &str) -> Result<Purchase, Failure> {
        match self.client.buy(id, rate).await {
            Ok(bought) => label(&bought)
                .map(Purchase::Bought)
                .ok_or_else(|| Failure::retry("the label is bought but not ready yet")),
            // For example a rate that expired. A later call buys another.
            Err(EasyPostError::Refused { code }) if code.contains(".RATE") => {
                Ok(Purchase::NoOffer { reason: code })
            }
            Err(EasyPostError::Refused { code }) => Ok(Purchase::Refused { reason: code }),
            Err(error) => Err(error.into()),
        }
    }

    /// Requests the refund of the label of EasyPost's shipment `id`, unless EasyPost has accepted it already.
    pub(in crate::carrier) async fn void(&self, id: &str) -> Result<VoidOutcome, Failure> {
        if refund(&self.client.retrieve(id).await?) == Refund::Accepted {
            return Ok(VoidOutcome::Voided);
        }
        match self.client.refund(id).await {
            Ok(answer) => match refund(&answer) {
                Refund::Accepted => Ok(VoidOutcome::Voided),
                Refund::Rejected => {
                    Ok(VoidOutcome::Refused { reason: "the carrier rejects the refund".to_owned() })
                }
                Refund::NotRequested => Err(Failure::retry("the refund is not under way yet")),
            },
            Err(EasyPostError::Refused { code }) => Ok(VoidOutcome::Refused { reason: code }),
            Err(error) => Err(error.into()),
        }
    }
}
