//! Pages that follow orders while these move, over a network that loses, duplicates and reorders. Messages of events are lost,
//! duplicated and late, frames too, and connections are cut, some of them without a report. The clients do what `docs/live.md` asks.
//!
//! The rules: a client sees its own orders alone; its page never gets older; each page is what `GET` shows at its sequence; and once
//! all is quiet, after one answered heartbeat, it equals `GET`.

use super::executor::finish;
use event_store::{EventStore as _, Memory, StreamId};
use events::{
    Amount, Customer, Delivered, Envelope, InventoryEvent, InventoryUpdated, OrderId, OrderPaid, OrderPlaced,
    OrdersEvent, PaymentRequested, PaymentsEvent, Provider, ShipmentRequested, Shipped, ShippingEvent,
};
use fastrand::Rng;
use orders::{FollowOrders, Followers, GetOrder, IssueTicket, PushUpdates, TrackOrder};
use outbound::SystemRandomBytes;
use resilience::FixedClock;
use runtime::http::{Caller, Endpoint as _, Request, Role};
use runtime::queue::{Consumer as _, Message};
use runtime::websocket::{Connection, Socket as _};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{
    MemorySockets, RequestBuilder as _, customer, eur, lines, message, now, order_id, other_customer, placed,
    request,
};

/// Of a hundred, how many messages and frames are lost, and how many are duplicated.
const LOST: u32 = 20;
const DUPLICATED: u32 = 20;
/// How many orders move.
const ORDERS: usize = 3;

/// What happened in a run.
#[derive(Debug, Default)]
pub struct LiveReport {
    /// Frames that changed a page.
    pub applied: u64,
    /// Frames that a client had already, or something newer.
    pub ignored: u64,
    /// Messages and frames that were lost.
    pub lost: u64,
    /// Connections that were cut.
    pub cut: u64,
    /// Broken rules.
    pub violations: Vec<String>,
}

/// A page that shows one order.
struct Client {
    name: String,
    by: Customer,
    admin: bool,
    order: OrderId,
    connection: Option<Connection>,
    has: u64,
    page: Value,
}

struct World {
    rng: Rng,
    table: Arc<Memory>,
    sockets: Arc<MemorySockets>,
    clock: Arc<FixedClock>,
    issue: IssueTicket,
    follow: FollowOrders,
    push: PushUpdates,
    track: TrackOrder,
    get: GetOrder,
    clients: Vec<Client>,
    /// Messages that `push-updates` has not received yet.
    messages: Vec<Envelope>,
    /// Frames under way, each with its connection.
    frames: Vec<(String, Value)>,
    opened: u64,
    report: LiveReport,
}

/// Lets orders move from placed to delivered while pages follow them. The first page's connection is cut after the event with the
/// number `cut_after`, others at any time.
pub fn follow_orders(seed: u64, cut_after: usize) -> LiveReport {
    let mut world = World::new(seed);
    for n in 1..=ORDERS as u64 {
        let customer = if n == 1 { other_customer() } else { customer() };
        world.append_first(n, OrderPlaced { customer, ..placed() });
    }
    world.open_pages();
    let mut next = [0_usize; ORDERS];
    let mut appended = 0;
    while next.iter().any(|place| *place < moves(1).len()) {
        let place = world.rng.usize(0..next.len());
        let n = place as u64 + 1;
        if let Some(message) = moves(n).get(next[place]) {
            next[place] += 1;
            appended += 1;
            world.track(message);
            if appended == cut_after {
                world.cut(0);
            }
        }
        for _ in 0..world.rng.u32(0..6) {
            world.anything();
        }
    }
    world.until_quiet();
    world.report
}

/// What the other services report about an order that is delivered.
fn moves(n: u64) -> Vec<Message> {
    let id = order_id(n);
    let (amount, currency, intent_id) = (Amount::minor(1900), eur(), "pi_1".to_owned());
    let requested = PaymentRequested {
        intent_id: intent_id.clone(),
        amount,
        currency,
        lines: lines(),
        customer: customer(),
        pay_by: now(),
    };
    let paid = OrderPaid { intent_id, amount, currency, lines: lines(), reference: None };
    let shipment = ShipmentRequested { provider: Provider::Warehouse, shipment_id: None, lines: lines() };
    let shipped = Shipped { carrier: "DHL".to_owned(), tracking_code: "T1".to_owned() };
    vec![
        message::<PaymentsEvent>(&id, 1, &requested.into()),
        message::<PaymentsEvent>(&id, 2, &paid.into()),
        message::<InventoryEvent>(&id, 1, &InventoryUpdated::unsharded(lines()).into()),
        message::<ShippingEvent>(&id, 1, &shipment.into()),
        message::<ShippingEvent>(&id, 2, &shipped.into()),
        message::<ShippingEvent>(&id, 3, &Delivered {}.into()),
    ]
}

