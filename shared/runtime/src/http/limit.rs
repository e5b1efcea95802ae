//! How often a caller may call. All limits of a request are checked and counted by one conditional write to the caller's item.
//!
//! The write has to say for each mark whether it is ahead of now (see [`event_store::RateMarks`]). A process remembers the
//! marks that it has seen, and marks never move back: so a mark that was ahead is ahead, and a caller that was over its limit
//! is refused without a write. What the process does not know it assumes to have passed. A wrong assumption writes nothing
//! and returns the marks, from which the next write is made.

use super::{Caller, ChangedLimits, Problem};
use event_store::{Advance, Key, MarkIs, MarkMove, Marks, RateMarks};
use jiff::{SignedDuration, Timestamp};
use resilience::{Clock, HourlyLimit};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a request waits for the limits' table. After that it passes.
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// When the table may delete an item after its last write. No mark is further ahead than an hour.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(2);
/// How many callers a process remembers.
const MOST_REMEMBERED: usize = 1000;

/// Which requests a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// All requests of a caller that does not work for the shop.
    OfCustomers,
    /// All requests of an admin, a member of staff or a viewer.
    OfShop,
    /// All requests of this route, for example `POST /orders`.
    Route(&'static str),
}

/// A limit for each caller.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The name of the policy in `RateLimit`, and of its mark in the table.
    pub name: &'static str,
    /// Which requests it counts.
    pub counted: Counted,
    /// How many of them any 60 minutes admit.
    pub rate: HourlyLimit,
}

impl Limit {
    fn counts(&self, caller: &Caller, route: &str) -> bool {
        match self.counted {
            Counted::OfCustomers => !caller.is_of_shop(),
            Counted::OfShop => caller.is_of_shop(),
            Counted::Route(counted) => counted == route,
        }
    }

    fn mark(&self, marks: &Marks) -> i64 {
        marks.get(self.name).copied().unwrap_or(i64::MIN)
    }

    fn admits(&self, marks: &Marks, now: i64) -> bool {
        self.rate.admits(self.mark(marks), now)
    }

    fn move_from(&self, marks: &Marks, now: i64) -> MarkMove {
        let expected =
            if self.mark(marks) > now { MarkIs::AheadUpTo(self.rate.furthest(now)) } else { MarkIs::Past };
        MarkMove { name: self.name, expected, by: self.rate.interval() }
    }

    /// Seconds until one more request is available, rounded up: a client that waits as long is not refused again.
    fn more_in(&self, marks: &Marks, now: i64) -> u64 {
        let wait = self.rate.available(self.mark(marks), now).more_in;
        u64::try_from(wait.as_micros().div_ceil(1_000_000)).unwrap_or(u64::MAX)
    }
}

/// Counts each caller's requests.
pub struct Limiter {
    marks: Arc<dyn RateMarks>,
    clock: Arc<dyn Clock>,
    limits: Vec<Limit>,
    changed: Option<ChangedLimits>,
    remembered: Mutex<HashMap<String, Marks>>,
}

/// The answer to a request's limits.
#[derive(Debug)]
pub(super) struct Admission {
    /// `RateLimit-Policy`, and `RateLimit` if the table answered: of the answer, whatever it is.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The refusal of a request over a limit.
    pub(super) verdict: Result<(), Problem>,
}

impl Limiter {
    /// A limiter whose marks are in this table.
    pub fn new(marks: Arc<dyn RateMarks>, clock: Arc<dyn Clock>, limits: Vec<Limit>) -> Self {
        Self { marks, clock, limits, changed: None, remembered: Mutex::default() }
    }

    /// The same, with limits that an operator may change meanwhile.
    #[must_use]
    pub fn with_changes(self, changed: ChangedLimits) -> Self {
        Self { changed: Some(changed), ..self }
    }

    pub(super) fn add(&mut self, limit: Limit) {
        self.limits.push(limit);
    }

