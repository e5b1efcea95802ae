//! Every function by its name, on twins that hold what its samples speak of.

use crate::chains::before;
use event_store::{Memory, MemoryIndex};
use events::Provider;
use outbound::{DeadLetteredBy, WorkQueue};
use resilience::{Clock, FixedClock};
use runtime::command::Command;
use runtime::http::{Access, Endpoint, Server, parse_sample};
use runtime::queue::{Handler, Worker};
use runtime::schedule::Task;
use runtime::stream::{Reader, StreamWorker};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::{
    EASYPOST_KEY, FakeEasyPost, FakeStripe, FixedNames, FixedSecrets, Gate, Gated, MailBox, MemoryLetters,
    MemoryQueue, MemoryTopic, MemoryWork, Plan, Receivers, now,
};

/// What came of a sample.
pub(crate) enum Outcome {
    /// An HTTP function's status and body.
    Answered(u16, String),
    /// A queue's or stream's batch, without anything left over.
    Handled,
    /// Something was set aside or comes back.
    Failed(String),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Answered(status, body) => write!(f, "answered {status}: {body}"),
            Self::Handled => f.write_str("handled"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// Who tells by Standard Webhooks, in the samples.
fn senders() -> webhooks::Senders {
    "bank:payments,courier:parcels".parse().expect("a list of senders")
}

/// The table of one service, in which the order of the samples has come as far as a sample needs, and what stands
/// around it. Every port of the functions stands behind the gate.
#[derive(Clone)]
pub(crate) struct Stage {
    gate: Arc<dyn Gate>,
    provider: Provider,
    pub(crate) table: Arc<Memory>,
    pub(crate) views: Arc<Memory>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) stripe: Arc<FakeStripe>,
    pub(crate) easypost: Arc<FakeEasyPost>,
    pub(crate) mail: Arc<MailBox>,
    pub(crate) topic: Arc<MemoryTopic>,
    pub(crate) receivers: Arc<Receivers>,
    pub(crate) names: Arc<FixedNames>,
    pub(crate) work: Arc<MemoryWork>,
    pub(crate) letters: Arc<MemoryLetters>,
    clock: Arc<FixedClock>,
    secrets: Arc<FixedSecrets>,
}

/// The secret that the webhooks of `events/` are signed with.
const SAMPLE_SECRET: &str = "whsec_sample";

impl Stage {
    /// Sets the stage for one sample: what it finds is what the samples before it have left.
    pub(crate) async fn set(sample: &str) -> Self {
        Self::after(sample, before(sample), Provider::Warehouse).await
    }

