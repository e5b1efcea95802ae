//! The body of `POST /orders`: its fields, their bounds, and its digest.

use super::countries::is_country;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{Amount, Contact, Currency, ShippingAddress, Sku, offline_sender};
use runtime::http::{FieldError, Problem, optional, optional_number, whole_number};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;

/// A DynamoDB transaction has at most 100 actions: 99 lines and the event.
const MOST_ITEMS: usize = 99;
const MOST_PIECES: u32 = 10_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderInput {
    pub(super) items: Vec<ItemInput>,
    pub(super) currency: Currency,
    pub(super) payment_method: String,
    #[serde(deserialize_with = "ContactInput::deserialize")]
    pub(super) contact: Contact,
    #[serde(deserialize_with = "AddressInput::deserialize")]
    pub(super) shipping_address: ShippingAddress,
    /// What the customer was shown. A request without it has the digest that it always had.
    #[serde(default, deserialize_with = "optional_number", skip_serializing_if = "Option::is_none")]
    pub(super) expected_total: Option<Amount>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ItemInput {
    pub(super) sku: Sku,
    #[serde(deserialize_with = "whole_number")]
    pub(super) quantity: u32,
}

/// A [`Contact`] in a request. An unknown field is refused here; a reader of events ignores it.
#[derive(Deserialize)]
#[serde(remote = "Contact", deny_unknown_fields)]
struct ContactInput {
    email: String,
    #[serde(default, deserialize_with = "optional")]
    phone: Option<String>,
}

/// A [`ShippingAddress`] in a request; unknown fields are refused too.
#[derive(Deserialize)]
#[serde(remote = "ShippingAddress", deny_unknown_fields)]
struct AddressInput {
    name: String,
    line1: String,
    #[serde(default, deserialize_with = "optional")]
    line2: Option<String>,
    city: String,
    #[serde(default, deserialize_with = "optional")]
    postal_code: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    region: Option<String>,
    country: String,
}

impl OrderInput {
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
            errors.extend(text.and_then(|text| FieldError::text(pointer, text, longest)));
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
                let detail = format!("a whole number, at least 1 and at most {MOST_PIECES}");
                errors.push(FieldError::at(format!("/items/{place}/quantity"), detail));
            }
        }
    }

    /// SHA-256 of the parsed request, base64url. White space and the order of fields do not change it.
    pub(super) fn digest(&self) -> String {
        // Serializing texts and numbers cannot fail.
        let json = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(Sha256::digest(json))
    }
}

fn is_payment_method(text: &str) -> bool {
    // Whether the sender of an offline payment is known is checked later: a repeat is answered even if it no longer is.
    let id = offline_sender(text).unwrap_or(text);
    id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// The rule of HTML ("valid email address"), and a dot in the domain. It does not show that the address exists.
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
