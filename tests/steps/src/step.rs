//! The steps by the names of their functions.

use crate::ports::{Ports, Table};
use crate::subscriptions::QUEUES;
use crate::{DELIVER_WEBHOOK, PLAN_DELIVERIES, SENDERS, orders_steps};
use async_trait::async_trait;
use callbacks::{DeliverWebhook, Lanes, ManageCallbacks, Pace, PlanDeliveries, ScheduleCallbacks};
use event_store::{Documents, EventScan, EventStore};
use events::Service;
use operations::{FunctionQueues, InboxSource, InboxTable, ServiceEvents};
use outbound::{Depth, Networks};
use resilience::Failure;
use runtime::Settings;
use runtime::command::Command;
use runtime::http::Endpoint;
use runtime::queue::Handler;
use runtime::schedule::Task;
use runtime::stream::Reader;
use runtime::websocket::Socket;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use testkit::{
    DOOR, DOOR_CUSTOMER, DOOR_POOL, EASYPOST_KEY, FixedGauge, FixedSecrets, MemoryDeploys, MemoryMetrics,
    SENDER_SECRET,
};

const PACE: Pace = Pace { call_within: Duration::from_secs(30) };
const CALLS_AT_ONCE: usize = 2;

/// A function's step, as its runner takes it.
pub enum Step {
    /// An HTTP function whose caller needs a token.
    Http(Arc<dyn Endpoint>),
    /// An HTTP function without a token: webhooks are authenticated by their signature.
    OpenHttp(Arc<dyn Endpoint>),
    /// A WebSocket function.
    Socket(Arc<dyn Socket>),
    /// A queue function.
    Queue(Arc<dyn Handler>),
    /// A reader of a table's stream.
    Stream(Arc<dyn Reader>),
    /// A scheduled function.
    Schedule(Arc<dyn Task>),
    /// A function that is invoked directly, with a JSON request.
    Command(Arc<dyn AnyCommand>),
}

/// A [`Command`] without its type.
#[async_trait]
pub trait AnyCommand: Send + Sync {
    /// Runs the command once with a JSON request.
    async fn work(&self, request: Value) -> Result<Value, Failure>;
}

#[async_trait]
impl<C: Command> AnyCommand for C {
    async fn work(&self, request: Value) -> Result<Value, Failure> {
        runtime::command::work(self, request).await
    }
}

