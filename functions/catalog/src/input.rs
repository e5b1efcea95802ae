//! What a caller says of a product, and the bounds of it. Pure.

use events::{Amount, Currency, ProductAttribute, ProductChanged, Sku, Usable};
use runtime::http::{FieldError, Problem, optional, optional_number, whole_number};
use serde::Deserialize;
use std::collections::BTreeSet;

/// The largest price of one piece, in minor units of any currency: twelve digits, as many as the largest charge has in any of them.
/// What a card is charged is checked when an order is placed: an offline payment has no such bounds.
const MAX_PRICE: u64 = 999_999_999_999;
const MAX_NAME_LENGTH: usize = 200;
/// One metric ton.
const MAX_WEIGHT_GRAMS: u32 = 1_000_000;
const MAX_DESCRIPTION_LENGTH: usize = 4_000;
const MAX_IMAGES: usize = 10;
const MAX_LINK_LENGTH: usize = 500;
const MAX_ATTRIBUTES: usize = 30;
const MAX_ATTRIBUTE_LENGTH: usize = 300;
const MAX_TAGS: usize = 20;
/// Of a tag, of the class of a tax, and of the name of an attribute.
const MAX_WORD_LENGTH: usize = 40;

/// A product as a caller writes it, without its SKU.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    name: String,
    #[serde(deserialize_with = "whole_number")]
    price: Amount,
    currency: Currency,
    #[serde(default, deserialize_with = "optional_number")]
    weight_grams: Option<u32>,
    #[serde(default, deserialize_with = "optional")]
    active: Option<bool>,
    #[serde(default, deserialize_with = "optional")]
    description: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    images: Option<Vec<String>>,
    #[serde(default, deserialize_with = "optional")]
    attributes: Option<Vec<Attribute>>,
    #[serde(default, deserialize_with = "optional")]
    tax_class: Option<String>,
    #[serde(default, deserialize_with = "optional")]
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attribute {
    name: String,
    value: String,
}

impl Input {
    /// The product, or a `422` that names every field that is out of its bounds.
    pub(crate) fn product(self, sku: Sku) -> Result<ProductChanged, Problem> {
        let mut errors: Vec<_> = FieldError::text("/name", &self.name, MAX_NAME_LENGTH).into_iter().collect();
        errors.extend(priced(self.price, self.currency));
        if self.weight_grams.is_some_and(|grams| grams > MAX_WEIGHT_GRAMS) {
            errors.push(FieldError::at("/weight_grams", format!("at most {MAX_WEIGHT_GRAMS} grams")));
        }
        let description = self.description.as_ref();
        errors.extend(
            description.and_then(|text| FieldError::lines("/description", text, MAX_DESCRIPTION_LENGTH)),
        );
        let (images, tags) = (self.images.unwrap_or_default(), self.tags.unwrap_or_default());
        errors.extend(most("/images", images.len(), MAX_IMAGES));
        errors.extend(
            images.iter().enumerate().filter_map(|(place, link)| linked(&format!("/images/{place}"), link)),
        );
        let attributes = self.attributes.unwrap_or_default();
        errors.extend(described(&attributes));
        let tax_class = self.tax_class.as_ref();
        errors.extend(tax_class.and_then(|class| FieldError::text("/tax_class", class, MAX_WORD_LENGTH)));
        errors.extend(most("/tags", tags.len(), MAX_TAGS));
        errors.extend(
            tags.iter()
                .enumerate()
                .filter_map(|(place, tag)| FieldError::text(&format!("/tags/{place}"), tag, MAX_WORD_LENGTH)),
        );
        if !errors.is_empty() {
            return Err(Problem::validation(errors));
        }
        Ok(ProductChanged {
            weight_grams: self.weight_grams,
            active: self.active.unwrap_or(true),
            description: self.description,
            images,
            attributes: attributes
                .into_iter()
                .map(|Attribute { name, value }| ProductAttribute { name, value })
                .collect(),
            tax_class: self.tax_class,
            tags: tags.into_iter().collect(),
            ..ProductChanged::new(sku, self.name, self.price, self.currency)
        })
    }
}

fn priced(price: Amount, currency: Currency) -> Vec<FieldError> {
    let (rules, mut errors) = (currency.rules(), Vec::new());
    if price.units() > MAX_PRICE {
        errors.push(FieldError::at("/price", format!("at most {MAX_PRICE} minor units of {currency}")));
    }
    if !rules.fits_step(price) {
        let detail = format!("a multiple of {} minor units of {currency}", rules.step);
        errors.push(FieldError::at("/price", detail));
    }
    match rules.usable {
        Usable::Everywhere | Usable::OfflineOnly => {}
        Usable::Nowhere => {
            let detail =
                format!("the ISO 4217 code of a currency in use; {currency} is none, or is not supported");
            errors.push(FieldError::at("/currency", detail));
        }
    }
    errors
}

fn described(attributes: &[Attribute]) -> Vec<FieldError> {
    let mut errors: Vec<_> = most("/attributes", attributes.len(), MAX_ATTRIBUTES).into_iter().collect();
    let mut names = BTreeSet::new();
    for (place, Attribute { name, value }) in attributes.iter().enumerate() {
        let at = format!("/attributes/{place}/name");
        errors.extend(FieldError::text(&at, name, MAX_WORD_LENGTH));
        errors.extend(FieldError::text(&format!("/attributes/{place}/value"), value, MAX_ATTRIBUTE_LENGTH));
        if !names.insert(name) {
            errors.push(FieldError::at(at, "an attribute before it has this name"));
        }
    }
    errors
}

/// A page shows the picture to customers, so no other scheme is admitted: neither one that runs code nor one that a browser blocks.
fn linked(pointer: &str, link: &str) -> Option<FieldError> {
    let host = link.strip_prefix("https://").unwrap_or_default().split(['/', '?', '#']).next();
    let is_plain = link.chars().all(|c| c.is_ascii_graphic() && !"\"'<>\\`{}|^".contains(c));
    let is_valid = is_plain && link.len() <= MAX_LINK_LENGTH && host.is_some_and(|host| !host.is_empty());
    let detail = || format!("an address that begins with https://, at most {MAX_LINK_LENGTH} characters");
    (!is_valid).then(|| FieldError::at(pointer, detail()))
}

fn most(pointer: &str, count: usize, most: usize) -> Option<FieldError> {
    (count > most).then(|| FieldError::at(pointer, format!("at most {most}")))
}
