//! Runs a sample through its function, over in-memory twins in which the samples before it have been handled.

use crate::prerequisites::before;
use event_store::{EventScan, Memory, Pages};
use events::{Provider, Service};
use orders::Deadlines;
use outbound::{DeadLetteredBy, Topic, Transport};
use resilience::{Clock, FixedClock, NoJitter};
use runtime::http::{Endpoint, Server, parse_sample};
use runtime::letters::LetterRecords;
use runtime::queue::{Handler, Worker};
use runtime::schedule::Task;
use runtime::stream::{Reader, StreamWorker};
use runtime::websocket::{Event, Socket};
use std::sync::Arc;
use std::time::Duration;
use steps::{AnyCommand, Channels, Options, Ports, Step, Table, TablePort};
use testkit::{
    FakeEasyPost, FakeStripe, FixedNames, Gate, Gated, MailBox, MemoryFunctions, MemoryLetters, MemoryQueue,
    MemorySockets, MemoryTopic, MemoryWork, Plan, Receivers, ShopDoor, now,
};

/// The result of a sample.
pub(crate) enum Outcome {
    /// An HTTP function's status and body.
    Answered(u16, String),
    /// The whole batch, task or command was handled.
    Handled,
    /// A message was dead-lettered or returned to its queue, or the invocation failed.
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

/// The ports of the functions: twins behind a gate. One table serves every service, since a sample runs one function.
#[derive(Clone)]
pub(crate) struct SampleWorld {
    gate: Arc<dyn Gate>,
    provider: Provider,
    pub(crate) table: Arc<Memory>,
    pub(crate) views: Arc<Memory>,
    pub(crate) queue: Arc<MemoryQueue>,
    pub(crate) stripe: Arc<FakeStripe>,
    pub(crate) easypost: Arc<FakeEasyPost>,
    pub(crate) mail: Arc<MailBox>,
    pub(crate) topic: Arc<MemoryTopic>,
    receivers: Arc<Receivers>,
    pub(crate) door: Arc<ShopDoor>,
    names: Arc<FixedNames>,
    work: Arc<MemoryWork>,
    pub(crate) sockets: Arc<MemorySockets>,
    pub(crate) letters: Arc<MemoryLetters>,
    pub(crate) functions: Arc<MemoryFunctions>,
    clock: Arc<FixedClock>,
}

/// The connection of the samples of live tracking.
const CONNECTION: &str = "L0SM9cOFvHcCIhw=";

/// The secret that the webhooks of `events/` are signed with.
const SAMPLE_SECRET: &str = "whsec_sample";

impl SampleWorld {
    /// The world after the samples that come before this one.
    pub(crate) async fn before(sample: &str) -> Self {
        Self::after(sample, before(sample), Provider::Warehouse).await
    }

    /// The world for a sample after these others.
    pub(crate) async fn after(sample: &str, others: &[&str], provider: Provider) -> Self {
        let clock = Arc::new(FixedClock::at(now()));
        let world = Self {
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
            door: Arc::default(),
            names: Arc::default(),
            work: Arc::default(),
            sockets: Arc::default(),
            letters: Arc::new(MemoryLetters::new(clock.clone())),
            functions: Arc::default(),
            clock,
        };
        let function = sample.split('/').next().unwrap_or_default();
        let about_an_order = [
            "explain-order",
            "get-order",
            "search-orders",
            "erase-customer",
            "cancel-order",
            "track-order",
            "project-orders",
            "sweep-orders",
            "replay-events",
            "rebuild-views",
            "follow-orders",
            "push-updates",
        ];
        if about_an_order.contains(&function) {
            world.place_order().await;
        }
        if function == "redrive-dead-letters" {
            world.dead_letter_two_messages();
        }
        if function == "request-refund" {
            world.fail_goodwill_refund().await;
        }
        for before in others {
            if let Some(sample) = before.strip_prefix("event of ") {
                world.append_event_of(sample).await;
                continue;
            }
            let text = crate::text_of(before);
            let outcome = world.run(before.split('/').next().unwrap_or_default(), &text).await;
            assert!(matches!(outcome, Outcome::Handled | Outcome::Answered(..)), "{before}: {outcome}");
        }
        if ["sweep-orders", "schedule-callbacks", "sweep-inbox"].contains(&function) {
            world.clock.advance(Duration::from_hours(48));
        }
        // What the samples before it sent is not its effect.
        world.sockets.take();
        world
    }