    /// Counts the request, and refuses it over a limit. If the table does not answer, the request passes: a shop that sells
    /// nothing because its limiter is out is worse than one that counts too few requests.
    pub(super) async fn admit(&self, caller: &Caller, route: &str) -> Admission {
        let now = self.clock.now();
        let mut limits: Vec<Limit> =
            self.limits.iter().filter(|limit| limit.counts(caller, route)).cloned().collect();
        if let Some(changed) = &self.changed {
            changed.apply(&mut limits, now).await;
        }
        let counted = tokio::time::timeout(LONGEST_WAIT, self.count(&limits, caller, now)).await;
        let marks = match counted {
            Ok(Ok(Advance::Done(marks))) => return admitted(&limits, Some(&marks), now),
            Ok(Ok(Advance::Refused(marks))) => marks,
            Ok(Err(error)) => {
                tracing::warn!(%error, "the request is not counted: the limits' table is out");
                return admitted(&limits, None, now);
            }
            Err(_) => {
                tracing::warn!("the request is not counted: the limits' table is too slow");
                return admitted(&limits, None, now);
            }
        };
        refused(&limits, &marks, now)
    }

    /// Moves the marks, or finds one that is too far ahead. Each write that fails shows a mark that is ahead and was not
    /// known to be, so there are at most as many of them as limits. (An item that is deleted meanwhile takes one more.)
    async fn count(
        &self,
        limits: &[Limit],
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Advance, event_store::StoreError> {
        let customer = &caller.customer;
        let key = Key::new(format!("caller#{}#{}", customer.issuer, customer.subject), "limits");
        let (expires_at, now) = (now.saturating_add(KEPT_FOR).unwrap_or(now), now.as_microsecond());
        let mut marks = self.recall(&key.pk);
        for _ in 0..limits.len() + 2 {
            if limits.iter().any(|limit| !limit.admits(&marks, now)) {
                return Ok(Advance::Refused(marks));
            }
            let moves: Vec<MarkMove> = limits.iter().map(|limit| limit.move_from(&marks, now)).collect();
            match self.marks.advance(&key, now, &moves, expires_at).await? {
                Advance::Done(after) => {
                    self.remember(&key.pk, after.clone());
                    return Ok(Advance::Done(after));
                }
                Advance::Refused(there) => {
                    self.remember(&key.pk, there.clone());
                    marks = there;
                }
            }
        }
        Err(event_store::StoreError::Unavailable("the marks contradict the table's refusals".to_owned()))
    }

    fn recall(&self, caller: &str) -> Marks {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(caller).cloned().unwrap_or_default()
    }

    fn remember(&self, caller: &str, marks: Marks) {
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED && !remembered.contains_key(caller) {
            remembered.clear();
        }
        remembered.entry(caller.to_owned()).or_default().extend(marks);
    }
}

/// `marks` are those after the request; `None` if the table did not answer.
fn admitted(limits: &[Limit], marks: Option<&Marks>, now: Timestamp) -> Admission {
    Admission { headers: headers(limits, marks, now.as_microsecond()), verdict: Ok(()) }
}

fn refused(limits: &[Limit], marks: &Marks, now: Timestamp) -> Admission {
    let now = now.as_microsecond();
    let over = limits.iter().filter(|limit| !limit.admits(marks, now));
    let longest = over.max_by_key(|limit| limit.more_in(marks, now));
    let (wait, per_hour) = longest.map_or((1, 0), |limit| (limit.more_in(marks, now), limit.rate.per_hour()));
    Admission {
        headers: headers(limits, Some(marks), now),
        verdict: Err(Problem::too_many_requests(per_hour, wait)),
    }
}

/// The fields of draft-ietf-httpapi-ratelimit-headers-11, lists of structured fields. The window is the hour that a limit
/// keeps; what is available now is less, because only half of it may be used at once.
fn headers(limits: &[Limit], marks: Option<&Marks>, now: i64) -> Vec<(&'static str, String)> {
    let list = |item: &dyn Fn(&Limit) -> String| limits.iter().map(item).collect::<Vec<_>>().join(", ");
    let mut headers = vec![(
        "ratelimit-policy",
        list(&|limit| format!("\"{}\";q={};w=3600", limit.name, limit.rate.per_hour())),
    )];
    if let Some(marks) = marks {
        headers.push((
            "ratelimit",
            list(&|limit| {
                let available = limit.rate.available(limit.mark(marks), now).requests;
                format!("\"{}\";r={available};t={}", limit.name, limit.more_in(marks, now))
            }),
        ));
    }
    headers
}
