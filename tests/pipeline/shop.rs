//! Who lives in the world: customers who order, pay, hesitate and cancel; a warehouse that packs; a carrier and a
//! payment provider whose webhooks come late, twice and in any order.

use crate::world::World;
use event_store::StreamId;
use events::{OrderId, OrderStatus, Service};
use fastrand::Rng;
use orders::Order;
use outbound::Secret;
use runtime::http::{Endpoint, Problem, Reply, Request};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, request, tracker_event};
use webhooks::{EasyPost, Stripe};

/// What a shop starts with: SKU, price, pieces.
pub(crate) const GOODS: [(&str, u64, i64); 3] =
    [("TEA-01", 950, 40), ("MUG-01", 1490, 6), ("RARE-01", 9900, 1)];

/// A shop in its world.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) orders: Vec<OrderId>,
    rng: Rng,
    webhooks: Vec<(Webhook, u32)>,
    doors: Doors,
    dispatched: Vec<(OrderId, String)>,
}

#[derive(Debug, Clone)]
enum Webhook {
    Stripe(Value),
    Carrier(Value),
}

struct Doors {
    place: orders::PlaceOrder,
    cancel: orders::CancelOrder,
    products: catalog::ManageProducts,
    stock: inventory::ManageStock,
    shipments: shipping::ManageShipments,
    stripe: payments::StripeWebhook,
    carrier: shipping::CarrierWebhook,
}

impl Shop {
    pub(crate) async fn open(seed: u64) -> Self {
        let world = World::new();
        let doors = doors(&world);
        let rng = Rng::with_seed(seed);
        let mut shop =
            Self { world, orders: Vec::new(), rng, webhooks: Vec::new(), doors, dispatched: Vec::new() };
        for (sku, price, pieces) in GOODS {
            let product = json!({"name": sku, "price": price, "currency": "EUR", "weight_grams": 100});
            let put = request("PUT /products/{sku}").by_admin().path("sku", sku).json(&product);
            shop.doors.products.answer(put).await.expect("a product");
            let stock = json!({ "on_hand": pieces });
            let put = request("PUT /stock/{sku}").by_admin().path("sku", sku).json(&stock);
            shop.doors.stock.answer(put).await.expect("its stock");
        }
        while shop.world.deliver(&mut shop.rng).await {}
        shop
    }

    /// Places orders, and lets everything happen in any order until nothing happens any more.
    pub(crate) async fn run(&mut self, orders: u64) {
        for _ in 0..2_000_000_u32 {
            self.world.clock.advance(Duration::from_millis(20));
            self.collect_webhooks();
            let placed_all = self.orders.len() as u64 == orders;
            match self.rng.u8(0..20) {
                0 if !placed_all => self.place().await,
                1 => self.hesitate().await,
                2 => self.pack().await,
                3 => self.authenticate(),
                4 | 5 => self.call_in().await,
                _ => {
                    let idle = !self.world.deliver(&mut self.rng).await;
                    if idle && placed_all && self.is_quiet().await {
                        return;
                    }
                }
            }
        }
        panic!("the pipeline never came to rest");
    }

    pub(crate) async fn order(&self, id: &OrderId) -> Order {
        let history = self.world.store(Service::Orders).history(&StreamId::order(id)).await;
        history.expect("a readable stream").state
    }

    /// Nothing to deliver, nobody to call in, nothing to pack, nobody who has still to authenticate.
    async fn is_quiet(&mut self) -> bool {
        if !self.webhooks.is_empty() {
            return false;
        }
        for id in self.orders.clone() {
            let waits_for_us = matches!(
                self.order(&id).await.status(),
                OrderStatus::Allocated | OrderStatus::Shipped | OrderStatus::PaymentActionRequired
            );
            if waits_for_us {
                return false;
            }
        }
        true
    }

