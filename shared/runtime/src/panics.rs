//! A panic affects the one message, request or record whose code panicked: it is caught here and becomes a failure.
//!
//! The release profile unwinds for this reason. A panic's message may quote data, so only its location is logged.

use resilience::Failure;
use resilience::deadline::in_time;
use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

thread_local! {
    /// Where this thread panicked last.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The code panicked, which is a defect. Its place, not its message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the code panicked at {0}")]
pub struct Panicked(pub String);

impl From<Panicked> for Failure {
    /// A later version of the code may handle the message.
    fn from(panicked: Panicked) -> Self {
        Self::retry(panicked)
    }
}

/// Logs each panic by its location alone, in place of the standard report to stderr. Every function does so from its start.
pub fn log_locations() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(metric = "Panicked", location, "the code panicked; this is a defect");
        LAST.with_borrow_mut(|last| *last = Some(location));
    }));
}

/// Does `work`; a panic ends it and nothing beside it.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panicked> {
    let mut work = pin!(work);
    poll_fn(|context| {
        // After a panic the work is not polled again, so nothing sees its broken state.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(_) => Poll::Ready(Err(Panicked(location()))),
        }
    })
    .await
}

/// Panics on this thread as the work of another thread did, without a second report.
pub(crate) fn panic_again(panicked: Panicked) -> ! {
    LAST.with_borrow_mut(|last| *last = Some(panicked.0));
    resume_unwind(Box::new(()))
}

/// Does one message's, request's or record's work: a panic ends it, and so does the current task's deadline.
pub async fn guarded<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    in_time(caught(work)).await??
}

fn location() -> String {
    LAST.with_borrow_mut(Option::take).unwrap_or_else(|| "an unknown place".to_owned())
}
