//! The list of products: one item for each product, all in one partition, ordered by SKU.
//!
//! The item is written beside the event because a list cannot be folded from a thousand streams. It has the event's sequence,
//! and only a newer event replaces it. It lacks what only a product's own page shows, so that the list stays small.
//!
//! `tag=` keeps the products with exactly this tag. `q=` keeps those that match every term of the text, upper and lower case
//! alike. A term matches if the SKU or a part of it begins with the term, or if each of its words begins a word of the name.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use event_store::{Document, Documents, Key, StoreError};
use events::{ProductChanged, Sku};
use runtime::http::Problem;

const PARTITION: &str = "products";

/// The prefix of a cursor before it is encoded, which marks it as a cursor of this list.
const MARK: &str = "product:";

/// The longest text that is looked for.
const MAX_TEXT_LENGTH: usize = 100;

/// Which products a caller asks for.
pub(crate) struct Filter {
    tag: Option<String>,
    terms: Vec<String>,
}

impl Filter {
    pub(crate) fn new(tag: Option<&str>, text: Option<&str>) -> Result<Self, Problem> {
        let text = text.unwrap_or_default();
        if text.chars().count() > MAX_TEXT_LENGTH {
            return Err(Problem::bad_request(format!("q has at most {MAX_TEXT_LENGTH} characters")));
        }
        let terms = text.split_whitespace().filter(|term| words(term).next().is_some());
        Ok(Self { tag: tag.map(str::to_owned), terms: terms.map(str::to_owned).collect() })
    }

    fn admits(&self, product: &ProductChanged) -> bool {
        let (name, sku): (Vec<_>, _) = (words(&product.name).collect(), product.sku.as_str());
        let is_named = |word: String| name.iter().any(|known| known.starts_with(&word));
        let fits = |term: &String| {
            let lower = term.to_lowercase();
            sku.to_lowercase().starts_with(&lower)
                || words(sku).any(|part| part.starts_with(&lower))
                || words(term).all(is_named)
        };
        self.tag.as_ref().is_none_or(|tag| product.tags.contains(tag)) && self.terms.iter().all(fits)
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase)
}

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
    version: u64,
) -> Result<(), StoreError> {
    let key = Key::new(PARTITION, product.sku.as_str());
    let listed = ProductChanged {
        description: None,
        attributes: Vec::new(),
        images: product.images.first().cloned().into_iter().collect(),
        ..product.clone()
    };
    // If it is not newer, the list already has this event or a later one.
    documents.put_newer(&key, &Document::of(&listed).versioned(version)).await.map(drop)
}

/// Up to `limit` products of the filter after that SKU. It reads the whole partition: see
/// docs/decisions/the-product-list-is-one-partition.md.
pub(crate) async fn page(
    documents: &dyn Documents,
    filter: &Filter,
    after: Option<&Sku>,
    limit: usize,
) -> Result<Page, StoreError> {
    let all = documents.list(PARTITION, "").await?;
    let mut rest = all
        .into_iter()
        .filter(|(key, _)| after.is_none_or(|after| key.sk.as_str() > after.as_str()))
        .map(|(key, document)| Ok((document.read::<ProductChanged>(&key)?, document.version)))
        .filter(|read| read.as_ref().map_or(true, |(product, _)| filter.admits(product)));
    let products = rest.by_ref().take(limit).collect::<Result<Vec<_>, StoreError>>()?;
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