impl World {
    fn new(seed: u64) -> Self {
        let (table, live, views) =
            (Arc::new(Memory::default()), Arc::new(Memory::default()), Arc::new(Memory::default()));
        let (sockets, clock) = (Arc::new(MemorySockets::default()), Arc::new(FixedClock::at(now())));
        let followers = Followers::new(live.clone());
        Self {
            rng: Rng::with_seed(seed),
            issue: IssueTicket {
                followers: followers.clone(),
                random: Arc::new(SystemRandomBytes::default()),
                clock: clock.clone(),
            },
            follow: FollowOrders {
                store: table.clone(),
                followers: followers.clone(),
                frames: live,
                sockets: sockets.clone(),
                clock: clock.clone(),
            },
            push: PushUpdates {
                store: table.clone(),
                followers,
                sockets: sockets.clone(),
                clock: clock.clone(),
            },
            track: TrackOrder { store: table.clone(), clock: clock.clone() },
            get: GetOrder {
                store: table.clone(),
                by_customer: Arc::new(views.index("pk", "sk")),
                open_by_deadline: Arc::new(views.index("open_shard", "deadline")),
            },
            table,
            sockets,
            clock,
            clients: Vec::new(),
            messages: Vec::new(),
            frames: Vec::new(),
            opened: 0,
            report: LiveReport::default(),
        }
    }

    fn append_first(&mut self, n: u64, placed: OrderPlaced) {
        let envelope = testkit::envelope(&order_id(n), 1, &OrdersEvent::from(placed));
        finish(self.table.append(&StreamId::order(&order_id(n)), &envelope)).expect("an empty stream");
        self.messages.push(envelope);
    }

    /// Each order has a page of its customer and one of an admin. Another customer tries to follow the first.
    fn open_pages(&mut self) {
        for n in 1..=ORDERS as u64 {
            let owner = if n == 1 { other_customer() } else { customer() };
            let admin = Customer { subject: format!("admin-{n}"), ..customer() };
            for (by, admin) in [(owner, false), (admin, true)] {
                let name = format!("{} on order {n}", by.subject);
                let (order, page) = (order_id(n), Value::Null);
                self.clients.push(Client { name, by, admin, order, connection: None, has: 0, page });
            }
        }
        let (order, by) = (order_id(1), customer());
        let name = "a customer on an order of another".to_owned();
        self.clients.push(Client {
            name,
            by,
            admin: false,
            order,
            connection: None,
            has: 0,
            page: Value::Null,
        });
    }

    fn track(&mut self, message: &Message) {
        let before = self.table.stream_length();
        finish(self.track.consume(message)).expect("a fact is recorded");
        for envelope in self.table.written_since(before) {
            let copies = if self.rng.u32(0..100) < DUPLICATED { 2 } else { 1 };
            self.messages.extend(std::iter::repeat_n(envelope, copies));
        }
    }

    /// One thing of those that can happen.
    fn anything(&mut self) {
        match self.rng.u32(0..100) {
            0..35 => self.deliver_message(),
            35..75 => self.deliver_frame(),
            75..80 => {
                let place = self.rng.usize(0..self.clients.len());
                self.cut(place);
            }
            80..95 => {
                let place = self.rng.usize(0..self.clients.len());
                self.heartbeat(place);
            }
            _ => self.clock.advance(Duration::from_secs(self.rng.u64(1..60))),
        }
    }

    fn deliver_message(&mut self) {
        if self.messages.is_empty() {
            return;
        }
        let envelope = self.messages.swap_remove(self.rng.usize(0..self.messages.len()));
        if self.rng.u32(0..100) < LOST {
            self.report.lost += 1;
            return;
        }
        let message = testkit::delivered(&envelope, 1).expect("an event");
        finish(self.push.consume(&message)).expect("nothing is out");
        self.collect();
    }

    /// The network takes what was posted.
    fn collect(&mut self) {
        for (connection, frame) in self.sockets.take() {
            let frame: Value = serde_json::from_str(&frame).expect("a frame is JSON");
            let copies = match self.rng.u32(0..100) {
                0..LOST => 0,
                kept if kept < LOST + DUPLICATED => 2,
                _ => 1,
            };
            self.report.lost += u64::from(copies == 0);
            self.frames.extend(std::iter::repeat_n((connection, frame), copies));
        }
    }

    fn deliver_frame(&mut self) {
        if self.frames.is_empty() {
            return;
        }
        let (connection, frame) = self.frames.swap_remove(self.rng.usize(0..self.frames.len()));
        let of = |client: &&mut Client| client.connection.as_ref().is_some_and(|open| open.id == connection);
        // What arrives for a connection that was cut arrives nowhere.
        if let Some(client) = self.clients.iter_mut().find(of) {
            match client.receive(&frame) {
                Ok(true) => self.report.applied += 1,
                Ok(false) => self.report.ignored += 1,
                Err(broken) => self.report.violations.push(format!("{}: {broken}", client.name)),
            }
        }
    }

