//! A customer cancels while the warehouse hands the parcel over: shipping's stream decides, and everybody follows it.

use crate::api::Answer;
use crate::ending::{no_letter_is_dead, settle, tells};
use crate::shop::{Checkout, Shop, fresh};
use crate::stripe::Moved;
use crate::wait::{pause, until};
use events::{Event, ShippingEvent};
use std::sync::Barrier;
use std::time::Duration;

const RACES: usize = 50;
/// At first both are sent at the same moment, without any help.
const AT_THE_SAME_MOMENT: usize = 5;
/// A dispatch is decided while the warehouse waits; a cancellation travels from orders to shipping first. So the dispatch
/// wins unless it starts later. How much later is learnt as the races go: more after each that it won, less after each
/// that it lost. That keeps the two close together, on a machine of any speed.
const STEP: Duration = Duration::from_millis(60);
const JITTER_MILLIS: u64 = 50;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Winner {
    Dispatch,
    Cancellation,
}

/// Both ask at once; the dispatch waits so long first.
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

/// Waits for the end, and holds the winner against everything else that is to be seen: the loser was told so, and no
/// money is kept for what stays, or given back for what left (I1).
fn agrees(shop: &Shop, id: &str, dispatched: &Answer, cancelled: &Answer) -> Winner {
    until(format!("order {id} to be shipped or cancelled for good"), || {
        let page = shop.order(id);
        let is_refused = cancelled.status == 409 || tells(&page, "cancellation_rejected");
        let is_over = match page["status"].as_str() {
            Some("shipped") => is_refused && tells(&page, "stock_committed"),
            Some("cancelled") => true,
            _ => false,
        };
        if is_over { Ok(()) } else { Err(page) }
    });
    let (winner, page) = (decided(shop, id), shop.order(id));
    let (status, dispatch, refunded) = match winner {
        Winner::Dispatch => ("shipped", 202, 0),
        Winner::Cancellation => ("cancelled", 409, 950),
    };
    assert_eq!(page["status"], status, "{page}");
    assert_eq!(page["attention"], serde_json::json!([]), "{page}");
    assert_eq!(dispatched.status, dispatch, "{dispatched}");
    assert!(
        cancelled.status == 202 || (cancelled.status == 409 && winner == Winner::Dispatch),
        "{cancelled}"
    );
    assert_eq!(tells(&page, "cancellation_rejected"), winner == Winner::Dispatch && cancelled.status == 202);
    assert_eq!(page["payment"]["refunded"], refunded, "{page}");
    assert_eq!(shop.stripe.moved(id), Moved { charges: 1, captured: 950, refunded }, "order {id}");
    winner
}

#[test]
fn i1_i2_i4_of_a_dispatch_and_a_cancellation_at_once_exactly_one_wins_fifty_times() {
    let shop = Shop::open();
    let pieces = u64::try_from(RACES).expect("a small number");
    let tea = shop.goods(950, pieces);
    let ids: Vec<String> = (0..RACES).map(|_| shop.place(&Checkout::of(&[(&tea, 1)]))).collect();
    for id in &ids {
        shop.await_shipment(id);
    }
    assert_eq!(shop.stock(&tea), (pieces, 0, pieces));

    let mut head_start = Duration::ZERO;
    let mut answers = Vec::with_capacity(RACES);
    for (n, id) in ids.iter().enumerate() {
        let wait = if n < AT_THE_SAME_MOMENT {
            Duration::ZERO
        } else {
            head_start + Duration::from_millis(fastrand::u64(0..JITTER_MILLIS))
        };
        let (dispatched, cancelled) = race(&shop, id, wait);
        head_start =
            if dispatched.status == 202 { head_start + STEP } else { head_start.saturating_sub(STEP) };
        answers.push((id, dispatched, cancelled));
    }

    let mut shipped = 0;
    let (mut refused, mut rejected) = (0, 0);
    for (id, dispatched, cancelled) in &answers {
        if agrees(&shop, id, dispatched, cancelled) == Winner::Dispatch {
            shipped += 1;
            refused += u64::from(cancelled.status == 409);
            rejected += u64::from(cancelled.status == 202);
        }
    }
    eprintln!(
        "{RACES} races: {shipped} dispatched ({rejected} cancellations rejected later, {refused} refused with 409), \
         {} cancelled; a dispatch that starts about {} ms later has even chances",
        pieces - shipped,
        head_start.as_millis()
    );
    assert!(shipped > 0 && shipped < pieces, "only one side ever won: these were no races");
    assert_eq!(
        shop.stock(&tea),
        (pieces - shipped, pieces - shipped, 0),
        "I2: what shipped is gone, and no more"
    );
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    settle(&shop, &ids);
    no_letter_is_dead(&shop, &ids);
}
