//! The actors around the pipeline: customers who order, pay and cancel; a warehouse that dispatches, fails and takes
//! returns; banks that dispute; and clerks who refund in the dashboard.

use super::bank::{BY_TRANSFER, Bank, is_by_transfer};
use super::chance::Chance;
use super::currency::SoldIn;
use super::erasures::{ERASE, Erased, planted};
use super::executor::finish;
use super::invocations::Call;
use super::webhook_senders::{CARRIER, STANDARD, STRIPE, plain, webhook};
use super::world::World;
use event_store::{EventStore, Key, StreamId};
use events::{Attention, BY_CLIENT, Confirm, Customer, OrderId, OrderStatus, Provider, Service};
use jiff::{SignedDuration, Timestamp};
use orders::Order;
use runtime::http::{Problem, Reply};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::{RequestBuilder as _, customer, other_customer, request, tracker_event};

/// The products: SKU, price (times the factor of the world's currency), pieces in stock.
pub(super) const PRODUCTS: [(&str, u64, u64); 3] =
    [("TEA-01", 950, 10_000), ("MUG-01", 1490, 200), ("RARE-01", 9900, 10)];

const PLACE: &str = "POST /orders";
const CANCEL: &str = "POST /orders/{order_id}/cancel";
const REFUND: &str = "POST /orders/{order_id}/refunds";

/// The actors, and what they know.
pub(super) struct Actors {
    pub(super) chance: Chance,
    sold_in: SoldIn,
    /// The number of checkouts.
    pub(super) placed: u64,
    /// Orders that an actor may still act on.
    pub(super) open: Vec<OrderId>,
    /// Orders that were answered with 202, with their customers.
    pub(super) accepted: BTreeMap<OrderId, Customer>,
    /// Webhooks with scans that were answered with 200: the tracking code, and the times of the scans.
    pub(super) scanned: Vec<(String, Vec<String>)>,
    /// Webhooks that were answered with 200 before payments knew their order, by their key in the inbox: the order, and
    /// the key under which they have to be parked.
    pub(super) early_webhooks: BTreeMap<Key, (OrderId, Key)>,
    /// The offline payments.
    pub(super) bank: Bank,
    disputes: Vec<String>,
    /// Open inquiries, with their orders.
    inquiries: Vec<(OrderId, String)>,
    /// Orders whose failed refunds an operator has retried.
    retried: Vec<OrderId>,
    /// The customers who are erased.
    pub(super) erased: Erased,
}

impl Actors {
    pub(super) fn new(world: &World) -> Self {
        Self {
            chance: world.chance.clone(),
            sold_in: world.sold_in,
            placed: 0,
            open: Vec::new(),
            accepted: BTreeMap::new(),
            scanned: Vec::new(),
            early_webhooks: BTreeMap::new(),
            bank: Bank::new(world.chance.clone()),
            disputes: Vec::new(),
            inquiries: Vec::new(),
            retried: Vec::new(),
            erased: Erased::default(),
        }
    }

    /// The calls that create the products and their stock.
    pub(super) fn create_products(sold_in: SoldIn, now: Timestamp) -> Vec<Call> {
        let mut calls = Vec::new();
        for (sku, price, pieces) in PRODUCTS {
            let price = price * sold_in.price_factor;
            let product = json!({"name": sku, "price": price, "currency": sold_in.code, "weight_grams": 100});
            let put = request("PUT /products/{sku}").by_admin().path("sku", sku).json(&product);
            calls.push(Call::new("PUT /products", put, now));
            let stock = json!({ "on_hand": pieces });
            let put = request("PUT /stock/{sku}").by_admin().path("sku", sku).json(&stock);
            calls.push(Call::new("PUT /stock", put, now));
        }
        calls
    }

    /// An operator spreads a product's stock over another number of shards, or over one.
    pub(super) fn spread_stock(&self, now: Timestamp) -> Call {
        let (sku, ..) = PRODUCTS.get(self.chance.below(PRODUCTS.len())).expect("a product");
        let body = json!({ "shards": 1 + self.chance.below(8) });
        Call::new("PUT /stock", request("PUT /stock/{sku}").by_admin().path("sku", sku).json(&body), now)
    }

