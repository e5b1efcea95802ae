//! Where each function's dead letters lie, and the queue that they came from, as the template tells it.

use super::LetterBox;
use outbound::{Letters, WorkQueue};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// The setting: `<function>=<dead letters' URL>[,<queue's URL>]`, separated by blanks. A function without a queue reads
/// from a stream, or is run by a schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<String, (String, Option<String>)>);

/// The setting makes no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidPlaces;

impl FromStr for Places {
    type Err = InvalidPlaces;

    fn from_str(text: &str) -> Result<Self, InvalidPlaces> {
        let mut places = BTreeMap::new();
        for entry in text.split_whitespace() {
            let (function, urls) = entry.split_once('=').ok_or(InvalidPlaces)?;
            let (dead, queue) = match urls.split_once(',') {
                Some((dead, queue)) => (dead, Some(queue)),
                None => (urls, None),
            };
            let is_url = |url: &str| url.starts_with("https://") || url.starts_with("http://");
            let is_sound = !function.is_empty() && is_url(dead) && queue.is_none_or(is_url);
            let place = (dead.to_owned(), queue.map(str::to_owned));
            if !is_sound || places.insert(function.to_owned(), place).is_some() {
                return Err(InvalidPlaces);
            }
        }
        if places.is_empty() { Err(InvalidPlaces) } else { Ok(Self(places)) }
    }
}

impl Places {
    /// The queues at these places, made by their URLs.
    pub fn open(
        &self,
        letters: impl Fn(&str) -> Arc<dyn Letters>,
        queue: impl Fn(&str) -> Arc<dyn WorkQueue>,
    ) -> BTreeMap<String, LetterBox> {
        let open = |(function, (dead, source)): (&String, &(String, Option<String>))| {
            let opened = LetterBox { letters: letters(dead), queue: source.as_deref().map(&queue) };
            (function.clone(), opened)
        };
        self.0.iter().map(open).collect()
    }
}

#[cfg(test)]
mod tests;
