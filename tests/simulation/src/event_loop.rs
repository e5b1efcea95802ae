//! The event loop: it chooses which invocation goes on, what is delivered, and when the clock moves.

use super::Report;
use super::actors::Actors;
use super::chance::Signal;
use super::client_reads;
use super::delivery_checks::{self, Expected};
use super::delivery_queue::{DELIVER, ENDPOINTS, PLAN};
use super::endpoint_owners::Owners;
use super::executor::poll;
use super::explanation_checks;
use super::invariants;
use super::invocations::{Call, Done, Invocation, Work};
use super::world::{Source, World};
use events::Service;
use jiff::Timestamp;
use resilience::Clock as _;
use runtime::http::{Endpoint, Problem, Reply};
use runtime::queue::Worker;
use runtime::schedule::Task;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

/// A caller without an answer repeats its call after this time.
const CALLER_TIMEOUT: Duration = Duration::from_mins(2);
/// Invocations under way at once, and orders that are not settled yet.
const MOST_AT_ONCE: usize = 12;
const MOST_OPEN: usize = 40;
/// Hours after the faults have stopped within which every order has to end.
const HOURS_TO_END: u32 = 120;
/// The same for every delivery of a webhook. The last event of an order may be its endpoint's first that is refused, and an endpoint
/// that always refuses is disabled after 120 hours.
pub(super) const HOURS_TO_DELIVER: u32 = HOURS_TO_END + 120;

/// A world with everything that is under way in it.
pub(super) struct Simulation {
    pub(super) world: World,
    pub(super) actors: Actors,
    pub(super) published: HashSet<String>,
    /// Bodies of the dead letters that there must be: messages that are cut in half, keys of records that no reader handles.
    pub(super) unreadable: HashSet<Arc<str>>,
    /// Bodies of the dead letters that there may be: keys of records that no reader handles, in a batch that failed.
    pub(super) may_be_dead: HashSet<Arc<str>>,
    pub(super) violations: Vec<String>,
    pub(super) workers: BTreeMap<&'static str, Arc<Worker>>,
    pub(super) sources: Vec<Source>,
    pub(super) owners: Owners,
    pub(super) expected: Expected,
    http_functions: BTreeMap<&'static str, Arc<dyn Endpoint>>,
    tasks: Vec<Arc<dyn Task>>,
    pub(super) calls: Vec<Call>,
    pub(super) invocations: Vec<Invocation>,
    zombies: Vec<Invocation>,
    pub(super) trace: DefaultHasher,
    pub(super) invocation_count: u64,
}

impl Simulation {
    /// A shop with its products and stock, before the first order.
    pub(super) fn start(seed: u64) -> Self {
        let world = World::new(seed);
        let mut simulation = Self {
            actors: Actors::new(&world),
            workers: world.workers(),
            sources: world.sources(),
            http_functions: world.http_functions(),
            tasks: world.tasks(),
            owners: Owners::new(world.chance.clone()),
            expected: Expected::default(),
            world,
            published: HashSet::new(),
            unreadable: HashSet::new(),
            may_be_dead: HashSet::new(),
            violations: Vec::new(),
            calls: Vec::new(),
            invocations: Vec::new(),
            zombies: Vec::new(),
            trace: DefaultHasher::new(),
            invocation_count: 0,
        };
        simulation.calls = Actors::create_products(simulation.world.sold_in, simulation.now());
        if simulation.world.has_endpoints {
            let registered = simulation.owners.register(&simulation.world, simulation.now());
            simulation.calls.extend(registered);
        }
        simulation.until_idle();
        simulation
    }

    /// Places this many orders while faults are injected.
    pub(super) fn until_placed(&mut self, orders: u64) {
        while self.actors.placed < orders || self.is_crowded(MOST_OPEN / 2) {
            let now = self.now();
            if self.actors.placed < orders && !self.is_crowded(MOST_OPEN) && self.world.chance.roll(40) {
                self.calls.push(self.actors.place(&self.world, now));
            }
            if self.world.chance.roll(60) {
                self.calls.extend(self.actors.act(&self.world, now));
            }
            if self.world.chance.roll(15) {
                self.calls.extend(client_reads::ask(&self.actors, &self.world.chance, now));
            }
            if self.world.chance.roll(1) {
                self.run_tasks();
            }
            if self.world.has_hot_skus && self.world.chance.roll(4) {
                self.calls.push(self.actors.spread_stock(now));
            }
            if self.world.has_erasures && self.world.chance.roll(5) {
                self.calls.extend(self.actors.erased.ask(&self.actors, now));
            }
            if self.world.has_endpoints {
                if self.world.chance.roll(2) {
                    self.calls.extend(self.owners.act(&self.world, now));
                }
                // A delivery waits minutes for its next attempt.
                if self.world.chance.roll(2) {
                    self.world.clock.advance(Duration::from_secs(self.world.chance.below(120) as u64));
                }
            }
            if !self.step() {
                self.jump();
            }
        }
    }

