//! EasyPost: one account for many carriers.
//!
//! `client` calls its API, `payload` holds the shapes on the wire, `translate` turns them into the types of
//! [`crate::carrier`], `terms` is what a shop ships with, `label` buys and voids labels, `webhook` receives its
//! events. A shipment is free; its label is paid for when it is bought, at most once, and refunded when it is voided.

mod client;
mod label;
mod payload;
mod terms;
mod translate;
mod webhook;

pub(super) use translate::report;
pub use webhook::CarrierWebhook;
pub(crate) use webhook::SOURCE;

use super::Requested;
use crate::address::Destination;
use client::{Client, EasyPostError};
use events::{Line, OrderId};
use outbound::{Secrets, Transport};
use resilience::Failure;
use runtime::Settings;
use std::sync::Arc;
use terms::Terms;

/// The carrier EasyPost: its client, and what the shop ships with.
#[derive(Clone)]
pub struct EasyPost {
    client: Client,
    pub(crate) terms: Terms,
}

impl EasyPost {
    /// The name of its breaker, and of the alarm on the breaker.
    pub const NAME: &str = "easypost";

    /// Reads `EASYPOST_*`, `SENDER_*` and `PARCEL_*`. The sender is required only if EasyPost takes new shipments.
    pub(super) fn from_settings(
        settings: &mut Settings,
        takes_new_shipments: bool,
        secrets: Arc<dyn Secrets>,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let terms = Terms::from_settings(settings, takes_new_shipments);
        let base = settings.base_url("EASYPOST_API_BASE");
        let api_key = settings.text("EASYPOST_API_KEY_SECRET");
        Self { client: Client { transport, secrets, api_key, base }, terms }
    }

    /// Creates the order's shipment. One that is forgotten after a crash costs nothing.
    pub(super) async fn request(
        &self,
        order: &OrderId,
        to: &Destination,
        lines: &[Line],
    ) -> Result<Requested, Failure> {
        match self.client.create(terms::new_shipment(&self.terms, order, to, lines)).await {
            Ok(created) => Ok(Requested::Accepted { shipment_id: Some(created.id) }),
            // Only an address is the customer's fault. Any other refused value is ours, and affects other orders
            // too: failing all of them would be worse than an alarm.
            Err(EasyPostError::Refused { code }) if code.starts_with("ADDRESS.") => {
                Ok(Requested::AddressRefused { code })
            }
            Err(error) => Err(error.into()),
        }
    }
}
