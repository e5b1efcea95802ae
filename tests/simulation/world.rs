//! The stack in memory: the tables, the providers, and every function's step behind the gate of chance.

use super::chance::{Chance, WorldClock};
use super::provider::{MoodyEasyPost, MoodyStripe};
use event_store::{Counters, Documents, EventStore, Memory};
use events::{Provider, Service};
use outbound::{Mailer, Texter, Topic};
use resilience::Clock;
use runtime::http::Endpoint;
use runtime::queue::Consumer;
use runtime::schedule::Task;
use runtime::stream::Reader;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::{FakeEasyPost, FakeStripe, FixedSecrets, Gate, Gated, MailBox, MemoryTopic, now};

pub(super) const STACK: &str = "simulation";
/// Also the API key that the carrier admits.
pub(super) const SECRET: &str = testkit::EASYPOST_KEY;

/// The tables and the world outside.
pub(super) struct World {
    pub(super) tables: BTreeMap<Service, Arc<Memory>>,
    pub(super) views: Arc<Memory>,
    pub(super) notices: Arc<Memory>,
    pub(super) stripe: Arc<FakeStripe>,
    pub(super) easypost: Arc<FakeEasyPost>,
    pub(super) mail: Arc<MailBox>,
    pub(super) clock: Arc<WorldClock>,
    pub(super) chance: Chance,
    pub(super) carrier: Provider,
}

/// One reader on one table's stream, and how far it has come.
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) table: Service,
    pub(super) seen: usize,
    pub(super) is_busy: bool,
    pub(super) reader: Arc<dyn Reader>,
    pub(super) topic: Option<Arc<MemoryTopic>>,
}

/// The HTTP functions, by the first words of the routes that they answer.
pub(super) type Doors = BTreeMap<&'static str, Arc<dyn Endpoint>>;