    /// Stops the faults and runs until every order and delivery has ended.
    pub(super) fn until_quiet(&mut self) {
        let explained = explanation_checks::check(&self.world, &invariants::all_orders(self));
        self.violations.extend(explained);
        self.world.chance.stop_faults();
        self.calls.extend(self.owners.finish(self.now()));
        for hour in 0..HOURS_TO_DELIVER {
            self.invocations.append(&mut self.zombies);
            self.until_idle();
            self.actors.bank.review(&self.world, &self.world.queues.dead_letters());
            let calls = self.actors.finish(&self.world, self.now());
            let are_orders_done = calls.is_empty() && self.actors.is_settled(&self.world);
            self.calls.extend(calls);
            let is_late = hour >= HOURS_TO_END && !are_orders_done;
            if is_late || are_orders_done && delivery_checks::is_none_pending(&self.world) {
                return;
            }
            self.world.clock.advance(Duration::from_hours(1));
            self.run_tasks();
        }
    }

    /// Runs until nothing is under way.
    pub(super) fn until_idle(&mut self) {
        while self.step() || self.jump() {}
    }

    /// Whether too many orders are open, or too many deliveries are due, to place another order.
    fn is_crowded(&self, most: usize) -> bool {
        self.actors.open.len() >= most || self.world.queues.visible(&[PLAN, DELIVER]) >= most
    }

    pub(super) fn run_tasks(&mut self) {
        self.invocations.extend(self.tasks.iter().cloned().map(Invocation::scheduled));
    }

