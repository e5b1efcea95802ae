//! Runs futures by hand, so that the simulation decides which of them goes on, and where one stops.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A handler under way.
pub(super) type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Goes on with a future until it stops by itself.
pub(super) fn poll<T>(running: &mut Running<T>) -> Option<T> {
    match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// Runs a future to its end: nothing in it waits for anything but its turn.
pub(super) fn finish<T>(future: impl Future<Output = T> + Send) -> T {
    let mut future = Box::pin(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}

/// Stops once, and goes on when it is polled again.
pub(super) async fn stop() {
    let mut stopped = false;
    poll_fn(|context| {
        if stopped {
            return Poll::Ready(());
        }
        stopped = true;
        // Where several are joined, who is not woken is not polled again.
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
