//! Providers that are out for minutes, and the breakers before them: while one is open, nobody reaches the provider but the one
//! call that tries it.

use super::chance::{Chance, WorldClock};
use super::provider::{MoodyEasyPost, MoodyStripe, Scanned};
use async_trait::async_trait;
use event_store::{Documents as _, Memory};
use events::Service;
use jiff::{SignedDuration, Timestamp};
use outbound::{Answer, Breaker, Call, CallError, Transport};
use resilience::Clock;
use resilience::circuit::{Circuit, Entry};
use shipping::EasyPost;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use testkit::{Effect, FakeStripe, Gate, GateDecision, Gated, Outage};

/// A process goes by what it has read for so long.
const KNOWN_FOR: SignedDuration = SignedDuration::from_secs(5);
/// An outage lasts up to this many minutes; some end before the payment's time, and some after it.
const LONGEST: usize = 45;
/// How many of a thousand calls one begins with. The carrier is called less often.
const STRIPE_IS_OUT: (&str, u32) = ("provider: out for a while", 2);
const CARRIER_IS_OUT: (&str, u32) = ("carrier: out for a while", 8);

/// The ways to the providers.
pub(super) struct Ways {
    pub(super) stripe: Provider,
    pub(super) carrier: Provider,
}

impl Ways {
    pub(super) fn new(
        tables: &BTreeMap<Service, Arc<Memory>>,
        stripe: &Arc<FakeStripe>,
        scanned: &Arc<Scanned>,
        clock: &Arc<WorldClock>,
        chance: &Chance,
    ) -> Self {
        let way = |name, out, service: Service, itself| {
            let table = tables.get(&service).expect("every service has a table");
            Provider::new((name, out), itself, table, clock.clone(), chance)
        };
        let moody = Arc::new(MoodyStripe { stripe: stripe.clone(), chance: chance.clone() });
        let stripe = way(payments::Stripe::NAME, STRIPE_IS_OUT, Service::Payments, moody);
        let (easypost, scanned) = (Arc::default(), scanned.clone());
        let moody = Arc::new(MoodyEasyPost { easypost, chance: chance.clone(), scanned });
        let carrier = way(EasyPost::NAME, CARRIER_IS_OUT, Service::Shipping, moody);
        Self { stripe, carrier }
    }

    /// Calls that should not have been made.
    pub(super) fn wrong(&self) -> Vec<String> {
        let of =
            |provider: &Provider| provider.watch.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
        [&self.stripe, &self.carrier].into_iter().flat_map(of).collect()
    }
}

/// A provider, and how the world's functions come to it.
pub(super) struct Provider {
    watch: Arc<Watch>,
}

impl Provider {
    /// It goes by its breaker's name and that of its outages; the breaker's state is in `table`.
    fn new(
        itself: (&'static str, (&'static str, u32)),
        provider: Arc<dyn Transport>,
        table: &Arc<Memory>,
        clock: Arc<dyn Clock>,
        chance: &Chance,
    ) -> Self {
        let (memory, chance) = (table.clone(), chance.clone());
        let outage = Outage::of(provider, clock.clone());
        let network = Gated::new(Arc::new(chance.clone()), outage.clone());
        let (probes, wrong) = (Mutex::default(), Mutex::default());
        let watch = Watch { itself, memory, clock, chance, outage, network, probes, wrong };
        Self { watch: Arc::new(watch) }
    }

    /// The way of one more process to it.
    pub(super) fn transport(&self) -> Arc<dyn Transport> {
        let gate = Arc::new(Readable(self.watch.chance.clone()));
        let documents = Gated::new(gate, self.watch.memory.clone());
        let breaker =
            Breaker::before(self.watch.clone(), self.watch.itself.0, documents, self.watch.clock.clone());
        Arc::new(Front { breaker, chance: self.watch.chance.clone() })
    }
}

/// Stands before the breaker, and counts what it holds back.
struct Front {
    breaker: Arc<Breaker>,
    chance: Chance,
}

#[async_trait]
impl Transport for Front {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        let answer = self.breaker.send(call).await;
        if matches!(answer, Err(CallError::Paused(_))) {
            self.chance.note("breaker: a call is held back");
        }
        answer
    }
}

/// A table that can always be read: a breaker that cannot read lets calls through, and here no call is to have an excuse.
struct Readable(Chance);

#[async_trait]
impl Gate for Readable {
    async fn before(&self, name: &'static str, effect: Effect) -> GateDecision {
        match effect {
            Effect::Read => GateDecision::Pass,
            Effect::Write => self.0.before(name, effect).await,
        }
    }

    async fn after(&self, name: &'static str, effect: Effect) {
        self.0.after(name, effect).await;
    }
}

/// Stands right behind the breaker: what comes by here was let through at this very moment.
struct Watch {
    /// Its name; what its outages are called, and how often they begin.
    itself: (&'static str, (&'static str, u32)),
    memory: Arc<Memory>,
    clock: Arc<dyn Clock>,
    chance: Chance,
    outage: Arc<Outage>,
    network: Arc<Gated<Outage>>,
    /// The ends of the leases under which calls were made.
    probes: Mutex<BTreeSet<Timestamp>>,
    wrong: Mutex<Vec<String>>,
}

impl Watch {
    /// Whether a call may be made now, going by the table itself.
    async fn look(&self) {
        let key = Breaker::key(self.itself.0);
        let document = self.memory.get(&key).await.ok().flatten();
        let circuit: Circuit = document.and_then(|document| document.read(&key).ok()).unwrap_or_default();
        let now = self.clock.now();
        // Who has read shortly before it opened does not know yet.
        if circuit.open_since().is_none_or(|since| now.duration_since(since) <= KNOWN_FOR) {
            return;
        }
        let is_the_probe = match circuit.enter(now, Duration::from_secs(1)) {
            Entry::Open(until) if circuit.open_until() != Some(until) => {
                self.chance.note("breaker: a call tries whether the provider is back");
                self.probes.lock().unwrap_or_else(PoisonError::into_inner).insert(until)
            }
            Entry::Open(_) | Entry::Probe(..) | Entry::Closed => false,
        };
        if !is_the_probe {
            let wrong = format!(
                "breaker: {} is called at {now}, and its breaker is open: {circuit:?}",
                self.itself.0
            );
            self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(wrong);
        }
    }
}

#[async_trait]
impl Transport for Watch {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        self.look().await;
        let (_, (outage, of_thousand)) = self.itself;
        if self.chance.fault(outage, of_thousand) {
            let minutes = self.chance.below(LONGEST) + 1;
            self.outage.begin(Duration::from_mins(minutes.try_into().unwrap_or_default()));
        }
        let answer = self.network.send(call).await;
        // Nothing but an outage refuses a connection here.
        if matches!(answer, Err(CallError::Connection(_))) {
            self.chance.note("breaker: a call finds the provider out");
        }
        answer
    }
}
