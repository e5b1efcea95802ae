//! The rules of a shipment, each as a pure function of its events.

use super::*;
use crate::carrier::{TrackingReport, VoidOutcome};
use events::{Provider, RejectedBecause, ServiceEvent as _, ShippingEvent as Event, TrackingStatus};
use testkit::{envelope, lines, now, order_id};

fn fold(events: &[Event]) -> Shipment {
    let mut shipment = Shipment::default();
    for (sequence, event) in (1..).zip(events) {
        shipment.evolve(event, &envelope(&order_id(1), sequence, event));
    }
    shipment
}

fn requested() -> Event {
    ShipmentRequested { provider: Provider::Easypost, shipment_id: Some("shp_1".to_owned()), lines: lines() }
        .into()
}

fn label(code: &str) -> LabelPurchased {
    LabelPurchased { carrier: "USPS".to_owned(), tracking_code: code.to_owned(), label_url: "u".to_owned() }
}

fn shipped(code: &str) -> Event {
    events::Shipped { carrier: "USPS".to_owned(), tracking_code: code.to_owned() }.into()
}

fn failed() -> Event {
    events::ShippingFailed { reason: "broken".to_owned() }.into()
}

fn cancelled() -> Event {
    events::ShipmentCancelled {}.into()
}

fn parcel(code: &str) -> Parcel {
    Parcel { carrier: "usps".to_owned(), tracking_code: code.to_owned() }
}

fn scan(status: TrackingStatus) -> Scan {
    Scan { status, status_detail: None, occurred_at: Some(now()) }
}

fn scans(code: &str, statuses: &[TrackingStatus]) -> TrackingReport {
    TrackingReport { parcel: parcel(code), scans: statuses.iter().map(|status| scan(*status)).collect() }
}

/// An event that a carrier's webhook led to.
fn reported(event: &Event) -> Envelope {
    let mut envelope = envelope(&order_id(1), 1, event);
    envelope.causationid = events::EventId::outside("webhook/easypost", "evt_1");
    envelope
}

/// Lets the report, and what it leads to, happen at this hour. Returns the events that it leads to.
fn apply(shipment: &mut Shipment, report: &TrackingReport, hour: i64) -> Vec<Event> {
    let mut emitted = Vec::new();
    while let Some(event) = shipment.decide_tracking(report, false) {
        let mut recorded = reported(&event);
        recorded.time = now().checked_add(jiff::SignedDuration::from_hours(hour)).unwrap();
        shipment.evolve(&event, &recorded);
        emitted.push(event);
        assert!(emitted.len() < 100, "{emitted:?}");
    }
    emitted
}

/// The types of the events that the report leads to; `type!` for a scan that raises the alarm.
fn led_to(mut shipment: Shipment, report: &TrackingReport) -> Vec<String> {
    let named = |event: &Event| {
        let alarm = matches!(event, Event::ShipmentTracked(tracked) if tracked.after_cancellation);
        format!("{}{}", event.event_type(), if alarm { "!" } else { "" })
    };
    apply(&mut shipment, report, 0).iter().map(named).collect()
}

#[test]
fn a_cancellation_wins_before_the_hand_over_and_is_too_late_after_it() {
    let rejected = |because| Some(Event::from(events::CancellationRejected { because }));
    for (events, expected) in [
        (vec![], Some(cancelled())),
        (vec![requested()], Some(cancelled())),
        (vec![requested(), label("1").into()], Some(cancelled())),
        (vec![requested(), shipped("1")], rejected(RejectedBecause::Shipped)),
        (vec![requested(), shipped("1"), events::Delivered {}.into()], rejected(RejectedBecause::Shipped)),
        (vec![failed()], rejected(RejectedBecause::ShippingFailed)),
        (vec![requested(), failed()], rejected(RejectedBecause::ShippingFailed)),
        (vec![cancelled()], None),
    ] {
        let decided = fold(&events).decide_cancellation();
        assert_eq!(decided, expected, "{events:?}");
        let after = fold(&events.iter().cloned().chain(decided).collect::<Vec<_>>());
        assert_eq!(after.decide_cancellation(), None, "only the first cancellation has an event: {events:?}");
    }
}