    /// A checkout. The client repeats it until it has an answer.
    pub(super) fn place(&mut self, world: &World, now: Timestamp) -> Call {
        let mut erased = std::mem::take(&mut self.erased);
        let erased_later = erased.customer(world, self);
        self.erased = erased;
        let key = format!("order-{}", self.placed);
        self.placed += 1;
        let method = match self.chance.below(10) {
            0 => "pm_card_chargeCustomerFail",
            1 | 2 => "pm_card_threeDSecure",
            3 => BY_TRANSFER,
            4 => BY_CLIENT,
            _ => "pm_card_visa",
        };
        let (sku, ..) = PRODUCTS.get(self.chance.below(PRODUCTS.len())).expect("a product");
        let mut items = vec![json!({"sku": sku, "quantity": 1 + self.chance.below(2)})];
        if *sku != "TEA-01" {
            items.push(json!({"sku": "TEA-01", "quantity": 1 + self.chance.below(3)}));
        }
        let mut body = json!({
            "items": items, "currency": self.sold_in.code, "payment_method": method,
            "contact": {"email": "a@b.example", "phone": "+41790000000"},
            "shipping_address": {"name": "A", "line1": "S 1", "line2": "", "city": "Bern", "postal_code": "3000", "country": "CH"}
        });
        let customer = if self.chance.roll(500) { customer() } else { other_customer() };
        if let Some(erased_later) = &erased_later {
            planted(&mut body, &erased_later.subject);
        }
        let customer = erased_later.unwrap_or(customer);
        Call::new(PLACE, request(PLACE).by(customer).header("idempotency-key", &key).json(&body), now)
    }

    /// A caller receives its answer. An answer that breaks the contract is an error.
    pub(super) fn receive(
        &mut self,
        world: &World,
        call: &Call,
        answer: &Result<Reply, Problem>,
    ) -> Result<(), String> {
        let status = match answer {
            Ok(reply) => reply.status,
            Err(problem) => problem.status,
        };
        match (call.operation, answer) {
            (PLACE, Ok(reply)) => {
                let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
                let id = body["order_id"].as_str().and_then(|id| OrderId::try_from(id).ok());
                let id = id.ok_or("I7: an order was accepted without an id")?;
                let owner = call.request.caller.as_ref().map(|caller| caller.customer.clone());
                if self.accepted.insert(id.clone(), owner.expect("a customer")).is_none() {
                    self.open.push(id);
                }
                Ok(())
            }
            (ERASE, _) if [202, 404, 409].contains(&status) => {
                if status == 202 {
                    self.erased.accepted.insert(call.request.in_path("subject").to_owned());
                }
                Ok(())
            }
            (CANCEL | REFUND | "POST /shipments", _) if [200, 202, 404, 409, 422].contains(&status) => Ok(()),
            (STRIPE | CARRIER | STANDARD, Ok(_)) => {
                self.accepted_webhook(world, call);
                Ok(())
            }
            (operation, Ok(_)) if operation.starts_with("PUT") => Ok(()),
            (operation, _) if operation.starts_with("GET") => Ok(()),
            (operation, _) => Err(format!("I7: {operation} was answered with {status}")),
        }
    }

