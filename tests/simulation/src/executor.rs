//! Polls futures without a runtime, so that the simulation decides which one goes on and where one stops.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// A handler under way.
pub(super) type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Resumes a future until it stops.
pub(super) fn poll<T>(running: &mut Running<T>) -> Option<T> {
    match running.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// Runs a future to its end: it waits for nothing but to be polled again.
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
        // `join_all` polls again only the futures that were woken.
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