    async fn place(&mut self) {
        let n = self.orders.len();
        let method = self.rng.choice([
            "pm_card_visa",
            "pm_card_visa",
            "pm_card_chargeCustomerFail",
            "pm_card_threeDSecure",
        ]);
        let (sku, ..) = self.rng.choice(GOODS).expect("goods");
        let mut items = vec![json!({"sku": sku, "quantity": self.rng.u32(1..=2)})];
        if sku != "TEA-01" {
            items.push(json!({"sku": "TEA-01", "quantity": self.rng.u32(1..=3)}));
        }
        let body = json!({
            "items": items, "currency": "EUR", "payment_method": method,
            "contact": {"email": "a@b.example", "phone": "+41790000000"},
            "shipping_address": {"name": "A", "line1": "S 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
        });
        let key = format!("order-{n}");
        let send = || request("POST /orders").by(customer()).header("idempotency-key", &key).json(&body);
        let reply = self.doors.place.answer(send()).await.expect("an order that can be placed");
        let again = self.doors.place.answer(send()).await.expect("the same order");
        assert_eq!(reply.body, again.body, "a repeat gets the same answer");
        let id = parsed(&reply)["order_id"].as_str().and_then(|id| OrderId::try_from(id).ok());
        self.orders.push(id.expect("an order id"));
    }

    /// Somebody cancels, now and then.
    async fn hesitate(&mut self) {
        let Some(id) = self.rng.choice(self.orders.clone()) else { return };
        if self.rng.u8(0..12) == 0 {
            let cancel =
                request("POST /orders/{order_id}/cancel").by(customer()).path("order_id", id.as_str());
            match self.doors.cancel.answer(cancel).await {
                Ok(reply) => assert_eq!(reply.status, 202),
                Err(problem) => assert_eq!(problem.status, 409, "{problem:?}"),
            }
        }
    }

    /// The warehouse dispatches what is allocated, and the carrier says later that it has arrived.
    async fn pack(&mut self) {
        let Some(id) = self.rng.choice(self.orders.clone()) else { return };
        let code = format!("T-{}", &id.as_str()[..12]);
        let body = json!({"carrier": "DHL", "tracking_code": code});
        let route = "POST /shipments/{order_id}/dispatch";
        let dispatch = request(route).by_admin().path("order_id", id.as_str()).json(&body);
        match self.doors.shipments.answer(dispatch).await {
            Ok(reply) if reply.status == 202 => {
                let event = tracker_event(
                    &format!("evt_{code}"),
                    "DHL",
                    &code,
                    &[("delivered", "arrived", "2026-01-03T08:00:00Z")],
                );
                self.webhooks.push((Webhook::Carrier(event), 3));
                self.dispatched.push((id, code));
            }
            Ok(reply) => assert_eq!(reply.status, 200, "{}", reply.body),
            Err(problem) => assert!([404, 409].contains(&problem.status), "{problem:?}"),
        }
    }

    fn authenticate(&mut self) {
        let Some(id) = self.rng.choice(self.orders.clone()) else { return };
        for intent in self.world.stripe.intents_of(id.as_str()) {
            if self.world.stripe.status_of(&intent) == "requires_action" {
                self.world.stripe.authenticate(&intent, self.rng.u8(0..4) != 0);
            }
        }
    }

    fn collect_webhooks(&mut self) {
        for event in self.world.stripe.take_events() {
            self.webhooks.push((Webhook::Stripe(event), 1 + self.rng.u32(0..2)));
        }
    }

    /// A webhook is delivered: any one, perhaps once more later.
    async fn call_in(&mut self) {
        if self.webhooks.is_empty() {
            return;
        }
        let chosen = self.rng.usize(0..self.webhooks.len());
        let (webhook, times) = self.webhooks.swap_remove(chosen);
        let answer = self.send(&webhook).await;
        assert_eq!(answer.expect("a signed webhook").status, 200);
        if times > 1 {
            self.webhooks.push((webhook, times - 1));
        }
    }

    async fn send(&self, webhook: &Webhook) -> Result<Reply, Problem> {
        let secret = Secret::new("whsec_pipeline");
        let (door, request, body): (&dyn Endpoint, Request, Vec<u8>) = match webhook {
            Webhook::Stripe(event) => {
                let body = event.to_string().into_bytes();
                let signature = Stripe::sign(&body, &secret, resilience::Clock::now(&*self.world.clock));
                let request = request("POST /webhooks/stripe").header("stripe-signature", &signature);
                (&self.doors.stripe, request, body)
            }
            Webhook::Carrier(event) => {
                let body = event.to_string().into_bytes();
                let signature = EasyPost::sign(&body, &secret);
                let request = request("POST /webhooks/easypost").header("x-hmac-signature", &signature);
                (&self.doors.carrier, request, body)
            }
        };
        door.answer(Request { body, ..request.header("content-type", "application/json") }).await
    }
}

fn parsed(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).expect("JSON")
}

fn doors(world: &World) -> Doors {
    let clock: Arc<dyn resilience::Clock> = world.clock.clone();
    let [orders, payments, inventory, shipping, catalog] =
        [Service::Orders, Service::Payments, Service::Inventory, Service::Shipping, Service::Catalog]
            .map(|service| world.table(service));
    Doors {
        place: orders::PlaceOrder {
            store: orders.clone(),
            documents: orders.clone(),
            clock: clock.clone(),
            pay_within: Duration::from_hours(24),
        },
        cancel: orders::CancelOrder { store: orders, clock: clock.clone() },
        products: catalog::ManageProducts {
            store: catalog.clone(),
            documents: catalog,
            clock: clock.clone(),
        },
        stock: inventory::ManageStock {
            counters: inventory.clone(),
            documents: inventory,
            clock: clock.clone(),
        },
        shipments: shipping::ManageShipments {
            store: shipping.clone(),
            documents: shipping.clone(),
            clock: clock.clone(),
        },
        stripe: payments::StripeWebhook {
            documents: payments,
            clock: clock.clone(),
            secrets: world.secrets.clone(),
            secret: "stripe".to_owned(),
            livemode: false,
        },
        carrier: shipping::CarrierWebhook {
            documents: shipping,
            secrets: world.secrets.clone(),
            secret_name: "easypost".to_owned(),
            clock,
        },
    }
}
