//! The twins of what outbound webhooks meet: receivers that answer as they are told, host names, a queue of work.

use async_trait::async_trait;
use outbound::{Answer, Call, CallError, NameError, Names, QueueError, Transport, Work, WorkQueue};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An answer of this status with these headers, without a body.
pub fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Answer { status, headers, body: Vec::new() }
}

/// Every receiver of webhooks, by URL. One that was told nothing, or nothing more, answers 204.
#[derive(Default)]
pub struct Receivers {
    calls: Mutex<Vec<Call>>,
    told: Mutex<BTreeMap<String, VecDeque<Result<Answer, CallError>>>>,
}

impl Receivers {
    /// The receiver at this URL answers its next call so.
    pub fn tell(&self, url: &str, next: Result<Answer, CallError>) {
        held(&self.told).entry(url.to_owned()).or_default().push_back(next);
    }

    /// Every call so far, in its order.
    pub fn calls(&self) -> Vec<Call> {
        held(&self.calls).clone()
    }
}

#[async_trait]
impl Transport for Receivers {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let next = held(&self.told).get_mut(&call.url).and_then(VecDeque::pop_front);
        held(&self.calls).push(call);
        next.unwrap_or_else(|| Ok(answer(204, &[])))
    }
}

/// Host names with the addresses that a test gives them; all others have a public one.
#[derive(Debug, Default)]
pub struct FixedNames(pub BTreeMap<&'static str, Vec<IpAddr>>);

#[async_trait]
impl Names for FixedNames {
    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let found = self.0.get(host).cloned().unwrap_or_else(|| vec![IpAddr::from([1, 1, 1, 1])]);
        if found.is_empty() { Err(NameError::Unknown("told to be".to_owned())) } else { Ok(found) }
    }
}

/// A queue of work that keeps what was sent.
#[derive(Debug, Default)]
pub struct MemoryWork(Mutex<Vec<Work>>);

impl MemoryWork {
    /// Everything that lies there.
    pub fn sent(&self) -> Vec<Work> {
        held(&self.0).clone()
    }

    /// Takes everything out.
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
