//! The list of products: one item for each product, all in one partition, ordered by SKU.
//!
//! The item is written beside the event because a list cannot be folded from a thousand streams. It has the event's sequence,
//! and only a newer event replaces it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Document, Documents, Key, StoreError};
use events::{ProductChanged, Sku};
use runtime::http::Problem;

const PARTITION: &str = "products";

/// The prefix of a cursor before it is encoded, which marks it as a cursor of this list.
const MARK: &str = "product:";

/// A page of the list.
pub(crate) struct Page {
    pub(crate) products: Vec<(ProductChanged, u64)>,
    /// The last SKU of the page, if more products follow.
    pub(crate) next: Option<Sku>,
}

/// Puts the product of the event with this sequence into the list, unless the list has a newer one.
pub(crate) async fn keep(
    documents: &dyn Documents,
    product: &ProductChanged,
    sequence: u32,
) -> Result<(), StoreError> {
    let key = Key::new(PARTITION, product.sku.as_str());
    // If it is not newer, the list already has this event or a later one.
    documents.put_newer(&key, &Document::of(product).versioned(sequence.into())).await.map(drop)
}

/// Up to `limit` products after that SKU. It reads the whole partition: a catalog has some thousand items of some hundred
/// bytes, and only people read it.
pub(crate) async fn page(
    documents: &dyn Documents,
    after: Option<&Sku>,
    limit: usize,
) -> Result<Page, StoreError> {
    let all = documents.list(PARTITION, "").await?;
    let mut rest =
        all.into_iter().filter(|(key, _)| after.is_none_or(|after| key.sk.as_str() > after.as_str()));
    let products = rest
        .by_ref()
        .take(limit)
        .map(|(key, document)| Ok((document.read::<ProductChanged>(&key)?, document.version)))
        .collect::<Result<Vec<_>, StoreError>>()?;
    let more = rest.next().is_some();
    let next = products.last().filter(|_| more).map(|(product, _)| product.sku.clone());
    Ok(Page { products, next })
}

/// A position in the list, as an opaque cursor.
pub(crate) fn cursor(at: &Sku) -> String {
    URL_SAFE_NO_PAD.encode(format!("{MARK}{at}"))
}

/// Reads a cursor of this list; any other text is a `400`.
pub(crate) fn place(cursor: &str) -> Result<Sku, Problem> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| Sku::try_from(text.strip_prefix(MARK)?).ok())
        .ok_or_else(|| {
            Problem::bad_request("the cursor does not belong to this list; start without a cursor")
        })
}
