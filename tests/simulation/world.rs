//! The stack in memory: the tables, the providers, and every function's step behind the gate of chance.

use super::callbacks::{DELIVER, PLAN};
use super::chance::{Chance, WorldClock};
use super::mailroom::{Hand, Mailroom};
use super::outages;
use super::provider::Scanned;
use super::receivers::Receivers;
use event_store::{Counters, Documents, EventStore, Memory};
use events::{Provider, Service};
use outbound::{Mailer, Texter, Topic};
use resilience::Clock;
use runtime::queue::{Handler, Worker};
use runtime::schedule::Task;
use runtime::stream::{Reader, StreamWorker};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::{FakeStripe, FixedSecrets, Gate, Gated, MailBox, MemoryTopic, now};

pub(super) const STACK: &str = "simulation";
/// Also the API key that the carrier admits.
pub(super) const SECRET: &str = testkit::EASYPOST_KEY;

/// The tables and the world outside.
pub(super) struct World {
    pub(super) tables: BTreeMap<Service, Arc<Memory>>,
    pub(super) views: Arc<Memory>,
    pub(super) notices: Arc<Memory>,
    pub(super) stripe: Arc<FakeStripe>,
    pub(super) mail: Arc<MailBox>,
    pub(super) clock: Arc<WorldClock>,
    pub(super) chance: Chance,
    pub(super) carrier: Provider,
    pub(super) mailroom: Arc<Mailroom>,
    pub(super) sold_and_scanned: Arc<Scanned>,
    /// Whether the readers of streams get their batches in the platform's own words.
    spells_out: bool,
    /// Whether somebody wants to be called back.
    pub(super) has_endpoints: bool,
    pub(super) callbacks: Arc<Memory>,
    pub(super) receivers: Arc<Receivers>,
    pub(super) ways: outages::Ways,
}

/// A message that fails for longer is given up.
const GIVE_UP_AFTER: Duration = Duration::from_hours(96);

/// One reader on one table's stream, and how far it has come.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) table: Service,
    pub(super) seen: usize,
    pub(super) is_busy: bool,
    pub(super) worker: Arc<StreamWorker>,
    /// Whether it gets its batches in the platform's own words.
    pub(super) spells_out: bool,
    pub(super) topic: Option<Arc<MemoryTopic>>,
}

