//! Marks of rate limits: all marks of a request move in one write, or none, and a refusal returns what is there.

use crate::{On, Table, everywhere, except_on_dynalite, except_on_moto, table};
use event_store::{Advance, Key, MarkIs, MarkMove, Marks};
use jiff::Timestamp;
use testkit::now;

everywhere!(
    a_mark_that_is_missing_or_past_starts_from_now,
    a_mark_ahead_moves_on_from_where_it_is,
    a_mark_moves_only_from_where_it_is_expected,
    marks_move_together_or_not_at_all,
);
except_on_dynalite!(a_refusal_returns_all_marks_that_are_there);
except_on_moto!(of_many_requests_at_once_only_as_many_move_a_mark);

const MINUTE: i64 = 60_000_000;

fn key(table: &Table) -> Key {
    Key::new(table.pk("caller"), "limits")
}

fn past(name: &'static str, by: i64) -> MarkMove {
    MarkMove { name, expected: MarkIs::Past, by }
}

fn ahead(name: &'static str, furthest: i64, by: i64) -> MarkMove {
    MarkMove { name, expected: MarkIs::AheadUpTo(furthest), by }
}

fn marks(values: &[(&str, i64)]) -> Marks {
    values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

async fn advance(table: &Table, now: i64, moves: &[MarkMove]) -> Advance {
    let expires_at = Timestamp::from_microsecond(now + 120 * MINUTE).unwrap();
    table.marks.advance(&key(table), now, moves, expires_at).await.unwrap()
}

async fn is_refused(table: &Table, now: i64, moves: &[MarkMove]) -> bool {
    matches!(advance(table, now, moves).await, Advance::Refused(_))
}

fn t() -> i64 {
    now().as_microsecond()
}

async fn a_mark_that_is_missing_or_past_starts_from_now(on: On) {
    let table = table(on);
    let moved = advance(&table, t(), &[past("requests", 7), past("POST /orders", MINUTE)]).await;
    assert_eq!(moved, Advance::Done(marks(&[("requests", t() + 7), ("POST /orders", t() + MINUTE)])));
    for later in [t() + 7, t() + 14 + MINUTE] {
        let moved = advance(&table, later, &[past("requests", 7)]).await;
        assert_eq!(moved, Advance::Done(marks(&[("requests", later + 7)])), "at its moment it has passed");
    }
}

async fn a_mark_ahead_moves_on_from_where_it_is(on: On) {
    let table = table(on);
    advance(&table, t(), &[past("requests", MINUTE), past("orders", 1)]).await;
    for nth in 1..4 {
        let furthest = t() + nth * MINUTE;
        let moved = advance(&table, t(), &[ahead("requests", furthest, MINUTE)]).await;
        assert_eq!(
            moved,
            Advance::Done(marks(&[("requests", furthest + MINUTE)])),
            "the bound belongs to it"
        );
    }
    let moved = advance(&table, t() + 1, &[ahead("orders", t() + 1, 5)]).await;
    assert_eq!(moved, Advance::Done(marks(&[("orders", t() + 6)])), "a mark at now is ahead too");
}

async fn a_mark_moves_only_from_where_it_is_expected(on: On) {
    let table = table(on);
    assert!(is_refused(&table, t(), &[ahead("requests", t() + MINUTE, 1)]).await, "it is missing");
    advance(&table, t(), &[past("requests", MINUTE)]).await;
    for (now, wrong) in [
        (t(), past("requests", 1)),
        (t() + MINUTE - 1, past("requests", 1)),
        (t(), ahead("requests", t() + MINUTE - 1, 1)),
        (t() + MINUTE + 1, ahead("requests", t() + 9 * MINUTE, 1)),
    ] {
        assert!(is_refused(&table, now, &[wrong]).await, "{wrong:?}");
    }
    let moved = advance(&table, t(), &[ahead("requests", t() + MINUTE, 1)]).await;
    assert_eq!(moved, Advance::Done(marks(&[("requests", t() + MINUTE + 1)])), "no refusal moved it");
}

async fn marks_move_together_or_not_at_all(on: On) {
    let table = table(on);
    advance(&table, t(), &[past("orders", MINUTE)]).await;
    assert!(is_refused(&table, t(), &[past("requests", 1), past("orders", 1)]).await);
    assert!(is_refused(&table, t(), &[past("requests", 1), ahead("orders", t(), 1)]).await);
    let moved = advance(&table, t(), &[past("requests", 3), ahead("orders", t() + MINUTE, 4)]).await;
    assert_eq!(moved, Advance::Done(marks(&[("requests", t() + 3), ("orders", t() + MINUTE + 4)])));
}

async fn a_refusal_returns_all_marks_that_are_there(on: On) {
    let table = table(on);
    let refused = advance(&table, t(), &[ahead("requests", t() + 1, 1)]).await;
    assert_eq!(refused, Advance::Refused(Marks::default()));
    advance(&table, t(), &[past("requests", 5), past("orders", MINUTE)]).await;
    let refused = advance(&table, t(), &[past("requests", 5)]).await;
    assert_eq!(refused, Advance::Refused(marks(&[("requests", t() + 5), ("orders", t() + MINUTE)])));
}

async fn of_many_requests_at_once_only_as_many_move_a_mark(on: On) {
    let table = table(on);
    let mut requests = tokio::task::JoinSet::new();
    advance(&table, t(), &[past("requests", MINUTE)]).await;
    for _ in 0..12 {
        let (marks, key) = (table.marks.clone(), key(&table));
        requests.spawn(async move {
            let one = [ahead("requests", t() + 5 * MINUTE, MINUTE)];
            matches!(marks.advance(&key, t(), &one, now()).await.unwrap(), Advance::Done(_))
        });
    }
    assert_eq!(requests.join_all().await.into_iter().filter(|moved| *moved).count(), 5);
}
