//! A semaphore for each endpoint within one process, so that the messages of a batch wait for each other's calls.
//!
//! The endpoint's health limits the calls under way over all processes. The messages of one batch arrive at the same moment,
//! and most of them would find the endpoint busy and return to the queue for seconds, although it answers in milliseconds. A
//! message that waits here for too long asks the health nevertheless: behind a slow endpoint it should be postponed.

use futures_util::future::{Either, select};
use resilience::Clock;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The longest wait for a permit. Shorter than an endpoint may take to answer.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The semaphores of this process, one for each endpoint.
pub struct Lanes {
    /// How many calls to one endpoint may be under way at once.
    pub(crate) width: usize,
    lanes: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Lanes {
    /// Allows `width` calls to one endpoint at once.
    pub fn of(width: usize) -> Self {
        Self { width, lanes: Mutex::default() }
    }

    /// Waits for a permit to call the endpoint; `None` after [`LONGEST_WAIT`]. Dropping the permit releases it.
    pub(crate) async fn acquire(&self, endpoint: &str, clock: &dyn Clock) -> Option<OwnedSemaphorePermit> {
        let lane = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(
                lanes.entry(endpoint.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.width))),
            )
        };
        match select(pin!(lane.acquire_owned()), clock.sleep(LONGEST_WAIT)).await {
            // A lane is never closed.
            Either::Left((permit, _)) => permit.ok(),
            Either::Right(((), _)) => None,
        }
    }
}

#[cfg(test)]
mod tests;