    /// The same world with the functions' ports behind another gate.
    pub(crate) fn behind(&self, gate: Arc<dyn Gate>) -> Self {
        Self { gate, ..self.clone() }
    }

    fn gated<P>(&self, port: &Arc<P>) -> Arc<Gated<P>> {
        Gated::new(self.gate.clone(), port.clone())
    }

    /// Runs the sample through the function.
    pub(crate) async fn run(&self, function: &str, text: &str) -> Outcome {
        if function == "redrive-dead-letters" {
            // Dead letters that a stopped run has received are visible again after their time-out.
            self.clock.advance(Duration::from_mins(2));
        }
        match steps::step(function, self) {
            Some(Step::Http(endpoint)) => self.answer_with_token(endpoint, text).await,
            Some(Step::OpenHttp(endpoint)) => {
                let server = Server { access: None, limiter: None, endpoint };
                serve(&server, text).await
            }
            Some(Step::Socket(socket)) => self.ask(&*socket, text).await,
            Some(Step::Queue(handler)) => self.consume(handler, text).await,
            Some(Step::Stream(reader)) => self.read(reader, text).await,
            Some(Step::Schedule(task)) => run_task(&*task, text).await,
            Some(Step::Command(command)) => run_command(&*command, text).await,
            None => Outcome::Failed(format!("{function} has no step: add it to tests/steps")),
        }
    }

    /// The gateway asks a WebSocket function. A connection of a sample is open.
    async fn ask(&self, socket: &dyn Socket, text: &str) -> Outcome {
        self.sockets.open(CONNECTION);
        match runtime::websocket::work(socket, &Event::parse_sample(text).expect("an event")).await {
            Ok(answer) => {
                let status = answer["statusCode"].as_u64().map_or(200, |status| status);
                Outcome::Answered(u16::try_from(status).expect("a status"), answer.to_string())
            }
            Err(failure) => Outcome::Failed(failure.to_string()),
        }
    }

    async fn consume(&self, consumer: Arc<dyn Handler>, text: &str) -> Outcome {
        let worker = Worker {
            function: "sample",
            queue: self.queue.clone(),
            clock: self.clock.clone(),
            give_up_after: Duration::from_hours(24 * 365),
            consumer,
            records: LetterRecords::default(),
        };
        let batch = serde_json::from_str(text).expect("an SQS event");
        let failures = worker.work(batch).await.batch_item_failures.len();
        self.outcome_of_batch(failures)
    }

    async fn read(&self, reader: Arc<dyn Reader>, text: &str) -> Outcome {
        let worker = StreamWorker::new("sample", self.queue.clone(), self.clock.clone(), reader);
        match worker.work(serde_json::from_str(text).expect("a stream event")).await {
            Ok(()) => self.outcome_of_batch(0),
            Err(failure) => Outcome::Failed(failure.to_string()),
        }
    }

    fn outcome_of_batch(&self, failures: usize) -> Outcome {
        match (failures, self.queue.dead_letters().first()) {
            (0, None) => Outcome::Handled,
            (failures, letter) => {
                Outcome::Failed(format!("{failures} messages return to the queue; dead-lettered: {letter:?}"))
            }
        }
    }

    async fn answer_with_token(&self, endpoint: Arc<dyn Endpoint>, text: &str) -> Outcome {
        serve(&Server { access: Some(testkit::access()), limiter: None, endpoint }, text).await
    }

