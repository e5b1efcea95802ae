//! [`RateMarks`] of the in-memory twin.

use super::Memory;
use crate::limits::check_key;
use crate::{Advance, Key, MarkIs, MarkMove, Marks, RateMarks, StoreError};
use async_trait::async_trait;
use jiff::Timestamp;

#[async_trait]
impl RateMarks for Memory {
    async fn advance(
        &self,
        key: &Key,
        now: i64,
        moves: &[MarkMove],
        _expires_at: Timestamp,
    ) -> Result<Advance, StoreError> {
        check_key(key)?;
        let mut table = self.table();
        let marks = table.marks.entry(key.clone()).or_default();
        let is_there = |one: &MarkMove| match (one.expected, marks.get(one.name)) {
            (MarkIs::Past, mark) => mark.is_none_or(|mark| *mark <= now),
            (MarkIs::AheadUpTo(furthest), mark) => mark.is_some_and(|mark| (now..=furthest).contains(mark)),
        };
        if !moves.iter().all(is_there) {
            return Ok(Advance::Refused(marks.clone()));
        }
        let mut after = Marks::default();
        for one in moves {
            let mark = marks.get(one.name).copied().unwrap_or(now).max(now) + one.by;
            after.insert(one.name.to_owned(), mark);
        }
        marks.extend(after.clone());
        Ok(Advance::Done(after))
    }
}
