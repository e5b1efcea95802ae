//! The shop's address, its usual parcel and the service that it buys, and the EasyPost shipment made from them.

use super::payload::{NewAddress, NewParcel, NewShipment};
use crate::address::Destination;
use events::{Line, OrderId};
use runtime::Settings;

/// Where parcels come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) name: String,
    /// Street and number.
    pub(super) line1: String,
    /// The rest of the address.
    pub(super) line2: Option<String>,
    pub(super) city: String,
    pub(super) postal_code: Option<String>,
    /// State, canton or province.
    pub(super) region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub(super) country: String,
    /// The carrier calls it with questions.
    pub(super) phone: Option<String>,
}

/// The size of the usual parcel, in whole centimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ParcelSize {
    pub(super) length: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// What a shop ships with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Where parcels come from.
    pub(super) sender: Sender,
    /// The usual parcel.
    pub(super) size: ParcelSize,
    /// The service to buy, for example `Priority`. `None` buys the lowest rate.
    pub(crate) service: Option<String>,
}

impl Terms {
    /// Reads `SENDER_*`, `PARCEL_*_CM` and `EASYPOST_SERVICE`. The sender is required only if EasyPost takes new
    /// shipments.
    pub(super) fn from_settings(settings: &mut Settings, takes_new_shipments: bool) -> Self {
        let mut needed = |name: &str| {
            if takes_new_shipments {
                settings.text(name)
            } else {
                settings.optional(name).unwrap_or_default()
            }
        };
        let (name, line1) = (needed("SENDER_NAME"), needed("SENDER_LINE1"));
        let (city, country) = (needed("SENDER_CITY"), needed("SENDER_COUNTRY"));
        let sender = Sender {
            name,
            line1,
            line2: settings.optional("SENDER_LINE2"),
            city,
            postal_code: settings.optional("SENDER_POSTAL_CODE"),
            region: settings.optional("SENDER_REGION"),
            country,
            phone: settings.optional("SENDER_PHONE"),
        };
        let size = ParcelSize {
            length: settings.parsed("PARCEL_LENGTH_CM", 30),
            width: settings.parsed("PARCEL_WIDTH_CM", 20),
            height: settings.parsed("PARCEL_HEIGHT_CM", 15),
        };
        Self { sender, size, service: settings.optional("EASYPOST_SERVICE") }
    }
}

/// The EasyPost shipment of an order.
pub(super) fn new_shipment<'a>(
    terms: &'a Terms,
    order: &'a OrderId,
    to: &'a Destination,
    lines: &[Line],
) -> NewShipment<'a> {
    let Terms { sender, size, service: _ } = terms;
    NewShipment {
        reference: order.as_str(),
        to_address: NewAddress {
            name: &to.address.name,
            street1: &to.address.line1,
            street2: to.address.line2.as_deref(),
            city: &to.address.city,
            state: to.address.region.as_deref(),
            zip: to.address.postal_code.as_deref(),
            country: &to.address.country,
            phone: to.phone.as_deref(),
        },
        from_address: NewAddress {
            name: &sender.name,
            street1: &sender.line1,
            street2: sender.line2.as_deref(),
            city: &sender.city,
            state: sender.region.as_deref(),
            zip: sender.postal_code.as_deref(),
            country: &sender.country,
            phone: sender.phone.as_deref(),
        },
        parcel: NewParcel {
            length: inches(size.length),
            width: inches(size.width),
            height: inches(size.height),
            weight: ounces(grams(lines)),
        },
    }
}

fn grams(lines: &[Line]) -> u128 {
    lines.iter().map(|line| u128::from(line.weight_grams) * u128::from(line.quantity)).sum()
}

/// A tenth of an inch is 0.254 cm. Rounded up, as carriers do.
fn inches(cm: u32) -> String {
    tenths((u128::from(cm) * 1000).div_ceil(254))
}

/// A tenth of an ounce is 2.8349523125 g. Rounded up; at least a tenth, because the catalog may know no weight.
fn ounces(grams: u128) -> String {
    tenths((grams * 10_000_000_000).div_ceil(28_349_523_125).max(1))
}

fn tenths(count: u128) -> String {
    format!("{}.{}", count / 10, count % 10)
}

#[cfg(test)]
mod tests;