#[test]
fn nothing_begins_after_a_tombstone_or_a_refused_address() {
    for end in [cancelled(), failed()] {
        let shipment = fold(&[end]);
        assert_eq!(shipment.decide_request(Provider::Warehouse, None, &lines()), None);
        assert_eq!(shipment.decide_undeliverable("x"), None);
        assert_eq!(shipment.decide_no_label("x"), None);
        assert!(shipment.decide_dispatch(Some(&parcel("1"))).is_err());
    }
}

#[test]
fn a_label_is_recorded_once_in_every_stage() {
    for before in [vec![], vec![cancelled()], vec![failed()], vec![shipped("9")]] {
        let events: Vec<Event> = std::iter::once(requested()).chain(before).collect();
        assert_eq!(fold(&events).decide_label(&label("1")), Some(label("1").into()), "{events:?}");
        let events: Vec<Event> = events.into_iter().chain([label("1").into()]).collect();
        assert_eq!(fold(&events).decide_label(&label("1")), None);
    }
}

#[test]
fn a_label_is_unused_if_the_order_ended_or_the_parcel_left_under_another_code() {
    let bought = [requested(), label("1").into()];
    let with = |more: Vec<Event>| fold(&bought.iter().cloned().chain(more).collect::<Vec<_>>());
    for (more, void) in [
        (vec![], false),
        (vec![shipped("1")], false),
        (vec![shipped("2")], true),
        (vec![cancelled()], true),
        (vec![failed()], true),
        (vec![cancelled(), events::LabelVoided {}.into()], false),
    ] {
        let shipment = with(more.clone());
        assert_eq!(shipment.unused_label().is_some(), void, "{more:?}");
        assert_eq!(shipment.decide_void(&VoidOutcome::Voided).is_some(), void, "{more:?}");
    }
    let refused = with(vec![cancelled(), events::LabelVoidFailed { reason: "no".to_owned() }.into()]);
    assert_eq!(refused.decide_void(&VoidOutcome::Refused { reason: "no".to_owned() }), None);
    assert_eq!(refused.decide_void(&VoidOutcome::Voided), Some(events::LabelVoided {}.into()));
}

#[test]
fn the_first_scan_at_or_beyond_in_transit_is_the_hand_over() {
    use TrackingStatus::{Delivered, InTransit, Other, OutForDelivery, PreTransit, ReturnToSender};
    let waiting = [requested(), label("1").into()];
    assert_eq!(led_to(fold(&waiting), &scans("1", &[Other, PreTransit])), ["ShipmentTracked"; 2]);
    assert_eq!(
        led_to(fold(&waiting), &scans("1", &[PreTransit, InTransit, OutForDelivery, Delivered])),
        ["Shipped", "ShipmentTracked", "ShipmentTracked", "ShipmentTracked", "ShipmentTracked", "Delivered"]
    );
    assert_eq!(
        led_to(fold(&waiting), &scans("1", &[Delivered])),
        ["Shipped", "ShipmentTracked", "Delivered"],
        "a carrier may scan only once"
    );
    assert_eq!(
        led_to(fold(&waiting), &scans("1", &[InTransit, ReturnToSender, Delivered])),
        ["Shipped", "ShipmentTracked", "ShipmentTracked", "ReturnedToSender", "ShipmentTracked", "Delivered"],
        "of equal times the last in the stream decides"
    );
}

fn at(status: TrackingStatus, hour: i64) -> Scan {
    let occurred_at = now().checked_add(jiff::SignedDuration::from_hours(hour)).unwrap();
    Scan { occurred_at: Some(occurred_at), ..scan(status) }
}

fn untimed(status: TrackingStatus) -> Scan {
    Scan { occurred_at: None, ..scan(status) }
}

