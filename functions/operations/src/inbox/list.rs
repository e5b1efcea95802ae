//! The inbox's list: newest first, over all sources or one, of any status or one.
//!
//! An index gives keys; the small items of the verdicts give what is shown. A body is read only for a webhook that has no
//! verdict yet. Each source is walked by itself, and the newest of their heads is taken until the page is full or
//! enough has been read for one request: then the page is short, and `next` goes on.

use super::cursor::{Cursor, Place};
use super::{InboxSource, Summary, WebhookInbox};
use event_store::{Document, Key, Position, Walk};
use runtime::http::{Problem, Reply, Request};
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use webhooks::inbox::verdict::{self, Conclusion, Status};
use webhooks::inbox::{self, place_in_order};

/// How many pages of the indexes one request reads, whatever it is asked to leave out.
const MOST_PAGES: u32 = 10;

#[derive(Debug, Serialize)]
struct List {
    items: Vec<Summary>,
    next: Option<String>,
}

/// What a list is asked for.
struct Wanted {
    status: Option<Status>,
    event_type: Option<String>,
    limit: u32,
}

/// One source on its way through the list.
struct Walker<'a> {
    inbox_source: &'a InboxSource,
    /// The place of what was taken from it last.
    after: Option<Position>,
    /// Read, and not taken yet.
    heads: VecDeque<(Position, Summary)>,
    /// Where the page ended that the heads are of.
    read_to: Option<Position>,
    has_more: bool,
}

impl WebhookInbox {
    pub(super) async fn list(&self, request: &Request) -> Result<Reply, Problem> {
        let wanted = Wanted::by(request)?;
        let source = request.query.get("source").map(String::as_str);
        if source.is_some_and(|source| self.sources.iter().all(|inbox_source| inbox_source.source != source))
        {
            let known: Vec<&str> = self.sources.iter().map(|inbox_source| inbox_source.source).collect();
            return Err(Problem::bad_request(format!("source is one of {}", known.join(", "))));
        }
        let question = wanted.question(source);
        let places = match request.query.get("cursor") {
            Some(text) => Cursor::decode(text, &question, self)?.places,
            None => self
                .sources
                .iter()
                .filter(|inbox_source| source.is_none_or(|source| source == inbox_source.source))
                .map(|inbox_source| Place { source: inbox_source.source.to_owned(), after: None })
                .collect(),
        };
        let mut walkers: Vec<Walker<'_>> = self
            .sources
            .iter()
            .filter_map(|inbox_source| {
                let place = places.iter().find(|place| place.source == inbox_source.source)?;
                let after = place.after.clone();
                Some(Walker { inbox_source, after, heads: VecDeque::new(), read_to: None, has_more: true })
            })
            .collect();
        let items = take(&mut walkers, &wanted).await?;
        let left: Vec<Place> = walkers.into_iter().filter_map(Walker::place).collect();
        let next = (!left.is_empty()).then(|| Cursor::new(question, left).encode());
        Ok(Reply::json(200, &List { items, next }))
    }
}

