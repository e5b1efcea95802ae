//! What a request waits for before it has an effect: that its caller is within the limits.

use super::Problem;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

pub(super) type Verdict = Result<(), Problem>;

/// The answer of the limiter to a request. A request without limits is admitted.
#[derive(Debug, Clone, Default)]
pub struct Admission(Arc<Mutex<Option<oneshot::Receiver<Verdict>>>>);

impl Admission {
    /// An admission that the limiter has still to decide.
    pub(super) fn pending() -> (oneshot::Sender<Verdict>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self(Arc::new(Mutex::new(Some(receiver)))))
    }

    /// Waits until the limiter has decided.
    ///
    /// # Errors
    /// The refusal of a caller who is over a limit.
    pub async fn granted(&self) -> Result<(), Problem> {
        let receiver = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match receiver {
            Some(receiver) => receiver.await.map_err(Problem::internal)?,
            None => Ok(()),
        }
    }
}
