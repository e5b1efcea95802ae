//! Measures every program of a plan, in rounds: each round measures all of them one after another, so that what disturbs the
//! machine for a while disturbs what is compared alike.

use crate::callgrind;
use crate::endpoint::Endpoint;
use crate::plan::{Plan, Role, Subject};
use crate::process;
use crate::session::Session;
use crate::statistics::{median, percentile};
use serde::Serialize;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Invocations after the first that are not measured: caches fill, and connections open.
const UNMEASURED: usize = 20;
/// Invocations until the memory is read, and again as many until it must not have grown.
const UNTIL_MEMORY: usize = 1000;

/// The medians of each round, in nanoseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Rounds {
    pub(crate) init_cpu: Vec<u64>,
    pub(crate) init_wall: Vec<u64>,
    pub(crate) first_cpu: Vec<u64>,
    pub(crate) first_wall: Vec<u64>,
    /// The mean of the round's invocations: the kernel's clock is read around all of them.
    pub(crate) warm_cpu: Vec<u64>,
    pub(crate) warm_p50: Vec<u64>,
    pub(crate) warm_p99: Vec<u64>,
}

/// What was measured of one program.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figures {
    pub(crate) role: Role,
    pub(crate) sample: String,
    /// The medians of the rounds, in nanoseconds.
    pub(crate) init_cpu: u64,
    pub(crate) init_wall: u64,
    pub(crate) first_cpu: u64,
    pub(crate) first_wall: u64,
    pub(crate) warm_cpu: u64,
    pub(crate) warm_p50: u64,
    pub(crate) warm_p99: u64,
    pub(crate) rounds: Rounds,
    /// Bytes after a thousand invocations, and how many more after two thousand.
    pub(crate) memory: u64,
    pub(crate) memory_growth: u64,
    pub(crate) zip_bytes: Option<u64>,
    /// Of one warm invocation.
    pub(crate) log_bytes: u64,
    pub(crate) requests_thousandths: BTreeMap<String, u64>,
    pub(crate) write_units_thousandths: u64,
    pub(crate) read_units_thousandths: u64,
    /// Instructions of a start and of one warm invocation, by callgrind.
    pub(crate) init_instructions: Option<u64>,
    pub(crate) warm_instructions: Option<u64>,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            role: Role::Function,
            sample: String::new(),
            init_cpu: 0,
            init_wall: 0,
            first_cpu: 0,
            first_wall: 0,
            warm_cpu: 0,
            warm_p50: 0,
            warm_p99: 0,
            rounds: Rounds::default(),
            memory: 0,
            memory_growth: 0,
            zip_bytes: None,
            log_bytes: 0,
            requests_thousandths: BTreeMap::new(),
            write_units_thousandths: 0,
            read_units_thousandths: 0,
            init_instructions: None,
            warm_instructions: None,
        }
    }
}

