//! Access to the deployed stack: its callers, its products, and orders that are placed and polled.

use crate::api::{Answer, Client};
use crate::emulator::Emulator;
use crate::stripe::Stripe;
use crate::tables::Tables;
use crate::wait::{PATIENCE, until, until_within};
use crate::webhook_senders::CARRIER;
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// The clients of the stack for one test. It holds a lock on the stack until it is dropped.
pub(crate) struct Stack {
    pub(crate) customer: Client,
    pub(crate) other_customer: Client,
    pub(crate) admin: Client,
    pub(crate) anonymous: Client,
    pub(crate) stripe: Stripe,
    pub(crate) emulator: Emulator,
    pub(crate) tables: Tables,
    _lock: File,
}

/// A product that no other test uses.
#[derive(Debug, Clone)]
pub(crate) struct Goods {
    pub(crate) sku: String,
    /// Minor units of EUR.
    pub(crate) price: u64,
}

/// The order that a customer sends.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    lines: Vec<(Goods, u64)>,
    payment_method: String,
    pub(crate) email: String,
}

impl Stack {
    /// Beside other tests.
    pub(crate) fn shared() -> Self {
        Self::with(File::lock_shared)
    }

    /// Without other tests: for a test that breaks something on purpose, or fills the queues.
    pub(crate) fn exclusive() -> Self {
        Self::with(File::lock)
    }

    fn with(lock: impl Fn(&File) -> std::io::Result<()>) -> Self {
        // Each test runs in its own process, so the lock is a file.
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e.lock");
        let file = File::create(path).expect("a file in target/tmp");
        lock(&file).expect("a lock on it");
        let client = |token: Option<&str>| {
            Client::new(tests::variable("CONVEYOR_API_URL"), token.map(tests::variable))
        };
        Self {
            customer: client(Some("CONVEYOR_TOKEN")),
            other_customer: client(Some("CONVEYOR_OTHER_TOKEN")),
            admin: client(Some("CONVEYOR_ADMIN_TOKEN")),
            anonymous: client(None),
            stripe: Stripe::new(),
            emulator: Emulator::new(),
            tables: Tables::new(),
            _lock: file,
        }
    }

    /// A new product with stock, whose price orders has copied.
    pub(crate) fn goods(&self, price: u64, on_hand: u64) -> Goods {
        let goods = Goods { sku: format!("E2E-{}", fresh()), price };
        let product =
            json!({"name": "A product of a test", "price": price, "currency": "EUR", "weight_grams": 100});
        self.admin.put(&format!("/products/{}", goods.sku), &product).expect(201);
        self.admin.put(&format!("/stock/{}", goods.sku), &json!({ "on_hand": on_hand })).expect(201);
        until(format!("orders' copy of the price of {}", goods.sku), || {
            let known = self.tables.has("ORDERS", &format!("sku#{}", goods.sku), "price");
            known.then_some(()).ok_or("no copy")
        });
        goods
    }

    /// `(on hand, available, allocated)` of a product.
    pub(crate) fn stock(&self, goods: &Goods) -> (u64, u64, u64) {
        let stock = self.admin.get(&format!("/stock/{}", goods.sku)).expect(200);
        let number = |name: &str| stock[name].as_u64().expect("a number");
        (number("on_hand"), number("available"), number("allocated"))
    }

    /// Waits until a product's stock is this.
    pub(crate) fn await_stock(&self, goods: &Goods, on_hand: u64, available: u64, allocated: u64) {
        let wanted = (on_hand, available, allocated);
        until(format!("stock (on hand, available, allocated) of {wanted:?}"), || {
            let found = self.stock(goods);
            if found == wanted { Ok(()) } else { Err(format!("{found:?}")) }
        });
    }

