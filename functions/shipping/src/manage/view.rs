//! The JSON of a shipment in the API.

use crate::address::Destination;
use crate::{LabelState, Shipment, ShipmentStatus, Stage};
use event_store::History;
use events::{Line, OrderId, OrderNumber, Provider, ShippingAddress, TrackingStatus};
use jiff::Timestamp;
use serde::Serialize;

/// A shipment: what to pack, and its state.
#[derive(Serialize)]
pub(super) struct View<'a> {
    order_id: &'a OrderId,
    number: OrderNumber,
    state: ShipmentStatus,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    provider: Option<Provider>,
    lines: &'a [Line],
    label: Option<LabelView<'a>>,
    /// The parcel after it left the warehouse.
    parcel: Option<ParcelView<'a>>,
    requested_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct LabelView<'a> {
    carrier: &'a str,
    tracking_code: &'a str,
    url: &'a str,
    state: LabelState,
}

#[derive(Serialize)]
struct ParcelView<'a> {
    carrier: &'a str,
    tracking_code: &'a str,
    last_scan: Option<ScanView<'a>>,
}

#[derive(Serialize)]
struct ScanView<'a> {
    status: TrackingStatus,
    status_detail: Option<&'a str>,
    occurred_at: Option<Timestamp>,
}

impl<'a> View<'a> {
    pub(super) fn of(order_id: &'a OrderId, history: &'a History<Shipment>) -> Self {
        let shipment = &history.state;
        let label = shipment.label.as_ref().map(|label| LabelView {
            carrier: &label.parcel.carrier,
            tracking_code: &label.parcel.tracking_code,
            url: &label.url,
            state: label.state,
        });
        let (reason, parcel) = match &shipment.stage {
            Stage::Left { parcel, .. } => (None, Some(parcel)),
            Stage::Failed { reason } => (Some(reason.as_str()), None),
            Stage::Absent | Stage::Requested | Stage::Cancelled => (None, None),
        };
        let last = shipment.scans.iter().max_by_key(|scan| scan.occurred_at);
        Self {
            order_id,
            number: OrderNumber::of(order_id),
            state: shipment.status(),
            reason,
            provider: shipment.request.as_ref().map(|request| request.provider),
            lines: shipment.lines(),
            label,
            parcel: parcel.map(|parcel| ParcelView {
                carrier: &parcel.carrier,
                tracking_code: &parcel.tracking_code,
                last_scan: last.map(|scan| ScanView {
                    status: scan.status,
                    status_detail: scan.status_detail.as_deref(),
                    occurred_at: scan.occurred_at,
                }),
            }),
            requested_at: shipment.requested_at,
            updated_at: history.envelopes.last().map(|envelope| envelope.time),
        }
    }
}

/// One shipment with its address. Personal, so only the request for this one order shows it.
#[derive(Serialize)]
pub(super) struct Page<'a> {
    #[serde(flatten)]
    shipment: View<'a>,
    /// `null` if it was erased.
    address: Option<ShippingAddress>,
    phone: Option<String>,
}

impl<'a> Page<'a> {
    pub(super) fn of(shipment: View<'a>, destination: Option<Destination>) -> Self {
        let (address, phone) = destination.map_or((None, None), |to| (Some(to.address), to.phone));
        Self { shipment, address, phone }
    }
}
