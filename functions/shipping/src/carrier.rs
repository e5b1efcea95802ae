//! The carriers, behind one interface: request a shipment, buy its label, void the label, read a report on a parcel.
//!
//! [`Provider`] names who moves a shipment. It is an enum, so a new carrier is one folder below this module, one
//! variant, and the arms that the compiler then asks for. The types of this file are what every carrier can answer;
//! they hold no carrier's own words.

pub(crate) mod easypost;
pub(crate) mod parcel;
pub(crate) mod standard;
mod warehouse;

pub use parcel::Parcel;

use crate::address::Destination;
use easypost::EasyPost;
use events::{LabelPurchased, Line, OrderId, Provider, ShipmentRequested, TrackingStatus};
use jiff::Timestamp;
use outbound::{Secrets, Transport};
use resilience::Failure;
use runtime::Settings;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One scan by the carrier. Equal scans are duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Where the parcel is.
    pub status: TrackingStatus,
    /// The carrier's more precise word: letters, digits and underscores, at most 64.
    pub status_detail: Option<String>,
    /// When it happened, according to the carrier.
    pub occurred_at: Option<Timestamp>,
}

impl Scan {
    /// A scan from a webhook. A detail that is not one short word, or that is `unknown`, is dropped.
    fn reported(status: TrackingStatus, detail: Option<&str>, occurred_at: Option<Timestamp>) -> Self {
        let is_word = |text: &&str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        };
        let detail = detail.filter(is_word).filter(|text| *text != "unknown");
        Self { status, status_detail: detail.map(str::to_owned), occurred_at }
    }

    /// Whether the scan proves that the carrier has the parcel: `in_transit` and beyond. A carrier that fails to
    /// deliver a parcel, or returns it, has it too.
    pub(crate) fn moved(&self) -> bool {
        match self.status {
            TrackingStatus::InTransit
            | TrackingStatus::OutForDelivery
            | TrackingStatus::AvailableForPickup
            | TrackingStatus::Delivered
            | TrackingStatus::ReturnToSender
            | TrackingStatus::Failure => true,
            TrackingStatus::PreTransit | TrackingStatus::Other => false,
        }
    }
}

/// A carrier's report on one parcel: all scans that it knows, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingReport {
    /// Which parcel.
    pub parcel: Parcel,
    /// Its scans.
    pub scans: Vec<Scan>,
}

/// The answer to the request of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Requested {
    /// The carrier has a shipment of this id; the warehouse has none.
    Accepted {
        /// The carrier's id.
        shipment_id: Option<String>,
    },
    /// The carrier permanently refuses the customer's address.
    AddressRefused {
        /// The carrier's code.
        code: String,
    },
}

/// The answer to the purchase of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purchase {
    /// The label is bought, now or by an earlier call.
    Bought(LabelPurchased),
    /// No label is bought: none was to be, or the provider sells none.
    NotBought,
    /// The carrier offers no price. It may offer one later.
    NoOffer {
        /// Why.
        reason: String,
    },
    /// The carrier permanently refuses to sell a label.
    Refused {
        /// Why.
        reason: String,
    },
}

/// The answer to the void of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum VoidOutcome {
    /// The carrier takes the label back.
    Voided,
    /// The carrier refuses.
    Refused {
        /// Why.
        reason: String,
    },
}

/// Which label to buy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LabelOrder<'a> {
    /// The shipment.
    pub(crate) shipment: &'a ShipmentRequested,
    /// If false, a label that was bought earlier is reported, and none is bought.
    pub(crate) may_buy: bool,
    /// The message was delivered before, so the prices that came with the shipment may be stale.
    pub(crate) is_retry: bool,
}

/// Every carrier, and which one takes new shipments.
#[derive(Clone)]
pub struct Carriers {
    /// Takes new shipments. A shipment that exists stays with its own provider.
    pub provider: Provider,
    /// Needed even while the warehouse takes new shipments: older ones may be EasyPost's.
    pub(crate) easypost: EasyPost,
}

impl Carriers {
    /// The values of the setting `CARRIER`.
    pub const PROVIDERS: [(&'static str, Provider); 2] =
        [("warehouse", Provider::Warehouse), ("easypost", Provider::Easypost)];

    /// Reads the settings of all carriers. `transport` connects to the dependency of the given name; `secrets` hold
    /// the API keys.
    pub fn from_settings(
        settings: &mut Settings,
        provider: Provider,
        secrets: Arc<dyn Secrets>,
        transport: impl Fn(&'static str) -> Arc<dyn Transport>,
    ) -> Self {
        let takes_new_shipments = provider == Provider::Easypost;
        let transport = transport(EasyPost::NAME);
        Self {
            provider,
            easypost: EasyPost::from_settings(settings, takes_new_shipments, secrets, transport),
        }
    }

    /// Requests a shipment of the carrier that takes new ones. Costs nothing.
    pub(crate) async fn request(
        &self,
        order: &OrderId,
        to: &Destination,
        lines: &[Line],
    ) -> Result<Requested, Failure> {
        match self.provider {
            Provider::Warehouse => Ok(warehouse::request()),
            Provider::Easypost => self.easypost.request(order, to, lines).await,
        }
    }

    /// Buys the shipment's label, unless it is bought already.
    pub(crate) async fn label(&self, wanted: LabelOrder<'_>) -> Result<Purchase, Failure> {
        match wanted.shipment.provider {
            Provider::Warehouse => Ok(warehouse::label()),
            Provider::Easypost => {
                let id = carriers_id(wanted.shipment)?;
                self.easypost.label(id, wanted.may_buy, wanted.is_retry).await
            }
        }
    }

    /// Voids the shipment's label, unless it is void already. `None` if the provider sells no labels.
    pub(crate) async fn void(&self, shipment: &ShipmentRequested) -> Result<Option<VoidOutcome>, Failure> {
        match shipment.provider {
            Provider::Warehouse => Ok(None),
            Provider::Easypost => self.easypost.void(carriers_id(shipment)?).await.map(Some),
        }
    }
}

fn carriers_id(shipment: &ShipmentRequested) -> Result<&str, Failure> {
    let id = shipment.shipment_id.as_deref();
    id.ok_or_else(|| Failure::reject("the shipment lacks the id of the carrier's shipment"))
}

/// The inbox sources whose webhooks report on parcels. A pointer that an older build parked names no source; it
/// belongs to the first.
pub(crate) const SOURCES: [&str; 2] = [easypost::SOURCE, standard::SOURCE];

/// Reads a webhook of one of [`SOURCES`]. `None` if it reports on no parcel. An error names what is wrong, without values.
pub(crate) fn read_report(
    source: &str,
    event_type: &str,
    body: &[u8],
) -> Result<Option<TrackingReport>, String> {
    match source {
        easypost::SOURCE => easypost::report(event_type, body),
        standard::SOURCE => standard::report(event_type, body),
        _ => Err("no carrier reports under this source".to_owned()),
    }
}

#[cfg(test)]
mod tests;
