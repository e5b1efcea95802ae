//! The steps themselves, wired as the template wires them, and run by hand on one cell.

use crate::cell::{Cell, Outside};
use crate::outside;
use crate::wire::{Asked, Heard, Trouble, Wire};
use crate::work::{Act, Hook, Letter, Queue};
use event_store::{Documents as _, Memory};
use events::{Envelope, OrderId, Provider, Service};
use jiff::Timestamp;
use outbound::Secret;
use resilience::{Clock, Failure, FixedClock};
use runtime::http::{Endpoint, Problem, Reply};
use runtime::queue::{Consumer, Message};
use runtime::schedule::Task as _;
use runtime::stream::{Item, Reader, Record};
use serde_json::Value;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use testkit::{EASYPOST_KEY, FixedSecrets, RequestBuilder as _, now, request};

const STACK: &str = "model";
const A_DAY: Duration = Duration::from_hours(24);

/// What is to be done.
pub(crate) enum Task<'a> {
    Letter(&'a Letter, u8),
    Hook(&'a Hook),
    Act(Act),
}

/// How a piece of work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Retry(String),
    Refused(String),
    /// Its process is gone, or sleeps.
    Stopped,
}

impl From<Result<(), Failure>> for End {
    fn from(result: Result<(), Failure>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(Failure::Retry { reason, .. }) => Self::Retry(reason),
            Err(Failure::Reject { reason }) => Self::Refused(reason),
        }
    }
}

impl From<Result<Reply, Problem>> for End {
    /// A caller who is refused (409) has their answer; one who is not answered calls again.
    fn from(result: Result<Reply, Problem>) -> Self {
        match result {
            Err(problem) if problem.status >= 500 => Self::Retry(problem.detail),
            Ok(_) | Err(_) => Self::Done,
        }
    }
}

/// What a piece of work came to.
pub(crate) struct Performed {
    pub(crate) cell: Cell,
    pub(crate) end: End,
    /// What was appended, in the order of its writing.
    pub(crate) said: Vec<Envelope>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) heard: Vec<Heard>,
}

/// The shop: what does not change while it is explored.
pub(crate) struct Stage {
    pub(crate) carrier: Provider,
    pub(crate) orders: Vec<OrderId>,
}

impl Stage {
    pub(crate) fn order(&self, n: u8) -> &OrderId {
        // A scenario that names an order it has not placed is a mistake in the scenario, and ends there.
        &self.orders[usize::from(n)]
    }

    /// Runs a piece of work on a copy of the cell, to its end or to the trouble.
    pub(crate) fn perform(
        &self,
        cell: &Cell,
        task: &Task<'_>,
        heard: &[Heard],
        trouble: Option<Trouble>,
        is_late: bool,
    ) -> Performed {
        let cell = cell.copy();
        let before = cell.table.stream_length();
        let wire = Wire::new(cell.table.clone(), cell.outside.clone(), heard, trouble);
        let mut told = Vec::new();
        let clock = clock(task, is_late);
        let end = drive(self.run(&cell, &wire, task, clock, &mut told), &wire).unwrap_or(End::Stopped);
        let (asked, heard) = wire.finish();
        drop(wire);
        if let (End::Done, Task::Hook(hook)) = (&end, task) {
            outside::forget(&cell.table, hook);
        }
        let mut hooks: Vec<Hook> = told.into_iter().map(|body| Hook { to: cell.service, body }).collect();
        if let Outside::Stripe(stripe) = &cell.outside {
            let sent = stripe.take_events().into_iter();
            hooks.extend(sent.map(|body| Hook { to: Service::Payments, body }));
        }
        let said = cell.table.stream_since(before).into_iter();
        let said = said.filter_map(|written| match written {
            event_store::Written::Event(envelope) => Some(envelope),
            event_store::Written::Document(..) => None,
        });
        let said = said.collect();
        Performed { cell, end, said, hooks, asked, heard }
    }