    /// The whole list of open orders.
    pub(crate) fn open_orders(&self) -> Vec<Value> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.admin.get(&format!("/orders?open=true&limit=100{cursor}")).expect(200);
            found.extend(page["items"].as_array().expect("items").iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    /// Places an order as the customer and returns its id.
    pub(crate) fn place(&self, checkout: &Checkout) -> String {
        let placed = self.customer.post_with_key("/orders", &fresh(), &checkout.body()).expect(202);
        assert_eq!(placed["total"], checkout.total());
        placed["order_id"].as_str().expect("an id").to_owned()
    }

    /// The order's page.
    pub(crate) fn order(&self, id: &str) -> Value {
        self.customer.get(&format!("/orders/{id}")).expect(200)
    }

    /// Waits until the order has this status, and returns its page.
    pub(crate) fn await_status(&self, id: &str, status: &str) -> Value {
        self.await_status_within(PATIENCE, id, status)
    }

    pub(crate) fn await_status_within(&self, patience: Duration, id: &str, status: &str) -> Value {
        until_within(patience, format!("order {id} to be {status}"), || {
            let page = self.order(id);
            if page["status"] == status { Ok(page) } else { Err(page) }
        })
    }

    /// The secret that the customer's browser needs for 3-D Secure.
    pub(crate) fn client_secret(&self, id: &str) -> String {
        let payment = self.customer.get(&format!("/orders/{id}/payment")).expect(200);
        payment["client_secret"].as_str().expect("the secret, for the owner").to_owned()
    }

    /// Waits until the warehouse has the order on its list.
    pub(crate) fn await_shipment(&self, id: &str) {
        until(format!("a shipment of order {id}"), || {
            let answer = self.admin.get(&format!("/shipments/{id}"));
            let requested = answer.status == 200 && answer.json()["state"] == "requested";
            if requested { Ok(()) } else { Err(answer) }
        });
    }

    /// The warehouse dispatches the parcel.
    pub(crate) fn dispatch(&self, id: &str, tracking_code: &str) -> Answer {
        let body = json!({"carrier": CARRIER, "tracking_code": tracking_code});
        self.admin.post(&format!("/shipments/{id}/dispatch"), &body)
    }

    /// Another command of the warehouse: `deliver`, `fail`, `return`.
    pub(crate) fn warehouse(&self, id: &str, command: &str, body: &Value) -> Answer {
        self.admin.post(&format!("/shipments/{id}/{command}"), body)
    }

    /// Cancels as the customer.
    pub(crate) fn cancel(&self, id: &str) -> Answer {
        self.customer.post(&format!("/orders/{id}/cancel"), &json!({"reason": "changed my mind"}))
    }

    /// The customer's summaries of these orders, newest first. Reads the list until it has found all.
    pub(crate) fn listed(&self, ids: &[String]) -> Vec<Value> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.customer.get(&format!("/orders?limit=100{cursor}")).expect(200);
            let wanted = |summary: &&Value| ids.iter().any(|id| summary["order_id"] == **id);
            found.extend(page["items"].as_array().expect("items").iter().filter(wanted).cloned());
            match page["next"].as_str() {
                Some(next) if found.len() < ids.len() => cursor = format!("&cursor={next}"),
                _ => return found,
            }
        }
    }
}

impl Checkout {
    /// An order of these pieces, with a card that pays.
    pub(crate) fn of(lines: &[(&Goods, u64)]) -> Self {
        Self {
            lines: lines.iter().map(|(goods, quantity)| ((*goods).clone(), *quantity)).collect(),
            payment_method: "pm_card_visa".to_owned(),
            email: format!("ada+{}@customer.example", fresh()),
        }
    }

    /// The same with another payment method.
    pub(crate) fn paid_by(mut self, payment_method: impl Into<String>) -> Self {
        self.payment_method = payment_method.into();
        self
    }

    /// Minor units.
    pub(crate) fn total(&self) -> u64 {
        self.lines.iter().map(|(goods, quantity)| goods.price * quantity).sum()
    }

    pub(crate) fn body(&self) -> Value {
        let item = |(goods, quantity): &(Goods, u64)| json!({"sku": goods.sku, "quantity": quantity});
        json!({
            "items": self.lines.iter().map(item).collect::<Vec<_>>(),
            "currency": "EUR",
            "payment_method": self.payment_method,
            "contact": {"email": self.email, "phone": "+41790000000"},
            "shipping_address": {
                "name": "Ada Example", "line1": "Bahnhofstrasse 1", "city": "Zürich", "postal_code": "8001",
                "country": "CH",
            },
        })
    }
}

/// Sixteen random hexadecimal digits.
pub(crate) fn fresh() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}
