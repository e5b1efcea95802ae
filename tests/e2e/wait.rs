//! Waiting by polling, and concurrent work.

use std::fmt::Display;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything here takes on a busy machine of two cores. It only bounds a test that fails.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

const BETWEEN: Duration = Duration::from_millis(150);

/// Polls until `look` succeeds. Its last error is printed if the test times out.
pub(crate) fn until<T, S: Display>(what: impl Display, look: impl FnMut() -> Result<T, S>) -> T {
    until_within(PATIENCE, what, look)
}

/// The same with another bound.
pub(crate) fn until_within<T, S: Display>(
    patience: Duration,
    what: impl Display,
    mut look: impl FnMut() -> Result<T, S>,
) -> T {
    let began = Instant::now();
    loop {
        match look() {
            Ok(found) => return found,
            Err(seen) if began.elapsed() > patience => {
                panic!("waited {} s for {what}; seen last: {seen}", patience.as_secs())
            }
            Err(_) => pause(BETWEEN),
        }
    }
}

/// Lets the stack work for a moment.
#[expect(clippy::disallowed_methods, reason = "a test is no function: it may wait")]
pub(crate) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Runs `work` on every item, this many at once. The outcomes are in order of completion.
pub(crate) fn at_once<T: Sync, U: Send>(
    workers: usize,
    items: &[T],
    work: impl Fn(&T) -> U + Sync,
) -> Vec<U> {
    let done = Mutex::new(Vec::with_capacity(items.len()));
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = work(item);
                    done.lock().expect("no worker panicked").push(outcome);
                }
            });
        }
    });
    done.into_inner().expect("no worker panicked")
}
