//! What a shop ships with: its address, its usual parcel, and the service it buys; and the shipment made of them.

use super::payload::{NewAddress, NewParcel, NewShipment};
use crate::address::Destination;
use events::{Line, OrderId, Provider};
use runtime::Settings;

/// Where parcels come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sender {
    /// The shop's name.
    pub name: String,
    /// Street and number.
    pub line1: String,
    /// What does not fit the first line.
    pub line2: Option<String>,
    /// Town.
    pub city: String,
    /// Postal code, where the country has them.
    pub postal_code: Option<String>,
    /// State, canton, province.
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// For the carrier's questions.
    pub phone: Option<String>,
}

/// The usual parcel, in whole centimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParcelSize {
    /// Longest side.
    pub length_cm: u32,
    /// The next.
    pub width_cm: u32,
    /// The last.
    pub height_cm: u32,
}

/// What a shop ships with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Where parcels come from.
    pub sender: Sender,
    /// The usual parcel.
    pub size: ParcelSize,
    /// The service to buy, for example `Priority`; `None`: the lowest rate of all.
    pub service: Option<String>,
}

impl Terms {
    /// `SENDER_*`, `PARCEL_*_CM`, `EASYPOST_SERVICE`. Only a shop that ships with a carrier has to say who sends.
    pub fn from_settings(settings: &mut Settings, provider: Provider) -> Self {
        let mut needed = |name: &str| match provider {
            Provider::Easypost => settings.text(name),
            Provider::Warehouse => settings.optional(name).unwrap_or_default(),
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
            length_cm: settings.parsed("PARCEL_LENGTH_CM", 30),
            width_cm: settings.parsed("PARCEL_WIDTH_CM", 20),
            height_cm: settings.parsed("PARCEL_HEIGHT_CM", 15),
        };
        Self { sender, size, service: settings.optional("EASYPOST_SERVICE") }
    }
}

/// The shipment of an order.
pub(crate) fn request<'a>(
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
            length: inches(size.length_cm),
            width: inches(size.width_cm),
            height: inches(size.height_cm),
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

/// A tenth of an ounce is 2.8349523125 g. Rounded up; where the catalog knows no weight, the least there is.
fn ounces(grams: u128) -> String {
    tenths((grams * 10_000_000_000).div_ceil(28_349_523_125).max(1))
}

fn tenths(count: u128) -> String {
    format!("{}.{}", count / 10, count % 10)
}

#[cfg(test)]
mod tests;