    /// An actor does something about one of the open orders.
    pub(super) fn act(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        let Some(id) = self.open.get(self.chance.below(self.open.len())).cloned() else { return Vec::new() };
        let order = order(world, &id);
        // A customer who waits for the first update of an order cancels more often.
        let impatience = if order.status() == OrderStatus::Placed { 60 } else { 12 };
        if self.chance.roll(impatience) {
            return vec![self.cancel(&id, now)];
        }
        if is_by_transfer(&order) {
            let calls = self.transfer(world, &id, &order, now);
            if !calls.is_empty() {
                return calls;
            }
        }
        // An operator seldom retries a refund of an offline payment: only the clerk can make it.
        let insistence = if is_by_transfer(&order) { 5 } else { 300 };
        if order.attention().contains(&Attention::RefundFailed) && self.chance.roll(insistence) {
            return retry(world, &id, now);
        }
        if self.chance.roll(20) {
            return vec![self.request_goodwill(&id, now)];
        }
        if self.chance.roll(30) && !is_by_transfer(&order) {
            self.act_at_stripe(world, &id, &order);
        }
        if order.attention().contains(&Attention::ScannedAfterCancel) && self.chance.roll(300) {
            return vec![warehouse("stray", &id, &json!({ "outcome": "came_back" }), now)];
        }
        if let Some(call) = self.decide_about_held(&id, &order, now) {
            return vec![call];
        }
        match order.status() {
            OrderStatus::Placed => self.pay_in_browser(world, &id, &order),
            OrderStatus::PaymentActionRequired => self.authenticate(world, &id),
            OrderStatus::Allocated => return vec![self.pack(&id, now)],
            OrderStatus::Shipped => return self.travel(world, &id, &order, now),
            OrderStatus::Delivered if self.chance.fault("parcel turns around", 30) => {
                return self.scans(world, &id, &order, "return_to_sender", now);
            }
            OrderStatus::Delivered | OrderStatus::Returned
                if !order.facts().is_open() && !self.chance.roll(30) =>
            {
                self.close(&id);
            }
            OrderStatus::Delivered => {
                return vec![warehouse("return", &id, &json!({ "restock": true }), now)];
            }
            OrderStatus::PaymentFailed
            | OrderStatus::OutOfStock
            | OrderStatus::ShippingFailed
            | OrderStatus::Cancelled
            | OrderStatus::Expired
            | OrderStatus::Returned
                if !order.facts().is_open() =>
            {
                self.close(&id);
            }
            _ => {}
        }
        Vec::new()
    }

    /// What remains once the faults have stopped. Orders that have ended are closed.
    pub(super) fn finish(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        for dispute in self.disputes.drain(..) {
            world.stripe.decide_dispute(&dispute, self.chance.roll(500));
        }
        for (_, inquiry) in self.inquiries.drain(..) {
            world.stripe.close_inquiry(&inquiry);
        }
        let mut calls = self.bank.finish(world, now);
        for id in self.open.clone() {
            let order = order(world, &id);
            match order.status() {
                OrderStatus::Allocated => calls.push(self.pack(&id, now)),
                OrderStatus::Shipped => calls.extend(self.travel(world, &id, &order, now)),
                _ if !order.facts().is_open() => self.close(&id),
                // The operator retries a failed refund once.
                _ if order.attention().contains(&Attention::RefundFailed) && !self.retried.contains(&id) => {
                    calls.extend(retry(world, &id, now));
                    self.retried.push(id);
                }
                _ => {}
            }
        }
        calls
    }

    /// Whether every order has ended or needs an operator, who has an entry for it. Such an order may still change.
    pub(super) fn is_settled(&self, world: &World) -> bool {
        self.open.iter().all(|id| !order(world, id).attention().is_empty())
    }

    /// The customer transfers the money, in time or late, or the clerk refunds a part.
    fn transfer(&mut self, world: &World, id: &OrderId, order: &Order, now: Timestamp) -> Vec<Call> {
        let Some((placed, _)) = order.placed() else { return Vec::new() };
        let in_time = order.status() == OrderStatus::Placed;
        if self.chance.roll(if in_time { 300 } else { 100 }) {
            return self.bank.pay(id, placed, now);
        }
        if self.chance.roll(200) {
            return self.bank.settle(world, id, now);
        }
        if self.chance.roll(20) { self.bank.refund_unrequested(world, id, now) } else { Vec::new() }
    }

    /// An operator requests a goodwill refund. Two operators may send the same request at once, or different ones.
    fn request_goodwill(&self, id: &OrderId, now: Timestamp) -> Call {
        let key = format!("goodwill-{}", self.chance.below(3));
        let amount = (100 + self.chance.below(3) as u64 * 400) * self.sold_in.price_factor;
        let body = json!({ "amount": amount, "reason": "a scratch\non the lid" });
        Call::new(
            REFUND,
            request(REFUND)
                .by_admin()
                .path("order_id", id.as_str())
                .header("idempotency-key", &key)
                .json(&body),
            now,
        )
    }

    fn cancel(&self, id: &OrderId, now: Timestamp) -> Call {
        let owner = self.accepted.get(id).expect("it was accepted").clone();
        Call::new(CANCEL, request(CANCEL).by(owner).path("order_id", id.as_str()), now)
    }

    fn close(&mut self, id: &OrderId) {
        self.open.retain(|open| open != id);
    }

