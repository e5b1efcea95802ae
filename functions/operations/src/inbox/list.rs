//! The list of webhooks: newest first, of all sources or one, of any status or one.
//!
//! The index gives the keys, and the verdicts' items give what is shown. A body is read only for a webhook without a verdict.
//! The sources are merged by time until the page is full. A request reads a bounded number of index pages; it then answers a
//! short page, and `next` continues there.

use super::cursor::{Cursor, Place};
use super::{InboxSource, Summary, WebhookInbox};
use event_store::{Document, Key, Position, Walk};
use runtime::http::{Problem, Reply, Request};
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use webhooks::inbox::verdict::{self, Conclusion, Status};
use webhooks::inbox::{self, place_in_order};

/// How many index pages one request reads, however much its filter excludes.
const MOST_PAGES: u32 = 10;

#[derive(Debug, Serialize)]
struct List {
    items: Vec<Summary>,
    next: Option<String>,
}

/// The filter and the page size of a request.
struct Filter {
    status: Option<Status>,
    event_type: Option<String>,
    limit: u32,
}

/// The position of a request in one source.
struct SourceReader<'a> {
    inbox_source: &'a InboxSource,
    /// The position of the last webhook that was taken.
    after: Option<Position>,
    /// Read, but not taken yet; newest first.
    unread: VecDeque<(Position, Summary)>,
    /// Where the last index page ended.
    read_to: Option<Position>,
    has_more: bool,
}

impl WebhookInbox {
    pub(super) async fn list(&self, request: &Request) -> Result<Reply, Problem> {
        let filter = Filter::of(request)?;
        let source = request.in_query("source");
        if source.is_some_and(|source| self.sources.iter().all(|inbox_source| inbox_source.source != source))
        {
            let known: Vec<&str> = self.sources.iter().map(|inbox_source| inbox_source.source).collect();
            return Err(Problem::bad_request(format!("source is one of {}", known.join(", "))));
        }
        let question = filter.as_text(source);
        let places = match request.in_query("cursor") {
            Some(text) => Cursor::decode(text, &question, self)?.places,
            None => self
                .sources
                .iter()
                .filter(|inbox_source| source.is_none_or(|source| source == inbox_source.source))
                .map(|inbox_source| Place { source: inbox_source.source.to_owned(), after: None })
                .collect(),
        };
        let mut readers: Vec<SourceReader<'_>> = self
            .sources
            .iter()
            .filter_map(|inbox_source| {
                let place = places.iter().find(|place| place.source == inbox_source.source)?;
                let after = place.after.clone();
                Some(SourceReader {
                    inbox_source,
                    after,
                    unread: VecDeque::new(),
                    read_to: None,
                    has_more: true,
                })
            })
            .collect();
        let items = take(&mut readers, &filter).await?;
        let left: Vec<Place> = readers.into_iter().filter_map(SourceReader::place).collect();
        let next = (!left.is_empty()).then(|| Cursor::new(question, left).encode());
        Ok(Reply::json(200, &List { items, next }))
    }
}

/// Takes webhooks newest first over all sources, until the page is full.
async fn take(readers: &mut [SourceReader<'_>], filter: &Filter) -> Result<Vec<Summary>, Problem> {
    let (mut items, mut pages) = (Vec::new(), 0);
    while items.len() < usize::try_from(filter.limit).unwrap_or(usize::MAX) {
        // The newest one is known only when every source with more webhooks has read some.
        for reader in readers.iter_mut() {
            while reader.unread.is_empty() && reader.has_more {
                if pages == MOST_PAGES {
                    return Ok(items);
                }
                pages += 1;
                reader.read(filter).await?;
            }
        }
        let with_unread = readers.iter_mut().filter(|reader| !reader.unread.is_empty());
        let newest =
            with_unread.max_by_key(|reader| reader.unread.front().map(|(_, summary)| summary.received_at));
        let Some(reader) = newest else { break };
        let Some((position, summary)) = reader.unread.pop_front() else { break };
        reader.after = Some(position);
        items.push(summary);
    }
    Ok(items)
}

impl SourceReader<'_> {
    /// Where the next request continues; `None` at the end of the source.
    fn place(self) -> Option<Place> {
        let has_more = self.has_more || !self.unread.is_empty();
        let after = if self.unread.is_empty() { self.read_to.or(self.after) } else { self.after };
        has_more.then(|| Place { source: self.inbox_source.source.to_owned(), after })
    }

    /// Reads the next index page. Nothing is unread before.
    async fn read(&mut self, filter: &Filter) -> Result<(), Problem> {
        let source = self.inbox_source.source;
        let partition = filter.status.and_then(|status| status.partition(source));
        let partition = partition.unwrap_or_else(|| source.to_owned());
        let from = self.read_to.take().or_else(|| self.after.clone());
        let page =
            self.inbox_source.index.page(&partition, Walk::Backward, filter.limit, from.as_ref()).await?;
        let keys: Vec<Key> = page.documents.into_iter().map(|(key, _)| key).collect();
        let summaries = self.summaries(&keys).await?;
        self.unread = keys
            .into_iter()
            .filter_map(|Key { pk, sk }| {
                let summary = summaries.get(&pk)?.clone();
                let order = place_in_order(summary.received_at);
                filter.matches(&summary).then_some((Position { pk, sk, order }, summary))
            })
            .collect();
        self.has_more = page.next.is_some();
        self.read_to = page.next;
        Ok(())
    }

    /// The summaries of these webhooks by partition key, without those that expired since the index was written.
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

impl Filter {
    fn of(request: &Request) -> Result<Self, Problem> {
        request.query_has_only(&["status", "source", "type", "limit", "cursor"])?;
        let status = request.in_query("status").map(|wanted| {
            Status::ALL.into_iter().find(|status| status.as_str() == wanted).ok_or_else(|| {
                let known: Vec<&str> = Status::ALL.iter().map(|status| status.as_str()).collect();
                Problem::bad_request(format!("status is one of {}", known.join(", ")))
            })
        });
        let event_type = request.in_query("type");
        if event_type.is_some_and(|name| !webhooks::is_name(name)) {
            return Err(Problem::bad_request("type is the event type as the sender names it"));
        }
        Ok(Self {
            status: status.transpose()?,
            event_type: event_type.map(str::to_owned),
            limit: request.number_in_query("limit", 20, 1, 100)?,
        })
    }

    fn matches(&self, summary: &Summary) -> bool {
        self.status.is_none_or(|status| status.as_str() == summary.status)
            && self.event_type.as_ref().is_none_or(|wanted| *wanted == summary.r#type)
    }

    /// The filter as text, without the page size. A cursor is valid only for the same filter.
    fn as_text(&self, source: Option<&str>) -> String {
        let status = self.status.map(Status::as_str).unwrap_or_default();
        let event_type = self.event_type.as_deref().unwrap_or_default();
        format!("{}|{status}|{event_type}", source.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