    /// Two dead letters of `take-payment`: one that it can handle, and one that it cannot read.
    fn dead_letter_two_messages(&self) {
        let valid = crate::text_of("take-payment/order-placed");
        let valid: serde_json::Value = serde_json::from_str(&valid).expect("a sample");
        for body in [valid["Records"][0]["body"].as_str().expect("a body"), "no event"] {
            let (name, reason) = ("take-payment".to_owned(), "it was not understood".to_owned());
            self.letters.add(body, DeadLetteredBy::Function { name, reason });
        }
    }

    /// The replayed messages.
    pub(crate) fn replayed(&self) -> Vec<String> {
        let bodies = self.work.sent().into_iter().map(|work| work.body);
        bodies.filter(|body| body.contains("\"replayed\":")).collect()
    }

    /// What the endpoints received.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.receivers.calls();
        calls.iter().map(|call| format!("{call:?} {:?} {:?}", call.headers, call.body)).collect()
    }
}

async fn serve(server: &Server, text: &str) -> Outcome {
    let response = server.serve(parse_sample(text).expect("a gateway request")).await;
    let (parts, body) = response.into_parts();
    Outcome::Answered(parts.status.as_u16(), String::from_utf8_lossy(body.as_ref()).into_owned())
}

async fn run_task(task: &dyn Task, text: &str) -> Outcome {
    let _: serde_json::Value = serde_json::from_str(text).expect("a schedule's event");
    match runtime::schedule::work(task).await {
        Ok(_) => Outcome::Handled,
        Err(failure) => Outcome::Failed(failure.to_string()),
    }
}

async fn run_command(command: &dyn AnyCommand, text: &str) -> Outcome {
    match command.work(serde_json::from_str(text).expect("a command's request")).await {
        Ok(_) => Outcome::Handled,
        Err(failure) => Outcome::Failed(failure.to_string()),
    }
}

impl Ports for SampleWorld {
    fn options(&self) -> Options {
        Options {
            stack: "conveyor",
            carrier: self.provider,
            webhook_secret: SAMPLE_SECRET,
            pay_offline_within: Duration::from_hours(7 * 24),
            refund_again_after: Duration::ZERO,
            deadlines: Deadlines::default(),
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn table(&self, table: Table) -> Arc<dyn TablePort> {
        match table {
            Table::OrderViews => self.gated(&self.views),
            Table::Of(_) | Table::Notifications | Table::Callbacks | Table::Live => self.gated(&self.table),
        }
    }

    fn index(&self, table: Table, partition: &'static str, order: &'static str) -> Arc<dyn Pages> {
        let memory = match table {
            Table::OrderViews => &self.views,
            Table::Of(_) | Table::Notifications | Table::Callbacks | Table::Live => &self.table,
        };
        self.gated(&Arc::new(memory.index(partition, order)))
    }

    fn stripe(&self) -> Arc<dyn Transport> {
        self.gated(&self.stripe)
    }

    fn easypost(&self) -> Arc<dyn Transport> {
        self.gated(&self.easypost)
    }

    fn channels(&self) -> Channels {
        let topic: Arc<dyn Topic> = self.gated(&self.topic);
        let scan: Arc<dyn EventScan> = self.gated(&self.table);
        Channels {
            topics: Service::ALL.map(|service| (service, topic.clone())).into(),
            mailer: self.gated(&self.mail),
            texter: self.gated(&self.mail),
            work: self.gated(&self.work),
            sockets: self.gated(&self.sockets),
            frames: self.gated(&self.table),
            endpoints: self.gated(&self.receivers),
            door: self.gated(&self.door),
            names: self.gated(&self.names),
            jitter: Arc::new(NoJitter),
            dead_letters: self.gated(&self.letters),
            scans: Service::ALL.map(|service| (service, scan.clone())).into(),
            functions: self.gated(&self.functions),
            ..Channels::default()
        }
    }
}
