//! Settings that list queues by their functions: `<function>=<URL>`, separated by white space.

use crate::redrive::FunctionQueues;
use outbound::{DeadLetterQueue, QueueGauge, WorkQueue};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// The queue that feeds each function: `<function>=<queue>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueUrls(BTreeMap<String, String>);

/// The dead-letter queue of each function, and the queue that feeds it: `<function>=<dead-letter queue>[,<queue>]`. A function
/// without a queue reads a stream or runs on a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadLetterUrls(BTreeMap<String, (String, Option<String>)>);

/// The setting is empty, names a function twice, or holds something that is not a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidQueueUrls;

impl FromStr for QueueUrls {
    type Err = InvalidQueueUrls;

    fn from_str(text: &str) -> Result<Self, InvalidQueueUrls> {
        by_function(text, url).map(Self)
    }
}

impl FromStr for DeadLetterUrls {
    type Err = InvalidQueueUrls;

    fn from_str(text: &str) -> Result<Self, InvalidQueueUrls> {
        let urls = |urls: &str| match urls.split_once(',') {
            Some((dead_letters, source)) => Some((url(dead_letters)?, Some(url(source)?))),
            None => Some((url(urls)?, None)),
        };
        by_function(text, urls).map(Self)
    }
}

impl QueueUrls {
    /// The URL of each function's queue, by the function's name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(function, url)| (function.as_str(), url.as_str()))
    }

    /// The queue of each function, opened by its URL.
    pub fn open(&self, open: impl Fn(&str) -> Arc<dyn WorkQueue>) -> BTreeMap<String, Arc<dyn WorkQueue>> {
        self.iter().map(|(function, url)| (function.to_owned(), open(url))).collect()
    }
}

impl DeadLetterUrls {
    /// The queues of each function, opened by their URLs.
    pub fn open(
        &self,
        open_dead_letters: impl Fn(&str) -> Arc<dyn DeadLetterQueue>,
        open_source: impl Fn(&str) -> Arc<dyn WorkQueue>,
        open_gauge: impl Fn(&str) -> Arc<dyn QueueGauge>,
    ) -> BTreeMap<String, FunctionQueues> {
        let open = |(function, (dead_letters, source)): (&String, &(String, Option<String>))| {
            let queues = FunctionQueues {
                dead_letters: open_dead_letters(dead_letters),
                source: source.as_deref().map(&open_source),
                gauge: open_gauge(dead_letters),
            };
            (function.clone(), queues)
        };
        self.0.iter().map(open).collect()
    }
}

fn by_function<T>(
    text: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<BTreeMap<String, T>, InvalidQueueUrls> {
    let mut found = BTreeMap::new();
    for entry in text.split_whitespace() {
        let (function, value) = entry.split_once('=').ok_or(InvalidQueueUrls)?;
        let value = read(value).ok_or(InvalidQueueUrls)?;
        if function.is_empty() || found.insert(function.to_owned(), value).is_some() {
            return Err(InvalidQueueUrls);
        }
    }
    if found.is_empty() { Err(InvalidQueueUrls) } else { Ok(found) }
}

fn url(text: &str) -> Option<String> {
    (text.starts_with("https://") || text.starts_with("http://")).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
