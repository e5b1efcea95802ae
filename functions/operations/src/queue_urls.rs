//! The setting `DEAD_LETTERS`: the URL of each function's dead-letter queue, and of the queue that feeds the function.

use super::FunctionQueues;
use outbound::{DeadLetterQueue, WorkQueue};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// URLs by function: `<function>=<dead-letter queue>[,<queue>]`, separated by white space. A function without a queue
/// reads a stream or runs on a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueUrls(BTreeMap<String, (String, Option<String>)>);

/// The setting is empty, names a function twice, or holds something that is not a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidQueueUrls;

impl FromStr for QueueUrls {
    type Err = InvalidQueueUrls;

    fn from_str(text: &str) -> Result<Self, InvalidQueueUrls> {
        let mut by_function = BTreeMap::new();
        for entry in text.split_whitespace() {
            let (function, urls) = entry.split_once('=').ok_or(InvalidQueueUrls)?;
            let (dead_letters, source) = match urls.split_once(',') {
                Some((dead_letters, source)) => (dead_letters, Some(source)),
                None => (urls, None),
            };
            let is_url = |url: &str| url.starts_with("https://") || url.starts_with("http://");
            let is_valid = !function.is_empty() && is_url(dead_letters) && source.is_none_or(is_url);
            let urls = (dead_letters.to_owned(), source.map(str::to_owned));
            if !is_valid || by_function.insert(function.to_owned(), urls).is_some() {
                return Err(InvalidQueueUrls);
            }
        }
        if by_function.is_empty() { Err(InvalidQueueUrls) } else { Ok(Self(by_function)) }
    }
}

impl QueueUrls {
    /// The queues of each function, opened by their URLs.
    pub fn open(
        &self,
        open_dead_letters: impl Fn(&str) -> Arc<dyn DeadLetterQueue>,
        open_source: impl Fn(&str) -> Arc<dyn WorkQueue>,
    ) -> BTreeMap<String, FunctionQueues> {
        let open = |(function, (dead_letters, source)): (&String, &(String, Option<String>))| {
            let queues = FunctionQueues {
                dead_letters: open_dead_letters(dead_letters),
                source: source.as_deref().map(&open_source),
            };
            (function.clone(), queues)
        };
        self.0.iter().map(open).collect()
    }
}

#[cfg(test)]
mod tests;
