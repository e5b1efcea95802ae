//! The play: whose turn it is, what is delivered to whom, and when the clock moves.

use super::Report;
use super::callbacks::{DELIVER, ENDPOINTS, PLAN};
use super::chance::Signal;
use super::clients;
use super::deliveries::{self, Watched};
use super::doors::Doors;
use super::endpoints::Owners;
use super::executor::poll;
use super::invariants;
use super::jobs::{Call, Done, Job, Work};
use super::shop::Shop;
use super::world::{Source, World};
use events::Service;
use jiff::Timestamp;
use resilience::Clock as _;
use runtime::queue::Worker;
use runtime::schedule::Task;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

/// After so long a call that had no answer is made again.
const PATIENCE_OF_CALLERS: Duration = Duration::from_mins(2);
/// Handlers under way at once, and orders that are not at rest yet.
const MOST_AT_ONCE: usize = 12;
const MOST_OPEN: usize = 40;
/// Hours after the faults have stopped within which everything has to come to an end.
const PATIENCE_HOURS: u32 = 120;

/// A world with everything that is under way in it.
pub(super) struct Play {
    pub(super) world: World,
    pub(super) shop: Shop,
    pub(super) published: HashSet<String>,
    /// Messages that belong with the dead letters, and nowhere else.
    pub(super) unreadable: HashSet<Arc<str>>,
    pub(super) violations: Vec<String>,
    pub(super) workers: BTreeMap<&'static str, Arc<Worker>>,
    pub(super) sources: Vec<Source>,
    pub(super) owners: Owners,
    pub(super) watched: Watched,
    doors: Doors,
    /// What runs by a schedule.
    tasks: Vec<Arc<dyn Task>>,
    calls: Vec<Call>,
    pub(super) jobs: Vec<Job>,
    zombies: Vec<Job>,
    pub(super) trace: DefaultHasher,
    pub(super) invocations: u64,
}

impl Play {
    /// A shop with its goods, before the first order.
    pub(super) fn open(seed: u64) -> Self {
        let world = World::new(seed);
        let mut play = Self {
            shop: Shop::new(&world),
            workers: world.workers(),
            sources: world.sources(),
            doors: world.doors(),
            tasks: world.tasks(),
            owners: Owners::new(world.chance.clone()),
            watched: Watched::default(),
            world,
            published: HashSet::new(),
            unreadable: HashSet::new(),
            violations: Vec::new(),
            calls: Vec::new(),
            jobs: Vec::new(),
            zombies: Vec::new(),
            trace: DefaultHasher::new(),
            invocations: 0,
        };
        play.calls = Shop::goods(play.now());
        if play.world.has_endpoints {
            let registered = play.owners.register(&play.world, play.now());
            play.calls.extend(registered);
        }
        while play.step() || play.jump() {}
        play
    }

    /// Places so many orders, while everything happens in any order.
    pub(super) fn until_placed(&mut self, orders: u64) {
        while self.shop.placed < orders || self.is_crowded(MOST_OPEN / 2) {
            let now = self.now();
            if self.shop.placed < orders && !self.is_crowded(MOST_OPEN) && self.world.chance.roll(40) {
                self.calls.push(self.shop.place(now));
            }
            if self.world.chance.roll(60) {
                self.calls.extend(self.shop.act(&self.world, now));
            }
            if self.world.chance.roll(15) {
                self.calls.extend(clients::ask(&self.shop, &self.world.chance, now));
            }
            if self.world.chance.roll(1) {
                self.run_tasks();
            }
            if self.world.has_endpoints {
                if self.world.chance.roll(2) {
                    self.calls.extend(self.owners.act(&self.world, now));
                }
                // What waits for its next attempt waits for minutes.
                if self.world.chance.roll(2) {
                    self.world.clock.advance(Duration::from_secs(self.world.chance.below(120) as u64));
                }
            }
            if !self.step() {
                self.jump();
            }
        }
    }

