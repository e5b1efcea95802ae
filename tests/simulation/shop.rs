//! Who lives in the world: customers who order, pay, hesitate and cancel; a warehouse that packs, gives up and takes
//! back; banks that dispute; clerks who refund in the dashboard; and providers whose webhooks come when they like.

use super::bank::{BY_TRANSFER, Bank, is_by_transfer};
use super::chance::Chance;
use super::executor::finish;
use super::jobs::Call;
use super::senders::{CARRIER, STANDARD, STRIPE, webhook};
use super::world::World;
use event_store::{EventStore, Key, StreamId};
use events::{Attention, Customer, OrderId, OrderStatus, Provider, Service};
use jiff::Timestamp;
use orders::Order;
use runtime::http::{Problem, Reply};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use testkit::{RequestBuilder as _, customer, other_customer, request, tracker_event};

/// What a shop starts with: SKU, price, pieces.
pub(super) const GOODS: [(&str, u64, u64); 3] =
    [("TEA-01", 950, 10_000), ("MUG-01", 1490, 200), ("RARE-01", 9900, 10)];

const PLACE: &str = "POST /orders";
const CANCEL: &str = "POST /orders/{order_id}/cancel";
const REFUND: &str = "POST /orders/{order_id}/refunds";

/// The people and machines around the pipeline.
pub(super) struct Shop {
    pub(super) chance: Chance,
    /// Checkouts that were begun.
    pub(super) placed: u64,
    /// Orders that may still need somebody.
    pub(super) open: Vec<OrderId>,
    /// Orders that were answered with 202, and whose they are.
    pub(super) accepted: BTreeMap<OrderId, Customer>,
    /// Scans of parcels that were taken with 200: tracking code, and when they happened.
    pub(super) scanned: Vec<(String, Vec<String>)>,
    /// Webhooks that were taken while nothing was known of their order, by their place in the inbox: the order, and
    /// where they have to wait for it.
    pub(super) early: BTreeMap<Key, (OrderId, Key)>,
    /// Where money comes to that Stripe knows nothing of.
    pub(super) bank: Bank,
    disputes: Vec<String>,
    /// Orders whose failed refund somebody has asked for once more.
    resumed: Vec<OrderId>,
}

impl Shop {
    pub(super) fn new(world: &World) -> Self {
        Self {
            chance: world.chance.clone(),
            placed: 0,
            open: Vec::new(),
            accepted: BTreeMap::new(),
            scanned: Vec::new(),
            early: BTreeMap::new(),
            bank: Bank::new(world.chance.clone()),
            disputes: Vec::new(),
            resumed: Vec::new(),
        }
    }

    /// The products and their stock.
    pub(super) fn goods(now: Timestamp) -> Vec<Call> {
        let mut calls = Vec::new();
        for (sku, price, pieces) in GOODS {
            let product = json!({"name": sku, "price": price, "currency": "EUR", "weight_grams": 100});
            let put = request("PUT /products/{sku}").by_admin().path("sku", sku).json(&product);
            calls.push(Call::new("PUT /products", put, now));
            let stock = json!({ "on_hand": pieces });
            let put = request("PUT /stock/{sku}").by_admin().path("sku", sku).json(&stock);
            calls.push(Call::new("PUT /stock", put, now));
        }
        calls
    }

