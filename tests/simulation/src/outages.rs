//! Outages of the providers for minutes, and the breakers before the providers: while a breaker is open, only the one
//! probe call reaches the provider.

use super::chance::{Chance, WorldClock};
use super::provider_faults::{FaultyEasyPost, FaultyStripe, Scanned};
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
use testkit::{Effect, FakeEasyPost, FakeStripe, Gate, GateDecision, Gated, Outage};

/// A process trusts the state of the breaker that it has read for this time.
const KNOWN_FOR: SignedDuration = SignedDuration::from_secs(5);
/// An outage lasts up to this many minutes: some end before `pay_by`, some after it.
const LONGEST: usize = 45;
/// The name of an outage, and of how many in a thousand calls one begins. The carrier is called less often.
const STRIPE_IS_OUT: (&str, u32) = ("provider: out for a while", 2);
const CARRIER_IS_OUT: (&str, u32) = ("carrier: out for a while", 8);

/// The providers of the world.
pub(super) struct Providers {
    pub(super) stripe: Provider,
    pub(super) carrier: Provider,
    easypost: Arc<FakeEasyPost>,
}

impl Providers {
    pub(super) fn new(
        tables: &BTreeMap<Service, Arc<Memory>>,
        stripe: &Arc<FakeStripe>,
        scanned: &Arc<Scanned>,
        clock: &Arc<WorldClock>,
        chance: &Chance,
    ) -> Self {
        let provider = |name, outage, service: Service, transport| {
            let table = tables.get(&service).expect("every service has a table");
            Provider::new((name, outage), transport, table, clock.clone(), chance)
        };
        let faulty = Arc::new(FaultyStripe { stripe: stripe.clone(), chance: chance.clone() });
        let stripe = provider(payments::Stripe::NAME, STRIPE_IS_OUT, Service::Payments, faulty);
        let (easypost, scanned): (Arc<FakeEasyPost>, _) = (Arc::default(), scanned.clone());
        let faulty = Arc::new(FaultyEasyPost { easypost: easypost.clone(), chance: chance.clone(), scanned });
        let carrier = provider(EasyPost::NAME, CARRIER_IS_OUT, Service::Shipping, faulty);
        Self { stripe, carrier, easypost }
    }

    /// The carrier's books.
    pub(super) fn labels(&self) -> String {
        self.easypost.fingerprint()
    }

    /// Calls that reached a provider although its breaker was open.
    pub(super) fn wrong(&self) -> Vec<String> {
        let of =
            |provider: &Provider| provider.watch.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
        [&self.stripe, &self.carrier].into_iter().flat_map(of).collect()
    }
}

/// A provider behind its breaker.
pub(super) struct Provider {
    watch: Arc<Watch>,
}

impl Provider {
    /// `names`: the breaker's name, and the name and frequency of its outages. The breaker's state is in `table`.
    fn new(
        names: (&'static str, (&'static str, u32)),
        provider: Arc<dyn Transport>,
        table: &Arc<Memory>,
        clock: Arc<dyn Clock>,
        chance: &Chance,
    ) -> Self {
        let (memory, chance) = (table.clone(), chance.clone());
        let outage = Outage::of(provider, clock.clone());
        let network = Gated::new(Arc::new(chance.clone()), outage.clone());
        let (probes, wrong) = (Mutex::default(), Mutex::default());
        let watch = Watch { names, memory, clock, chance, outage, network, probes, wrong };
        Self { watch: Arc::new(watch) }
    }

    /// The transport of one process: each process has a breaker of its own over the shared state.
    pub(super) fn transport(&self) -> Arc<dyn Transport> {
        let gate = Arc::new(Readable(self.watch.chance.clone()));
        let documents = Gated::new(gate, self.watch.memory.clone());
        let breaker =
            Breaker::before(self.watch.clone(), self.watch.names.0, documents, self.watch.clock.clone());
        Arc::new(Front { breaker, chance: self.watch.chance.clone() })
    }
}

/// Stands before the breaker and counts the calls that it rejects.
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

/// A gate that passes every read. A breaker that cannot read its state lets calls through, and that would excuse a wrong
/// call here.
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

/// Stands directly behind the breaker and checks each call that it lets through.
struct Watch {
    /// The breaker's name, and the name and frequency of its outages.
    names: (&'static str, (&'static str, u32)),
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
    /// Checks against the table whether this call is allowed now.
    async fn check(&self) {
        let key = Breaker::key(self.names.0);
        let document = self.memory.get(&key).await.ok().flatten();
        let circuit: Circuit = document.and_then(|document| document.read(&key).ok()).unwrap_or_default();
        let now = self.clock.now();
        // A process that read the state shortly before the breaker opened does not know yet.
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
                "breaker: {} is called at {now} although its breaker is open: {circuit:?}",
                self.names.0
            );
            self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(wrong);
        }
    }
}

#[async_trait]
impl Transport for Watch {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        self.check().await;
        let (_, (outage, of_thousand)) = self.names;
        if self.chance.fault(outage, of_thousand) {
            let minutes = self.chance.below(LONGEST) + 1;
            self.outage.begin(Duration::from_mins(minutes.try_into().unwrap_or_default()));
        }
        let answer = self.network.send(call).await;
        // Only an outage refuses a connection here.
        if matches!(answer, Err(CallError::Connection(_))) {
            self.chance.note("breaker: a call finds the provider out");
        }
        answer
    }
}
