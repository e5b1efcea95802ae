//! The world at the beginning of a scenario: the product, its stock, the modes of the providers, and the orders, placed
//! through the API.

use crate::cell::{Cell, ProviderTwin};
use crate::findings::{PRICE, PRODUCT};
use crate::recorded_ports::RecordedPorts;
use crate::scenario::{ProviderMode, Scenario};
use crate::state::SERVICES;
use crate::step_runner::{CellPorts, finish, function_of};
use events::{Amount, CatalogEvent, Envelope, OrderId, ProductChanged, Provider, Sequence, Service};
use resilience::FixedClock;
use runtime::http::{Reply, Request};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{FakeEasyPost, FakeStripe, Fault, RequestBuilder as _, cause, customer, now, request};

/// The services' cells, in the order of [`SERVICES`], and the ids of the orders.
pub(crate) fn world(scenario: &Scenario) -> ([Cell; 4], Vec<OrderId>) {
    let stripe = FakeStripe::default();
    let carrier = FakeEasyPost::default();
    for mode in scenario.modes {
        match mode {
            ProviderMode::RefusesRefunds(times) => {
                stripe.fail("POST /v1/refunds", *times, Fault::Refuse("card_expired"));
            }
            ProviderMode::HoldsRefunds => stripe.hold_refunds(true),
            ProviderMode::OffersNoRate => carrier.set_without_rates(true),
            ProviderMode::KeepsLabels => carrier.set_rejects_refunds(true),
        }
    }
    let shipper = if scenario.carrier == Provider::Easypost {
        ProviderTwin::EasyPost(Arc::new(carrier))
    } else {
        ProviderTwin::None
    };
    let cells = SERVICES.map(|service| match service {
        Service::Payments => Cell::new(service, ProviderTwin::Stripe(Arc::new(stripe.clone()))),
        Service::Shipping => Cell::new(service, shipper.clone()),
        Service::Orders | Service::Inventory | Service::Catalog => Cell::new(service, ProviderTwin::None),
    });
    let [orders, _, inventory, _] = &cells;
    let product = ProductChanged {
        weight_grams: Some(120),
        ..ProductChanged::new(testkit::sku(PRODUCT), PRODUCT.to_owned(), Amount::minor(PRICE), testkit::eur())
    };
    set_up_price(orders, &product);
    let stock = json!({ "on_hand": scenario.stock, "shards": scenario.shards });
    let put = request("PUT /stock/{sku}").by_admin().path("sku", PRODUCT).json(&stock);
    set_up(inventory, put);
    let placed = scenario.orders.iter().enumerate();
    let ids = placed.filter_map(|(n, method)| place(orders, n, method)).collect();
    (cells, ids)
}

/// A checkout through the API.
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

/// A call that prepares the cell itself, without a fault.
fn set_up(cell: &Cell, request: Request) -> Option<Reply> {
    let function = function_of(&request.route);
    finish(steps::endpoint(function, &ports(cell)).answer(request)).ok()
}

/// Copies the price of the product into orders' table.
fn set_up_price(orders: &Cell, product: &ProductChanged) {
    let change = CatalogEvent::from(product.clone());
    let envelope = Envelope::wrap(PRODUCT, Sequence::FIRST, now(), &cause(), &change);
    let body = serde_json::to_string(&envelope).unwrap_or_default();
    drop(finish(steps::handler("copy-prices", &ports(orders)).handle(&body, 1)));
}

/// The ports of a cell, without a fault.
pub(crate) fn ports(cell: &Cell) -> CellPorts {
    let recorded = RecordedPorts::new(cell.table.clone(), cell.provider.clone(), &[], None);
    CellPorts::new(&recorded, Arc::new(FixedClock::at(now())), Provider::Warehouse)
}
