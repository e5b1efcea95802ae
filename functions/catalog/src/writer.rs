//! Writes products: an event, and after it the item of the list.

use crate::{Product, list};
use event_store::{Decided, Documents, EventStore, StreamId, append_decided};
use events::{CatalogEvent, Cause, ProductChanged, Sku};
use resilience::Clock;
use runtime::http::Problem;

/// What products are written with.
pub(crate) struct Writer<'a> {
    pub(crate) store: &'a dyn EventStore,
    pub(crate) documents: &'a dyn Documents,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) cause: &'a Cause,
}

impl Writer<'_> {
    /// Writes the product, unless it is equal already. Returns the status for the answer and the version. `check_version` judges the
    /// version that is found.
    pub(crate) async fn put(
        &self,
        product: &ProductChanged,
        check_version: impl Fn(Option<u64>) -> Result<(), Problem> + Send + Sync,
    ) -> Result<(u16, u64), Problem> {
        let decide = |known: &Product| Ok(known.decide_put(product));
        let (_, version, is_appended) = self.decided(&product.sku, check_version, decide).await?;
        Ok((if is_appended && version == 1 { 201 } else { 200 }, version))
    }

    /// Takes a product off sale, if it is on sale. Returns it with its version; `404` if it was never put.
    pub(crate) async fn delete(
        &self,
        sku: &Sku,
        check_version: impl Fn(Option<u64>) -> Result<(), Problem> + Send + Sync,
    ) -> Result<(ProductChanged, u64), Problem> {
        let decide = |known: &Product| match known {
            Product::Unknown => Err(unknown()),
            Product::Known { .. } => Ok(known.decide_delete()),
        };
        let (product, version, _) = self.decided(sku, check_version, decide).await?;
        Ok((product, version))
    }

    /// Appends what is decided, and keeps the list. Returns the product, its version, and whether it was appended here.
    async fn decided(
        &self,
        sku: &Sku,
        check_version: impl Fn(Option<u64>) -> Result<(), Problem> + Send + Sync,
        decide: impl Fn(&Product) -> Result<Option<CatalogEvent>, Problem> + Send + Sync,
    ) -> Result<(ProductChanged, u64, bool), Problem> {
        let decide = |known: &Product| {
            let event = decide(known)?;
            // A request without an effect needs no version: a repeat after a lost answer names the one before its own change.
            if event.is_some() {
                check_version(known.version())?;
            }
            Ok(event)
        };
        let decided =
            append_decided(self.store, &StreamId::product(sku), self.cause, self.clock, decide).await?;
        let is_appended = matches!(decided, Decided::Appended(_));
        let Product::Known { product, version } = decided.history().state else {
            return Err(Problem::internal("a product is known after a decision about it"));
        };
        list::keep(self.documents, &product, version).await?;
        Ok((product, version, is_appended))
    }
}

pub(crate) fn unknown() -> Problem {
    Problem::not_found("no such product exists")
}