    async fn run(
        &self,
        cell: &Cell,
        wire: &Arc<Wire>,
        task: &Task<'_>,
        clock: Arc<dyn Clock>,
        told: &mut Vec<Value>,
    ) -> End {
        match task {
            Task::Letter(letter, deliveries) => self.deliver(wire, letter, *deliveries, clock).await,
            Task::Hook(hook) => arrive(wire, hook, clock).await,
            Task::Act(act) => match outside::call(self, cell, *act) {
                Some(request) => door(wire, &request.route, clock).answer(request).await.into(),
                None if matches!(act, Act::Sweep | Act::LongAfter) => sweep(wire, clock).await.into(),
                None => {
                    told.extend(outside::happen(self, cell, *act));
                    End::Done
                }
            },
        }
    }

    async fn deliver(&self, wire: &Arc<Wire>, letter: &Letter, deliveries: u8, clock: Arc<dyn Clock>) -> End {
        let message = match testkit::delivered(&letter.envelope, u32::from(deliveries)) {
            Ok(message) => message,
            Err(failure) => return Err(failure).into(),
        };
        let (store, documents) = (wire.clone(), wire.clone());
        match letter.queue {
            Queue::TrackOrder => consume(&orders::TrackOrder { store, clock }, &message).await,
            Queue::TakePayment => {
                let stripe = tests::stripe(wire.clone(), secrets(), clock.clone());
                let stack = STACK.to_owned();
                let step = payments::TakePayment {
                    store,
                    documents,
                    clock,
                    stripe,
                    stack,
                    refund_on_return: true,
                    // The wait is over whenever the message comes: it may take any time to.
                    refund_again_after: Duration::ZERO,
                };
                consume(&step, &message).await
            }
            Queue::AllocateStock => {
                let step = inventory::AllocateStock { store, counters: wire.clone(), clock };
                consume(&step, &message).await
            }
            Queue::ShipOrder => consume(&self.ship_order(wire, clock), &message).await,
            Queue::ApplyStripeEvent => {
                read(&apply_stripe(wire, clock), testkit::record(&letter.envelope)).await
            }
            Queue::ApplyCarrierEvent => {
                let step = shipping::ApplyCarrierEvent { store, documents, clock };
                read(&step, testkit::record(&letter.envelope)).await
            }
        }
    }

    fn ship_order(&self, wire: &Arc<Wire>, clock: Arc<dyn Clock>) -> shipping::ShipOrder {
        shipping::ShipOrder {
            store: wire.clone(),
            documents: wire.clone(),
            clock,
            carriers: tests::carriers(self.carrier, secrets(), wire.clone()),
        }
    }
}

fn secrets() -> Arc<FixedSecrets> {
    Arc::new(FixedSecrets::one(EASYPOST_KEY))
}

/// What time it is for this work. Only the charge and the sweep look at the clock to decide.
fn clock(task: &Task<'_>, is_late: bool) -> Arc<dyn Clock> {
    let after = match task {
        Task::Act(Act::LongAfter) => A_DAY * 400,
        Task::Act(Act::Sweep) => Duration::from_mins(31),
        Task::Letter(..) if is_late => Duration::from_mins(31),
        Task::Letter(..) | Task::Hook(_) | Task::Act(_) => Duration::ZERO,
    };
    Arc::new(FixedClock::at(now().saturating_add(after).unwrap_or(Timestamp::MAX)))
}

/// No deadline but `pay_by` is over before everything has come to rest. Shipped is an end here.
fn deadlines() -> orders::Deadlines {
    orders::Deadlines {
        unpaid: A_DAY,
        paid: A_DAY,
        allocated: A_DAY,
        cancelling: A_DAY,
        shipped: Duration::ZERO,
        owing: A_DAY,
    }
}

async fn consume(step: &dyn Consumer, message: &Message) -> End {
    step.consume(message).await.into()
}

async fn read(step: &dyn Reader, record: Record) -> End {
    match step.read(vec![record]).await {
        Ok(poison) => match poison.into_iter().next() {
            Some(poison) => End::Refused(poison.reason),
            None => End::Done,
        },
        Err(failure) => Err(failure).into(),
    }
}

