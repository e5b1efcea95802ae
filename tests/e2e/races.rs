//! A customer cancels while the warehouse hands the parcel over: shipping's stream decides, and everybody follows it.

use crate::api::Answer;
use crate::ending::{Order, no_letter_is_dead, settle, tells};
use crate::shop::{Checkout, Shop, fresh};
use crate::stripe::{Moved, moved};
use crate::wait::{at_once, pause, until};
use events::{Event, ShippingEvent};
use serde_json::{Value, json};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const RACES: u64 = 50;
/// Enough for some to meet on the way, and few enough for none to wait long.
const AT_ONCE: usize = 8;
/// At first both are sent at the same moment, without any help.
const AT_THE_SAME_MOMENT: u64 = 5;
/// A dispatch is decided while the warehouse waits; a cancellation travels from orders to shipping first. So the dispatch
/// wins unless it starts later. How much later is learnt as the races go: more after each that it won, less after each
/// that it lost. That keeps the two close together, on a machine of any speed. Milliseconds.
const STEP: u64 = 60;
const JITTER: u64 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Winner {
    Dispatch,
    Cancellation,
}

/// Both ask at once; the cancellation has so much of a head start.
fn race(shop: &Shop, id: &str, head_start: Duration) -> (Answer, Answer) {
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        let dispatch = scope.spawn(|| {
            barrier.wait();
            pause(head_start);
            shop.dispatch(id, &format!("AP{}", fresh()))
        });
        let cancel = scope.spawn(|| {
            barrier.wait();
            shop.cancel(id)
        });
        (dispatch.join().expect("an answer"), cancel.join().expect("an answer"))
    })
}

/// I4, in the stream itself: who won.
fn decided(shop: &Shop, id: &str) -> Winner {
    let events = shop.tables.stream("SHIPPING", id);
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

/// Waits until nobody is left in doubt.
fn await_end(shop: &Shop, id: &str, dispatched: &Answer, cancelled: &Answer) {
    until(format!("order {id} to be shipped or cancelled for good"), || {
        let page = shop.order(id);
        let is_refused = cancelled.status == 409 || tells(&page, "cancellation_rejected");
        let is_over = match page["status"].as_str() {
            Some("shipped") => is_refused && tells(&page, "stock_committed"),
            Some("cancelled") => true,
            _ => false,
        };
        if is_over { Ok(()) } else { Err(format!("{dispatched}; {cancelled}; {page}")) }
    });
}

/// Holds the winner against everything else that is to be seen: the loser was told so, and no money is kept for what
/// stays, or given back for what left (I1).
fn agrees(shop: &Shop, intents: &[Value], id: &str, dispatched: &Answer, cancelled: &Answer) -> Winner {
    let (winner, page) = (decided(shop, id), shop.order(id));
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
    assert_eq!(tells(&page, "cancellation_rejected"), winner == Winner::Dispatch && cancelled.status == 202);
    assert_eq!(page["payment"]["refunded"], refunded, "{page}");
    let own: Vec<Value> =
        intents.iter().filter(|intent| intent["metadata"]["order_id"] == *id).cloned().collect();
    assert_eq!(moved(&own), Moved { charges: 1, captured: 950, refunded }, "order {id}");
    winner
}

#[test]
fn i1_i2_i4_of_a_dispatch_and_a_cancellation_at_once_exactly_one_wins_fifty_times() {
    let shop = Shop::open();
    let tea = shop.goods(950, RACES);
    let orders: Vec<u64> = (0..RACES).collect();
    let ids = at_once(AT_ONCE, &orders, |_| Order::allocated(&shop, &Checkout::of(&[(&tea, 1)])).id);
    assert_eq!(shop.stock(&tea), (RACES, 0, RACES));

    let (begun, head_start) = (AtomicU64::new(0), AtomicU64::new(0));
    let answers = at_once(AT_ONCE, &ids, |id| {
        let fair = begun.fetch_add(1, Ordering::Relaxed) < AT_THE_SAME_MOMENT;
        let millis = head_start.load(Ordering::Relaxed) + fastrand::u64(0..JITTER);
        let (dispatched, cancelled) =
            race(&shop, id, if fair { Duration::ZERO } else { Duration::from_millis(millis) });
        let learn = |millis: u64| {
            Some(if dispatched.status == 202 { millis + STEP } else { millis.saturating_sub(STEP) })
        };
        head_start.fetch_update(Ordering::Relaxed, Ordering::Relaxed, learn).ok();
        (id.clone(), dispatched, cancelled)
    });

    for (id, dispatched, cancelled) in &answers {
        await_end(&shop, id, dispatched, cancelled);
    }
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    settle(&shop, &ids);
    let intents = shop.stripe.intents(|order| ids.contains(&order));
    let (mut shipped, mut refused) = (0, 0);
    for (id, dispatched, cancelled) in &answers {
        if agrees(&shop, &intents, id, dispatched, cancelled) == Winner::Dispatch {
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
    assert!(shipped > 0 && shipped < RACES, "only one side ever won: these were no races");
    assert_eq!(
        shop.stock(&tea),
        (RACES - shipped, RACES - shipped, 0),
        "I2: what shipped is gone, and no more"
    );
    no_letter_is_dead(&shop, &ids);
}
