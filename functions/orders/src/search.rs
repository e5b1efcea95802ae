//! `search-orders`: `POST /orders/search`, for the viewer group. A `POST`, so that no address is in an access log.
//!
//! - The body has exactly one of `email`, `number`, `tracking_code`, `sku`, `customer`, `day`, `attention`, and optionally `status`
//!   and `cursor`. The answer is `{"items", "next"}`, newest first.
//! - Reads partitions of the table of views and of its index `attention`, never the whole table. They follow the events within moments.
//! - `status` and `attention` filter what was read, so a page may be short, or empty, and still have a `next`.
//! - A number or address that several orders have finds all of them. Writes nothing.

mod criterion;
mod page;

use crate::email_key::EmailKey;
use crate::get::List;
use crate::summary::{Listed, View};
use crate::terms::view_of;
use crate::{Summary, Term};
use async_trait::async_trait;
use criterion::{Body, Criterion};
use event_store::{Documents, Key, Pages, Walk};
use futures_util::future::try_join_all;
use page::{Below, Found, Merged};
use runtime::http::{Endpoint, Problem, Reply, Request, Role};
use std::sync::Arc;

/// How many orders one page reads, and so has at most.
const PAGE: u32 = 50;

/// The step.
pub struct SearchOrders {
    /// The table of views.
    pub views: Arc<dyn Documents>,
    /// Its partitions: the views of each customer, and the look-up items.
    pub partitions: Arc<dyn Pages>,
    /// The views of the orders that need an operator.
    pub by_attention: Arc<dyn Pages>,
    /// The key of the hash of emails.
    pub email_key: EmailKey,
}

#[async_trait]
impl Endpoint for SearchOrders {
    fn only_reads(&self, route: &str) -> bool {
        route == "POST /orders/search"
    }

    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let issuer = &request.at_least(Role::Viewer)?.customer.issuer;
        if request.route != "POST /orders/search" {
            return Err(Problem::not_found("no such route"));
        }
        let (criterion, status, cursor) = request.json::<Body>()?.read(issuer)?;
        let (index, partitions) = self.places(&criterion).await?;
        let below = cursor.map(|cursor| Below::decode(&cursor, &partitions)).transpose()?;
        let walk = below.as_ref().map_or(Walk::Backward, |below| Walk::Below(below.sort_key()));
        let pages = partitions.iter().map(|partition| index.page(partition, walk, PAGE, None));
        let Merged { found, below } = Merged::of(try_join_all(pages).await?, PAGE);
        let mut items = self.read(&criterion, found).await?;
        items.retain(|View { summary, .. }| {
            criterion.holds_for(summary) && status.is_none_or(|status| summary.status == status)
        });
        let next = below.map(|below| below.encode(&partitions));
        Ok(Reply::json(200, &List { items: items.into_iter().map(Listed::from).collect(), next }))
    }
}

impl SearchOrders {
    /// Where the orders are: the index, and its partitions.
    async fn places(&self, criterion: &Criterion) -> Result<(&dyn Pages, Vec<String>), Problem> {
        Ok(match criterion {
            Criterion::Term(term) => {
                let keys = match term {
                    Term::Email(_) => self.email_key.all().await.map_err(|error| {
                        Problem::unavailable("the key of the hash of emails cannot be read", error)
                    })?,
                    Term::Number(_) | Term::TrackingCode(_) | Term::Sku(_) | Term::Day(_) => Vec::new(),
                };
                (&*self.partitions, term.partitions(&keys))
            }
            Criterion::Customer(customer) => (&*self.partitions, vec![Summary::customer_partition(customer)]),
            Criterion::Attention(_) => (&*self.by_attention, Summary::attention_partitions()),
        })
    }

    /// The views of what was found, newest first. One that is not written yet is left out.
    async fn read(&self, criterion: &Criterion, found: Vec<Found>) -> Result<Vec<View>, Problem> {
        let mut views = match criterion {
            Criterion::Customer(_) => found,
            Criterion::Term(_) => {
                let keys = found.iter().map(|(key, document)| view_of(key, document));
                self.views.get_many(&keys.collect::<Result<Vec<Key>, _>>()?).await?
            }
            Criterion::Attention(_) => {
                let keys: Vec<Key> = found.into_iter().map(|(key, _)| key).collect();
                self.views.get_many(&keys).await?
            }
        };
        views.retain(|(_, view)| !view.is_erased());
        views.sort_by(|(one, _), (other, _)| other.sk.cmp(&one.sk));
        Ok(views.iter().map(|(key, document)| document.read(key)).collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests;
