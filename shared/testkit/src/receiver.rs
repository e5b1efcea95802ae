//! In-memory twins of what outbound webhooks use: receivers with planned answers, host names, a work queue.

use crate::held::held;
use async_trait::async_trait;
use outbound::{Answer, Call, CallError, NameError, Names, QueueError, Transport, Work, WorkQueue};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::Mutex;

/// An answer with this status and these headers, without a body.
pub fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Answer { status, headers, body: Vec::new() }
}

/// All receivers of webhooks, by URL. Without a planned answer, a receiver answers 204.
#[derive(Default)]
pub struct Receivers {
    calls: Mutex<Vec<Call>>,
    planned: Mutex<BTreeMap<String, VecDeque<Result<Answer, CallError>>>>,
}

impl Receivers {
    /// Plans the next answer of the receiver at this URL. Several answers apply in turn.
    pub fn answer_next(&self, url: &str, next: Result<Answer, CallError>) {
        held(&self.planned).entry(url.to_owned()).or_default().push_back(next);
    }

    /// All calls so far, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        held(&self.calls).clone()
    }
}

#[async_trait]
impl Transport for Receivers {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let next = held(&self.planned).get_mut(&call.url).and_then(VecDeque::pop_front);
        held(&self.calls).push(call);
        next.unwrap_or_else(|| Ok(answer(204, &[])))
    }
}

/// Host names with the addresses that a test sets. Any other name has a public address.
#[derive(Debug, Default)]
pub struct FixedNames(pub BTreeMap<&'static str, Vec<IpAddr>>);

#[async_trait]
impl Names for FixedNames {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let found = self.0.get(host).cloned().unwrap_or_else(|| vec![IpAddr::from([1, 1, 1, 1])]);
        if found.is_empty() { Err(NameError::Unknown("no address".to_owned())) } else { Ok(found) }
    }
}

/// A work queue that records what was sent.
#[derive(Debug, Default)]
pub struct MemoryWork(Mutex<Vec<Work>>);

impl MemoryWork {
    /// All items in the queue, oldest first.
    pub fn sent(&self) -> Vec<Work> {
        held(&self.0).clone()
    }

    /// Takes all items, oldest first.
    pub fn take(&self) -> Vec<Work> {
        std::mem::take(&mut *held(&self.0))
    }
}

#[async_trait]
impl WorkQueue for MemoryWork {
    async fn send(&self, work: &Work) -> Result<(), QueueError> {
        held(&self.0).push(work.clone());
        Ok(())
    }
}
