//! Within one process, the messages of one endpoint stand in line for its calls, instead of each asking the table in vain.
//!
//! How many calls may be under way is decided by the endpoint's health, over all processes. But the messages of one batch
//! come at the same moment, and most of them would be told that the endpoint is busy and come back seconds later, although
//! its answer takes milliseconds. Who stands in line for too long asks the table nevertheless: behind a slow endpoint
//! nobody waits who could have been put off.

use futures_util::future::{Either, select};
use resilience::Clock;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Nobody stands in line for longer: less than an endpoint may take for one answer.
const LONGEST: Duration = Duration::from_secs(1);

/// The lines of this process.
pub struct Lanes {
    /// How many calls to one endpoint may be under way at once.
    pub(crate) width: usize,
    lanes: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Lanes {
    /// Lines in which so many calls to one endpoint may be under way at once.
    pub fn of(width: usize) -> Self {
        Self { width, lanes: Mutex::default() }
    }

    /// Stands in line for a call to the endpoint; `None` if that took too long. The place is given back when it is dropped.
    pub(crate) async fn stand(&self, endpoint: &str, clock: &dyn Clock) -> Option<OwnedSemaphorePermit> {
        let lane = {
            let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(
                lanes.entry(endpoint.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(self.width))),
            )
        };
        match select(pin!(lane.acquire_owned()), clock.sleep(LONGEST)).await {
            // A lane is never closed.
            Either::Left((place, _)) => place.ok(),
            Either::Right(((), _)) => None,
        }
    }
}

#[cfg(test)]
mod tests;
