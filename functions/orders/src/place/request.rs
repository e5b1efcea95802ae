//! The body of `POST /orders`, parsed and validated: what a client may say, and within which bounds.

use super::countries::is_country;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{Contact, Currency, ShippingAddress, Sku, offline_sender};
use runtime::http::{FieldError, Problem};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

/// DynamoDB admits 100 actions in a transaction: 99 lines and the event.
const MOST_ITEMS: usize = 99;
const MOST_PIECES: u32 = 10_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderRequest {
    pub(super) items: Vec<WantedItem>,
    pub(super) currency: Currency,
    pub(super) payment_method: String,
    #[serde(deserialize_with = "WantedContact::deserialize")]
    pub(super) contact: Contact,
    #[serde(deserialize_with = "WantedAddress::deserialize")]
    pub(super) shipping_address: ShippingAddress,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedItem {
    pub(super) sku: Sku,
    pub(super) quantity: u32,
}

/// A [`Contact`] in a request: a field that it does not know is refused, which an event's reader lets pass.
#[derive(Deserialize)]
#[serde(remote = "Contact", deny_unknown_fields)]
struct WantedContact {
    email: String,
    #[serde(default)]
    phone: Option<String>,
}

/// A [`ShippingAddress`] in a request, in the same way.
#[derive(Deserialize)]
#[serde(remote = "ShippingAddress", deny_unknown_fields)]
struct WantedAddress {
    name: String,
    line1: String,
    #[serde(default)]
    line2: Option<String>,
    city: String,
    #[serde(default)]
    postal_code: Option<String>,
    #[serde(default)]
    region: Option<String>,
    country: String,
}

impl OrderRequest {
    pub(super) fn validated(self) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        self.check_items(&mut errors);
        let contact = &self.contact;
        let address = &self.shipping_address;
        let texts = [
            ("/payment_method", Some(&self.payment_method), 255),
            ("/contact/email", Some(&contact.email), 254),
            ("/contact/phone", contact.phone.as_ref(), 16),
            ("/shipping_address/name", Some(&address.name), 100),
            ("/shipping_address/line1", Some(&address.line1), 200),
            ("/shipping_address/line2", address.line2.as_ref(), 200),
            ("/shipping_address/city", Some(&address.city), 100),
            ("/shipping_address/postal_code", address.postal_code.as_ref(), 20),
            ("/shipping_address/region", address.region.as_ref(), 100),
        ];
        for (pointer, text, longest) in texts {
            let sound = |text: &String| {
                !text.trim().is_empty()
                    && text.chars().count() <= longest
                    && !text.chars().any(char::is_control)
            };
            if text.is_some_and(|text| !sound(text)) {
                errors.push(FieldError::at(
                    pointer,
                    format!("1 to {longest} characters, no control characters"),
                ));
            }
        }
        if !is_payment_method(&self.payment_method) {
            errors.push(FieldError::at(
                "/payment_method",
                "an id of the payment provider: letters, digits, _ and -; or elsewhere:<sender>",
            ));
        }
        if !is_email(&contact.email) {
            errors.push(FieldError::at("/contact/email", "an email address"));
        }
        if contact.phone.as_deref().is_some_and(|phone| !is_phone(phone)) {
            errors.push(FieldError::at("/contact/phone", "a number in E.164 form, for example +41790000000"));
        }
        if !is_country(&address.country) {
            errors.push(FieldError::at(
                "/shipping_address/country",
                "an ISO 3166-1 code of two upper-case letters",
            ));
        }
        if errors.is_empty() { Ok(self) } else { Err(Problem::validation(errors)) }
    }

    fn check_items(&self, errors: &mut Vec<FieldError>) {
        if !(1..=MOST_ITEMS).contains(&self.items.len()) {
            errors.push(FieldError::at("/items", format!("1 to {MOST_ITEMS} items")));
        }
        let mut seen = HashSet::new();
        for (place, item) in self.items.iter().enumerate() {
            if !seen.insert(&item.sku) {
                errors
                    .push(FieldError::at(format!("/items/{place}/sku"), "each SKU once; add the quantities"));
            }
            if !(1..=MOST_PIECES).contains(&item.quantity) {
                errors
                    .push(FieldError::at(format!("/items/{place}/quantity"), format!("1 to {MOST_PIECES}")));
            }
        }
    }

    /// SHA-256 of the parsed request, base64url: white space and the order of fields do not count.
    pub(super) fn digest(&self) -> String {
        // Texts and numbers only: writing it as JSON cannot fail.
        let json = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(Sha256::digest(json))
    }
}

fn is_payment_method(text: &str) -> bool {
    // Which senders there are is for the setting to say; a repeat is answered whatever has become of it.
    let id = offline_sender(text).unwrap_or(text);
    id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// As browsers check it (HTML, "valid email address"), with a dot in the domain. Whether it exists, only a message tells.
fn is_email(address: &str) -> bool {
    let Some((local, domain)) = address.split_once('@') else { return false };
    let is_atom = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&b);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty() && local.bytes().all(is_atom) && domain.contains('.') && domain.split('.').all(is_label)
}

fn is_phone(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0')
    })
}
