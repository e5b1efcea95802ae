//! Runs one step on one cell, over recorded ports, to its end or to an injected fault.

use crate::acts;
use crate::cell::{Cell, ProviderTwin};
use crate::recorded_ports::{CallFault, RecordedAnswer, RecordedCall, RecordedPorts};
use crate::work::{Act, Queue, QueuedEvent, Webhook};
use event_store::{Documents as _, Memory, Pages};
use events::{Envelope, OrderId, Provider, Service};
use jiff::Timestamp;
use orders::Deadlines;
use outbound::{Secret, Transport};
use resilience::{Clock, Failure, FixedClock};
use runtime::http::{Problem, Reply};
use runtime::stream::{Item, Record};
use serde_json::Value;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use steps::{Channels, Options, Ports, Table, TablePort};
use testkit::{EASYPOST_KEY, RequestBuilder as _, now, request};

const A_DAY: Duration = Duration::from_hours(24);

/// A task for a step.
pub(crate) enum Task<'a> {
    Message(&'a QueuedEvent, u8),
    Webhook(&'a Webhook),
    Act(Act),
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Retry(String),
    Rejected(String),
    /// Its process crashed or is frozen.
    Stopped,
}

impl From<Result<(), Failure>> for End {
    fn from(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(Failure::Retry { reason, .. }) => Self::Retry(reason),
            Err(Failure::Reject { reason }) => Self::Rejected(reason),
        }
    }
}

impl From<Result<Reply, Problem>> for End {
    /// A 4xx is an answer. After a 5xx the caller repeats its call.
    fn from(result: Result<Reply, Problem>) -> Self {
        match result {
            Err(problem) if problem.status >= 500 => Self::Retry(problem.detail),
            Ok(_) | Err(_) => Self::Done,
        }
    }
}

/// The result of a task.
pub(crate) struct Performed {
    pub(crate) cell: Cell,
    pub(crate) end: End,
    /// The appended events, in their order.
    pub(crate) emitted: Vec<Envelope>,
    pub(crate) webhooks: Vec<Webhook>,
    pub(crate) calls: Vec<RecordedCall>,
    pub(crate) answers: Vec<RecordedAnswer>,
}

/// What stays the same during an exploration.
pub(crate) struct StepRunner {
    pub(crate) carrier: Provider,
    pub(crate) orders: Vec<OrderId>,
}

impl StepRunner {
    pub(crate) fn order(&self, n: u8) -> &OrderId {
        // A scenario that names an order it has not placed is a mistake, and the exploration ends there.
        &self.orders[usize::from(n)]
    }

    /// Runs a task on a copy of the cell, to its end or to the fault.
    pub(crate) fn perform(
        &self,
        cell: &Cell,
        task: &Task<'_>,
        answers: &[RecordedAnswer],
        fault: Option<CallFault>,
        is_late: bool,
    ) -> Performed {
        let cell = cell.copy();
        let before = cell.table.stream_length();
        let recorded = RecordedPorts::new(cell.table.clone(), cell.provider.clone(), answers, fault);
        let ports = CellPorts::new(&recorded, clock(task, is_late), self.carrier);
        let mut scans = Vec::new();
        let end = drive(self.run(&cell, &ports, task, &mut scans), &recorded).unwrap_or(End::Stopped);
        let (calls, answers) = recorded.finish();
        drop((ports, recorded));
        if let (End::Done, Task::Webhook(webhook)) = (&end, task) {
            acts::forget(&cell.table, webhook);
        }
        let mut webhooks: Vec<Webhook> =
            scans.into_iter().map(|body| Webhook { to: cell.service, body }).collect();
        if let ProviderTwin::Stripe(stripe) = &cell.provider {
            let sent = stripe.take_events().into_iter();
            webhooks.extend(sent.map(|body| Webhook { to: Service::Payments, body }));
        }
        let emitted = cell.table.stream_since(before).into_iter();
        let emitted = emitted.filter_map(|written| match written {
            event_store::Written::Event(envelope) => Some(envelope),
            event_store::Written::Document(..) => None,
        });
        let emitted = emitted.collect();
        Performed { cell, end, emitted, webhooks, calls, answers }
    }

    async fn run(&self, cell: &Cell, ports: &CellPorts, task: &Task<'_>, scans: &mut Vec<Value>) -> End {
        match task {
            Task::Message(message, deliveries) => deliver(ports, message, *deliveries).await,
            Task::Webhook(webhook) => receive(ports, webhook).await,
            Task::Act(act) => match acts::request(self, cell, *act) {
                Some(request) => {
                    steps::endpoint(function_of(&request.route), ports).answer(request).await.into()
                }
                None if matches!(act, Act::Sweep | Act::LongAfter) => sweep(ports).await.into(),
                None => {
                    scans.extend(acts::at_provider(self, cell, *act));
                    End::Done
                }
            },
        }
    }
}

/// The ports of one run: a cell's table and provider, recorded. The views are rebuilt by each sweep.
pub(crate) struct CellPorts {
    recorded: Arc<RecordedPorts>,
    views: Arc<Memory>,
    clock: Arc<dyn Clock>,
    carrier: Provider,
}

impl CellPorts {
    pub(crate) fn new(recorded: &Arc<RecordedPorts>, clock: Arc<dyn Clock>, carrier: Provider) -> Self {
        Self { recorded: recorded.clone(), views: Arc::default(), clock, carrier }
    }
}

