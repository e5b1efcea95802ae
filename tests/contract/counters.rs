//! Counters: all numbers are returned and none goes below zero; a transaction writes its moves and its event, or nothing.

use crate::{On, Table, everywhere, except_on_both, except_on_dynalite, table};
use event_store::{Counts, Document, Key, Move, StreamId, Transaction, TransactionError};
use events::{Delivered, Envelope, Sequence, ShippingEvent};
use testkit::{cause, now};

everywhere!(numbers_are_set_only_at_the_expected_version);
except_on_dynalite!(
    every_stored_number_is_returned,
    i2_a_move_below_zero_changes_nothing,
    a_move_of_unset_numbers_is_refused,
    a_move_is_refused_unless_its_conditions_hold,
    a_move_without_changes_writes_nothing,
    a_taken_place_changes_nothing,
    an_existing_document_changes_nothing,
);
except_on_both!(i2_of_many_buyers_at_once_only_as_many_get_a_piece);

fn stock(table: &Table, sku: &str) -> Key {
    Key::new(table.pk(sku), "stock")
}

fn allocate(key: &Key, quantity: i64) -> Move {
    Move::new(key.clone(), vec![("available", -quantity), ("allocated", quantity)])
}

fn event(table: &Table, sequence: u32) -> (StreamId, Envelope) {
    let event = ShippingEvent::from(Delivered {});
    let place = Sequence::after(sequence - 1);
    (StreamId::order(&table.run), Envelope::wrap(table.run.as_str(), place, now(), &cause(), &event))
}

fn counts(values: &[(&str, i64)], version: u64) -> Counts {
    Counts { values: values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(), version }
}

async fn numbers(table: &Table, key: &Key) -> (i64, i64, u64) {
    let counts = table.counters.counts(key).await.unwrap().unwrap();
    (counts.get("available"), counts.get("allocated"), counts.version)
}

async fn numbers_are_set_only_at_the_expected_version(on: On) {
    let table = table(on);
    let key = stock(&table, "TEA");
    assert_eq!(table.counters.counts(&key).await.unwrap(), None);
    assert!(!table.counters.set(&key, Some(1), &[("available", 5)]).await.unwrap());
    assert!(table.counters.set(&key, None, &[("available", 5), ("allocated", 0)]).await.unwrap());
    assert!(!table.counters.set(&key, None, &[("available", 6)]).await.unwrap());
    assert!(table.counters.set(&key, Some(1), &[("available", 7), ("allocated", 2)]).await.unwrap());
    assert_eq!(numbers(&table, &key).await, (7, 2, 2));
}

async fn every_stored_number_is_returned(on: On) {
    let table = table(on);
    let key = stock(&table, "TEA");
    table.counters.set(&key, None, &[("available", 5), ("allocated", 0), ("damaged", 2)]).await.unwrap();
    let moves = vec![Move::new(key.clone(), vec![("available", -1), ("reserved", 1)])];
    table.counters.commit(&Transaction { moves, ..Transaction::default() }).await.unwrap();
    let expected = [("allocated", 0), ("available", 4), ("damaged", 2), ("reserved", 1)];
    assert_eq!(table.counters.counts(&key).await.unwrap(), Some(counts(&expected, 2)));
}

async fn i2_a_move_below_zero_changes_nothing(on: On) {
    let table = table(on);
    let (tea, mug) = (stock(&table, "TEA"), stock(&table, "MUG"));
    table.counters.set(&tea, None, &[("available", 5), ("allocated", 0)]).await.unwrap();
    table.counters.set(&mug, None, &[("available", 1), ("allocated", 0)]).await.unwrap();
    let transaction = |pieces| Transaction {
        event: Some(event(&table, 1)),
        document: None,
        moves: vec![allocate(&tea, pieces), allocate(&mug, pieces)],
    };
    let refused = table.counters.commit(&transaction(2)).await;
    assert_eq!(
        refused,
        Err(TransactionError::Refused(vec![(mug.clone(), counts(&[("allocated", 0), ("available", 1)], 1))]))
    );
    assert_eq!(numbers(&table, &tea).await, (5, 0, 1));
    assert_eq!(table.store.read(&StreamId::order(&table.run)).await.unwrap(), []);
    table.counters.commit(&transaction(1)).await.unwrap();
    assert_eq!(numbers(&table, &tea).await, (4, 1, 2));
    assert_eq!(numbers(&table, &mug).await, (0, 1, 2));
    assert_eq!(table.store.read(&StreamId::order(&table.run)).await.unwrap().len(), 1);
}

async fn a_move_of_unset_numbers_is_refused(on: On) {
    let table = table(on);
    let key = stock(&table, "NEVER");
    let transaction = Transaction { moves: vec![allocate(&key, 1)], ..Transaction::default() };
    let refused = Err(TransactionError::Refused(vec![(key.clone(), Counts::default())]));
    assert_eq!(table.counters.commit(&transaction).await, refused);
    assert_eq!(table.counters.counts(&key).await.unwrap(), None);
}

