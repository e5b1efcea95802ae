//! `manage-products`: products, written by the shop and read by everybody signed in.
//!
//! - `PUT /products/{sku}` `{"name", "price", "currency", "weight_grams"?, "active"?}`, admin: makes the product
//!   this. `201` if it is new, else `200`.
//! - `GET /products/{sku}` → the product; `404` where there is none. It is the fold, so a writer reads their write.
//! - `GET /products?limit=&cursor=` → `{"items", "next"}` in the order of SKUs; `next` is null on the last page.
//!   Products that cannot be ordered are in it, with `active` false.
//! - Says `ProductChanged`.
//! - Idempotent by the fold: putting what is there appends nothing.
//! - Two writes: the list's item is put after the event, the exception that ARCHITECTURE.md, "The one idea" names. If it is lost
//!   between the two, the caller gets an error, and the identical repeat puts it.

use crate::{Product, currencies, list};
use async_trait::async_trait;
use event_store::{Decided, Documents, EventStore, StreamId, append_decided};
use events::{Amount, Currency, ProductChanged, Sku};
use resilience::Clock;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The largest price of one piece: eight digits of minor units, the most that payment providers take.
const LARGEST_PRICE: u64 = 99_999_999;
const LONGEST_NAME: usize = 200;
/// One ton.
const HEAVIEST: u32 = 1_000_000;

/// The endpoint of `manage-products`.
pub struct ManageProducts {
    /// The products' streams.
    pub store: Arc<dyn EventStore>,
    /// The list, in the same table.
    pub documents: Arc<dyn Documents>,
    /// What time it is.
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
            _ => Err(Problem::not_found("there is no such route")),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    price: Amount,
    currency: Currency,
    #[serde(default)]
    weight_grams: Option<u32>,
    #[serde(default = "active")]
    active: bool,
}

fn active() -> bool {
    true
}

impl ManageProducts {
    async fn put(&self, request: &Request) -> Result<Reply, Problem> {
        request.admin()?;
        let sku = Sku::try_from(request.in_path("sku"))
            .map_err(|invalid| Problem::bad_request(format!("the path names {invalid}")))?;
        let wanted = validated(sku, request.json()?)?;
        let stream = StreamId::product(&wanted.sku);
        let decided =
            append_decided(&*self.store, &stream, &request.cause, &*self.clock, |product: &Product| {
                Ok::<_, Problem>(product.decide_put(&wanted))
            })
            .await?;
        let appended = matches!(decided, Decided::Appended(_));
        let sequence = sequence(&decided.history().envelopes);
        list::keep(&*self.documents, &wanted, sequence).await?;
        let status = if appended && sequence == 1 { 201 } else { 200 };
        Ok(Reply::json(status, &Body::of(&wanted, sequence.into())))
    }

    async fn show(&self, request: &Request) -> Result<Reply, Problem> {
        let unknown = || Problem::not_found("there is no such product");
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
        let limit = request.number_in_query("limit", 50, 1, 100)?;
        let after = request.query.get("cursor").map(|cursor| list::place(cursor)).transpose()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let page = list::page(&*self.documents, after.as_ref(), limit).await?;
        let items = page.products.iter().map(|(product, version)| Body::of(product, *version)).collect();
        Ok(Reply::json(200, &Listed { items, next: page.next.as_ref().map(list::cursor) }))
    }
}

/// What a caller sees of a product.
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

fn validated(sku: Sku, wanted: Wanted) -> Result<ProductChanged, Problem> {
    let Wanted { name, price, currency, weight_grams, active } = wanted;
    let mut errors = Vec::new();
    if name.trim().is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        errors.push(FieldError::at("/name", format!("1 to {LONGEST_NAME} characters of text")));
    }
    if price.units() > LARGEST_PRICE {
        errors.push(FieldError::at("/price", format!("at most {LARGEST_PRICE} minor units")));
    }
    if !currencies::is_money(currency) {
        errors.push(FieldError::at("/currency", "an ISO 4217 code of a currency that people pay with"));
    }
    if weight_grams.is_some_and(|grams| grams > HEAVIEST) {
        errors.push(FieldError::at("/weight_grams", format!("at most {HEAVIEST} grams")));
    }
    if errors.is_empty() {
        Ok(ProductChanged { sku, name, price, currency, weight_grams, active })
    } else {
        Err(Problem::validation(errors))
    }
}

#[cfg(test)]
mod tests;