/// The step of a function; `None` if no function has this name.
///
/// # Panics
/// If a constant of this file is not valid.
#[expect(clippy::too_many_lines, reason = "one arm a function: a table is read faster whole")]
pub fn step(function: &str, ports: &(impl Ports + ?Sized)) -> Option<Step> {
    let of = |service| ports.table(Table::Of(service));
    let (clock, options) = (ports.clock(), ports.options());
    let stack = options.stack.to_owned();
    Some(match function {
        "manage-products" => {
            let (store, documents) = (of(Service::Catalog), of(Service::Catalog));
            Step::Http(Arc::new(catalog::ManageProducts { store, documents, clock }))
        }
        "copy-prices" | "place-order" | "cancel-order" | "get-order" | "search-orders" | "track-order"
        | "project-orders" | "rebuild-views" | "sweep-orders" | "erase-customer" | "issue-ticket"
        | "follow-orders" | "push-updates" => orders_steps::step(function, ports)?,
        "take-payment" => Step::Queue(Arc::new(payments::TakePayment {
            store: of(Service::Payments),
            redaction: of(Service::Payments),
            documents: of(Service::Payments),
            clock,
            stripe: stripe(ports),
            stack,
            refund_on_return: true,
            refund_again_after: options.refund_again_after,
        })),
        "get-payment" => {
            Step::Http(Arc::new(payments::GetPayment { store: of(Service::Payments), stripe: stripe(ports) }))
        }
        "request-refund" => {
            Step::Http(Arc::new(payments::RequestRefund { store: of(Service::Payments), clock }))
        }
        "stripe-webhook" => Step::OpenHttp(Arc::new(payments::StripeWebhook {
            documents: of(Service::Payments),
            clock,
            secrets: secrets(options.webhook_secret),
            secret: "stripe-webhook".to_owned(),
            livemode: false,
        })),
        "reconcile-stripe" => Step::Command(Arc::new(payments::ReconcileStripe {
            documents: of(Service::Payments),
            clock,
            stripe: stripe(ports),
            livemode: false,
        })),
        "apply-stripe-event" => {
            let (store, documents) = (of(Service::Payments), of(Service::Payments));
            Step::Stream(Arc::new(payments::ApplyStripeEvent { store, documents, clock, stack }))
        }
        "allocate-stock" => {
            let (store, counters) = (of(Service::Inventory), of(Service::Inventory));
            Step::Queue(Arc::new(inventory::AllocateStock {
                store,
                counters,
                clock,
                hot: inventory::HotSkus::default(),
            }))
        }
        "manage-stock" => {
            let (counters, documents) = (of(Service::Inventory), of(Service::Inventory));
            Step::Http(Arc::new(inventory::ManageStock { counters, documents, clock }))
        }
        "ship-order" => Step::Queue(Arc::new(shipping::ShipOrder {
            store: of(Service::Shipping),
            redaction: of(Service::Shipping),
            documents: of(Service::Shipping),
            clock,
            carriers: carriers(ports),
        })),
        "manage-shipments" => {
            let (store, documents) = (of(Service::Shipping), of(Service::Shipping));
            Step::Http(Arc::new(shipping::ManageShipments { store, documents, clock }))
        }
        "carrier-webhook" => Step::OpenHttp(Arc::new(shipping::CarrierWebhook {
            documents: of(Service::Shipping),
            secrets: secrets(options.webhook_secret),
            secret_name: "easypost-webhook".to_owned(),
            clock,
        })),
        "apply-carrier-event" => {
            let (store, documents) = (of(Service::Shipping), of(Service::Shipping));
            Step::Stream(Arc::new(shipping::ApplyCarrierEvent { store, documents, clock }))
        }
        "notify-customer" => Step::Queue(Arc::new(notifications::NotifyCustomer {
            documents: ports.table(Table::Notifications),
            mailer: Some(ports.channels().mailer),
            texter: ports.channels().texter,
            clock,
            shop: "Conveyor".to_owned(),
            sms_countries: "CH".parse().expect("a list of countries"),
        })),
        "publish-events" => Step::Stream(Arc::new(outbox::PublishEvents { topics: ports.channels().topics })),
        "webhook-inbox" => {
            Step::Http(Arc::new(operations::WebhookInbox { sources: inbox_sources(ports), clock }))
        }
        "sweep-inbox" => {
            Step::Schedule(Arc::new(operations::SweepInbox { sources: inbox_sources(ports), clock }))
        }
        "place-canary" => Step::Schedule(Arc::new(operations::PlaceCanary {
            transport: ports.channels().door,
            secrets: secrets(DOOR_CUSTOMER),
            secret: "canary".to_owned(),
            api: DOOR.to_owned(),
            user_pool: DOOR_POOL.to_owned(),
            client_id: "client-1".to_owned(),
            sku: Some("TEA-01".to_owned()),
            clock,
        })),
        "write-heartbeats" => Step::Schedule(Arc::new(operations::WriteHeartbeats {
            tables: Service::ALL.map(|service| (service, of(service) as Arc<dyn Documents>)).into(),
            clock,
        })),
        "standard-webhook" => Step::OpenHttp(Arc::new(operations::StandardWebhook {
            senders: senders(),
            payments: of(Service::Payments),
            parcels: of(Service::Shipping),
            secrets: secrets(SENDER_SECRET),
            secret_prefix: "standard-webhook/".to_owned(),
            clock,
        })),
        "redrive-dead-letters" => {
            let channels = ports.channels();
            let queues = FunctionQueues {
                dead_letters: channels.dead_letters,
                source: Some(channels.work),
                gauge: Arc::new(FixedGauge(Depth { waiting: 0, hidden: 0 })),
            };
            Step::Command(Arc::new(operations::RedriveDeadLetters {
                queues: [("take-payment".to_owned(), queues)].into(),
                batches: channels.batches,
                functions: channels.functions,
                clock,
                work_for: Duration::from_mins(1),
            }))
        }
        "explain-order" => Step::Http(Arc::new(operations::ExplainOrder {
            streams: [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping]
                .map(|service| of(service) as Arc<dyn EventStore>)
                .into(),
            sources: inbox_sources(ports),
            callbacks: ports.table(Table::Callbacks),
            notifications: ports.table(Table::Notifications),
            letters: ports.channels().letter_records,
            dead_letters: [take_payment_queue()].into(),
            lasts: operations::LastsAtMost::from_settings(&mut Settings::from_lookup(|_| {
                Some("1800".to_owned())
            })),
            clock,
        })),
        "get-readiness" => Step::Http(Arc::new(operations::GetReadiness {
            build: operations::Build { stack, id: "0123456789ab".to_owned(), deploy: "sample".to_owned() },
            tables: readiness_tables(ports),
            queues: [take_payment_queue()].into(),
            metrics: Arc::new(MemoryMetrics::default()),
            queue_is_late_after: Duration::from_hours(1),
            clock,
        })),
        "replay-events" => {
            let channels = ports.channels();
            let events = |(service, scan): (&Service, &Arc<dyn EventScan>)| {
                (*service, ServiceEvents { store: of(*service), scan: scan.clone() })
            };
            Step::Command(Arc::new(operations::ReplayEvents {
                services: channels.scans.iter().map(events).collect(),
                queues: QUEUES.map(|queue| (queue.to_owned(), channels.work.clone())).into(),
                clock,
                work_for: Duration::from_mins(1),
            }))
        }
        "probe-version" => {
            let deploys = Arc::new(MemoryDeploys::default());
            let versions = deploys.clone();
            Step::Command(Arc::new(operations::ProbeVersion { deploys, versions, stack }))
        }
        "run-command" => {
            Step::Http(Arc::new(operations::RunCommand { functions: ports.channels().functions }))
        }
        "serve-console" => Step::OpenHttp(Arc::new(serve_console(stack))),
        "health" => Step::OpenHttp(Arc::new(operations::Health { stack })),
        "manage-callbacks" | PLAN_DELIVERIES | DELIVER_WEBHOOK | "schedule-callbacks" => {
            callbacks_step(function, ports)
        }
        _ => return None,
    })
}