    /// The connection is cut; the gateway reports that in half of the cases.
    fn cut(&mut self, place: usize) {
        let Some(connection) = self.clients[place].connection.take() else { return };
        self.report.cut += 1;
        self.sockets.leave(&connection.id);
        if self.rng.bool() {
            finish(self.follow.closed(&connection)).expect("nothing is out");
        }
    }

    /// Sends a heartbeat, over a new connection if there is none.
    fn heartbeat(&mut self, place: usize) {
        // No client sends more frames than a connection may.
        self.clock.advance(Duration::from_secs(1));
        if self.clients[place].connection.is_none() {
            let Some(connection) = self.connect(place) else { return };
            self.clients[place].connection = Some(connection);
        }
        let client = &self.clients[place];
        let connection = client.connection.clone().expect("it is open");
        let frame = json!({"action": "follow", "order": client.order, "after": client.has}).to_string();
        finish(self.follow.receive(&connection, &frame)).expect("nothing is out");
        if !self.sockets.is_open(&connection.id) {
            self.clients[place].connection = None;
        }
        self.collect();
    }

    fn connect(&mut self, place: usize) -> Option<Connection> {
        let client = &self.clients[place];
        let until = resilience::Clock::now(&*self.clock).checked_add(Duration::from_hours(1)).ok();
        let asked = Request { token_expires_at: until, ..client.sent("POST /live/tickets") };
        let reply = finish(self.issue.answer(asked)).expect("a ticket");
        let reply: Value = serde_json::from_str(&reply.body).expect("JSON");
        let ticket = reply["ticket"].as_str().expect("a ticket");
        let holder = finish(self.follow.admit(ticket)).expect("nothing is out").expect("it is valid");
        self.opened += 1;
        let connection = Connection { id: format!("c{}", self.opened), holder };
        if !finish(self.follow.open(&connection)).expect("nothing is out") {
            // Too many connections whose end was not reported. The client tries again later.
            self.clock.advance(Duration::from_mins(12));
            return None;
        }
        self.sockets.open(&connection.id);
        Some(connection)
    }

    /// No event comes any more. Each page sends heartbeats until one is answered.
    fn until_quiet(&mut self) {
        while !self.messages.is_empty() {
            self.deliver_message();
        }
        while !self.frames.is_empty() {
            self.deliver_frame();
        }
        for place in 0..self.clients.len() {
            let mut tries = 0;
            while !self.is_answered(place) {
                tries += 1;
                assert!(tries < 100, "no heartbeat is answered");
            }
            let client = &self.clients[place];
            let shown = finish(
                self.get
                    .answer(client.sent("GET /orders/{order_id}").path("order_id", client.order.as_str())),
            );
            let shown = shown.map_or(Value::Null, |reply| serde_json::from_str(&reply.body).expect("JSON"));
            if shown != client.page {
                let broken = format!("{}: ends with {} and not with {shown}", client.name, client.page);
                self.report.violations.push(broken);
            }
        }
    }

    /// Sends a heartbeat and takes its answer. Without one the client opens another connection.
    fn is_answered(&mut self, place: usize) -> bool {
        self.heartbeat(place);
        let open = self.clients[place].connection.as_ref().map(|connection| connection.id.clone());
        let is_answered = self.frames.iter().any(|(connection, _)| Some(connection) == open.as_ref());
        while !self.frames.is_empty() {
            self.deliver_frame();
        }
        if !is_answered {
            self.cut(place);
        }
        is_answered
    }
}

impl Client {
    fn sent(&self, route: &str) -> Request {
        let role = if self.admin { Role::Admin } else { Role::Customer };
        let caller = Caller { customer: self.by.clone(), role };
        request(route).sent_by(caller)
    }

    /// Takes a frame: whether it changes the page. An error is a broken rule.
    fn receive(&mut self, frame: &Value) -> Result<bool, String> {
        let sequence = frame["sequence"].as_u64().unwrap_or_default();
        if frame["order"] != *self.order.as_str() {
            return Err(format!("it does not follow what it got: {frame}"));
        }
        match frame["type"].as_str() {
            Some("order") if frame["page"]["sequence"] != sequence => {
                Err(format!("a page of another sequence: {frame}"))
            }
            Some("order") if sequence > self.has => {
                (self.has, self.page) = (sequence, frame["page"].clone());
                Ok(true)
            }
            Some("current") if sequence > self.has => {
                Err(format!("it has {} and is answered that {sequence} is all", self.has))
            }
            Some("order" | "current" | "error") => Ok(false),
            _ => Err(format!("an unknown frame: {frame}")),
        }
    }
}

/// The number of events that [`follow_orders`] appends beside the first of each order.
pub const MOVES: usize = 6 * ORDERS;

impl LiveReport {
    /// Adds the numbers of another run.
    pub fn add(&mut self, other: Self) {
        self.applied += other.applied;
        self.ignored += other.ignored;
        self.lost += other.lost;
        self.cut += other.cut;
        self.violations.extend(other.violations);
    }
}