/// The status after the scans, each reported by itself, of a parcel that was dispatched now.
fn status_after(scans: &[Scan]) -> ShipmentStatus {
    let mut shipment = fold(&[requested(), shipped("1")]);
    for scan in scans {
        let report = TrackingReport { parcel: parcel("1"), scans: vec![scan.clone()] };
        apply(&mut shipment, &report, 0);
    }
    shipment.status()
}

#[test]
fn of_contradicting_scans_the_later_one_decides_in_each_order_of_arrival() {
    use TrackingStatus::{Delivered, Failure, InTransit, ReturnToSender};
    for (scans, expected) in [
        (vec![at(Delivered, 2), at(ReturnToSender, 1)], ShipmentStatus::Delivered),
        (vec![at(Delivered, 1), at(ReturnToSender, 2)], ShipmentStatus::ReturnedToSender),
        (vec![at(Delivered, 2), at(Failure, 1)], ShipmentStatus::Delivered),
        (vec![at(InTransit, 9), at(Delivered, 2)], ShipmentStatus::Delivered),
        (vec![at(Delivered, 3), at(ReturnToSender, 2), at(Delivered, 1)], ShipmentStatus::Delivered),
    ] {
        let backwards: Vec<Scan> = scans.iter().rev().cloned().collect();
        assert_eq!(status_after(&scans), expected, "{scans:?}");
        assert_eq!(status_after(&backwards), expected, "{backwards:?}");
    }
}

#[test]
fn of_scans_with_equal_or_missing_times_the_last_in_the_stream_decides() {
    use TrackingStatus::{Delivered, ReturnToSender};
    for (first, second) in [
        (at(Delivered, 1), at(ReturnToSender, 1)),
        (untimed(Delivered), at(ReturnToSender, 1)),
        (at(Delivered, 1), untimed(ReturnToSender)),
        (untimed(Delivered), untimed(ReturnToSender)),
    ] {
        assert_eq!(status_after(&[first.clone(), second.clone()]), ShipmentStatus::ReturnedToSender);
        assert_eq!(status_after(&[second, first]), ShipmentStatus::Delivered);
    }
}

/// Carriers reuse codes, and a code may be typed before its earlier parcel is forgotten.
#[test]
fn a_scan_older_than_the_dispatch_never_touches_the_order() {
    use TrackingStatus::{Delivered, Failure, InTransit, ReturnToSender};
    let dispatched = fold(&[requested(), shipped("1")]);
    let older: Vec<Scan> =
        [InTransit, Failure, ReturnToSender, Delivered].map(|status| at(status, -1)).into();
    let report = TrackingReport { parcel: parcel("1"), scans: older.clone() };
    assert_eq!(led_to(dispatched.clone(), &report), [""; 0]);
    let report = TrackingReport { parcel: parcel("1"), scans: [older, vec![at(Delivered, 1)]].concat() };
    assert_eq!(led_to(dispatched, &report), ["ShipmentTracked", "Delivered"]);

    let labelled = fold(&[requested(), label("1").into()]);
    let last_year = TrackingReport { parcel: parcel("1"), scans: vec![at(Delivered, -9000)] };
    assert_eq!(led_to(labelled.clone(), &last_year), [""; 0], "an issued code may have been used before");
    let hours_off = TrackingReport { parcel: parcel("1"), scans: vec![at(InTransit, -9)] };
    assert_eq!(
        led_to(labelled, &hours_off),
        ["Shipped", "ShipmentTracked"],
        "the carrier's clock may be off"
    );
}

#[test]
fn a_scan_in_the_second_of_the_dispatch_is_not_older() {
    let mut shipment = fold(&[requested()]);
    let event = shipped("1");
    let mut recorded = envelope(&order_id(1), 2, &event);
    recorded.time = now().checked_add(jiff::SignedDuration::from_millis(770)).unwrap();
    shipment.evolve(&event, &recorded);
    let report = TrackingReport { parcel: parcel("1"), scans: vec![at(TrackingStatus::Delivered, 0)] };
    assert_eq!(led_to(shipment, &report), ["ShipmentTracked", "Delivered"]);
}