    /// The faults stop, and whatever is under way comes to its end.
    pub(super) fn until_quiet(&mut self) {
        self.world.chance.stop_faults();
        self.calls.extend(self.owners.finish(self.now()));
        for _ in 0..PATIENCE_HOURS {
            self.jobs.append(&mut self.zombies);
            while self.step() || self.jump() {}
            self.shop.bank.reads(&self.world, &self.world.mailroom.letters());
            let calls = self.shop.finish(&self.world, self.now());
            let is_done =
                calls.is_empty() && self.shop.is_at_rest(&self.world) && deliveries::are_at_rest(&self.world);
            self.calls.extend(calls);
            if is_done {
                return;
            }
            self.world.clock.advance(Duration::from_hours(1));
            self.run_tasks();
        }
    }

    /// Whether so many orders are open, or so many deliveries could be made now, that no more are to come.
    fn is_crowded(&self, most: usize) -> bool {
        self.shop.open.len() >= most || self.world.mailroom.waiting(&[PLAN, DELIVER]) >= most
    }

    fn run_tasks(&mut self) {
        self.jobs.extend(self.tasks.iter().cloned().map(Job::sweep));
    }

    /// Checks what must hold, and tells.
    pub(super) fn report(mut self) -> Report {
        let ends = invariants::check(&mut self);
        let (wrong, deliveries) = deliveries::check(&self.world, &self.owners, &self.watched);
        self.violations.extend(wrong);
        let overtakings = invariants::overtakings(&self);
        let trace = self.trace.finish();
        let Self { shop, world, violations, invocations, .. } = self;
        let (orders, faults) = (shop.placed, world.chance.counts());
        Report { orders, ends, deliveries, faults, overtakings, violations, trace, invocations }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Lets one thing happen. `false`: nothing can happen now.
    fn step(&mut self) -> bool {
        self.world.clock.advance(Duration::from_millis(5));
        let now = self.now();
        self.calls.extend(self.shop.webhooks(&self.world, now));
        if !self.zombies.is_empty() && self.world.chance.roll(20) {
            let chosen = self.world.chance.below(self.zombies.len());
            self.jobs.push(self.zombies.swap_remove(chosen));
        }
        let goes_on = self.jobs.len() >= MOST_AT_ONCE || self.world.chance.roll(600);
        if goes_on && !self.jobs.is_empty() {
            self.go_on();
            return true;
        }
        if self.start(now) {
            return true;
        }
        if self.jobs.is_empty() {
            return false;
        }
        self.go_on();
        true
    }

    /// Moves the clock to when something is next. `false`: nothing will ever be.
    fn jump(&mut self) -> bool {
        let messages = self.world.mailroom.next_at(self.now());
        let next = messages.into_iter().chain(self.calls.iter().map(|call| call.ready_at)).min();
        if let Some(next) = next {
            let wait = next.duration_since(self.now());
            self.world.clock.advance(wait.unsigned_abs().min(Duration::from_hours(12)));
        }
        next.is_some()
    }

    /// Begins a batch, a delivery or a call.
    fn start(&mut self, now: Timestamp) -> bool {
        let first = self.world.chance.below(3);
        (0..3).any(|turn| match (first + turn) % 3 {
            0 => self.start_batch(),
            1 => self.start_messages(now),
            _ => self.start_call(now),
        })
    }

    fn start_call(&mut self, now: Timestamp) -> bool {
        for _ in 0..6 {
            let chosen = self.world.chance.below(self.calls.len());
            if self.calls.get(chosen).is_some_and(|call| call.ready_at <= now) {
                let mut call = self.calls.swap_remove(chosen);
                call.sign(now);
                call.known = clients::known(&self.world, &call);
                self.note(&("call", call.door, String::new()));
                let door = self.doors.get(call.door).expect("every door is there").clone();
                self.jobs.push(Job::call(call, door));
                self.invocations += 1;
                return true;
            }
        }
        false
    }

    /// A handler goes on until it stops or ends.
    fn go_on(&mut self) {
        let chosen = self.world.chance.below(self.jobs.len());
        let mut job = self.jobs.swap_remove(chosen);
        let faults = self.world.chance.total();
        let done = poll(&mut job.running);
        job.met_a_fault |= self.world.chance.total() > faults;
        let signal = self.world.chance.take_signal();
        if let Work::Batch(place, _) = job.work {
            self.fan_out(place);
        }
        match (done, signal) {
            (Some(done), _) => self.after(job, done),
            (None, None) => self.jobs.push(job),
            (None, Some(Signal::Crash)) => self.give_back(&job),
            (None, Some(Signal::Freeze)) => {
                self.give_back(&job);
                job.is_zombie = true;
                self.zombies.push(job);
            }
        }
    }

    /// The work of a handler that was lost comes again.
    fn give_back(&mut self, job: &Job) {
        self.look_at_hands(job);
        if job.is_zombie {
            return;
        }
        match &job.work {
            Work::Batch(place, _) => self.free(*place),
            Work::Call(call) => self.call_again(call),
            // Nobody has deleted the messages: they are visible again in their time. The next sweep does what this one left.
            Work::Messages(..) | Work::Sweep => {}
        }
    }

    /// A caller without an answer calls again.
    fn call_again(&mut self, call: &Call) {
        let ready_at = self.now().saturating_add(PATIENCE_OF_CALLERS).unwrap_or(Timestamp::MAX);
        self.calls.push(Call { ready_at, ..call.clone() });
    }

    fn after(&mut self, job: Job, done: Done) {
        self.look_at_hands(&job);
        if job.is_zombie {
            return;
        }
        let met_a_fault = job.met_a_fault;
        match (job.work, done) {
            (Work::Messages(queue, taken), Done::Worked(response)) => self.worked(queue, &taken, &response),
            (Work::Batch(place, count), Done::Read(outcome)) => {
                self.free(place);
                if outcome.is_ok() {
                    self.look_after_the_early(place, count);
                    // Now and then the platform loses track, and the same records come once more.
                    let again = self.world.chance.fault("batch twice", 30);
                    if let Some(source) = self.sources.get_mut(place).filter(|_| !again) {
                        source.seen += count;
                    }
                }
            }
            (Work::Call(call), Done::Answered(outcome)) => {
                let status = match &outcome {
                    Ok(reply) => reply.status,
                    Err(problem) => problem.status,
                };
                self.note(&("answer", call.door, status.to_string()));
                if status >= 500 {
                    if !met_a_fault {
                        self.violations
                            .push(format!("I7: {} was answered with {status} for nothing", call.door));
                    }
                    self.call_again(&call);
                    return;
                }
                if call.door == ENDPOINTS {
                    match self.owners.heard(&call, &outcome, self.now()) {
                        Ok(calls) => self.calls.extend(calls),
                        Err(wrong) => self.violations.push(wrong),
                    }
                    return;
                }
                let heard = self.shop.heard(&self.world, &call, &outcome);
                let judged = clients::judge(&self.world, &self.shop, &call, &outcome);
                self.violations.extend([heard, judged].into_iter().filter_map(Result::err));
            }
            _ => {}
        }
    }

    /// A webhook whose order is not known yet waits for it.
    fn look_after_the_early(&mut self, place: usize, count: usize) {
        let Some(source) = self.sources.get(place).filter(|source| source.name == "apply-stripe-event")
        else {
            return;
        };
        if self.shop.has_early() {
            let batch = self.world.table(source.table).stream_next(source.seen, count);
            self.violations.extend(batch.iter().filter_map(|item| self.shop.lost(&self.world, item)));
        }
    }

    fn free(&mut self, place: usize) {
        if let Some(source) = self.sources.get_mut(place) {
            source.is_busy = false;
        }
    }

    pub(super) fn note(&mut self, what: &(&str, &str, String)) {
        what.hash(&mut self.trace);
    }
}

/// The services that speak about orders.
pub(super) const OF_ORDERS: [Service; 4] =
    [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping];
