//! The requests to erase customers, as orders' table keeps them: `erasures` / `customer#<digest>`.
//!
//! A request names the customer, so it is erased a day after it was made, once all orders are. Who asked stays in the
//! events of the orders.

use crate::Summary;
use event_store::{Document, Documents, Key, Pages, StoreError};
use events::{Customer, OrderId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The partition of all requests.
const PARTITION: &str = "erasures";
/// How often a concurrent request is met again.
const TRIES: u32 = 8;
/// How many views of a customer are read at once.
const PAGE: u32 = 100;

/// A request to erase a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasureRequest {
    /// Who is erased.
    pub(crate) customer: Customer,
    /// What replaces the customer's subject.
    pub(crate) pseudonym: String,
    /// The operator who asked.
    pub(crate) requested_by: Customer,
    /// When. Orders that were placed later are not part of it.
    pub(crate) requested_at: Timestamp,
}

impl ErasureRequest {
    /// A new request. The pseudonym is the first half of the random bytes.
    pub(crate) fn new(customer: Customer, random: &[u8], requested_by: Customer, now: Timestamp) -> Self {
        let half = random.iter().take(16).fold(0_u128, |half, byte| half << 8 | u128::from(*byte));
        let pseudonym = format!("erased-{half:032x}");
        Self { customer, pseudonym, requested_by, requested_at: now }
    }

    fn key(&self) -> Key {
        Key::new(PARTITION, Summary::customer_partition(&self.customer))
    }

    /// Keeps the request. Returns the one that is kept: if an earlier one is still under way, it has its pseudonym, and it is
    /// renewed, so that orders that were placed since are part of it.
    pub(crate) async fn keep(self, documents: &dyn Documents) -> Result<Self, StoreError> {
        let key = self.key();
        for _ in 0..TRIES {
            let stored = documents.get(&key).await?;
            let version = stored.as_ref().map_or(0, |document| document.version);
            let earlier = stored.filter(|document| !document.is_erased());
            let earlier: Option<Self> = earlier.map(|document| document.read(&key)).transpose()?;
            let renewed = match &earlier {
                Some(earlier) => Self { pseudonym: earlier.pseudonym.clone(), ..self.clone() },
                None => self.clone(),
            };
            if earlier.as_ref() == Some(&renewed)
                || documents.put_newer(&key, &Document::of(&renewed).versioned(version + 1)).await?
            {
                return Ok(renewed);
            }
        }
        Err(StoreError::Unavailable(format!("{TRIES} concurrent requests to erase one customer")))
    }

    /// Every request that is under way, with the version under which it is kept.
    pub(crate) async fn all(documents: &dyn Documents) -> Result<Vec<(u64, Self)>, StoreError> {
        let found = documents.list(PARTITION, "customer#").await?;
        let present = found.iter().filter(|(_, document)| !document.is_erased());
        present.map(|(key, document)| Ok((document.version, document.read(key)?))).collect()
    }

    /// Ends the request, unless it was renewed since: a tombstone that the table deletes.
    pub(crate) async fn end(
        &self,
        version: u64,
        documents: &dyn Documents,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tombstone = Document::erased().versioned(version + 1).until(now);
        documents.put_newer(&self.key(), &tombstone).await.map(drop)
    }
}

/// The orders of a customer, as their views name them.
pub(crate) async fn orders_of(views: &dyn Pages, customer: &Customer) -> Result<Vec<OrderId>, StoreError> {
    let found = views.all(&Summary::customer_partition(customer), PAGE).await?;
    let present = found.iter().filter(|(_, view)| !view.is_erased());
    Ok(present.filter_map(|(key, _)| Summary::order_of(key)).collect())
}