impl Ports for CellPorts {
    fn options(&self) -> Options {
        Options {
            stack: "model",
            carrier: self.carrier,
            webhook_secret: EASYPOST_KEY,
            pay_offline_within: A_DAY * 7,
            // A message may be delayed for any time, so the wait is over whenever it arrives.
            refund_again_after: Duration::ZERO,
            // Only `pay_by` passes while something is under way. `shipped` is an end here.
            deadlines: Deadlines {
                unpaid: A_DAY,
                paid: A_DAY,
                allocated: A_DAY,
                cancelling: A_DAY,
                shipped: Duration::ZERO,
                owing: A_DAY,
            },
        }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn table(&self, table: Table) -> Arc<dyn TablePort> {
        match table {
            Table::OrderViews => self.views.clone(),
            Table::Of(_) | Table::Notifications | Table::Callbacks | Table::Live => self.recorded.clone(),
        }
    }

    fn index(&self, _table: Table, partition: &'static str, order: &'static str) -> Arc<dyn Pages> {
        Arc::new(self.views.index(partition, order))
    }

    fn stripe(&self) -> Arc<dyn Transport> {
        self.recorded.clone()
    }

    fn easypost(&self) -> Arc<dyn Transport> {
        self.recorded.clone()
    }

    fn channels(&self) -> Channels {
        Channels::default()
    }
}

/// The function that answers a route.
pub(crate) fn function_of(route: &str) -> &'static str {
    match route {
        "POST /orders" => "place-order",
        "PUT /stock/{sku}" => "manage-stock",
        "POST /orders/{order_id}/cancel" => "cancel-order",
        "POST /webhooks/stripe" => "stripe-webhook",
        "POST /webhooks/easypost" => "carrier-webhook",
        refunds if refunds.starts_with("POST /orders/{order_id}/refunds") => "request-refund",
        _ => "manage-shipments",
    }
}

async fn deliver(ports: &CellPorts, message: &QueuedEvent, deliveries: u8) -> End {
    let function = message.queue.name();
    match message.queue {
        Queue::TrackOrder | Queue::TakePayment | Queue::AllocateStock | Queue::ShipOrder => {
            let body = serde_json::to_string(&*message.envelope).unwrap_or_default();
            steps::handler(function, ports).handle(&body, u32::from(deliveries)).await.into()
        }
        Queue::ApplyStripeEvent | Queue::ApplyCarrierEvent => {
            read(ports, function, testkit::record(&message.envelope)).await
        }
    }
}

async fn read(ports: &CellPorts, function: &str, record: Record) -> End {
    steps::reader(function, ports).read(&[record]).await.into()
}

/// The current time for this task. Only the charge and the sweep decide by the clock.
fn clock(task: &Task<'_>, is_late: bool) -> Arc<dyn Clock> {
    let after = match task {
        Task::Act(Act::LongAfter) => A_DAY * 400,
        Task::Act(Act::Sweep) => Duration::from_mins(31),
        Task::Message(..) if is_late => Duration::from_mins(31),
        Task::Message(..) | Task::Webhook(_) | Task::Act(_) => Duration::ZERO,
    };
    Arc::new(FixedClock::at(now().saturating_add(after).unwrap_or(Timestamp::MAX)))
}

/// The webhook function keeps the webhook, and the reader of the stream applies it: one task, which may stop at each call
/// of both. A duplicate is read again too, as a stream's batch may be.
async fn receive(ports: &CellPorts, webhook: &Webhook) -> End {
    let key = Secret::new(EASYPOST_KEY);
    let (route, reader) = match webhook.to {
        Service::Shipping => ("POST /webhooks/easypost", "apply-carrier-event"),
        _ => ("POST /webhooks/stripe", "apply-stripe-event"),
    };
    let sent = request(route).json(&webhook.body);
    let (name, signature) = match webhook.to {
        Service::Shipping => ("x-hmac-signature", webhooks::EasyPost::sign(&sent.body, &key)),
        _ => ("stripe-signature", webhooks::Stripe::sign(&sent.body, &key, ports.clock.now())),
    };
    match steps::endpoint(function_of(route), ports).answer(sent.header(name, &signature)).await {
        Ok(_) => {}
        Err(problem) if problem.status >= 500 => return End::Retry(problem.detail),
        Err(problem) => return End::Rejected(problem.detail),
    }
    let key = webhook.inbox();
    // A concurrent duplicate may have been read and forgotten (see `acts::forget`).
    let Ok(Some(document)) = ports.recorded.get(&key).await else { return End::Done };
    read(ports, reader, Record { key, item: Item::Document(document) }).await
}

/// The sweep decides from the streams; the index only lists the open orders. Here the index is up to date.
async fn sweep(ports: &CellPorts) -> Result<(), Failure> {
    let events: Vec<Envelope> = ports.recorded.table.all_events();
    let project = steps::reader("project-orders", ports);
    project.read(&events.iter().map(testkit::record).collect::<Vec<_>>()).await?;
    steps::task("sweep-orders", ports).run().await.map(drop)
}

/// Runs a step until it ends or is stopped.
pub(crate) fn drive<T>(future: impl Future<Output = T>, ports: &RecordedPorts) -> Option<T> {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if ports.is_stopped() => return None,
            Poll::Pending => {}
        }
    }
}

/// Runs a future that never stops.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}
