//! Which of the received dead letters a request means: any of them, or those with these ids or id prefixes. Pure.

use outbound::{Letter, MOST_AT_ONCE};
use resilience::Failure;
use std::collections::{BTreeMap, BTreeSet};

/// The shortest prefix of an id, in characters.
pub(crate) const SHORTEST_PREFIX: usize = 4;

/// The dead letters that a request means.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Any, at most this many.
    Any(usize),
    /// Those with these ids. A prefix of an id is enough if no other id begins with it.
    Ids(BTreeSet<String>),
}

/// The ids that a selection means.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) ids: Vec<String>,
    /// The requested ids and prefixes without a dead letter, each with the reason.
    pub(crate) not_found: Vec<(String, &'static str)>,
    /// Whether dead letters may remain that were not received.
    pub(crate) more: bool,
}

impl Selection {
    /// How many dead letters to receive next; 0 once the received ones are enough.
    pub(crate) fn still_needed(&self, received: &BTreeMap<String, Letter>) -> usize {
        match self {
            // One more than allowed shows that more remain.
            Self::Any(most) => (most + 1).saturating_sub(received.len()).min(MOST_AT_ONCE),
            Self::Ids(ids) if ids.iter().all(|id| received.contains_key(id)) => 0,
            // Whether a prefix is unique is known only after every dead letter was received.
            Self::Ids(_) => MOST_AT_ONCE,
        }
    }

    /// Rejects a prefix that matches several dead letters, before anything is moved. `more`: the search stopped before
    /// every dead letter was received.
    pub(crate) fn resolve(
        &self,
        received: &BTreeMap<String, Letter>,
        more: bool,
    ) -> Result<Resolved, Failure> {
        match self {
            Self::Any(most) => {
                let mut oldest_first: Vec<&Letter> = received.values().collect();
                oldest_first.sort_by_key(|letter| (letter.since, &letter.id));
                let ids = oldest_first.iter().take(*most).map(|letter| letter.id.clone()).collect();
                Ok(Resolved { ids, not_found: Vec::new(), more: more || received.len() > *most })
            }
            Self::Ids(requested) => {
                let (mut ids, mut not_found) = (BTreeSet::new(), Vec::new());
                for id in requested {
                    match find(id, received, more)? {
                        Match::One(found) => drop(ids.insert(found)),
                        Match::None(reason) => not_found.push((id.clone(), reason)),
                    }
                }
                Ok(Resolved { ids: ids.into_iter().collect(), not_found, more })
            }
        }
    }
}

enum Match {
    /// The whole id of a dead letter.
    One(String),
    /// Why there is none.
    None(&'static str),
}

/// Finds the one dead letter with this id or prefix.
fn find(requested: &str, received: &BTreeMap<String, Letter>, more: bool) -> Result<Match, Failure> {
    if received.contains_key(requested) {
        return Ok(Match::One(requested.to_owned()));
    }
    let matches: Vec<&String> = received.keys().filter(|id| id.starts_with(requested)).collect();
    match matches.as_slice() {
        [] if more => Ok(Match::None("not among the dead letters that one run can receive; run it again")),
        [] => Ok(Match::None(
            "no such dead letter: it was requeued, discarded, or is older than 14 days. Or another run holds it; run it \
             again in a minute",
        )),
        [_] if more => {
            Ok(Match::None("this run could not check that no other id begins like this; give the whole id"))
        }
        [id] => Ok(Match::One((*id).clone())),
        ids => Err(Failure::reject(format!(
            "{requested} is the beginning of {} ids; nothing was changed, give more characters",
            ids.len()
        ))),
    }
}

#[cfg(test)]
mod tests;