    /// A customer whose browser confirms the payment does so once the intent is recorded.
    fn pay_in_browser(&self, world: &World, id: &OrderId, order: &Order) {
        let is_theirs =
            order.placed().is_some_and(|(placed, _)| Confirm::of(&placed.payment_method) == Confirm::Client);
        let Some(intent) = recorded_intent(world, id).filter(|_| is_theirs && !abandons(id)) else { return };
        let card = match self.chance.below(4) {
            0 => "pm_card_chargeCustomerFail",
            1 => "pm_card_threeDSecure",
            _ => "pm_card_visa",
        };
        world.stripe.confirm_in_browser(&intent, card);
    }

    fn authenticate(&self, world: &World, id: &OrderId) {
        if abandons(id) {
            return;
        }
        for intent in world.stripe.intents_of(id.as_str()) {
            world.stripe.authenticate(&intent, self.chance.roll(750));
        }
    }

    /// All money was refunded in the dashboard: the operator has the goods sent nevertheless, or cancels, or does neither yet.
    fn decide_about_held(&self, id: &OrderId, order: &Order, now: Timestamp) -> Option<Call> {
        if !order.attention().contains(&Attention::RefundedUnshipped) {
            return None;
        }
        match self.chance.below(4) {
            0 => Some(warehouse("release", id, &json!({}), now)),
            1 => Some(self.cancel(id, now)),
            _ => None,
        }
    }

    fn pack(&self, id: &OrderId, now: Timestamp) -> Call {
        if self.chance.roll(60) {
            return warehouse("fail", id, &json!({ "reason": "broken" }), now);
        }
        let code = format!("T-{}", id.as_str().get(..12).unwrap_or_default());
        warehouse("dispatch", id, &json!({ "carrier": "DHL", "tracking_code": code }), now)
    }

    /// A clerk corrects the spelling of the code under which the parcel left.
    fn respell(&self, id: &OrderId, order: &Order, now: Timestamp) -> Option<Call> {
        let (carrier, code) = order.facts().carrier()?;
        let body = json!({ "carrier": carrier, "tracking_code": plain(code) });
        self.chance.roll(100).then(|| warehouse("tracking", id, &body, now))
    }

    /// The parcel is delivered or returned. The carrier or the courier reports it by webhook, or the warehouse by a call.
    fn travel(&self, world: &World, id: &OrderId, order: &Order, now: Timestamp) -> Vec<Call> {
        let end = if self.chance.roll(80) { "return_to_sender" } else { "delivered" };
        if end == "delivered" && self.chance.roll(300) {
            return vec![warehouse("deliver", id, &json!({}), now)];
        }
        let mut calls = self.scans(world, id, order, end, now);
        calls.extend(self.respell(id, order, now));
        if end == "return_to_sender" {
            if self.chance.roll(300) {
                // The return was called off, and the customer has the parcel.
                calls.push(warehouse("deliver", id, &json!({}), now));
            }
            let restock = json!({ "restock": self.chance.roll(500) });
            calls.push(warehouse("return", id, &restock, now));
        }
        calls
    }

    /// The carrier's scans of a parcel that left, up to `end`, in a spelling of its own. Each time the same.
    fn scans(&self, world: &World, id: &OrderId, order: &Order, end: &str, now: Timestamp) -> Vec<Call> {
        let Some((carrier, code)) = order.facts().carrier() else { return Vec::new() };
        let Some(left_at) = left_at(world, id) else { return Vec::new() };
        let (carrier, spelled) =
            if carrier == "DHL" { ("DHLExpress", plain(code)) } else { (carrier, code.to_owned()) };
        // A parcel that turns around after its delivery is scanned after it.
        let hours = if end == "return_to_sender" { 3 } else { 2 };
        let after = |hours| (left_at + SignedDuration::from_hours(hours)).to_string();
        let (moving, ended) = (after(1), after(hours));
        let scans = [("in_transit", "departed", moving.as_str()), (end, "arrived", ended.as_str())];
        if world.carrier == Provider::Warehouse && self.chance.roll(500) {
            return self.courier((carrier, &spelled), &scans.map(|(status, _, time)| (status, time)), now);
        }
        let event = tracker_event(&format!("evt_{end}_{code}"), carrier, &spelled, &scans);
        vec![webhook(CARRIER, &event, self.chance.arrival(now))]
    }

