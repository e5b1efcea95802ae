//! The list of shipments to pack, oldest first, in pages.

use super::ManageShipments;
use super::view::View;
use crate::open::{self, Candidate};
use events::OrderId;
use futures_util::future::try_join_all;
use runtime::http::{Problem, Reply, Request};
use serde::Serialize;

#[derive(Serialize)]
struct List<'a> {
    items: Vec<View<'a>>,
    /// The cursor of the next page; `null` on the last page.
    next: Option<String>,
}

impl ManageShipments {
    /// A page of candidates, without those whose stream shows that they are not open. So a page may hold fewer than
    /// `limit` shipments and still have a next one.
    pub(super) async fn list(&self, request: &Request) -> Result<Reply, Problem> {
        request.query_has_only(&["open", "limit", "cursor"])?;
        if request.in_query("open") != Some("true") {
            return Err(Problem::bad_request("only open shipments are listed: set open=true"));
        }
        let limit = usize::try_from(request.number_in_query("limit", 25, 1, 100)?).unwrap_or(usize::MAX);
        let after = request.in_query("cursor").map(read_cursor).transpose()?;
        let candidates = open::candidates(&*self.documents).await?;
        let mut rest =
            candidates.into_iter().skip_while(|found| after.as_ref().is_some_and(|after| found <= after));
        let page: Vec<Candidate> = rest.by_ref().take(limit).collect();
        let next = rest.next().and(page.last()).map(cursor);
        let histories = try_join_all(page.iter().map(|found| self.history(&found.order))).await?;
        let items = page
            .iter()
            .zip(&histories)
            .filter(|(_, history)| history.state.is_open())
            .map(|(found, history)| View::of(&found.order, history))
            .collect();
        Ok(Reply::json(200, &List { items, next }))
    }
}

/// A position in the list: `<milliseconds>-<order id>`.
fn cursor(at: &Candidate) -> String {
    format!("{}-{}", at.since, at.order)
}

fn read_cursor(text: &str) -> Result<Candidate, Problem> {
    let parts = text.split_once('-').and_then(|(since, order)| {
        Some(Candidate { since: since.parse().ok()?, order: OrderId::try_from(order).ok()? })
    });
    parts.ok_or_else(|| Problem::bad_request("the cursor is not one of this list"))
}
