//! Virtual time: tasks run until all of them wait, and then the clock moves to the next moment that one of them waits for.

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use resilience::Clock;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The start of every model.
pub(super) fn start() -> Timestamp {
    testkit::now()
}

struct State {
    now: Timestamp,
    /// Who waits for which moment.
    timers: BTreeMap<(Timestamp, u64), Waker>,
    last_id: u64,
    spawned: Vec<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

pub(super) struct VirtualClock(Mutex<State>);

impl VirtualClock {
    pub(super) fn new() -> Arc<Self> {
        let (timers, spawned) = (BTreeMap::new(), Vec::new());
        Arc::new(Self(Mutex::new(State { now: start(), timers, last_id: 0, spawned })))
    }

    /// Adds a task. It ends with the model.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.lock().unwrap().spawned.push(Box::pin(task));
    }

    /// Runs a task to its end, and the spawned tasks beside it.
    pub(super) fn run<T>(&self, task: impl Future<Output = T>) -> T {
        let (mut task, mut others) = (pin!(task), FuturesUnordered::new());
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(done) = task.as_mut().poll(&mut context) {
                return done;
            }
            others.extend(self.0.lock().unwrap().spawned.drain(..));
            while let Poll::Ready(Some(())) = others.poll_next_unpin(&mut context) {}
            let mut state = self.0.lock().unwrap();
            let ((at, _), waiting) = state.timers.pop_first().expect("every task waits for a time");
            state.now = state.now.max(at);
            drop(state);
            waiting.wake();
        }
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    async fn sleep(&self, wait: Duration) {
        let (until, id) = {
            let mut state = self.0.lock().unwrap();
            state.last_id += 1;
            (state.now + wait, state.last_id)
        };
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if state.now >= until {
                return Poll::Ready(());
            }
            state.timers.insert((until, id), context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