    /// Events at Stripe that no function requested: dashboard users, banks, late failures.
    fn act_at_stripe(&mut self, world: &World, id: &OrderId, order: &Order) {
        // If an intent was created twice, only the recorded one was given to a customer.
        let Some(intent) = recorded_intent(world, id) else { return };
        let (stripe, facts) = (&world.stripe, order.facts());
        let captured = stripe.books_of(id.as_str()).captured;
        match self.chance.below(6) {
            0 => drop(stripe.pay_externally(&intent)),
            1 if captured == 0 => stripe.cancel_in_dashboard(&intent),
            2 if captured > 0 && self.chance.roll(400) => {
                let left = captured - stripe.books_of(id.as_str()).refunded;
                drop(stripe.refund_in_dashboard(&intent, left.max(1)));
            }
            2 if captured > 0 => {
                let amount = (1 + self.chance.below(300) as u64) * self.sold_in.dashboard_step;
                drop(stripe.refund_in_dashboard(&intent, amount));
            }
            3 if facts.refunded().units() > 0 => {
                let refunds = stripe.refunds_of(&intent);
                if let Some(refund) = refunds.get(self.chance.below(refunds.len())) {
                    stripe.settle_refund(refund, false);
                }
            }
            4 if captured > 0 && stripe.books_of(id.as_str()).refunded == 0 => {
                if self.chance.roll(500) {
                    self.inquiries.push((id.clone(), stripe.inquire(&intent, captured)));
                } else {
                    self.disputes.push(stripe.dispute(&intent, captured));
                }
            }
            _ => {
                if let Some((order, inquiry)) = self.inquiries.pop() {
                    // A bank has no reason to dispute what was refunded.
                    let is_refunded = stripe.books_of(order.as_str()).refunded > 0;
                    if is_refunded || self.chance.roll(300) {
                        stripe.close_inquiry(&inquiry);
                    } else {
                        stripe.escalate(&inquiry);
                        self.disputes.push(inquiry);
                    }
                } else if let Some(dispute) = self.disputes.pop() {
                    stripe.close_dispute(&dispute, self.chance.roll(500));
                }
            }
        }
    }
}

/// The order as the fold of its stream.
pub(super) fn order(world: &World, id: &OrderId) -> Order {
    world.table(Service::Orders).state::<Order>(&StreamId::order(id)).expect("readable")
}

/// The operator's call to retry each failed refund.
fn retry(world: &World, id: &OrderId, now: Timestamp) -> Vec<Call> {
    let table: &dyn EventStore = &**world.table(Service::Payments);
    let envelopes = finish(table.read(&StreamId::order(id))).expect("readable");
    let failed = envelopes.iter().filter(|envelope| envelope.event_type == "RefundFailed");
    let refunds = failed.filter_map(|envelope| envelope.data["refund_id"].as_str());
    let route = "POST /orders/{order_id}/refunds/{refund_id}/retry";
    let request =
        |refund: &str| request(route).by_admin().path("order_id", id.as_str()).path("refund_id", refund);
    refunds.map(|refund| Call::new(REFUND, request(refund), now)).collect()
}

/// When the order's parcel was handed over.
fn left_at(world: &World, id: &OrderId) -> Option<Timestamp> {
    let table: &dyn EventStore = &**world.table(Service::Shipping);
    let envelopes = finish(table.read(&StreamId::order(id))).expect("readable");
    envelopes.iter().find(|envelope| envelope.event_type == "Shipped").map(|envelope| envelope.time)
}

/// A third of the customers abandons the payment: the id decides, so that they never pay.
fn abandons(id: &OrderId) -> bool {
    id.as_str().ends_with(['0', '1', '2', '3', '4'])
}

fn recorded_intent(world: &World, id: &OrderId) -> Option<String> {
    let table = world.table(Service::Payments);
    let payment = table.state::<payments::Payment>(&StreamId::order(id)).expect("readable");
    payment.stage.terms().map(|terms| terms.intent_id.clone())
}

fn warehouse(what: &str, id: &OrderId, body: &Value, now: Timestamp) -> Call {
    let route = format!("POST /shipments/{{order_id}}/{what}");
    Call::new("POST /shipments", request(&route).by_admin().path("order_id", id.as_str()).json(body), now)
}
