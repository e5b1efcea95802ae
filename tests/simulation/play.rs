//! The play: whose turn it is, what is delivered to whom, and when the clock moves.

use super::Report;
use super::chance::Signal;
use super::executor::poll;
use super::invariants;
use super::jobs::{Call, Done, Job, Waiting, Work};
use super::queues::{QUEUES, is_subscribed, passes};
use super::shop::Shop;
use super::world::{Doors, Source, World};
use event_store::Written;
use events::{Envelope, Service};
use jiff::Timestamp;
use resilience::{BackOff, Clock as _, Failure, RandomJitter};
use runtime::queue::Consumer;
use runtime::schedule::Task;
use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

/// As long as a message is not seen by others once it was taken.
const VISIBILITY: Duration = Duration::from_mins(2);
/// A message that fails for longer is given up, as the template has it.
const GIVE_UP_AFTER: Duration = Duration::from_hours(96);
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
    pub(super) set_aside: Vec<String>,
    pub(super) violations: Vec<String>,
    consumers: BTreeMap<&'static str, Arc<dyn Consumer>>,
    sources: Vec<Source>,
    doors: Doors,
    sweep: Arc<dyn Task>,
    waiting: Vec<Waiting>,
    calls: Vec<Call>,
    jobs: Vec<Job>,
    zombies: Vec<Job>,
    trace: DefaultHasher,
    invocations: u64,
}

impl Play {
    /// A shop with its goods, before the first order.
    pub(super) fn open(seed: u64) -> Self {
        let world = World::new(seed);
        let mut play = Self {
            shop: Shop::new(&world),
            consumers: world.consumers(),
            sources: world.sources(),
            doors: world.doors(),
            sweep: world.sweep(),
            world,
            published: HashSet::new(),
            set_aside: Vec::new(),
            violations: Vec::new(),
            waiting: Vec::new(),
            calls: Vec::new(),
            jobs: Vec::new(),
            zombies: Vec::new(),
            trace: DefaultHasher::new(),
            invocations: 0,
        };
        play.calls = Shop::goods(play.now());
        while play.step() || play.jump() {}
        play
    }

    /// Places so many orders, while everything happens in any order.
    pub(super) fn until_placed(&mut self, orders: u64) {
        while self.shop.placed < orders || self.shop.open.len() > MOST_OPEN / 2 {
            let now = self.now();
            if self.shop.placed < orders && self.shop.open.len() < MOST_OPEN && self.world.chance.roll(40) {
                self.calls.push(self.shop.place(now));
            }
            if self.world.chance.roll(60) {
                self.calls.extend(self.shop.act(&self.world, now));
            }
            if self.world.chance.roll(1) {
                self.jobs.push(Job::sweep(self.sweep.clone()));
            }
            if !self.step() {
                self.jump();
            }
        }
    }

    /// The faults stop, and whatever is under way comes to its end.
    pub(super) fn until_quiet(&mut self) {
        self.world.chance.stop_faults();
        for _ in 0..PATIENCE_HOURS {
            self.jobs.append(&mut self.zombies);
            while self.step() || self.jump() {}
            let calls = self.shop.finish(&self.world, self.now());
            let is_done = calls.is_empty() && self.shop.is_at_rest(&self.world);
            self.calls.extend(calls);
            if is_done {
                return;
            }
            self.world.clock.advance(Duration::from_hours(1));
            self.jobs.push(Job::sweep(self.sweep.clone()));
        }
    }