/// A person may record that a parcel arrived although its return was announced. Scans that were known or are older change
/// nothing; a later one does.
#[test]
fn a_delivery_may_be_recorded_after_a_return_was_called_off() {
    use TrackingStatus::ReturnToSender;
    let sent_back = |hour| TrackingReport { parcel: parcel("1"), scans: vec![at(ReturnToSender, hour)] };
    let mut shipment = fold(&[requested(), shipped("1")]);
    apply(&mut shipment, &sent_back(1), 5);
    assert_eq!(shipment.status(), ShipmentStatus::ReturnedToSender);
    let delivered = shipment.decide_delivered().unwrap().unwrap();
    let mut recorded = envelope(&order_id(1), 1, &delivered);
    recorded.time = now().checked_add(jiff::SignedDuration::from_hours(5)).unwrap();
    shipment.evolve(&delivered, &recorded);
    assert_eq!(shipment.decide_delivered(), Ok(None));
    assert_eq!(led_to(shipment.clone(), &sent_back(1)), [""; 0]);
    assert_eq!(led_to(shipment.clone(), &sent_back(2)), ["ShipmentTracked"]);
    assert_eq!(led_to(shipment, &sent_back(6)), ["ShipmentTracked", "ReturnedToSender"]);
}

#[test]
fn a_parcel_that_moves_after_its_order_ended_raises_an_alarm_and_is_never_shipped() {
    use TrackingStatus::{InTransit, PreTransit};
    for end in [cancelled(), failed()] {
        let ended = fold(&[requested(), label("1").into(), end]);
        assert_eq!(
            led_to(ended, &scans("1", &[PreTransit, InTransit])),
            ["ShipmentTracked", "ShipmentTracked!"],
            "the announcement of a label is no movement"
        );
    }
}

#[test]
fn equal_scans_are_one_and_those_of_an_unused_label_are_ignored() {
    use TrackingStatus::InTransit;
    let mut shipment = fold(&[requested(), shipped("1")]);
    let twice = scans("1", &[InTransit, InTransit]);
    assert_eq!(led_to(shipment.clone(), &twice), ["ShipmentTracked"]);
    shipment.scans.push(scan(InTransit));
    assert_eq!(led_to(shipment, &twice), [""; 0]);
    assert_eq!(led_to(fold(&[requested(), shipped("1")]), &scans("2", &[InTransit])), [""; 0]);
    assert_eq!(led_to(Shipment::default(), &twice), [""; 0]);
}

/// I4: a shipment's stream never has both `Shipped` and `ShipmentCancelled`, for random sequences of commands. It never
/// has both `Shipped` and `ShippingFailed` either.
#[test]
fn i4_shipped_and_shipment_cancelled_are_never_both_in_one_stream() {
    use TrackingStatus::{Delivered, Failure, InTransit, PreTransit};
    for seed in 0..3000 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut stream: Vec<Event> = Vec::new();
        for _ in 0..12 {
            let shipment = fold(&stream);
            let statuses = [PreTransit, InTransit, Failure, Delivered];
            let report = scans("1", &statuses[chance.usize(0..4)..]);
            let decided = match chance.u32(0..12) {
                0 | 1 => shipment.decide_request(Provider::Easypost, Some("shp_1"), &lines()),
                2 => shipment.decide_undeliverable("x"),
                3 => shipment.decide_label(&label("1")),
                4 => shipment.decide_no_label("x"),
                5 | 6 => shipment.decide_cancellation(),
                7 => shipment.decide_void(&VoidOutcome::Voided),
                8 => shipment.decide_tracking(&report, false),
                9 => shipment.decide_dispatch(Some(&parcel("2"))).unwrap_or_default(),
                10 => shipment.decide_failed("x").unwrap_or_default(),
                _ => shipment.decide_returned(true).unwrap_or_default(),
            };
            stream.extend(decided);
        }
        let count = |name: &str| stream.iter().filter(|event| event.event_type() == name).count();
        let ends = count("Shipped") + count("ShipmentCancelled") + count("ShippingFailed");
        assert!(ends <= 1, "seed {seed}: {stream:?}");
        let once =
            ["ShipmentRequested", "LabelPurchased", "CancellationRejected", "Delivered", "ReturnReceived"];
        assert!(once.iter().all(|name| count(name) <= 1), "seed {seed}: {stream:?}");
    }
}

