//! The list of products: one item a product, all in one partition, in the order of their SKUs.
//!
//! The item is the exception that stands beside an event: the list cannot be folded from a thousand streams. It
//! carries the event's sequence and is only ever replaced by a newer one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Document, Documents, Key, StoreError};
use events::{ProductChanged, Sku};
use runtime::http::Problem;

const PARTITION: &str = "products";

/// What a cursor begins with before it is encoded, so that a cursor of another list is told.
const MARK: &str = "product:";

/// A page of the list.
pub(crate) struct Page {
    pub(crate) products: Vec<(ProductChanged, u64)>,
    /// The last SKU of the page, if more follow.
    pub(crate) next: Option<Sku>,
}

/// Puts a product into the list as the event at `sequence` says, unless a newer one stands there.
pub(crate) async fn keep(
    documents: &dyn Documents,
    product: &ProductChanged,
    sequence: u32,
) -> Result<(), StoreError> {
    let key = Key::new(PARTITION, product.sku.as_str());
    // Not newer is as good as written: the list holds this event or a later one.
    documents.put_newer(&key, &Document::of(product).versioned(sequence.into())).await.map(drop)
}

/// Up to `limit` products after that SKU. The whole partition is read: a catalogue is some thousand items of some
/// hundred bytes, and it is read by people.
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

/// A place in the list, for a client to hand back.
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
        .ok_or_else(|| Problem::bad_request("the cursor is not one of this list; begin without a cursor"))
}