    /// A checkout. Its client sends it again until it has an answer.
    pub(super) fn place(&mut self, now: Timestamp) -> Call {
        let key = format!("order-{}", self.placed);
        self.placed += 1;
        let method = match self.chance.below(9) {
            0 => "pm_card_chargeCustomerFail",
            1 | 2 => "pm_card_threeDSecure",
            3 => BY_TRANSFER,
            _ => "pm_card_visa",
        };
        let (sku, ..) = GOODS.get(self.chance.below(GOODS.len())).expect("goods");
        let mut items = vec![json!({"sku": sku, "quantity": 1 + self.chance.below(2)})];
        if *sku != "TEA-01" {
            items.push(json!({"sku": "TEA-01", "quantity": 1 + self.chance.below(3)}));
        }
        let body = json!({
            "items": items, "currency": "EUR", "payment_method": method,
            "contact": {"email": "a@b.example", "phone": "+41790000000"},
            "shipping_address": {"name": "A", "line1": "S 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
        });
        let who = if self.chance.roll(500) { customer() } else { other_customer() };
        Call::new(PLACE, request(PLACE).by(who).header("idempotency-key", &key).json(&body), now)
    }

    /// What a caller makes of its answer. An answer that cannot be is an error.
    pub(super) fn heard(
        &mut self,
        world: &World,
        call: &Call,
        answer: &Result<Reply, Problem>,
    ) -> Result<(), String> {
        let status = match answer {
            Ok(reply) => reply.status,
            Err(problem) => problem.status,
        };
        match (call.door, answer) {
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
            (CANCEL | REFUND | "POST /shipments", _) if [200, 202, 404, 409, 422].contains(&status) => Ok(()),
            (STRIPE | CARRIER | STANDARD, Ok(_)) => {
                self.taken(world, call);
                Ok(())
            }
            (door, Ok(_)) if door.starts_with("PUT") => Ok(()),
            (door, _) if door.starts_with("GET") => Ok(()),
            (door, _) => Err(format!("I7: {door} was answered with {status}")),
        }
    }

    /// Somebody does something about one of the open orders.
    pub(super) fn act(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        let Some(id) = self.open.get(self.chance.below(self.open.len())).cloned() else { return Vec::new() };
        let order = order(world, &id);
        // Who waits for the first word of an order loses patience sooner.
        let impatience = if order.status() == OrderStatus::Placed { 60 } else { 12 };
        if self.chance.roll(impatience) {
            return vec![self.cancel(&id, now)];
        }
        if is_by_transfer(&order) {
            let calls = self.at_the_bank(world, &id, &order, now);
            if !calls.is_empty() {
                return calls;
            }
        }
        // Who knows that only a transfer gives the money back seldom asks a provider for it.
        let insistence = if is_by_transfer(&order) { 5 } else { 300 };
        if order.attention().contains(&Attention::RefundFailed) && self.chance.roll(insistence) {
            return retry(world, &id, now);
        }
        if self.chance.roll(20) {
            return vec![self.give_back(&id, now)];
        }
        if self.chance.roll(30) && !is_by_transfer(&order) {
            self.meddle(world, &id, &order);
        }
        match order.status() {
            OrderStatus::PaymentActionRequired => self.authenticate(world, &id),
            OrderStatus::Allocated => return vec![self.pack(&id, now)],
            OrderStatus::Shipped => return self.travel(world, &id, &order, now),
            OrderStatus::Delivered | OrderStatus::Returned
                if !order.facts().is_open() && !self.chance.roll(30) =>
            {
                self.leave(&id);
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
                self.leave(&id);
            }
            _ => {}
        }
        Vec::new()
    }

    /// What is left to do when nothing goes wrong any more; orders that have ended are left alone.
    pub(super) fn finish(&mut self, world: &World, now: Timestamp) -> Vec<Call> {
        for dispute in self.disputes.drain(..) {
            world.stripe.close_dispute(&dispute, self.chance.roll(500));
        }
        let mut calls = self.bank.finish(world, now);
        for id in self.open.clone() {
            let order = order(world, &id);
            match order.status() {
                OrderStatus::Allocated => calls.push(self.pack(&id, now)),
                OrderStatus::Shipped => calls.extend(self.travel(world, &id, &order, now)),
                _ if !order.facts().is_open() => self.leave(&id),
                // A person has an entry: what they can do, they do once.
                _ if order.attention().contains(&Attention::RefundFailed) && !self.resumed.contains(&id) => {
                    calls.extend(retry(world, &id, now));
                    self.resumed.push(id);
                }
                _ => {}
            }
        }
        calls
    }

    /// Whether every order has ended, or is a person's: it has an entry that says so. Such an order may still move on.
    pub(super) fn is_at_rest(&self, world: &World) -> bool {
        self.open.iter().all(|id| !order(world, id).attention().is_empty())
    }

    /// The customer transfers the money, in time or not, or the clerk gives some back.
    fn at_the_bank(&mut self, world: &World, id: &OrderId, order: &Order, now: Timestamp) -> Vec<Call> {
        let Some((placed, _)) = order.placed() else { return Vec::new() };
        let in_time = order.status() == OrderStatus::Placed;
        if self.chance.roll(if in_time { 300 } else { 100 }) {
            return self.bank.pay(id, placed, now);
        }
        if self.chance.roll(200) {
            return self.bank.settle(world, id, now);
        }
        if self.chance.roll(20) { self.bank.give(world, id, now) } else { Vec::new() }
    }

    /// The shop gives a part back; two clerks may send the same at once, or different ones.
    fn give_back(&self, id: &OrderId, now: Timestamp) -> Call {
        let key = format!("goodwill-{}", self.chance.below(3));
        let body = json!({ "amount": 100 + self.chance.below(3) * 400, "reason": "a scratch" });
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

    fn leave(&mut self, id: &OrderId) {
        self.open.retain(|open| open != id);
    }

    fn authenticate(&self, world: &World, id: &OrderId) {
        // A third of them is abandoned: by its number, so that it stays so.
        if id.as_str().ends_with(['0', '1', '2', '3', '4']) {
            return;
        }
        for intent in world.stripe.intents_of(id.as_str()) {
            world.stripe.authenticate(&intent, self.chance.roll(750));
        }
    }

    fn pack(&self, id: &OrderId, now: Timestamp) -> Call {
        if self.chance.roll(60) {
            return warehouse("fail", id, &json!({ "reason": "broken" }), now);
        }
        let code = format!("T-{}", id.as_str().get(..12).unwrap_or_default());
        warehouse("dispatch", id, &json!({ "carrier": "DHL", "tracking_code": code }), now)
    }

    /// The parcel arrives, or comes back; the carrier tells, or the warehouse knows.
    fn travel(&self, world: &World, id: &OrderId, order: &Order, now: Timestamp) -> Vec<Call> {
        let Some((carrier, code)) = order.facts().carrier() else { return Vec::new() };
        let end = if self.chance.roll(80) { "return_to_sender" } else { "delivered" };
        if end == "delivered" && self.chance.roll(300) {
            return vec![warehouse("deliver", id, &json!({}), now)];
        }
        let scans =
            [("in_transit", "departed", "2026-01-03T07:00:00Z"), (end, "arrived", "2026-01-03T08:00:00Z")];
        let mut calls = if world.carrier == Provider::Warehouse && self.chance.roll(500) {
            self.courier((carrier, code), &scans.map(|(status, _, time)| (status, time)), now)
        } else {
            let event = tracker_event(&format!("evt_{end}_{code}"), carrier, code, &scans);
            vec![webhook(CARRIER, &event, self.chance.some_time(now))]
        };
        if end == "return_to_sender" {
            let restock = json!({ "restock": self.chance.roll(500) });
            calls.push(warehouse("return", id, &restock, now));
        }
        calls
    }

    /// Things happen at the provider that nobody here asked for.
    fn meddle(&mut self, world: &World, id: &OrderId, order: &Order) {
        // Of an intent that was begun twice, nobody outside knows the one that is not recorded.
        let Some(intent) = recorded_intent(world, id) else { return };
        let (stripe, facts) = (&world.stripe, order.facts());
        let captured = stripe.books_of(id.as_str()).captured;
        match self.chance.below(6) {
            0 => drop(stripe.pay_externally(&intent)),
            1 if captured == 0 => stripe.cancel_in_dashboard(&intent),
            2 if captured > 0 => drop(stripe.refund_in_dashboard(&intent, 1 + self.chance.below(300) as u64)),
            3 if facts.refunded().units() > 0 => {
                let refunds = stripe.refunds_of(&intent);
                if let Some(refund) = refunds.get(self.chance.below(refunds.len())) {
                    stripe.settle_refund(refund, false);
                }
            }
            4 if captured > 0 && stripe.books_of(id.as_str()).refunded == 0 => {
                self.disputes.push(stripe.dispute(&intent, captured));
            }
            _ => {
                if let Some(dispute) = self.disputes.pop() {
                    stripe.close_dispute(&dispute, self.chance.roll(500));
                }
            }
        }
    }
}

/// The order as its stream tells it.
pub(super) fn order(world: &World, id: &OrderId) -> Order {
    let table: &dyn EventStore = &**world.table(Service::Orders);
    finish(table.history::<Order>(&StreamId::order(id))).expect("a stream of ours reads back").state
}

/// The operator's call for each refund that failed and was given up.
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

fn recorded_intent(world: &World, id: &OrderId) -> Option<String> {
    let table: &dyn EventStore = &**world.table(Service::Payments);
    let payment = finish(table.history::<payments::Payment>(&StreamId::order(id))).expect("readable").state;
    payment.stage.terms().map(|terms| terms.intent_id.clone())
}

fn warehouse(what: &str, id: &OrderId, body: &Value, now: Timestamp) -> Call {
    let route = format!("POST /shipments/{{order_id}}/{what}");
    Call::new("POST /shipments", request(&route).by_admin().path("order_id", id.as_str()).json(body), now)
}
