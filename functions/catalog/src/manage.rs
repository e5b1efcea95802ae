//! `manage-products`: writes products (staff) and shows them (signed-in callers).
//!
//! - `PUT /products/{sku}` `{"name", "price", "currency", "weight_grams"?, "active"?}`, staff: sets the product. `201` if it is
//!   new, else `200`.
//! - `GET /products/{sku}` → the product, or `404`. It is the fold of the stream, so a writer reads their own write.
//! - `GET /products?limit=&cursor=` → `{"items", "next"}`, ordered by SKU; `next` is null on the last page. Products that cannot
//!   be ordered are listed with `active` false.
//! - A price is a multiple of its currency's step ([`events::CurrencyRules`]), so that it can be charged.
//! - Emits `ProductChanged`.
//! - Idempotent by the fold: putting an equal product appends nothing.
//! - Two writes: the list's item is put after the event (the exception in ARCHITECTURE.md, "The one idea"). If the second write
//!   fails, the caller gets an error, and the identical repeat writes the item.

use crate::{Product, list};
use async_trait::async_trait;
use event_store::{Decided, Documents, EventStore, StreamId, append_decided};
use events::{Amount, Currency, ProductChanged, Sku, Usable};
use resilience::Clock;
use runtime::http::{
    Endpoint, FieldError, Problem, Reply, Request, Role, optional, optional_number, whole_number,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The largest price of one piece, in minor units of any currency: twelve digits, as many as the largest charge has in any of them.
/// What a card is charged is checked when an order is placed: an offline payment has no such bounds.
const MAX_PRICE: u64 = 999_999_999_999;
const MAX_NAME_LENGTH: usize = 200;
/// One metric ton.
const MAX_WEIGHT_GRAMS: u32 = 1_000_000;

/// The endpoint of `manage-products`.
pub struct ManageProducts {
    /// The products' streams.
    pub store: Arc<dyn EventStore>,
    /// The list, in the same table.
    pub documents: Arc<dyn Documents>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Endpoint for ManageProducts {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.caller()?;
        match request.route.as_str() {
            "PUT /products/{sku}" => self.put(&request).await,
            "GET /products/{sku}" => self.show(&request).await,
            "GET /products" => self.list(&request).await,
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    name: String,
    #[serde(deserialize_with = "whole_number")]
    price: Amount,
    currency: Currency,
    #[serde(default, deserialize_with = "optional_number")]
    weight_grams: Option<u32>,
    #[serde(default, deserialize_with = "optional")]
    active: Option<bool>,
}

impl ManageProducts {
    async fn put(&self, request: &Request) -> Result<Reply, Problem> {
        request.at_least(Role::Staff)?;
        let sku = Sku::try_from(request.in_path("sku"))
            .map_err(|invalid| Problem::bad_request(format!("the path names {invalid}")))?;
        let product = validated(sku, request.json()?)?;
        let stream = StreamId::product(&product.sku);
        let decided =
            append_decided(&*self.store, &stream, &request.cause, &*self.clock, |known: &Product| {
                Ok::<_, Problem>(known.decide_put(&product))
            })
            .await?;
        let appended = matches!(decided, Decided::Appended(_));
        let sequence = sequence(&decided.history().envelopes);
        list::keep(&*self.documents, &product, sequence).await?;
        let status = if appended && sequence == 1 { 201 } else { 200 };
        Ok(Reply::json(status, &Body::of(&product, sequence.into())))
    }

    async fn show(&self, request: &Request) -> Result<Reply, Problem> {
        let unknown = || Problem::not_found("no such product exists");
        let sku = Sku::try_from(request.in_path("sku")).map_err(|_| unknown())?;
        let history = self.store.history::<Product>(&StreamId::product(&sku)).await?;
        match &history.state {
            Product::Unknown => Err(unknown()),
            Product::Known(product) => {
                Ok(Reply::json(200, &Body::of(product, sequence(&history.envelopes).into())))
            }
        }
    }

    async fn list(&self, request: &Request) -> Result<Reply, Problem> {
        #[derive(Serialize)]
        struct Listed<'a> {
            items: Vec<Body<'a>>,
            next: Option<String>,
        }
        request.query_has_only(&["limit", "cursor"])?;
        let limit = request.number_in_query("limit", 50, 1, 100)?;
        let after = request.in_query("cursor").map(list::place).transpose()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = list::page(&*self.documents, after.as_ref(), limit).await?;
        let items = page.products.iter().map(|(product, version)| Body::of(product, *version)).collect();
        Ok(Reply::json(200, &Listed { items, next: page.next.as_ref().map(list::cursor) }))
    }
}

/// A product, as a caller sees it.
#[derive(Serialize)]
struct Body<'a> {
    sku: &'a Sku,
    name: &'a str,
    price: Amount,
    currency: Currency,
    weight_grams: Option<u32>,
    active: bool,
    version: u64,
}

impl<'a> Body<'a> {
    fn of(product: &'a ProductChanged, version: u64) -> Self {
        let ProductChanged { sku, name, price, currency, weight_grams, active } = product;
        Self {
            sku,
            name,
            price: *price,
            currency: *currency,
            weight_grams: *weight_grams,
            active: *active,
            version,
        }
    }
}

fn sequence(envelopes: &[events::Envelope]) -> u32 {
    envelopes.last().map_or(0, |last| last.sequence.number())
}

fn validated(sku: Sku, input: Input) -> Result<ProductChanged, Problem> {
    let Input { name, price, currency, weight_grams, active } = input;
    let mut errors: Vec<_> = FieldError::text("/name", &name, MAX_NAME_LENGTH).into_iter().collect();
    let rules = currency.rules();
    if price.units() > MAX_PRICE {
        errors.push(FieldError::at("/price", format!("at most {MAX_PRICE} minor units of {currency}")));
    }
    if !rules.fits_step(price) {
        errors.push(FieldError::at(
            "/price",
            format!("a multiple of {} minor units of {currency}", rules.step),
        ));
    }
    match rules.usable {
        Usable::Everywhere | Usable::OfflineOnly => {}
        Usable::Nowhere => {
            let detail =
                format!("the ISO 4217 code of a currency in use; {currency} is none, or is not supported");
            errors.push(FieldError::at("/currency", detail));
        }
    }
    if weight_grams.is_some_and(|grams| grams > MAX_WEIGHT_GRAMS) {
        errors.push(FieldError::at("/weight_grams", format!("at most {MAX_WEIGHT_GRAMS} grams")));
    }
    if errors.is_empty() {
        Ok(ProductChanged { sku, name, price, currency, weight_grams, active: active.unwrap_or(true) })
    } else {
        Err(Problem::validation(errors))
    }
}

#[cfg(test)]
mod tests;