    /// Checks what must hold, and tells.
    pub(super) fn report(mut self) -> Report {
        let ends = invariants::check(&mut self);
        let trace = self.trace.finish();
        let Self { shop, world, violations, invocations, .. } = self;
        Report { orders: shop.placed, ends, faults: world.chance.counts(), violations, trace, invocations }
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
        let messages = self.waiting.iter().map(|waiting| waiting.ready_at);
        let next = messages.chain(self.calls.iter().map(|call| call.ready_at)).min();
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
            1 => self.start_message(now),
            _ => self.start_call(now),
        })
    }

    fn start_batch(&mut self) -> bool {
        let first = self.world.chance.below(self.sources.len());
        let most = self.world.chance.below(5) + 1;
        for turn in 0..self.sources.len() {
            let place = (first + turn) % self.sources.len();
            let Some(source) = self.sources.get_mut(place) else { continue };
            if source.is_busy {
                continue;
            }
            let mut batch = self.world.table(source.table).stream_next(source.seen, most);
            let count = batch.len();
            batch.retain(|item| passes(source.name, item));
            if batch.is_empty() {
                source.seen += count;
                if count > 0 {
                    return true;
                }
                continue;
            }
            source.is_busy = true;
            self.note(&("batch", source_name(&self.sources, place), first_of(&batch)));
            let reader = self.sources.get(place).map(|source| source.reader.clone());
            self.jobs.push(Job::batch(place, batch, count, reader.expect("the same source")));
            self.invocations += 1;
            return true;
        }
        false
    }

    fn start_message(&mut self, now: Timestamp) -> bool {
        for _ in 0..6 {
            let chosen = self.world.chance.below(self.waiting.len());
            if self.waiting.get(chosen).is_some_and(|waiting| waiting.ready_at <= now) {
                let waiting = self.waiting.swap_remove(chosen);
                if self.world.chance.fault("message twice", 40) {
                    self.waiting.push(waiting.clone());
                }
                self.note(&("message", waiting.queue, waiting.about.id.as_str().to_owned()));
                let consumer = self.consumers.get(waiting.queue).expect("every queue has one").clone();
                self.jobs.push(Job::message(waiting, consumer));
                self.invocations += 1;
                return true;
            }
        }
        false
    }

    fn start_call(&mut self, now: Timestamp) -> bool {
        for _ in 0..6 {
            let chosen = self.world.chance.below(self.calls.len());
            if self.calls.get(chosen).is_some_and(|call| call.ready_at <= now) {
                let mut call = self.calls.swap_remove(chosen);
                call.sign(now);
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
        let done = poll(&mut job.running);
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
        if job.is_zombie {
            return;
        }
        let later = self.now().saturating_add(VISIBILITY).unwrap_or(Timestamp::MAX);
        match &job.work {
            Work::Message(waiting) => self.waiting.push(Waiting {
                deliveries: waiting.deliveries + 1,
                ready_at: later,
                ..waiting.clone()
            }),
            Work::Batch(place, _) => self.free(*place),
            Work::Call(call) => self.calls.push(Call { ready_at: later, ..call.clone() }),
            Work::Sweep => {}
        }
    }

    fn after(&mut self, job: Job, done: Done) {
        if job.is_zombie {
            return;
        }
        match (job.work, done) {
            (Work::Message(waiting), Done::Consumed(outcome)) => self.after_message(waiting, outcome),
            (Work::Batch(place, count), Done::Read(outcome)) => {
                self.free(place);
                if let Ok(poison) = outcome {
                    // Now and then the platform loses track, and the same records come once more.
                    let again = self.world.chance.fault("batch twice", 30);
                    if let Some(source) = self.sources.get_mut(place).filter(|_| !again) {
                        source.seen += count;
                    }
                    self.set_aside
                        .extend(poison.iter().map(|poison| format!("{}: {}", poison.key, poison.reason)));
                }
            }
            (Work::Call(call), Done::Answered(outcome)) => {
                let status = match &outcome {
                    Ok(reply) => reply.status,
                    Err(problem) => problem.status,
                };
                self.note(&("answer", call.door, status.to_string()));
                if status >= 500 {
                    self.give_back(&Job {
                        work: Work::Call(call),
                        running: Box::pin(std::future::pending()),
                        is_zombie: false,
                    });
                } else if let Err(wrong) = self.shop.heard(&call, &outcome) {
                    self.violations.push(wrong);
                }
            }
            _ => {}
        }
    }

    fn after_message(&mut self, mut waiting: Waiting, outcome: Result<(), Failure>) {
        match outcome {
            Ok(()) => {}
            Err(Failure::Retry { reason, after }) => {
                let age = self.now().duration_since(waiting.about.time).unsigned_abs();
                if age > GIVE_UP_AFTER {
                    self.set_aside
                        .push(format!("{} at {}: given up: {reason}", waiting.about.id, waiting.queue));
                    return;
                }
                let wait = after.unwrap_or_else(|| BackOff::MESSAGE.wait(waiting.deliveries, &RandomJitter));
                waiting.deliveries += 1;
                waiting.ready_at = self.now().saturating_add(wait).unwrap_or(Timestamp::MAX);
                self.waiting.push(waiting);
            }
            Err(Failure::Reject { reason }) => {
                self.set_aside.push(format!("{} at {}: {reason}", waiting.about.id, waiting.queue));
            }
        }
    }

    fn free(&mut self, place: usize) {
        if let Some(source) = self.sources.get_mut(place) {
            source.is_busy = false;
        }
    }

    /// What a topic took goes to the queues that are subscribed to it: mostly at once, sometimes hours later.
    fn fan_out(&mut self, place: usize) {
        let Some(topic) = self.sources.get(place).and_then(|source| source.topic.clone()) else { return };
        for publication in topic.take_published() {
            let envelope: Envelope = serde_json::from_str(&publication.body).expect("an envelope of ours");
            let (about, body): (_, Arc<str>) = (Arc::new(envelope), publication.body.into());
            for queue in QUEUES.into_iter().filter(|queue| is_subscribed(queue, &about)) {
                let late = if self.world.chance.fault("message hours late", 4) {
                    Duration::from_hours(1 + self.world.chance.below(6) as u64)
                } else {
                    Duration::from_millis(self.world.chance.below(300) as u64)
                };
                let ready_at = self.now().saturating_add(late).unwrap_or(Timestamp::MAX);
                let (body, about) = (body.clone(), about.clone());
                self.waiting.push(Waiting { queue, body, about, deliveries: 1, ready_at });
            }
            self.published.insert(about.id.as_str().to_owned());
        }
    }

    fn note(&mut self, what: &(&str, &str, String)) {
        what.hash(&mut self.trace);
    }
}

fn source_name(sources: &[Source], place: usize) -> &'static str {
    sources.get(place).map_or("", |source| source.name)
}

fn first_of(batch: &[Written]) -> String {
    match batch.first() {
        Some(Written::Event(envelope)) => envelope.id.as_str().to_owned(),
        Some(Written::Document(key, _)) => key.to_string(),
        None => String::new(),
    }
}

/// The services that speak about orders.
pub(super) const OF_ORDERS: [Service; 4] =
    [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping];
