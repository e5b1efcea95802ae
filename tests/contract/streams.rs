//! Streams: a read is complete and in order, and an append takes exactly one free place.

use crate::{On, everywhere, except_on_moto, table};
use event_store::limits::LARGEST_EVENT;
use event_store::{AppendError, StoreError, StreamId};
use events::{Delivered, Envelope, LabelVoidFailed, Sequence, ShippingEvent};
use std::collections::BTreeSet;
use testkit::{cause, now};

everywhere!(
    an_unknown_stream_is_empty,
    appended_events_are_read_back_in_order,
    i5_a_place_is_taken_once,
    a_stream_of_several_pages_is_read_completely,
    i6_an_event_that_no_topic_can_carry_is_not_appended,
    i5_an_event_is_redacted_in_place,
);
except_on_moto!(i5_concurrent_writers_never_share_a_place);

fn event(run: &events::OrderId, sequence: u32) -> Envelope {
    let event = ShippingEvent::from(Delivered {});
    Envelope::wrap(run.as_str(), Sequence::after(sequence - 1), now(), &cause(), &event)
}

async fn an_unknown_stream_is_empty(on: On) {
    let table = table(on);
    assert_eq!(table.store.read(&StreamId::order(&table.run)).await.unwrap(), []);
}

async fn appended_events_are_read_back_in_order(on: On) {
    let table = table(on);
    let stream = StreamId::order(&table.run);
    let written: Vec<_> = (1..=12).map(|sequence| event(&table.run, sequence)).collect();
    for envelope in &written {
        table.store.append(&stream, envelope).await.unwrap();
    }
    assert_eq!(table.store.read(&stream).await.unwrap(), written);
}

async fn i5_a_place_is_taken_once(on: On) {
    let table = table(on);
    let stream = StreamId::order(&table.run);
    let first = event(&table.run, 1);
    table.store.append(&stream, &first).await.unwrap();
    let mut late = event(&table.run, 1);
    late.causationid = events::EventId::outside("request", "a-late-zombie");
    assert_eq!(table.store.append(&stream, &late).await, Err(AppendError::Conflict));
    assert_eq!(
        table.store.append(&stream, &first).await,
        Err(AppendError::Conflict),
        "a repeat is a conflict too"
    );
    assert_eq!(table.store.read(&stream).await.unwrap(), [first]);
}

async fn i5_concurrent_writers_never_share_a_place(on: On) {
    let table = table(on);
    let stream = StreamId::order(&table.run);
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let (store, stream, run) = (table.store.clone(), stream.clone(), table.run.clone());
        writers.spawn(async move {
            let mut won = 0;
            while won < 3 {
                let length = store.read(&stream).await.unwrap().len();
                let mut envelope = event(&run, u32::try_from(length).unwrap() + 1);
                envelope.causationid = events::EventId::outside("writer", &format!("{writer}-{won}"));
                match store.append(&stream, &envelope).await {
                    Ok(()) => won += 1,
                    Err(AppendError::Conflict) => tokio::task::yield_now().await,
                    Err(AppendError::Store(error)) => panic!("{error}"),
                }
            }
        });
    }
    writers.join_all().await;
    let stream = table.store.read(&stream).await.unwrap();
    let sequences: Vec<u32> = stream.iter().map(|envelope| envelope.sequence.number()).collect();
    assert_eq!(sequences, (1..=24).collect::<Vec<_>>(), "no gaps and no shared places");
    let causes: BTreeSet<_> = stream.iter().map(|envelope| envelope.causationid.as_str()).collect();
    assert_eq!(causes.len(), 24, "no event was lost");
}

/// DynamoDB returns a query in pages of at most 1 MiB.
async fn a_stream_of_several_pages_is_read_completely(on: On) {
    let table = table(on);
    let stream = StreamId::order(&table.run);
    let event = ShippingEvent::from(LabelVoidFailed { reason: "x".repeat(200_000) });
    for sequence in 0..7 {
        let place = Sequence::after(sequence);
        let envelope = Envelope::wrap(table.run.as_str(), place, now(), &cause(), &event);
        table.store.append(&stream, &envelope).await.unwrap();
    }
    assert_eq!(table.store.read(&stream).await.unwrap().len(), 7);
}

async fn i6_an_event_that_no_topic_can_carry_is_not_appended(on: On) {
    let table = table(on);
    let stream = StreamId::order(&table.run);
    let mut large = serde_json::to_value(event(&table.run, 1)).unwrap();
    large["data"]["note"] = "x".repeat(LARGEST_EVENT).into();
    let large: Envelope = serde_json::from_value(large).unwrap();
    let outcome = table.store.append(&stream, &large).await;
    assert!(matches!(outcome, Err(AppendError::Store(StoreError::Invalid(_)))), "{outcome:?}");
    assert_eq!(table.store.read(&stream).await.unwrap(), []);
}

async fn i5_an_event_is_redacted_in_place(on: On) {
    let table = table(on);
    let stream = StreamId::order(&table.run);
    let failed = ShippingEvent::from(LabelVoidFailed { reason: "a person".to_owned() });
    let second = Envelope::wrap(table.run.as_str(), Sequence::after(1), now(), &cause(), &failed);
    let redacted = second.redacted("erased-1").unwrap();
    assert_eq!(table.redaction.redact(&stream, &redacted).await, Ok(false), "there is no event yet");
    assert_eq!(table.store.read(&stream).await.unwrap(), []);
    let first = event(&table.run, 1);
    table.store.append(&stream, &first).await.unwrap();
    table.store.append(&stream, &second).await.unwrap();
    for _ in 0..2 {
        assert_eq!(table.redaction.redact(&stream, &redacted).await, Ok(true));
        assert_eq!(table.store.read(&stream).await.unwrap(), [first.clone(), redacted.clone()]);
    }
    assert_eq!(table.store.append(&stream, &second).await, Err(AppendError::Conflict));
    let other = Envelope { sequence: Sequence::FIRST, ..redacted };
    assert_eq!(table.redaction.redact(&stream, &other).await, Ok(false), "an event of another type is there");
    assert_eq!(table.store.read(&stream).await.unwrap()[0], first);
}
