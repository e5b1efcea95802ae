//! A customer cancels while the warehouse dispatches: shipping's stream decides, and every other side agrees.

use crate::api::Answer;
use crate::expected_end::{Order, assert_no_dead_letters, has_fact, settle};
use crate::stack::{Checkout, Stack, fresh};
use crate::stripe::{Moved, moved};
use crate::wait::{at_once, pause, until};
use events::{Event, ShippingEvent};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const RACES: u64 = 50;
/// Races at once: enough that some collide, and few enough that none waits long.
const AT_ONCE: usize = 8;
/// The first races start both requests at the same moment.
const WITHOUT_HEAD_START: u64 = 5;
/// Shipping decides a dispatch at once, but a cancellation travels from orders to shipping first. So the dispatch wins
/// unless it starts later. The head start of the cancellation grows after each dispatch that wins, and shrinks after each
/// that loses, which keeps both close together on any machine. In milliseconds.
const STEP: u64 = 60;
const JITTER: u64 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Winner {
    Dispatch,
    Cancellation,
}

/// Sends both requests; the cancellation has this head start.
fn race(stack: &Stack, id: &str, head_start: Duration) -> (Answer, Answer) {
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let dispatch = scope.spawn(|| {
            barrier.wait();
            pause(head_start);
            stack.dispatch(id, &format!("AP{}", fresh()))
        });
        let cancel = scope.spawn(|| {
            barrier.wait();
            stack.cancel(id)
        });
        (dispatch.join().expect("an answer"), cancel.join().expect("an answer"))
    })
}

/// I4: the winner, by the stream itself.
fn decided(stack: &Stack, id: &str) -> Winner {
    let events = stack.tables.stream("SHIPPING", id);
    let count = |wanted: fn(&ShippingEvent) -> bool| {
        let read = |envelope| match Event::read(envelope).expect("an event that is known") {
            Event::Shipping(event) => wanted(&event),
            other => panic!("{other:?} in shipping's stream"),
        };
        events.iter().filter(|envelope| read(envelope)).count()
    };
    let shipped = count(|event| matches!(event, ShippingEvent::Shipped(_)));
    let cancelled = count(|event| matches!(event, ShippingEvent::ShipmentCancelled(_)));
    match (shipped, cancelled) {
        (1, 0) => Winner::Dispatch,
        (0, 1) => Winner::Cancellation,
        _ => panic!("order {id} has {shipped} Shipped and {cancelled} ShipmentCancelled: {events:?}"),
    }
}

/// Waits until the race is decided on every side.
fn await_end(stack: &Stack, id: &str, dispatched: &Answer, cancelled: &Answer) {
    until(format!("order {id} to be shipped or cancelled permanently"), || {
        let page = stack.order(id);
        let is_refused = cancelled.status == 409 || has_fact(&page, "cancellation_rejected");
        let is_over = match page["status"].as_str() {
            Some("shipped") => is_refused && has_fact(&page, "stock_committed"),
            Some("cancelled") => true,
            _ => false,
        };
        if is_over { Ok(()) } else { Err(format!("{dispatched}; {cancelled}; {page}")) }
    });
}

/// Compares the winner with every other side: the loser was refused, a cancelled order is refunded, and a shipped one is
/// not (I1).
fn agrees(stack: &Stack, intents: &[Value], id: &str, dispatched: &Answer, cancelled: &Answer) -> Winner {
    let (winner, page) = (decided(stack, id), stack.order(id));
    let (status, dispatch, refunded) = match winner {
        Winner::Dispatch => ("shipped", 202, 0),
        Winner::Cancellation => ("cancelled", 409, 950),
    };
    assert_eq!(page["status"], status, "{page}");
    assert_eq!(page["attention"], json!([]), "{page}");
    assert_eq!(dispatched.status, dispatch, "{dispatched}");
    assert!(
        cancelled.status == 202 || (cancelled.status == 409 && winner == Winner::Dispatch),
        "{cancelled}"
    );
    assert_eq!(
        has_fact(&page, "cancellation_rejected"),
        winner == Winner::Dispatch && cancelled.status == 202
    );
    assert_eq!(page["payment"]["refunded"], refunded, "{page}");
    let own: Vec<Value> =
        intents.iter().filter(|intent| intent["metadata"]["order_id"] == *id).cloned().collect();
    assert_eq!(moved(&own), Moved { charges: 1, captured: 950, refunded }, "order {id}");
    winner
}

#[test]
fn i1_i2_i4_of_a_dispatch_and_a_cancellation_at_once_exactly_one_wins_fifty_times() {
    let stack = Stack::shared();
    let tea = stack.goods(950, RACES);
    let orders: Vec<u64> = (0..RACES).collect();
    let ids = at_once(AT_ONCE, &orders, |_| Order::allocated(&stack, &Checkout::of(&[(&tea, 1)])).id);
    assert_eq!(stack.stock(&tea), (RACES, 0, RACES));

    let (begun, head_start) = (AtomicU64::new(0), AtomicU64::new(0));
    let answers = at_once(AT_ONCE, &ids, |id| {
        let fair = begun.fetch_add(1, Ordering::Relaxed) < WITHOUT_HEAD_START;
        let millis = head_start.load(Ordering::Relaxed) + fastrand::u64(0..JITTER);
        let (dispatched, cancelled) =
            race(&stack, id, if fair { Duration::ZERO } else { Duration::from_millis(millis) });
        let learn = |millis: u64| {
            Some(if dispatched.status == 202 { millis + STEP } else { millis.saturating_sub(STEP) })
        };
        head_start.fetch_update(Ordering::Relaxed, Ordering::Relaxed, learn).ok();
        (id.clone(), dispatched, cancelled)
    });

    for (id, dispatched, cancelled) in &answers {
        await_end(&stack, id, dispatched, cancelled);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    settle(&stack, &ids);
    let intents = stack.stripe.intents(|order| ids.contains(&order));
    let (mut shipped, mut refused) = (0, 0);
    for (id, dispatched, cancelled) in &answers {
        if agrees(&stack, &intents, id, dispatched, cancelled) == Winner::Dispatch {
            shipped += 1;
            refused += u64::from(cancelled.status == 409);
        }
    }
    let rejected = shipped - refused;
    eprintln!(
        "{RACES} races: {shipped} dispatched ({rejected} cancellations rejected later, {refused} refused with 409), \
         {} cancelled; at the end a cancellation had a head start of {} ms",
        RACES - shipped,
        head_start.load(Ordering::Relaxed)
    );
    assert!(shipped > 0 && shipped < RACES, "only one side ever won, so these were no races");
    assert_eq!(stack.stock(&tea), (RACES - shipped, RACES - shipped, 0), "I2: only what shipped is gone");
    assert_no_dead_letters(&stack, &ids);
}
