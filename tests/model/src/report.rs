//! A scenario, explored, and what came of it.

use crate::explore::Pipeline;
use crate::scenario::Scenario;
use stateright::{Checker, HasDiscoveries, Model};
use std::time::{Duration, Instant};

/// How long the exploration goes on between two looks at it.
const LOOK: Duration = Duration::from_millis(20);

/// What came of a scenario.
#[derive(Debug, Clone)]
pub struct Report {
    /// States that were generated, the same one as often as it was come by.
    pub states: usize,
    /// Different states.
    pub unique: usize,
    /// Actions on the longest of the shortest paths.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// Whether every state was seen.
    pub is_whole: bool,
    /// Different situations of single services, in each of which the real code ran once.
    pub ran: usize,
    /// How orders ended, each once.
    pub ends: Vec<String>,
    /// Ends that the scenario is about and that were not found.
    pub missing_ends: Vec<&'static str>,
    /// Properties that do not hold, each with a shortest path in words.
    pub counterexamples: Vec<(&'static str, Vec<String>)>,
}

impl Report {
    /// Whether nothing is wrong, as far as the exploration came.
    pub fn is_sound(&self) -> bool {
        self.counterexamples.is_empty() && self.missing_ends.is_empty()
    }
}

/// Explores a scenario, breadth first, until every state is seen, something does not hold, or the time is over.
pub fn explore(scenario: &'static Scenario, longest: Duration, mut look: impl FnMut(usize, usize)) -> Report {
    let started = Instant::now();
    let model = Pipeline::of(scenario, started + longest);
    let mut checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs();
    let handles = checker.handles();
    while handles.iter().any(|handle| !handle.is_finished()) {
        std::thread::park_timeout(LOOK);
        look(checker.unique_state_count(), checker.max_depth());
    }
    let took = started.elapsed();
    let model = checker.model();
    let discoveries = checker.discoveries();
    let is_whole = !model.is_cut() && discoveries.is_empty();
    let ends: Vec<String> = model.ends().into_iter().collect();
    let counterexamples: Vec<_> =
        discoveries.into_iter().map(|(name, path)| (name, model.tell(path.into_vec()))).collect();
    let is_missing = |end: &&&'static str| is_whole && !ends.iter().any(|found| found == **end);
    let missing_ends = scenario.ends.iter().filter(is_missing).copied().collect();
    Report {
        states: checker.state_count(),
        unique: checker.unique_state_count(),
        depth: checker.max_depth(),
        took,
        is_whole,
        ran: model.size().0,
        ends,
        missing_ends,
        counterexamples,
    }
}