/// Drives the programs of a plan.
pub(crate) struct Driver<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) url: &'a str,
    number: Cell<u64>,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(plan: &'a Plan, endpoint: &'a Endpoint, url: &'a str) -> Self {
        Self { plan, endpoint, url, number: Cell::new(0) }
    }

    /// All programs, round by round. `say` reports the progress.
    pub(crate) fn run(&self, say: &dyn Fn(&str)) -> Result<BTreeMap<String, Figures>, String> {
        let mut all: BTreeMap<String, Figures> = BTreeMap::new();
        for round in 1..=self.plan.rounds {
            say(&format!("round {round} of {}: {} programs", self.plan.rounds, self.plan.subjects.len()));
            for subject in &self.plan.subjects {
                let figures = all.entry(subject.name.clone()).or_default();
                let is_last = round == self.plan.rounds;
                self.round(subject, figures, is_last)
                    .map_err(|reason| format!("{}: {reason}", subject.name))?;
            }
        }
        for subject in &self.plan.subjects {
            let Some(figures) = all.get_mut(&subject.name) else { continue };
            figures.conclude(subject);
            if let (Some(valgrind), true) = (&self.plan.valgrind, subject.role != Role::Peer) {
                say(&format!("{}: counting instructions", subject.name));
                let counted = callgrind::count(self, subject, valgrind);
                let (init, warm) = counted.map_err(|reason| format!("{}: {reason}", subject.name))?;
                (figures.init_instructions, figures.warm_instructions) = (Some(init), Some(warm));
            }
        }
        Ok(all)
    }

    /// The subject's event, with a number of its own.
    pub(crate) fn event(&self, subject: &Subject) -> String {
        self.number.set(self.number.get() + 1);
        subject.event.replace("@N@", &self.number.get().to_string())
    }

    fn round(&self, subject: &Subject, figures: &mut Figures, is_last: bool) -> Result<(), String> {
        self.endpoint.hold(&subject.items);
        let start = || Session::start(subject, &[], self.url, &[]);
        let (session, took) = start()?;
        let (mut cpu, mut wall) = (vec![took.cpu], vec![took.wall]);
        for _ in 1..self.starts(subject) {
            let (_, took) = start()?;
            cpu.push(took.cpu);
            wall.push(took.wall);
        }
        let rounds = &mut figures.rounds;
        rounds.init_cpu.push(median(&cpu));
        rounds.init_wall.push(median(&wall));

        let first = session.invoke_alone(self.event(subject))?;
        rounds.first_cpu.push(first.cpu);
        rounds.first_wall.push(first.wall);

        for _ in 0..UNMEASURED {
            session.invoke(self.event(subject))?;
        }
        self.endpoint.take_counts();
        let (count, logged) = (self.plan.warm, session.log_bytes());
        let before = process::settled_cpu(session.pid());
        let walls: Result<Vec<u64>, String> =
            (0..count).map(|_| session.invoke(self.event(subject))).collect();
        let walls = walls?;
        let cpu = process::settled_cpu(session.pid()).saturating_sub(before);
        rounds.warm_cpu.push(cpu / self.count());
        rounds.warm_p50.push(median(&walls));
        rounds.warm_p99.push(percentile(&walls, 99));
        figures.log_bytes = (session.log_bytes() - logged) / self.count();
        self.take_counts(figures)?;

        if is_last {
            self.read_memory(subject, &session, UNMEASURED + count + 1, figures)?;
        }
        Ok(())
    }

    fn take_counts(&self, figures: &mut Figures) -> Result<(), String> {
        let counts = self.endpoint.take_counts();
        if let Some(reason) = counts.unhappy {
            return Err(reason);
        }
        let each = |sum: u64| sum * 1000 / self.count();
        figures.requests_thousandths =
            counts.requests.into_iter().map(|(kind, sum)| (kind, each(sum))).collect();
        figures.write_units_thousandths = each(counts.write_units);
        figures.read_units_thousandths = each(counts.half_read_units) / 2;
        Ok(())
    }

    fn read_memory(
        &self,
        subject: &Subject,
        session: &Session,
        handled: usize,
        figures: &mut Figures,
    ) -> Result<(), String> {
        for _ in handled..UNTIL_MEMORY {
            session.invoke(self.event(subject))?;
        }
        figures.memory = process::memory(session.pid());
        for _ in 0..UNTIL_MEMORY {
            session.invoke(self.event(subject))?;
        }
        figures.memory_growth = process::memory(session.pid()).saturating_sub(figures.memory);
        Ok(())
    }

    /// Python and Node start a hundred times slower, and their starts differ less.
    fn starts(&self, subject: &Subject) -> usize {
        if subject.role == Role::Peer { 2 } else { self.plan.starts }
    }

    fn count(&self) -> u64 {
        u64::try_from(self.plan.warm).unwrap_or(1).max(1)
    }
}

impl Figures {
    fn conclude(&mut self, subject: &Subject) {
        self.role = subject.role;
        self.sample.clone_from(&subject.sample);
        self.zip_bytes = subject.zip_bytes;
        let rounds = &self.rounds;
        self.init_cpu = median(&rounds.init_cpu);
        self.init_wall = median(&rounds.init_wall);
        self.first_cpu = median(&rounds.first_cpu);
        self.first_wall = median(&rounds.first_wall);
        self.warm_cpu = median(&rounds.warm_cpu);
        self.warm_p50 = median(&rounds.warm_p50);
        self.warm_p99 = median(&rounds.warm_p99);
    }
}
