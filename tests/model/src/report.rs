//! The exploration of a scenario, and its report.

use crate::explore::Pipeline;
use crate::scenario::Scenario;
use stateright::{Checker, HasDiscoveries, Model};
use std::time::{Duration, Instant};

/// The time between two reports of progress.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The result of an exploration.
#[derive(Debug, Clone)]
pub struct Report {
    /// Generated states; a state counts as often as it is reached.
    pub states: usize,
    /// Different states.
    pub unique: usize,
    /// The length of the longest shortest path.
    pub depth: usize,
    /// The elapsed time.
    pub took: Duration,
    /// Whether every state was visited.
    pub is_complete: bool,
    /// Different situations of single services: in each, the real code ran once.
    pub ran: usize,
    /// How orders ended, each once.
    pub ends: Vec<String>,
    /// Ends that the scenario expects and that were not found.
    pub missing_ends: Vec<&'static str>,
    /// Properties that do not hold, each with a shortest path to a counterexample.
    pub counterexamples: Vec<(&'static str, Vec<String>)>,
}

impl Report {
    /// Whether no violation was found, as far as the exploration got.
    pub fn is_sound(&self) -> bool {
        self.counterexamples.is_empty() && self.missing_ends.is_empty()
    }
}

/// Explores a scenario breadth first, until every state is visited, a property fails, or the time is over.
pub fn explore(scenario: &'static Scenario, longest: Duration, mut look: impl FnMut(usize, usize)) -> Report {
    let started = Instant::now();
    let model = Pipeline::of(scenario, started + longest);
    let mut checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs();
    let handles = checker.handles();
    while handles.iter().any(|handle| !handle.is_finished()) {
        std::thread::park_timeout(BETWEEN_LOOKS);
        look(checker.unique_state_count(), checker.max_depth());
    }
    let took = started.elapsed();
    let model = checker.model();
    let discoveries = checker.discoveries();
    let is_complete = !model.is_cut() && discoveries.is_empty();
    let ends: Vec<String> = model.ends().into_iter().collect();
    let counterexamples: Vec<_> =
        discoveries.into_iter().map(|(name, path)| (name, model.describe_path(path.into_vec()))).collect();
    let is_missing = |end: &&&'static str| is_complete && !ends.iter().any(|found| found == **end);
    let missing_ends = scenario.ends.iter().filter(is_missing).copied().collect();
    Report {
        states: checker.state_count(),
        unique: checker.unique_state_count(),
        depth: checker.max_depth(),
        took,
        is_complete,
        ran: model.size().0,
        ends,
        missing_ends,
        counterexamples,
    }
}