/// The newest of all walkers' heads, one after the other.
async fn take(walkers: &mut [Walker<'_>], wanted: &Wanted) -> Result<Vec<Summary>, Problem> {
    let (mut items, mut pages) = (Vec::new(), 0);
    while items.len() < usize::try_from(wanted.limit).unwrap_or(usize::MAX) {
        // Selection head is the newest is known only when every source that has more shows its own.
        for walker in walkers.iter_mut() {
            while walker.heads.is_empty() && walker.has_more {
                if pages == MOST_PAGES {
                    return Ok(items);
                }
                pages += 1;
                walker.read(wanted).await?;
            }
        }
        let showing = walkers.iter_mut().filter(|walker| !walker.heads.is_empty());
        let newest =
            showing.max_by_key(|walker| walker.heads.front().map(|(_, summary)| summary.received_at));
        let Some(walker) = newest else { break };
        let Some((position, summary)) = walker.heads.pop_front() else { break };
        walker.after = Some(position);
        items.push(summary);
    }
    Ok(items)
}

impl Walker<'_> {
    /// Where it goes on, if it does.
    fn place(self) -> Option<Place> {
        let goes_on = self.has_more || !self.heads.is_empty();
        let after = if self.heads.is_empty() { self.read_to.or(self.after) } else { self.after };
        goes_on.then(|| Place { source: self.inbox_source.source.to_owned(), after })
    }

    /// Reads its next page. The heads are empty.
    async fn read(&mut self, wanted: &Wanted) -> Result<(), Problem> {
        let source = self.inbox_source.source;
        let partition = match wanted.status {
            None | Some(Status::Received) => source.to_owned(),
            Some(status) => format!("{source}#{}", status.as_str()),
        };
        let from = self.read_to.take().or_else(|| self.after.clone());
        let page =
            self.inbox_source.index.page(&partition, Walk::Backward, wanted.limit, from.as_ref()).await?;
        let keys: Vec<Key> = page.documents.into_iter().map(|(key, _)| key).collect();
        let summaries = self.summaries(&keys).await?;
        self.heads = keys
            .into_iter()
            .filter_map(|Key { pk, sk }| {
                let summary = summaries.get(&pk)?.clone();
                let order = place_in_order(summary.received_at);
                wanted.takes(&summary).then_some((Position { pk, sk, order }, summary))
            })
            .collect();
        self.has_more = page.next.is_some();
        self.read_to = page.next;
        Ok(())
    }

    /// What is shown of these webhooks, by partition key. An index lags: what is forgotten meanwhile is left out.
    async fn summaries(&self, keys: &[Key]) -> Result<HashMap<String, Summary>, Problem> {
        let InboxSource { source, documents, .. } = self.inbox_source;
        let at = |sk: &str, pk: &str| Key::new(pk, sk);
        let verdicts: Vec<Key> = keys.iter().map(|key| at(verdict::SORT_KEY, &key.pk)).collect();
        let mut found = HashMap::new();
        for (key, document) in read(self.inbox_source, &verdicts).await? {
            let conclusion: Conclusion = document.read(&key)?;
            found.insert(key.pk, Summary::concluded(source, conclusion));
        }
        let without: Vec<Key> = keys
            .iter()
            .filter(|key| !found.contains_key(&key.pk))
            .map(|key| at(inbox::SORT_KEY, &key.pk))
            .collect();
        if !without.is_empty() {
            for (key, document) in documents.get_many(&without).await? {
                let summary = Summary::received(source, &key, &document)?;
                found.insert(key.pk, summary);
            }
        }
        Ok(found)
    }
}

async fn read(inbox_source: &InboxSource, keys: &[Key]) -> Result<Vec<(Key, Document)>, Problem> {
    if keys.is_empty() { Ok(Vec::new()) } else { Ok(inbox_source.documents.get_many(keys).await?) }
}

impl Wanted {
    fn by(request: &Request) -> Result<Self, Problem> {
        let text = |name: &str| request.query.get(name).map(String::as_str);
        let status = text("status").map(|wanted| {
            Status::ALL.into_iter().find(|status| status.as_str() == wanted).ok_or_else(|| {
                let known: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
                Problem::bad_request(format!("status is one of {}", known.join(", ")))
            })
        });
        let event_type = text("type");
        if event_type.is_some_and(|name| !webhooks::is_name(name)) {
            return Err(Problem::bad_request("type is the sender's name of what happened"));
        }
        Ok(Self {
            status: status.transpose()?,
            event_type: event_type.map(str::to_owned),
            limit: request.number_in_query("limit", 20, 1, 100)?,
        })
    }

    fn takes(&self, summary: &Summary) -> bool {
        self.status.is_none_or(|status| status.as_str() == summary.status)
            && self.event_type.as_ref().is_none_or(|wanted| *wanted == summary.r#type)
    }

    /// The question as text, without how much of the answer fits into a page.
    fn question(&self, source: Option<&str>) -> String {
        let status = self.status.map(Status::as_str).unwrap_or_default();
        let event_type = self.event_type.as_deref().unwrap_or_default();
        format!("{}|{status}|{event_type}", source.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