fn corrected(code: &str) -> Event {
    let (carrier, tracking_code) = ("USPS".to_owned(), code.to_owned());
    let (previous_carrier, previous_tracking_code) = (carrier.clone(), "1".to_owned());
    let corrected_by = testkit::customer();
    events::TrackingCorrected {
        carrier,
        tracking_code,
        previous_carrier,
        previous_tracking_code,
        corrected_by,
    }
    .into()
}

/// Dispatched four hours after the order was known, under code 1.
fn dispatched_late() -> Shipment {
    let mut shipment = fold(&[requested()]);
    let event = shipped("1");
    let mut recorded = envelope(&order_id(1), 2, &event);
    recorded.time = now().checked_add(jiff::SignedDuration::from_hours(4)).unwrap();
    shipment.evolve(&event, &recorded);
    shipment
}

#[test]
fn a_report_that_waited_for_the_dispatch_may_have_scans_from_before_it() {
    let shipment = dispatched_late();
    let report =
        |hour| TrackingReport { parcel: parcel("1"), scans: vec![at(TrackingStatus::InTransit, hour)] };
    let counted = |hour, waited| shipment.own_scans(&report(hour), waited).count();
    assert_eq!((counted(1, true), counted(1, false)), (1, 0), "between the request and the dispatch");
    assert_eq!((counted(5, true), counted(5, false)), (1, 1), "after the dispatch");
    assert_eq!((counted(-1, true), counted(-1, false)), (0, 0), "before the request: of an earlier parcel");
}

#[test]
fn only_a_code_that_was_typed_by_mistake_is_of_another_parcel() {
    let was_corrected = |events: &[Event], code| fold(events).was_corrected_from(&parcel(code));
    let once = [requested(), shipped("1"), corrected("2")];
    assert!(was_corrected(&once, "1"));
    assert!(!was_corrected(&once, "2"), "its own code");
    assert!(!was_corrected(&once, "3"), "a code that was never typed");
    assert!(!was_corrected(&[requested(), shipped("1")], "2"));
    assert!(!was_corrected(&[requested(), shipped("1"), corrected("2"), corrected("1")], "1"), "typed again");
}

#[test]
fn a_delivered_parcel_frees_its_code_and_not_that_of_an_unused_label() {
    let delivered = || Event::from(events::Delivered {});
    let may_use = |events: &[Event], code| fold(events).may_use(&parcel(code));
    let by_label = [requested(), label("1").into(), shipped("1"), delivered()];
    assert!(!may_use(&by_label, "1"));
    assert!(!may_use(&by_label, "2"));
    let by_hand = [requested(), label("1").into(), shipped("2"), delivered()];
    assert!(may_use(&by_hand, "1"), "a scan of the label would be of a parcel that should not exist");
    assert!(!may_use(&by_hand, "2"));
    assert!(!may_use(&by_hand, "3"));
}

#[test]
fn a_recorded_return_stays_until_a_scan_of_the_corrected_code_says_otherwise() {
    let returned = Event::from(events::ReturnedToSender {});
    let shipment = fold(&[requested(), shipped("1"), returned, corrected("2")]);
    let failed = TrackingReport { parcel: parcel("2"), scans: vec![at(TrackingStatus::Failure, 1)] };
    let arrived = TrackingReport { parcel: parcel("2"), scans: vec![at(TrackingStatus::Delivered, 1)] };
    assert_eq!(led_to(shipment.clone(), &failed), ["ShipmentTracked"], "a failure does not contradict it");
    assert_eq!(led_to(shipment, &arrived), ["ShipmentTracked", "Delivered"]);
}
