//! The world as a scenario begins: its product, its stock, its providers' moods, and its orders, placed by the API.

use crate::cell::{Cell, Outside};
use crate::findings::{PRICE, PRODUCT};
use crate::scenario::{Mood, Scenario};
use crate::stage::{door, drive, finish};
use crate::state::SERVICES;
use crate::wire::Wire;
use events::{Amount, CatalogEvent, Envelope, OrderId, ProductChanged, Provider, Sequence, Service};
use resilience::FixedClock;
use runtime::http::{Reply, Request};
use runtime::queue::Consumer as _;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{FakeEasyPost, FakeStripe, Fault, RequestBuilder as _, cause, customer, now, request};

/// The services' cells, in the order of [`SERVICES`], and the ids of the orders.
pub(crate) fn world(scenario: &Scenario) -> ([Cell; 4], Vec<OrderId>) {
    let stripe = FakeStripe::default();
    let carrier = FakeEasyPost::default();
    for mood in scenario.moods {
        match mood {
            Mood::RefusesRefunds(times) => {
                stripe.fail("POST /v1/refunds", *times, Fault::Refuse("card_expired"));
            }
            Mood::HoldsRefunds => stripe.hold_refunds(true),
            Mood::OffersNoRate => carrier.set_without_rates(true),
            Mood::KeepsLabels => carrier.set_rejects_refunds(true),
        }
    }
    let shipper = match scenario.carrier {
        Provider::Warehouse => Outside::Nobody,
        Provider::Easypost => Outside::EasyPost(Arc::new(carrier)),
    };
    let cells = SERVICES.map(|service| match service {
        Service::Payments => Cell::new(service, Outside::Stripe(Arc::new(stripe.clone()))),
        Service::Shipping => Cell::new(service, shipper.clone()),
        Service::Orders | Service::Inventory | Service::Catalog => Cell::new(service, Outside::Nobody),
    });
    let [orders, _, inventory, _] = &cells;
    let product = ProductChanged {
        sku: testkit::sku(PRODUCT),
        name: PRODUCT.to_owned(),
        price: Amount::minor(PRICE),
        currency: testkit::eur(),
        weight_grams: Some(120),
        active: true,
    };
    set_up_price(orders, &product);
    let stock = json!({ "on_hand": scenario.stock });
    let put = request("PUT /stock/{sku}").by_admin().path("sku", PRODUCT).json(&stock);
    set_up(inventory, put);
    let placed = scenario.orders.iter().enumerate();
    let ids = placed.filter_map(|(n, method)| place(orders, n, method)).collect();
    (cells, ids)
}

/// A checkout, as the API takes it.
fn place(orders: &Cell, n: usize, method: &str) -> Option<OrderId> {
    let body = json!({
        "items": [{"sku": PRODUCT, "quantity": 1}], "currency": "EUR", "payment_method": method,
        "contact": {"email": "a@b.example"},
        "shipping_address": {"name": "A", "line1": "S 1", "city": "Bern", "postal_code": "3000", "country": "CH"}
    });
    let call = request("POST /orders").by(customer()).header("idempotency-key", &format!("order-{n}"));
    let reply = set_up(orders, call.json(&body))?;
    let body: Value = serde_json::from_str(&reply.body).ok()?;
    OrderId::try_from(body["order_id"].as_str()?).ok()
}

/// A call that sets the scene up, on the cell itself and without any trouble.
fn set_up(cell: &Cell, request: Request) -> Option<Reply> {
    let wire = Wire::new(cell.table.clone(), cell.outside.clone(), &[], None);
    let clock = Arc::new(FixedClock::at(now()));
    drive(door(&wire, &request.route.clone(), clock).answer(request), &wire)?.ok()
}

/// Puts what the catalog says of the product into orders' table.
fn set_up_price(cell: &Cell, product: &ProductChanged) {
    let change = CatalogEvent::from(product.clone());
    let envelope = Envelope::wrap(PRODUCT, Sequence::FIRST, now(), &cause(), &change);
    if let Ok(message) = testkit::delivered(&envelope, 1) {
        drop(finish(orders::CopyPrices { documents: cell.table.clone() }.consume(&message)));
    }
}