async fn a_move_is_refused_unless_its_conditions_hold(on: On) {
    let table = table(on);
    let (tea, never) = (stock(&table, "TEA"), stock(&table, "NEVER"));
    table.counters.set(&tea, None, &[("available", 5), ("allocated", 0)]).await.unwrap();
    let commit = async |key: &Key, only_if: &[(&'static str, i64)]| {
        let one = Move { only_if: only_if.to_vec(), ..Move::new(key.clone(), vec![("available", 1)]) };
        table.counters.commit(&Transaction { moves: vec![one], ..Transaction::default() }).await
    };
    let here = counts(&[("allocated", 0), ("available", 5)], 1);
    for wrong in
        [&[("version", 2)][..], &[("version", 0)], &[("spread", 3)], &[("version", 1), ("allocated", 1)]]
    {
        let refused = Err(TransactionError::Refused(vec![(tea.clone(), here.clone())]));
        assert_eq!(commit(&tea, wrong).await, refused, "{wrong:?}");
    }
    let refused = Err(TransactionError::Refused(vec![(never.clone(), Counts::default())]));
    assert_eq!(commit(&never, &[("version", 1)]).await, refused);
    assert_eq!(table.counters.counts(&never).await.unwrap(), None);
    commit(&tea, &[("version", 1), ("allocated", 0), ("spread", 0)]).await.unwrap();
    commit(&never, &[("version", 0), ("spread", 0)]).await.unwrap();
    assert_eq!(numbers(&table, &tea).await, (6, 0, 2));
    assert_eq!(numbers(&table, &never).await, (1, 0, 1));
}

async fn a_move_without_changes_writes_nothing(on: On) {
    let table = table(on);
    let (tea, never) = (stock(&table, "TEA"), stock(&table, "NEVER"));
    table.counters.set(&tea, None, &[("available", 5), ("allocated", 0)]).await.unwrap();
    let check =
        |key: &Key, version| Move { only_if: vec![("version", version)], ..Move::new(key.clone(), vec![]) };
    let transaction = |version| Transaction {
        event: Some(event(&table, 1)),
        document: None,
        moves: vec![check(&tea, version), check(&never, 0)],
    };
    let refused = table.counters.commit(&transaction(2)).await;
    assert!(matches!(refused, Err(TransactionError::Refused(keys)) if keys[0].0 == tea && keys.len() == 1));
    assert_eq!(table.store.read(&StreamId::order(&table.run)).await.unwrap(), []);
    table.counters.commit(&transaction(1)).await.unwrap();
    assert_eq!(numbers(&table, &tea).await, (5, 0, 1));
    assert_eq!(table.counters.counts(&never).await.unwrap(), None);
    assert_eq!(table.store.read(&StreamId::order(&table.run)).await.unwrap().len(), 1);
}

async fn a_taken_place_changes_nothing(on: On) {
    let table = table(on);
    let key = stock(&table, "TEA");
    table.counters.set(&key, None, &[("available", 1), ("allocated", 0)]).await.unwrap();
    let (stream, envelope) = event(&table, 1);
    table.store.append(&stream, &envelope).await.unwrap();
    for pieces in [1, 2] {
        let transaction = Transaction {
            event: Some(event(&table, 1)),
            document: None,
            moves: vec![allocate(&key, pieces)],
        };
        assert_eq!(
            table.counters.commit(&transaction).await,
            Err(TransactionError::Conflict),
            "{pieces} pieces"
        );
    }
    assert_eq!(numbers(&table, &key).await, (1, 0, 1));
}

async fn an_existing_document_changes_nothing(on: On) {
    let table = table(on);
    let key = stock(&table, "TEA");
    table.counters.set(&key, None, &[("available", 1), ("allocated", 0)]).await.unwrap();
    let record = (Key::new(table.pk("TEA"), "adjustment#1"), Document::of(&"counted"));
    let transaction = Transaction {
        event: None,
        document: Some(record.clone()),
        moves: vec![Move::new(key.clone(), vec![("available", 4)])],
    };
    table.counters.commit(&transaction).await.unwrap();
    assert_eq!(table.counters.commit(&transaction).await, Err(TransactionError::Conflict));
    assert_eq!(numbers(&table, &key).await, (5, 0, 2));
    assert_eq!(table.documents.get(&record.0).await.unwrap(), Some(record.1));
}

async fn i2_of_many_buyers_at_once_only_as_many_get_a_piece(on: On) {
    let table = table(on);
    let key = stock(&table, "LAST");
    table.counters.set(&key, None, &[("available", 5), ("allocated", 0)]).await.unwrap();
    let mut buyers = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (counters, one) = (table.counters.clone(), allocate(&key, 1));
        buyers.spawn(async move {
            let transaction = Transaction { moves: vec![one], ..Transaction::default() };
            loop {
                match counters.commit(&transaction).await {
                    Ok(()) => return true,
                    Err(TransactionError::Refused(_)) => return false,
                    // A conflict between transactions proves nothing about the numbers.
                    Err(TransactionError::Store(_)) => tokio::task::yield_now().await,
                    Err(TransactionError::Conflict) => panic!("the transaction has no event and no document"),
                }
            }
        });
    }
    let sold = buyers.join_all().await.into_iter().filter(|bought| *bought).count();
    assert_eq!(sold, 5);
    let (available, allocated, _) = numbers(&table, &key).await;
    assert_eq!((available, allocated), (0, 5));
}
