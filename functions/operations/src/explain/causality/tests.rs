//! Any order of the input gives the same output; an effect never precedes its cause.

use super::in_causal_order;
use events::{Cause, Delivered, Envelope, EventId, OrdersEvent, PaymentsEvent, Sequence, ShippingEvent};
use events::{OrderExpired, PaymentActionRequired};
use jiff::Timestamp;
use proptest::prelude::*;

/// The n-th event of a service, at this second, with this cause.
fn event(service: usize, sequence: u32, second: i64, cause: &str) -> Envelope {
    let cause = Cause { id: EventId::try_from(cause).unwrap(), traceparent: None, actor: None };
    let (place, time) = (Sequence::after(sequence - 1), Timestamp::from_second(second).unwrap());
    match service {
        0 => {
            let event = OrdersEvent::from(OrderExpired { pay_by: time });
            Envelope::wrap("o", place, time, &cause, &event)
        }
        1 => {
            let event = PaymentsEvent::from(PaymentActionRequired { intent_id: "pi_1".to_owned() });
            Envelope::wrap("o", place, time, &cause, &event)
        }
        _ => Envelope::wrap("o", place, time, &cause, &ShippingEvent::from(Delivered {})),
    }
}

/// Events of three services as they can happen: each is caused by an earlier one, or from outside. The clocks are not in step, so
/// the times prove nothing.
fn history() -> impl Strategy<Value = Vec<Envelope>> {
    prop::collection::vec((0_usize..3, 0_i64..6, any::<prop::sample::Index>(), any::<bool>()), 1..16)
        .prop_map(|steps| {
            let (mut events, mut places): (Vec<Envelope>, _) = (Vec::new(), [0_u32; 3]);
            for (service, second, cause, from_outside) in steps {
                places[service] += 1;
                let cause = if from_outside || events.is_empty() {
                    "request/r1".to_owned()
                } else {
                    cause.get(&events).id.to_string()
                };
                events.push(event(service, places[service], second, &cause));
            }
            events
        })
}

fn ids(events: &[Envelope]) -> Vec<&str> {
    events.iter().map(|event| event.id.as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn every_order_of_the_input_gives_the_same_order(
        (straight, shuffled) in history().prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        prop_assert_eq!(in_causal_order(straight), in_causal_order(shuffled));
    }

    #[test]
    fn an_effect_never_precedes_its_cause_nor_what_came_before_it_in_its_stream(
        events in history().prop_shuffle(),
    ) {
        let ordered = in_causal_order(events.clone());
        prop_assert_eq!(ordered.len(), events.len());
        for (place, event) in ordered.iter().enumerate() {
            for later in &ordered[place + 1..] {
                prop_assert!(event.causationid != later.id, "{} before its cause", event.id);
                let is_one_stream = event.source == later.source;
                prop_assert!(!is_one_stream || event.sequence < later.sequence, "{} before {}", event.id, later.id);
            }
        }
    }

    /// An erased or unread part of the history leaves the rest in order.
    #[test]
    fn without_some_of_the_events_the_others_are_still_in_causal_order(
        events in history(), kept in prop::collection::vec(any::<bool>(), 16),
    ) {
        let some: Vec<Envelope> =
            events.into_iter().zip(kept).filter_map(|(event, is_kept)| is_kept.then_some(event)).collect();
        let ordered = in_causal_order(some.clone());
        prop_assert_eq!(ordered.len(), some.len());
        for (place, event) in ordered.iter().enumerate() {
            prop_assert!(ordered[place + 1..].iter().all(|later| event.causationid != later.id));
        }
    }
}

#[test]
fn a_clock_that_is_behind_does_not_put_an_effect_before_its_cause() {
    let paid = event(1, 1, 9, "orders/o/1");
    let updated = event(0, 2, 3, "payments/o/1");
    let ordered = in_causal_order(vec![updated, event(0, 1, 5, "request/r1"), paid]);
    assert_eq!(ids(&ordered), ["orders/o/1", "payments/o/1", "orders/o/2"]);
}

#[test]
fn what_nothing_orders_is_ordered_by_time_then_by_service() {
    let events = vec![event(2, 1, 4, "webhook/a"), event(1, 1, 4, "stripe/b"), event(0, 1, 7, "request/c")];
    assert_eq!(ids(&in_causal_order(events)), ["payments/o/1", "shipping/o/1", "orders/o/1"]);
}

#[test]
fn a_duplicate_is_listed_once_and_a_circle_ends() {
    let twice = vec![event(0, 1, 1, "request/r1"), event(0, 1, 1, "request/r1")];
    assert_eq!(in_causal_order(twice).len(), 1);
    let circle = vec![event(1, 1, 2, "shipping/o/1"), event(2, 1, 1, "payments/o/1")];
    assert_eq!(ids(&in_causal_order(circle)), ["shipping/o/1", "payments/o/1"]);
}