    /// Checks the invariants and reports.
    pub(super) fn report(mut self) -> Report {
        let ends = invariants::check(&mut self);
        let (wrong, deliveries) = delivery_checks::check(&self.world, &self.owners, &self.expected);
        self.violations.extend(wrong);
        let overtakings = invariants::overtakings(&self);
        let trace = self.trace.finish();
        let Self { actors, world, violations, invocation_count, .. } = self;
        let (orders, faults) = (actors.placed, world.chance.counts());
        let (invocations, erased) = (invocation_count, actors.erased.accepted.len() as u64);
        Report { orders, ends, deliveries, faults, overtakings, violations, trace, invocations, erased }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    /// Lets one thing happen. `false` if nothing can happen at this time.
    fn step(&mut self) -> bool {
        self.world.clock.advance(Duration::from_millis(5));
        let now = self.now();
        self.calls.extend(self.actors.webhooks(&self.world, now));
        if !self.zombies.is_empty() && self.world.chance.roll(20) {
            let chosen = self.world.chance.below(self.zombies.len());
            self.invocations.push(self.zombies.swap_remove(chosen));
        }
        let goes_on = self.invocations.len() >= MOST_AT_ONCE || self.world.chance.roll(600);
        if goes_on && !self.invocations.is_empty() {
            self.resume_one();
            return true;
        }
        if self.start_one(now) {
            return true;
        }
        if self.invocations.is_empty() {
            return false;
        }
        self.resume_one();
        true
    }

    /// Moves the clock to the next message or call. `false` if no more will come.
    fn jump(&mut self) -> bool {
        let messages = self.world.queues.next_at(self.now());
        let next = messages.into_iter().chain(self.calls.iter().map(|call| call.ready_at)).min();
        if let Some(next) = next {
            let wait = next.duration_since(self.now());
            self.world.clock.advance(wait.unsigned_abs().min(Duration::from_hours(12)));
        }
        next.is_some()
    }

    /// Starts an invocation for a batch, for messages or for a call.
    fn start_one(&mut self, now: Timestamp) -> bool {
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
                call.known = client_reads::known(&self.world, &call);
                self.note(&("call", call.operation, String::new()));
                let function = self.http_functions.get(call.operation).expect("an operation").clone();
                self.invocations.push(Invocation::call(call, function, self.world.chance.clone()));
                self.invocation_count += 1;
                return true;
            }
        }
        false
    }

    /// Resumes one invocation until it stops or ends.
    fn resume_one(&mut self) {
        let chosen = self.world.chance.below(self.invocations.len());
        let mut invocation = self.invocations.swap_remove(chosen);
        let faults = self.world.chance.total();
        let done = poll(&mut invocation.running);
        invocation.met_a_fault |= self.world.chance.total() > faults;
        let signal = self.world.chance.take_signal();
        if let Work::Batch(place, ..) = invocation.work {
            self.fan_out(place);
        }
        match (done, signal) {
            (Some(done), _) => self.after(invocation, done),
            (None, None) => self.invocations.push(invocation),
            (None, Some(Signal::Crash)) => self.return_work(&invocation),
            (None, Some(Signal::Freeze)) => {
                self.return_work(&invocation);
                invocation.is_zombie = true;
                self.zombies.push(invocation);
            }
        }
    }

    /// Returns the work of an invocation that was lost, so that another invocation gets it.
    fn return_work(&mut self, invocation: &Invocation) {
        self.note_disturbance(invocation);
        if invocation.is_zombie {
            return;
        }
        match &invocation.work {
            Work::Batch(place, ..) => {
                self.release(*place);
                if let Some(source) = self.sources.get_mut(*place) {
                    source.worker = self.world.stream_worker(source.name);
                }
            }
            Work::Call(call) => self.repeat_call(call),
            // The messages were not deleted and are visible again after their time-out. The next scheduled run does what
            // this one left.
            Work::Messages(..) | Work::Scheduled => {}
        }
    }

    /// A caller without an answer repeats its call.
    fn repeat_call(&mut self, call: &Call) {
        let ready_at = self.now().saturating_add(CALLER_TIMEOUT).unwrap_or(Timestamp::MAX);
        self.calls.push(Call { ready_at, ..call.clone() });
    }

    fn after(&mut self, invocation: Invocation, done: Done) {
        self.note_disturbance(&invocation);
        if invocation.is_zombie {
            return;
        }
        let met_a_fault = invocation.met_a_fault;
        match (invocation.work, done) {
            (Work::Messages(queue, received), Done::Worked(response)) => {
                self.worked(queue, &received, &response);
            }
            (Work::Batch(place, count, poison), Done::Read(outcome)) => {
                self.release(place);
                if outcome.is_ok() {
                    self.unreadable.extend(poison.map(|key| testkit::letter_of(&key).into()));
                    self.check_early_webhooks(place, count);
                    // A stream's event source delivers at least once: now and then the same records are redelivered.
                    let again = self.world.chance.fault("batch twice", 30);
                    if let Some(source) = self.sources.get_mut(place).filter(|_| !again) {
                        source.seen += count;
                    }
                }
            }
            (Work::Call(call), Done::Answered(answer)) => self.answered(&call, &answer, met_a_fault),
            _ => {}
        }
    }

    fn answered(&mut self, call: &Call, answer: &Result<Reply, Problem>, met_a_fault: bool) {
        let status = answer.as_ref().map_or_else(|problem| problem.status, |reply| reply.status);
        self.note(&("answer", call.operation, status.to_string()));
        if status >= 500 {
            if !met_a_fault {
                let wrong = format!("I7: {} was answered with {status} without a fault", call.operation);
                self.violations.push(wrong);
            }
            self.repeat_call(call);
        } else if call.operation == ENDPOINTS {
            match self.owners.receive(call, answer, self.now()) {
                Ok(calls) => self.calls.extend(calls),
                Err(wrong) => self.violations.push(wrong),
            }
        } else {
            let received = self.actors.receive(&self.world, call, answer);
            let judged = client_reads::judge(&self.world, &self.actors, call, answer);
            self.violations.extend([received, judged].into_iter().filter_map(Result::err));
        }
    }

    /// Checks that the webhooks in a batch whose order is unknown are parked.
    fn check_early_webhooks(&mut self, place: usize, count: usize) {
        let Some(source) = self.sources.get(place).filter(|source| source.name == "apply-stripe-event")
        else {
            return;
        };
        if self.actors.has_early_webhooks() {
            let batch = self.world.table(source.table).stream_next(source.seen, count);
            let lost = batch.iter().filter_map(|item| self.actors.not_parked(&self.world, item));
            self.violations.extend(lost);
        }
    }

    fn release(&mut self, place: usize) {
        if let Some(source) = self.sources.get_mut(place) {
            source.is_busy = false;
        }
    }

    pub(super) fn note(&mut self, what: &(&str, &str, String)) {
        what.hash(&mut self.trace);
    }
}

/// The services that emit events about orders.
pub(super) const OF_ORDERS: [Service; 4] =
    [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping];