fn serve_console(stack: String) -> console::ServeConsole {
    let pool = console::Pool {
        endpoint: "https://cognito-idp.us-east-1.amazonaws.com".to_owned(),
        client_id: "client-1".to_owned(),
    };
    console::ServeConsole {
        stack,
        sign_in: Some(console::SignIn::Password(pool.clone())),
        live_url: "wss://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/live".to_owned(),
        access: runtime::http::Access::from_settings(&mut Settings::from_lookup(|_| None)),
        shop: Some(console::Shop {
            name: "Conveyor".to_owned(),
            pool,
            cards: Some(console::Cards::Stripe { key: "pk_test_1".to_owned() }),
            transfer: Some("bank".to_owned()),
        }),
    }
}

fn callbacks_step(function: &str, ports: &(impl Ports + ?Sized)) -> Step {
    let (clock, channels) = (ports.clock(), ports.channels());
    let (documents, work) = (ports.table(Table::Callbacks), channels.work);
    match function {
        "manage-callbacks" => Step::Http(Arc::new(ManageCallbacks {
            documents,
            deliveries_by_time: ports.index(Table::Callbacks, "endpoint", "created_at"),
            work,
            names: channels.names,
            random: channels.random,
            clock,
            networks: Networks::Public,
        })),
        PLAN_DELIVERIES => {
            let endpoints = ports.index(Table::Callbacks, "pk", "sk");
            Step::Queue(Arc::new(PlanDeliveries { endpoints, documents, work, clock }))
        }
        DELIVER_WEBHOOK => Step::Queue(Arc::new(DeliverWebhook {
            documents,
            transport: channels.endpoints,
            clock,
            jitter: channels.jitter,
            pace: PACE,
            lanes: Lanes::of(CALLS_AT_ONCE),
        })),
        _ => Step::Schedule(Arc::new(ScheduleCallbacks {
            documents,
            pending_by_time: ports.index(Table::Callbacks, "pending_shard", "overdue_at"),
            work,
            clock,
        })),
    }
}

/// The step of an HTTP function.
///
/// # Panics
/// If no HTTP function has this name.
pub fn endpoint(function: &str, ports: &(impl Ports + ?Sized)) -> Arc<dyn Endpoint> {
    let made = step(function, ports).and_then(|step| match step {
        Step::Http(endpoint) | Step::OpenHttp(endpoint) => Some(endpoint),
        Step::Socket(_) | Step::Queue(_) | Step::Stream(_) | Step::Schedule(_) | Step::Command(_) => None,
    });
    made.expect("the name of an HTTP function")
}

/// The step of a queue function.
///
/// # Panics
/// If no queue function has this name.
pub fn handler(function: &str, ports: &(impl Ports + ?Sized)) -> Arc<dyn Handler> {
    let made = step(function, ports).and_then(|step| match step {
        Step::Queue(handler) => Some(handler),
        Step::Http(_)
        | Step::OpenHttp(_)
        | Step::Socket(_)
        | Step::Stream(_)
        | Step::Schedule(_)
        | Step::Command(_) => None,
    });
    made.expect("the name of a queue function")
}

