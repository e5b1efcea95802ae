//! A product as a caller writes it, and the bounds of its fields. Pure.

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
/// Of a tag, a tax class, and the name of an attribute.
const MAX_WORD_LENGTH: usize = 40;

/// A product as a caller writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Only in an item of a list: a request about one product names it in its path.
    #[serde(default, deserialize_with = "optional")]
    sku: Option<String>,
    /// Only in an item of a list: the version that the item replaces. A request about one product has `If-Match`.
    #[serde(default, deserialize_with = "optional_number")]
    version: Option<u64>,
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
    /// The product of a request that names it in its path. `422` names every field that is out of its bounds.
    pub(crate) fn product(self, sku: Sku) -> Result<ProductChanged, Problem> {
        let only_in_lists = [("/sku", self.sku.is_some()), ("/version", self.version.is_some())];
        let mut errors: Vec<_> = only_in_lists
            .into_iter()
            .filter(|(_, is_there)| *is_there)
            .map(|(pointer, _)| FieldError::at(pointer, "only in an item of PUT /products"))
            .collect();
        errors.extend(self.errors());
        self.checked(sku, errors)
    }

    /// The product of an item of a list, and the version that it replaces.
    pub(crate) fn item(self) -> Result<(ProductChanged, Option<u64>), Problem> {
        let mut errors = self.errors();
        let version = self.version;
        match Sku::try_from(self.sku.as_deref().unwrap_or_default()) {
            Ok(sku) => Ok((self.checked(sku, errors)?, version)),
            Err(invalid) => {
                errors.insert(0, FieldError::at("/sku", invalid.to_string()));
                Err(Problem::validation(errors))
            }
        }
    }

    fn checked(self, sku: Sku, errors: Vec<FieldError>) -> Result<ProductChanged, Problem> {
        if !errors.is_empty() {
            return Err(Problem::validation(errors));
        }
        let attributes = self.attributes.unwrap_or_default().into_iter();
        Ok(ProductChanged {
            weight_grams: self.weight_grams,
            active: self.active.unwrap_or(true),
            description: self.description,
            images: self.images.unwrap_or_default(),
            attributes: attributes
                .map(|Attribute { name, value }| ProductAttribute { name, value })
                .collect(),
            tax_class: self.tax_class,
            tags: self.tags.unwrap_or_default().into_iter().collect(),
            ..ProductChanged::new(sku, self.name, self.price, self.currency)
        })
    }

    fn errors(&self) -> Vec<FieldError> {
        let mut errors: Vec<_> = FieldError::text("/name", &self.name, MAX_NAME_LENGTH).into_iter().collect();
        errors.extend(price_errors(self.price, self.currency));
        if self.weight_grams.is_some_and(|grams| grams > MAX_WEIGHT_GRAMS) {
            errors.push(FieldError::at("/weight_grams", format!("at most {MAX_WEIGHT_GRAMS} grams")));
        }
        let description = self.description.as_ref();
        errors.extend(
            description.and_then(|text| FieldError::lines("/description", text, MAX_DESCRIPTION_LENGTH)),
        );
        errors.extend(image_errors(self.images.as_deref().unwrap_or_default()));
        errors.extend(attribute_errors(self.attributes.as_deref().unwrap_or_default()));
        let tax_class = self.tax_class.as_ref();
        errors.extend(tax_class.and_then(|class| FieldError::text("/tax_class", class, MAX_WORD_LENGTH)));
        errors.extend(tag_errors(self.tags.as_deref().unwrap_or_default()));
        errors
    }
}

fn price_errors(price: Amount, currency: Currency) -> Vec<FieldError> {
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

/// A list that is too long has one error, not one for each of its items.
fn too_many(pointer: &str, count: usize, most: usize) -> Option<Vec<FieldError>> {
    (count > most).then(|| vec![FieldError::at(pointer, format!("at most {most}"))])
}

fn image_errors(images: &[String]) -> Vec<FieldError> {
    if let Some(errors) = too_many("/images", images.len(), MAX_IMAGES) {
        return errors;
    }
    let (mut errors, mut before) = (Vec::new(), BTreeSet::new());
    for (place, image) in images.iter().enumerate() {
        let at = format!("/images/{place}");
        if !is_address(image) {
            let detail = format!("https:// with a host, in ASCII, at most {MAX_LINK_LENGTH} characters");
            errors.push(FieldError::at(at, detail));
        } else if !before.insert(image) {
            errors.push(FieldError::at(at, "an image before it has this address"));
        }
    }
    errors
}

fn attribute_errors(attributes: &[Attribute]) -> Vec<FieldError> {
    if let Some(errors) = too_many("/attributes", attributes.len(), MAX_ATTRIBUTES) {
        return errors;
    }
    let (mut errors, mut before) = (Vec::new(), BTreeSet::new());
    for (place, Attribute { name, value }) in attributes.iter().enumerate() {
        let at = |field: &str| format!("/attributes/{place}/{field}");
        errors.extend(FieldError::text(&at("name"), name, MAX_WORD_LENGTH));
        errors.extend(FieldError::text(&at("value"), value, MAX_ATTRIBUTE_LENGTH));
        if name.contains(':') {
            errors
                .push(FieldError::at(at("name"), "no colon, which is written between a name and its value"));
        }
        if !before.insert(name) {
            errors.push(FieldError::at(at("name"), "an attribute before it has this name"));
        }
    }
    errors
}

fn tag_errors(tags: &[String]) -> Vec<FieldError> {
    too_many("/tags", tags.len(), MAX_TAGS).unwrap_or_else(|| {
        let places = tags.iter().enumerate();
        places
            .filter_map(|(place, tag)| FieldError::text(&format!("/tags/{place}"), tag, MAX_WORD_LENGTH))
            .collect()
    })
}

/// A page shows the image to customers, so no other scheme is admitted: neither one that runs code nor one that a browser blocks.
fn is_address(link: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() && !"\"'<>\\`{}|^".contains(c);
    let host = link.strip_prefix("https://").and_then(|rest| rest.chars().next());
    host.is_some_and(|first| first.is_ascii_alphanumeric())
        && link.len() <= MAX_LINK_LENGTH
        && link.chars().all(is_plain)
}