    /// Sets the stage for a sample that comes after these others.
    pub(crate) async fn after(sample: &str, others: &[&str], provider: Provider) -> Self {
        let clock = Arc::new(FixedClock::at(now()));
        let stage = Self {
            gate: Plan::open(),
            provider,
            table: Arc::default(),
            views: Arc::default(),
            queue: Arc::default(),
            stripe: Arc::default(),
            easypost: Arc::default(),
            mail: Arc::default(),
            topic: Arc::default(),
            receivers: Arc::default(),
            names: Arc::default(),
            work: Arc::default(),
            letters: Arc::new(MemoryLetters::new(clock.clone())),
            clock,
            secrets: Arc::new(FixedSecrets::one(SAMPLE_SECRET)),
        };
        let function = sample.split('/').next().unwrap_or_default();
        if ["get-order", "cancel-order", "track-order", "project-orders", "sweep-orders"].contains(&function)
        {
            stage.place_the_order().await;
        }
        if function == "redrive-dead-letters" {
            stage.set_two_messages_aside();
        }
        if function == "request-refund" {
            stage.pay_and_fail_to_refund().await;
        }
        for before in others {
            if let Some(said) = before.strip_prefix("said ") {
                stage.say(said).await;
                continue;
            }
            let text = crate::text_of(before);
            let outcome = stage.run(before.split('/').next().unwrap_or_default(), &text).await;
            assert!(matches!(outcome, Outcome::Handled | Outcome::Answered(..)), "{before}: {outcome}");
        }
        if ["sweep-orders", "schedule-callbacks"].contains(&function) {
            stage.clock.advance(Duration::from_hours(48));
        }
        stage
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// The same stage, its functions' ports behind another gate.
    pub(crate) fn behind(&self, gate: Arc<dyn Gate>) -> Self {
        Self { gate, ..self.clone() }
    }

    pub(crate) fn gated<P>(&self, port: &Arc<P>) -> Arc<Gated<P>> {
        Gated::new(self.gate.clone(), port.clone())
    }

    pub(crate) fn table(&self) -> Arc<Gated<Memory>> {
        self.gated(&self.table)
    }

    /// An index over the views of the orders.
    fn index(&self, partition: &'static str, order: &'static str) -> Arc<Gated<MemoryIndex>> {
        self.gated(&Arc::new(self.views.index(partition, order)))
    }

    /// Runs the sample through the function.
    #[expect(clippy::too_many_lines, reason = "one arm a function: a table is read faster whole")]
    pub(crate) async fn run(&self, function: &str, text: &str) -> Outcome {
        match function {
            "copy-prices" => self.consume(orders::CopyPrices { documents: self.table() }, text).await,
            "track-order" => {
                self.consume(orders::TrackOrder { store: self.table(), clock: self.clock() }, text).await
            }
            "project-orders" => {
                let (views, deadlines) = (self.gated(&self.views), orders::Deadlines::default());
                self.read(orders::ProjectOrders { store: self.table(), views, deadlines }, text).await
            }
            "sweep-orders" => {
                let open_by_deadline = self.index("open_shard", "deadline");
                let (store, deadlines) = (self.table(), orders::Deadlines::default());
                let step = orders::SweepOrders { store, open_by_deadline, clock: self.clock(), deadlines };
                self.perform(&step, text).await
            }
            "place-order" => {
                let pay_within = Duration::from_mins(30);
                let (store, documents) = (self.table(), self.table());
                let (pay_offline_within, senders) = (Duration::from_hours(7 * 24), senders());
                let clock = self.clock();
                let step =
                    orders::PlaceOrder { store, documents, clock, pay_within, pay_offline_within, senders };
                self.answer(step, text).await
            }
            "cancel-order" => {
                self.answer(orders::CancelOrder { store: self.table(), clock: self.clock() }, text).await
            }
            "get-order" => {
                let by_customer = self.index("customer", "placed_at");
                let open_by_deadline = self.index("open_shard", "deadline");
                self.answer(orders::GetOrder { store: self.table(), by_customer, open_by_deadline }, text)
                    .await
            }
            "take-payment" => {
                let step = payments::TakePayment {
                    store: self.table(),
                    documents: self.table(),
                    clock: self.clock(),
                    stripe: self.stripe(),
                    stack: "conveyor".to_owned(),
                    refund_on_return: true,
                    refund_again_after: Duration::ZERO,
                };
                self.consume(step, text).await
            }
            "get-payment" => {
                self.answer(payments::GetPayment { store: self.table(), stripe: self.stripe() }, text).await
            }
            "request-refund" => {
                self.answer(payments::RequestRefund { store: self.table(), clock: self.clock() }, text).await
            }
            "stripe-webhook" => {
                let endpoint = payments::StripeWebhook {
                    documents: self.table(),
                    clock: self.clock(),
                    secrets: self.secrets.clone(),
                    secret: "stripe".to_owned(),
                    livemode: false,
                };
                self.serve(&Server::open(endpoint), text).await
            }
            "reconcile-stripe" => {
                let step = payments::ReconcileStripe {
                    documents: self.table(),
                    clock: self.clock(),
                    stripe: self.stripe(),
                    livemode: false,
                };
                self.obey(&step, text).await
            }
            "apply-stripe-event" => {
                let stack = "conveyor".to_owned();
                let (store, documents) = (self.table(), self.table());
                self.read(payments::ApplyStripeEvent { store, documents, clock: self.clock(), stack }, text)
                    .await
            }
            "allocate-stock" => {
                let (store, counters) = (self.table(), self.table());
                self.consume(inventory::AllocateStock { store, counters, clock: self.clock() }, text).await
            }
            "manage-stock" => {
                let (counters, documents) = (self.table(), self.table());
                self.answer(inventory::ManageStock { counters, documents, clock: self.clock() }, text).await
            }
            "manage-products" => {
                let (store, documents) = (self.table(), self.table());
                self.answer(catalog::ManageProducts { store, documents, clock: self.clock() }, text).await
            }
            "ship-order" => {
                let secrets = Arc::new(FixedSecrets::one(EASYPOST_KEY));
                let step = shipping::ShipOrder {
                    store: self.table(),
                    documents: self.table(),
                    clock: self.clock(),
                    carriers: tests::carriers(self.provider, secrets, self.gated(&self.easypost)),
                };
                self.consume(step, text).await
            }
            "manage-shipments" => {
                let (store, documents) = (self.table(), self.table());
                self.answer(shipping::ManageShipments { store, documents, clock: self.clock() }, text).await
            }
            "carrier-webhook" => {
                let endpoint = shipping::CarrierWebhook {
                    documents: self.table(),
                    secrets: self.secrets.clone(),
                    secret_name: "easypost".to_owned(),
                    clock: self.clock(),
                };
                self.serve(&Server::open(endpoint), text).await
            }
            "apply-carrier-event" => {
                let (store, documents) = (self.table(), self.table());
                self.read(shipping::ApplyCarrierEvent { store, documents, clock: self.clock() }, text).await
            }
            "notify-customer" => {
                let step = notifications::NotifyCustomer {
                    documents: self.table(),
                    mailer: self.gated(&self.mail),
                    texter: self.gated(&self.mail),
                    clock: self.clock(),
                    shop: "Sample".to_owned(),
                    sms_countries: "CH".parse().expect("a country"),
                };
                self.consume(step, text).await
            }
            "publish-events" => {
                let topic: Arc<dyn outbound::Topic> = self.gated(&self.topic);
                let topics: BTreeMap<_, _> =
                    events::Service::ALL.map(|service| (service, topic.clone())).into();
                self.read(outbox::PublishEvents { topics }, text).await
            }
            "webhook-inbox" => {
                let tray = |source| operations::InboxSource {
                    source,
                    documents: self.table(),
                    index: self.gated(&Arc::new(self.table.index("inbox", "received_at"))),
                };
                let sources = vec![
                    tray("stripe"),
                    tray("easypost"),
                    tray(webhooks::Topic::Payments.source()),
                    tray(webhooks::Topic::Parcels.source()),
                ];
                self.answer(operations::WebhookInbox { sources, clock: self.clock() }, text).await
            }
            "standard-webhook" => {
                let endpoint = operations::StandardWebhook {
                    senders: senders(),
                    payments: self.table(),
                    parcels: self.table(),
                    secrets: Arc::new(FixedSecrets::one(testkit::SENDER_SECRET)),
                    secret_prefix: "conveyor/standard-webhook/".to_owned(),
                    clock: self.clock(),
                };
                self.serve(&Server::open(endpoint), text).await
            }
            "redrive-dead-letters" => self.run_redrive(text).await,
            "health" => {
                self.serve(&Server::open(operations::Health { stack: "conveyor".to_owned() }), text).await
            }
            "manage-callbacks" | "plan-deliveries" | "deliver-webhook" | "schedule-callbacks" => {
                self.run_callbacks(function, text).await
            }
            other => Outcome::Failed(format!("{other} is not wired here; add it")),
        }
    }

    pub(crate) async fn consume(&self, step: impl Handler + 'static, text: &str) -> Outcome {
        let worker = Worker {
            function: "sample",
            queue: self.queue.clone(),
            clock: self.clock(),
            give_up_after: Duration::from_hours(24 * 365),
            consumer: Arc::new(step),
        };
        let batch = serde_json::from_str(text).expect("an SQS event");
        let back = worker.work(batch).await.batch_item_failures.len();
        self.left_over(back)
    }

    async fn read(&self, reader: impl Reader + 'static, text: &str) -> Outcome {
        let worker = StreamWorker { function: "sample", queue: self.queue.clone(), reader: Arc::new(reader) };
        match worker.work(serde_json::from_str(text).expect("a stream event")).await {
            Ok(()) => self.left_over(0),
            Err(failure) => Outcome::Failed(failure.to_string()),
        }
    }

    pub(crate) async fn perform(&self, task: &dyn Task, text: &str) -> Outcome {
        let _: serde_json::Value = serde_json::from_str(text).expect("a schedule's event");
        match runtime::schedule::work(task).await {
            Ok(_) => Outcome::Handled,
            Err(failure) => Outcome::Failed(failure.to_string()),
        }
    }

    pub(crate) async fn obey<C: Command>(&self, command: &C, text: &str) -> Outcome {
        let asked = serde_json::from_str(text).expect("what a command is told");
        match runtime::command::work(command, asked).await {
            Ok(_) => Outcome::Handled,
            Err(failure) => Outcome::Failed(failure.to_string()),
        }
    }

    /// Letters that a stopped run still holds are seen again by whoever asks later.
    async fn run_redrive(&self, text: &str) -> Outcome {
        self.clock.advance(Duration::from_mins(2));
        let (dead_letters, queue): (_, Arc<dyn WorkQueue>) =
            (self.gated(&self.letters), self.gated(&self.work));
        let queues = operations::FunctionQueues { dead_letters, source: Some(queue) };
        let step = operations::RedriveDeadLetters {
            queues: [("take-payment".to_owned(), queues)].into(),
            clock: self.clock(),
            work_for: Duration::from_secs(40),
        };
        self.obey(&step, text).await
    }

    /// As `take-payment` sets messages aside, one of which it can handle.
    fn set_two_messages_aside(&self) {
        let sound = crate::text_of("take-payment/order-placed");
        let sound: serde_json::Value = serde_json::from_str(&sound).expect("a sample");
        for body in [sound["Records"][0]["body"].as_str().expect("a body"), "no event"] {
            let (name, reason) = ("take-payment".to_owned(), "it was not understood".to_owned());
            self.letters.add(body, DeadLetteredBy::Function { name, reason });
        }
    }

    fn left_over(&self, back: usize) -> Outcome {
        match (back, self.queue.dead_letters().first()) {
            (0, None) => Outcome::Handled,
            (back, letter) => Outcome::Failed(format!("{back} come back; set aside: {letter:?}")),
        }
    }

    /// An endpoint behind a token.
    pub(crate) async fn answer(&self, endpoint: impl Endpoint + 'static, text: &str) -> Outcome {
        let access = Access {
            admin_group: "admin".to_owned(),
            groups_claim: "cognito:groups".to_owned(),
            token_use: Some("access".to_owned()),
        };
        let server = Server { access: Some(access), limiter: None, endpoint: Arc::new(endpoint) };
        self.serve(&server, text).await
    }

    async fn serve(&self, server: &Server, text: &str) -> Outcome {
        let response = server.serve(parse_sample(text).expect("a gateway request")).await;
        let (parts, body) = response.into_parts();
        Outcome::Answered(parts.status.as_u16(), String::from_utf8_lossy(body.as_ref()).into_owned())
    }

    fn stripe(&self) -> payments::Stripe {
        tests::stripe(self.gated(&self.stripe), self.secrets.clone(), self.clock.clone())
    }
}