/// The step of a WebSocket function.
///
/// # Panics
/// If no WebSocket function has this name.
pub fn socket(function: &str, ports: &(impl Ports + ?Sized)) -> Arc<dyn Socket> {
    let made = step(function, ports).and_then(|step| match step {
        Step::Socket(socket) => Some(socket),
        Step::Http(_)
        | Step::OpenHttp(_)
        | Step::Queue(_)
        | Step::Stream(_)
        | Step::Schedule(_)
        | Step::Command(_) => None,
    });
    made.expect("the name of a WebSocket function")
}

/// The step of a reader of a stream.
///
/// # Panics
/// If no reader of a stream has this name.
pub fn reader(function: &str, ports: &(impl Ports + ?Sized)) -> Arc<dyn Reader> {
    let made = step(function, ports).and_then(|step| match step {
        Step::Stream(reader) => Some(reader),
        Step::Http(_)
        | Step::OpenHttp(_)
        | Step::Socket(_)
        | Step::Queue(_)
        | Step::Schedule(_)
        | Step::Command(_) => None,
    });
    made.expect("the name of a stream's reader")
}

/// The step of a scheduled function.
///
/// # Panics
/// If no scheduled function has this name.
pub fn task(function: &str, ports: &(impl Ports + ?Sized)) -> Arc<dyn Task> {
    let made = step(function, ports).and_then(|step| match step {
        Step::Schedule(task) => Some(task),
        Step::Http(_)
        | Step::OpenHttp(_)
        | Step::Socket(_)
        | Step::Queue(_)
        | Step::Stream(_)
        | Step::Command(_) => None,
    });
    made.expect("the name of a scheduled function")
}

pub(crate) fn secrets(value: &str) -> Arc<FixedSecrets> {
    Arc::new(FixedSecrets::one(value))
}

pub(crate) fn senders() -> webhooks::Senders {
    SENDERS.parse().expect("a list of senders")
}

fn stripe(ports: &(impl Ports + ?Sized)) -> payments::Stripe {
    let mut settings = Settings::from_lookup(|name| match name {
        "STRIPE_API_BASE" => Some("http://stripe.example".to_owned()),
        "STRIPE_API_VERSION" => Some(testkit::STRIPE_VERSION.to_owned()),
        name => Some(name.to_lowercase()),
    });
    payments::Stripe::from_settings(&mut settings, ports.stripe(), secrets(EASYPOST_KEY), ports.clock())
}

/// The carriers. EasyPost needs a sender's address; nothing depends on it.
fn carriers(ports: &(impl Ports + ?Sized)) -> shipping::Carriers {
    let mut settings = Settings::from_lookup(|name| match name {
        "EASYPOST_API_BASE" => Some("http://easypost.example".to_owned()),
        "EASYPOST_API_KEY_SECRET" => Some("easypost".to_owned()),
        "SENDER_COUNTRY" => Some("CH".to_owned()),
        name => name.starts_with("SENDER_").then(|| "1".to_owned()),
    });
    let provider = ports.options().carrier;
    shipping::Carriers::from_settings(&mut settings, provider, secrets(EASYPOST_KEY), |_| ports.easypost())
}

/// The tables that `get-readiness` asks. Nothing else of a harness has the table of the limits.
fn readiness_tables(ports: &(impl Ports + ?Sized)) -> Vec<(&'static str, operations::ReadinessTable)> {
    let table = |name: &'static str| {
        let service = Service::ALL.into_iter().find(|service| service.as_str() == name);
        let table = match (service, name) {
            (Some(service), _) => Table::Of(service),
            (None, "order-views") => Table::OrderViews,
            (None, "notifications") => Table::Notifications,
            (None, "callbacks") => Table::Callbacks,
            (None, "live") => Table::Live,
            (None, _) => return None,
        };
        let documents: Arc<dyn Documents> = ports.table(table);
        Some((name, (documents, ports.index(table, "pk", "sk"))))
    };
    operations::TABLES.into_iter().filter_map(table).collect()
}

/// A queue that is empty.
fn take_payment_queue() -> operations::Queue {
    operations::Queue {
        function: "take-payment".to_owned(),
        name: "conveyor-TakePaymentQueue".to_owned(),
        gauge: Arc::new(FixedGauge(Depth { waiting: 0, hidden: 0 })),
    }
}

fn inbox_sources(ports: &(impl Ports + ?Sized)) -> Vec<InboxSource> {
    let inbox = |service| -> InboxTable {
        (ports.table(Table::Of(service)), ports.index(Table::Of(service), "inbox", "received_at"))
    };
    InboxSource::all(&inbox(Service::Payments), &inbox(Service::Shipping))
}
