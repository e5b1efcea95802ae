//! `manage-products`: writes products (staff) and shows them (signed-in callers).
//!
//! - `PUT /products/{sku}` `{"name", "price", "currency", "weight_grams"?, "active"?, "description"?, "images"?, "attributes"?,
//!   "tax_class"?, "tags"?}`, staff: sets the product, and what is left out is removed. `201` if it is new, else `200`.
//! - `PUT /products` `{"items"}`, staff: the same for many products at once, see [`bulk`].
//! - `DELETE /products/{sku}`, staff: the product can no longer be ordered. It stays in the list, with `active` false, and in old
//!   orders. A put sells it again.
//! - With `If-Match` a put or a delete applies to that version only, else `412`. A request that would change nothing is
//!   answered `200` whatever version it names, so that a repeat after a lost answer succeeds.
//! - `GET /products/{sku}` → the product with its version as `ETag`, or `404`. It is the fold of the stream, so a writer reads
//!   their own write.
//! - `GET /products?tag=&q=&limit=&cursor=` → `{"items", "next"}`, see [`list`]. Products that cannot be ordered are listed.
//! - A price is a multiple of its currency's step ([`events::CurrencyRules`]), so that it can be charged.
//! - Emits `ProductChanged`.
//! - Idempotent by the fold: putting an equal product appends nothing.
//! - Two writes: the list's item is put after the event (the exception in ARCHITECTURE.md, "The one idea"). If the second write
//!   fails, the caller gets an error, and the identical repeat writes the item.

use crate::input::Input;
use crate::writer::{Writer, unknown};
use crate::{Product, bulk, list};
use async_trait::async_trait;
use event_store::{Documents, EventStore, StreamId};
use events::{Amount, Cause, Currency, ProductAttribute, ProductChanged, Sku};
use resilience::Clock;
use runtime::http::{Endpoint, Problem, Reply, Request, Role};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The largest body of one product, in bytes: its fields at their bounds, with every character escaped.
const LARGEST_PRODUCT: usize = 256 * 1024;

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
            "PUT /products" => bulk::put(&self.writer(&request.cause), &request).await,
            "DELETE /products/{sku}" => self.delete(&request).await,
            "GET /products/{sku}" => self.show(&request).await,
            "GET /products" => self.list(&request).await,
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

impl ManageProducts {
    async fn put(&self, request: &Request) -> Result<Reply, Problem> {
        request.at_least(Role::Staff)?;
        let sku = Sku::try_from(request.in_path("sku"))
            .map_err(|invalid| Problem::bad_request(format!("the path names {invalid}")))?;
        let product = request.json_up_to::<Input>(LARGEST_PRODUCT)?.product(sku)?;
        let check_version = |found| request.check_version(found);
        let (status, version) = self.writer(&request.cause).put(&product, check_version).await?;
        Ok(shown(status, &product, version))
    }

    async fn delete(&self, request: &Request) -> Result<Reply, Problem> {
        request.at_least(Role::Staff)?;
        request.no_body()?;
        let check_version = |found| request.check_version(found);
        let (product, version) =
            self.writer(&request.cause).delete(&sku_of_known(request)?, check_version).await?;
        Ok(shown(200, &product, version))
    }

    fn writer<'a>(&'a self, cause: &'a Cause) -> Writer<'a> {
        Writer { store: &*self.store, documents: &*self.documents, clock: &*self.clock, cause }
    }

    async fn show(&self, request: &Request) -> Result<Reply, Problem> {
        let history = self.store.history::<Product>(&StreamId::product(&sku_of_known(request)?)).await?;
        match &history.state {
            Product::Unknown => Err(unknown()),
            Product::Known { product, version } => Ok(shown(200, product, *version)),
        }
    }

    async fn list(&self, request: &Request) -> Result<Reply, Problem> {
        #[derive(Serialize)]
        struct Listed<'a> {
            items: Vec<Summary<'a>>,
            next: Option<String>,
        }
        request.query_has_only(&["tag", "q", "limit", "cursor"])?;
        let limit = request.number_in_query("limit", 50, 1, 100)?;
        let after = request.in_query("cursor").map(list::place).transpose()?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let filter = list::Filter::new(request.in_query("tag"), request.in_query("q"))?;
        let page = list::page(&*self.documents, &filter, after.as_ref(), limit).await?;
        let items = page.products.iter().map(|(product, version)| Summary::of(product, *version)).collect();
        Ok(Reply::json(200, &Listed { items, next: page.next.as_ref().map(list::cursor) }))
    }
}

/// The SKU in the path of a product that has to exist.
fn sku_of_known(request: &Request) -> Result<Sku, Problem> {
    Sku::try_from(request.in_path("sku")).map_err(|_| unknown())
}

fn shown(status: u16, product: &ProductChanged, version: u64) -> Reply {
    let ProductChanged { description, images, attributes, .. } = product;
    let summary = Summary::of(product, version);
    Reply::json(status, &Whole { summary, description: description.as_deref(), images, attributes })
        .with("etag", format!("\"{version}\""))
}

/// A product, as a caller sees it in the list.
#[derive(Serialize)]
struct Summary<'a> {
    sku: &'a Sku,
    name: &'a str,
    price: Amount,
    currency: Currency,
    weight_grams: Option<u32>,
    active: bool,
    image: Option<&'a str>,
    tax_class: Option<&'a str>,
    tags: &'a BTreeSet<String>,
    version: u64,
}

/// A product, as a caller sees it alone.
#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    summary: Summary<'a>,
    description: Option<&'a str>,
    images: &'a [String],
    attributes: &'a [ProductAttribute],
}

impl<'a> Summary<'a> {
    fn of(product: &'a ProductChanged, version: u64) -> Self {
        let ProductChanged {
            sku,
            name,
            price,
            currency,
            weight_grams,
            active,
            description: _,
            images,
            attributes: _,
            tax_class,
            tags,
        } = product;
        Self {
            sku,
            name,
            price: *price,
            currency: *currency,
            weight_grams: *weight_grams,
            active: *active,
            image: images.first().map(String::as_str),
            tax_class: tax_class.as_deref(),
            tags,
            version,
        }
    }
}

#[cfg(test)]
mod tests;