fn apply_stripe(wire: &Arc<Wire>, clock: Arc<dyn Clock>) -> payments::ApplyStripeEvent {
    payments::ApplyStripeEvent {
        store: wire.clone(),
        documents: wire.clone(),
        clock,
        stack: STACK.to_owned(),
    }
}

/// A webhook comes to its function, and what that keeps to the reader of the stream: one piece of work, which may stop
/// at each of both one's calls. A repeat is read again too, as a stream's batch may be.
async fn arrive(wire: &Arc<Wire>, hook: &Hook, clock: Arc<dyn Clock>) -> End {
    let key = Secret::new(EASYPOST_KEY);
    let route = match hook.to {
        Service::Shipping => "POST /webhooks/easypost",
        _ => "POST /webhooks/stripe",
    };
    let sent = request(route).json(&hook.body);
    let (name, signature) = match hook.to {
        Service::Shipping => ("x-hmac-signature", webhooks::EasyPost::sign(&sent.body, &key)),
        _ => ("stripe-signature", webhooks::Stripe::sign(&sent.body, &key, clock.now())),
    };
    match door(wire, route, clock.clone()).answer(sent.header(name, &signature)).await {
        Ok(_) => {}
        Err(problem) if problem.status >= 500 => return End::Retry(problem.detail),
        Err(problem) => return End::Refused(problem.detail),
    }
    let key = hook.inbox();
    // A copy of it that came meanwhile may have been read and forgotten (see `outside::forget`).
    let Ok(Some(document)) = wire.get(&key).await else { return End::Done };
    let record = Record { key, item: Item::Document(document) };
    if hook.to == Service::Shipping {
        let (store, documents) = (wire.clone(), wire.clone());
        return read(&shipping::ApplyCarrierEvent { store, documents, clock }, record).await;
    }
    read(&apply_stripe(wire, clock), record).await
}

pub(crate) fn door(wire: &Arc<Wire>, route: &str, clock: Arc<dyn Clock>) -> Box<dyn Endpoint> {
    let (store, documents) = (wire.clone(), wire.clone());
    match route {
        "POST /orders" => Box::new(orders::PlaceOrder {
            store,
            documents,
            clock,
            pay_within: Duration::from_mins(30),
            pay_offline_within: A_DAY * 7,
            senders: webhooks::Senders::default(),
        }),
        "PUT /stock/{sku}" => Box::new(inventory::ManageStock { counters: wire.clone(), documents, clock }),
        "POST /orders/{order_id}/cancel" => Box::new(orders::CancelOrder { store, clock }),
        "POST /webhooks/stripe" => Box::new(payments::StripeWebhook {
            documents,
            clock,
            secrets: secrets(),
            secret: "stripe".to_owned(),
            livemode: false,
        }),
        "POST /webhooks/easypost" => Box::new(shipping::CarrierWebhook {
            documents,
            secrets: secrets(),
            secret_name: "easypost".to_owned(),
            clock,
        }),
        refunds if refunds.starts_with("POST /orders/{order_id}/refunds") => {
            Box::new(payments::RequestRefund { store, clock })
        }
        _ => Box::new(shipping::ManageShipments { store, documents, clock }),
    }
}

/// The index lags behind the streams, and what is swept is decided from the streams alone; here it is up to date.
async fn sweep(wire: &Arc<Wire>, clock: Arc<dyn Clock>) -> Result<(), Failure> {
    let (views, deadlines) = (Arc::new(Memory::default()), deadlines());
    let events: Vec<Envelope> = wire.table.all_events();
    let project = orders::ProjectOrders { store: wire.clone(), views: views.clone(), deadlines };
    project.read(events.iter().map(testkit::record).collect()).await?;
    let open_by_deadline = Arc::new(views.index("open_shard", "deadline"));
    let step = orders::SweepOrders { store: wire.clone(), open_by_deadline, clock, deadlines };
    step.run().await.map(drop)
}

/// Runs a step until it ends, or stops for good.
pub(crate) fn drive<T>(future: impl Future<Output = T>, wire: &Wire) -> Option<T> {
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => return Some(done),
            Poll::Pending if wire.is_stopped() => return None,
            Poll::Pending => {}
        }
    }
}

/// Runs what never stops.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}