/// One service's table behind the gate, as each of its ports.
#[derive(Clone)]
pub(super) struct Ports {
    pub(super) store: Arc<dyn EventStore>,
    pub(super) documents: Arc<dyn Documents>,
    pub(super) counters: Arc<dyn Counters>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let tables: BTreeMap<Service, Arc<Memory>> =
            Service::ALL.into_iter().map(|service| (service, Arc::default())).collect();
        let (stripe, sold_and_scanned): (Arc<FakeStripe>, Arc<Scanned>) = Default::default();
        let (clock, chance) = (Arc::new(WorldClock::at(now())), Chance::seeded(seed));
        let ways = outages::Ways::new(&tables, &stripe, &sold_and_scanned, &clock, &chance);
        Self {
            tables,
            views: Arc::default(),
            notices: Arc::default(),
            stripe,
            mail: Arc::default(),
            // Half of the shops ship with a carrier, half with their own hands.
            carrier: if seed.is_multiple_of(2) { Provider::Easypost } else { Provider::Warehouse },
            mailroom: Arc::default(),
            sold_and_scanned,
            ways,
            // That takes longer: a fifth more for each order.
            spells_out: seed % 5 == 3,
            // Of fourteen shops one calls others back: an order takes about three times as long then.
            has_endpoints: [2, 7].contains(&(seed % 28)),
            callbacks: Arc::default(),
            receivers: Arc::new(Receivers::new(chance.clone(), clock.clone())),
            clock,
            chance,
        }
    }

    pub(super) fn table(&self, service: Service) -> &Arc<Memory> {
        self.tables.get(&service).expect("every service has a table")
    }

    pub(super) fn gate(&self) -> Arc<dyn Gate> {
        Arc::new(self.chance.clone())
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    pub(super) fn ports(&self, service: Service) -> Ports {
        let gated = Gated::new(self.gate(), self.table(service).clone());
        Ports { store: gated.clone(), documents: gated.clone(), counters: gated }
    }

    pub(super) fn secrets() -> Arc<FixedSecrets> {
        Arc::new(FixedSecrets::one(SECRET))
    }

    /// The queue functions as they are deployed: the step behind the runtime's own handling of a batch.
    pub(super) fn workers(&self) -> BTreeMap<&'static str, Arc<Worker>> {
        let worker = |(function, consumer)| (function, self.worker(function, consumer));
        self.consumers().into_iter().map(worker).collect()
    }

    pub(super) fn worker(&self, function: &'static str, consumer: Arc<dyn Handler>) -> Arc<Worker> {
        let hand = Arc::new(Hand { mailroom: self.mailroom.clone(), clock: self.clock() });
        let queue = Gated::new(self.gate(), hand);
        Arc::new(Worker { function, queue, clock: self.clock(), give_up_after: GIVE_UP_AFTER, consumer })
    }

    fn consumers(&self) -> BTreeMap<&'static str, Arc<dyn Handler>> {
        let orders = self.ports(Service::Orders);
        let inventory = self.ports(Service::Inventory);
        let mail = Gated::new(self.gate(), self.mail.clone());
        let (mailer, texter): (Arc<dyn Mailer>, Arc<dyn Texter>) = (mail.clone(), mail);
        let steps: [(&'static str, Arc<dyn Handler>); 8] = [
            ("copy-prices", Arc::new(orders::CopyPrices { documents: orders.documents })),
            ("track-order", Arc::new(orders::TrackOrder { store: orders.store, clock: self.clock() })),
            ("take-payment", Arc::new(self.take_payment())),
            (
                "allocate-stock",
                Arc::new(inventory::AllocateStock {
                    store: inventory.store,
                    counters: inventory.counters,
                    clock: self.clock(),
                }),
            ),
            ("ship-order", Arc::new(self.ship_order())),
            (
                "notify-customer",
                Arc::new(notifications::NotifyCustomer {
                    documents: Gated::new(self.gate(), self.notices.clone()),
                    mailer,
                    texter,
                    clock: self.clock(),
                    shop: "Simulation".to_owned(),
                    sms_countries: "CH".parse().expect("a country"),
                }),
            ),
            (PLAN, self.plan_deliveries()),
            (DELIVER, self.deliver_webhook()),
        ];
        steps.into()
    }

    pub(super) fn stripe_client(&self) -> payments::Stripe {
        crate::stripe(self.ways.stripe.transport(), Self::secrets(), self.clock())
    }

    fn take_payment(&self) -> payments::TakePayment {
        let Ports { store, documents, .. } = self.ports(Service::Payments);
        payments::TakePayment {
            store,
            documents,
            clock: self.clock(),
            stripe: self.stripe_client(),
            stack: STACK.to_owned(),
            refund_on_return: true,
            refund_again_after: Duration::from_mins(1),
        }
    }

    fn ship_order(&self) -> shipping::ShipOrder {
        let Ports { store, documents, .. } = self.ports(Service::Shipping);
        shipping::ShipOrder {
            store,
            documents,
            clock: self.clock(),
            carriers: crate::carriers(self.carrier, Self::secrets(), self.ways.carrier.transport()),
        }
    }

    pub(super) fn sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        for service in Service::ALL {
            let topic = Arc::new(MemoryTopic::default());
            let gated: Arc<dyn Topic> = Gated::new(self.gate(), topic.clone());
            let reader = Arc::new(outbox::PublishEvents { topics: [(service, gated)].into() });
            sources.push(self.source("publish-events", service, reader, Some(topic)));
        }
        let payments = self.ports(Service::Payments);
        let shipping = self.ports(Service::Shipping);
        let project = orders::ProjectOrders {
            store: self.ports(Service::Orders).store,
            views: Gated::new(self.gate(), self.views.clone()),
            deadlines: orders::Deadlines::default(),
        };
        let stripe = payments::ApplyStripeEvent {
            store: payments.store,
            documents: payments.documents,
            clock: self.clock(),
            stack: STACK.to_owned(),
        };
        let carrier = shipping::ApplyCarrierEvent {
            store: shipping.store,
            documents: shipping.documents,
            clock: self.clock(),
        };
        sources.push(self.source("project-orders", Service::Orders, Arc::new(project), None));
        sources.push(self.source("apply-stripe-event", Service::Payments, Arc::new(stripe), None));
        sources.push(self.source("apply-carrier-event", Service::Shipping, Arc::new(carrier), None));
        sources
    }

    /// What runs by a schedule.
    pub(super) fn tasks(&self) -> Vec<Arc<dyn Task>> {
        let sweep: Arc<dyn Task> = Arc::new(orders::SweepOrders {
            store: self.ports(Service::Orders).store,
            open_by_deadline: Gated::new(self.gate(), Arc::new(self.views.index("open_shard", "deadline"))),
            clock: self.clock(),
            deadlines: orders::Deadlines::default(),
        });
        let callbacks = self.has_endpoints.then(|| self.schedule_callbacks());
        [sweep].into_iter().chain(callbacks).collect()
    }

    fn source(
        &self,
        function: &'static str,
        table: Service,
        reader: Arc<dyn Reader>,
        topic: Option<Arc<MemoryTopic>>,
    ) -> Source {
        let hand = Arc::new(Hand { mailroom: self.mailroom.clone(), clock: self.clock() });
        let queue = Gated::new(self.gate(), hand);
        let worker = Arc::new(StreamWorker { function, queue, reader });
        let spells_out = self.spells_out;
        Source { name: function, table, seen: 0, is_busy: false, worker, spells_out, topic }
    }
}