/// One service's table behind the gate, as each of its ports.
#[derive(Clone)]
struct Ports {
    store: Arc<dyn EventStore>,
    documents: Arc<dyn Documents>,
    counters: Arc<dyn Counters>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let tables = Service::ALL.into_iter().map(|service| (service, Arc::default())).collect();
        Self {
            tables,
            views: Arc::default(),
            notices: Arc::default(),
            stripe: Arc::default(),
            easypost: Arc::default(),
            mail: Arc::default(),
            clock: Arc::new(WorldClock::at(now())),
            chance: Chance::seeded(seed),
            // Half of the shops ship with a carrier, half with their own hands.
            carrier: if seed.is_multiple_of(2) { Provider::Easypost } else { Provider::Warehouse },
        }
    }

    pub(super) fn table(&self, service: Service) -> &Arc<Memory> {
        self.tables.get(&service).expect("every service has a table")
    }

    fn gate(&self) -> Arc<dyn Gate> {
        Arc::new(self.chance.clone())
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn ports(&self, service: Service) -> Ports {
        let gated = Gated::new(self.gate(), self.table(service).clone());
        Ports { store: gated.clone(), documents: gated.clone(), counters: gated }
    }

    fn secrets() -> Arc<FixedSecrets> {
        Arc::new(FixedSecrets::one(SECRET))
    }

    pub(super) fn consumers(&self) -> BTreeMap<&'static str, Arc<dyn Consumer>> {
        let orders = self.ports(Service::Orders);
        let inventory = self.ports(Service::Inventory);
        let mail = Gated::new(self.gate(), self.mail.clone());
        let (mailer, texter): (Arc<dyn Mailer>, Arc<dyn Texter>) = (mail.clone(), mail);
        let steps: [(&'static str, Arc<dyn Consumer>); 6] = [
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
        ];
        steps.into()
    }

    fn take_payment(&self) -> payments::TakePayment {
        let Ports { store, documents, .. } = self.ports(Service::Payments);
        let moody = MoodyStripe { stripe: self.stripe.clone(), chance: self.chance.clone() };
        let transport = Gated::new(self.gate(), Arc::new(moody));
        payments::TakePayment {
            store,
            documents,
            clock: self.clock(),
            stripe: crate::stripe(transport, Self::secrets(), self.clock()),
            stack: STACK.to_owned(),
            refund_on_return: true,
            refund_again_after: Duration::from_mins(1),
        }
    }

    fn ship_order(&self) -> shipping::ShipOrder {
        let Ports { store, documents, .. } = self.ports(Service::Shipping);
        let moody = MoodyEasyPost { easypost: self.easypost.clone(), chance: self.chance.clone() };
        let mut settings = runtime::Settings::from_lookup(|name| {
            name.starts_with("SENDER_").then(|| if name.ends_with("COUNTRY") { "CH" } else { "1" }.to_owned())
        });
        shipping::ShipOrder {
            store,
            documents,
            clock: self.clock(),
            provider: self.carrier,
            terms: shipping::easypost::Terms::from_settings(&mut settings, self.carrier),
            easypost: shipping::easypost::EasyPost {
                transport: Gated::new(self.gate(), Arc::new(moody)),
                secrets: Self::secrets(),
                api_key: "easypost".to_owned(),
                base: "http://easypost.example".to_owned(),
            },
        }
    }

    pub(super) fn sources(&self) -> Vec<Source> {
        let mut sources = Vec::new();
        for service in Service::ALL {
            let topic = Arc::new(MemoryTopic::default());
            let gated: Arc<dyn Topic> = Gated::new(self.gate(), topic.clone());
            let reader = Arc::new(outbox::PublishEvents { topics: [(service, gated)].into() });
            sources.push(source("publish-events", service, reader, Some(topic)));
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
        sources.push(source("project-orders", Service::Orders, Arc::new(project), None));
        sources.push(source("apply-stripe-event", Service::Payments, Arc::new(stripe), None));
        sources.push(source("apply-carrier-event", Service::Shipping, Arc::new(carrier), None));
        sources
    }

    pub(super) fn sweep(&self) -> Arc<dyn Task> {
        Arc::new(orders::SweepOrders {
            store: self.ports(Service::Orders).store,
            open_by_deadline: Gated::new(self.gate(), Arc::new(self.views.index("open_shard", "deadline"))),
            clock: self.clock(),
            deadlines: orders::Deadlines::default(),
        })
    }

    pub(super) fn doors(&self) -> Doors {
        let (orders, catalog) = (self.ports(Service::Orders), self.ports(Service::Catalog));
        let (inventory, shipping) = (self.ports(Service::Inventory), self.ports(Service::Shipping));
        let doors: [(&'static str, Arc<dyn Endpoint>); 8] = [
            (
                "POST /orders",
                Arc::new(orders::PlaceOrder {
                    store: orders.store.clone(),
                    documents: orders.documents,
                    clock: self.clock(),
                    pay_within: Duration::from_mins(30),
                    pay_elsewhere_within: Duration::from_hours(7 * 24),
                    senders: webhooks::Senders::default(),
                }),
            ),
            (
                "POST /orders/{order_id}/cancel",
                Arc::new(orders::CancelOrder { store: orders.store, clock: self.clock() }),
            ),
            (
                "POST /orders/{order_id}/refunds",
                Arc::new(payments::RequestRefund {
                    store: self.ports(Service::Payments).store,
                    clock: self.clock(),
                }),
            ),
            (
                "PUT /products",
                Arc::new(catalog::ManageProducts {
                    store: catalog.store,
                    documents: catalog.documents,
                    clock: self.clock(),
                }),
            ),
            (
                "PUT /stock",
                Arc::new(inventory::ManageStock {
                    counters: inventory.counters,
                    documents: inventory.documents,
                    clock: self.clock(),
                }),
            ),
            (
                "POST /shipments",
                Arc::new(shipping::ManageShipments {
                    store: shipping.store,
                    documents: shipping.documents.clone(),
                    clock: self.clock(),
                }),
            ),
            (
                "POST /webhooks/stripe",
                Arc::new(payments::StripeWebhook {
                    documents: self.ports(Service::Payments).documents,
                    clock: self.clock(),
                    secrets: Self::secrets(),
                    secret: "stripe".to_owned(),
                    livemode: false,
                }),
            ),
            (
                "POST /webhooks/easypost",
                Arc::new(shipping::CarrierWebhook {
                    documents: shipping.documents,
                    secrets: Self::secrets(),
                    secret_name: "easypost".to_owned(),
                    clock: self.clock(),
                }),
            ),
        ];
        doors.into()
    }
}

fn source(
    name: &'static str,
    table: Service,
    reader: Arc<dyn Reader>,
    topic: Option<Arc<MemoryTopic>>,
) -> Source {
    Source { name, table, seen: 0, is_busy: false, reader, topic }
}
