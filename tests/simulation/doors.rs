//! The HTTP functions of the world, each behind the gate of chance.

use super::callbacks::ENDPOINTS;
use super::senders::STANDARD;
use super::world::World;
use events::Service;
use runtime::http::Endpoint;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::{FixedSecrets, Gated, SENDER_SECRET};
use webhooks::Senders;

/// The HTTP functions, by the first words of the routes that they answer.
pub(super) type Doors = BTreeMap<&'static str, Arc<dyn Endpoint>>;

impl World {
    pub(super) fn doors(&self) -> Doors {
        let (orders, catalog) = (self.ports(Service::Orders), self.ports(Service::Catalog));
        let (inventory, shipping) = (self.ports(Service::Inventory), self.ports(Service::Shipping));
        let index = |partition, order| Gated::new(self.gate(), Arc::new(self.views.index(partition, order)));
        let get_order = Arc::new(orders::GetOrder {
            store: orders.store.clone(),
            by_customer: index("customer", "placed_at"),
            open_by_deadline: index("open_shard", "deadline"),
        });
        let doors: [(&'static str, Arc<dyn Endpoint>); 13] = [
            ("GET /orders", get_order.clone()),
            ("GET /orders/{order_id}", get_order),
            (
                "GET /orders/{order_id}/payment",
                Arc::new(payments::GetPayment {
                    store: self.ports(Service::Payments).store,
                    stripe: self.stripe_client(),
                }),
            ),
            (
                "POST /orders",
                Arc::new(orders::PlaceOrder {
                    store: orders.store.clone(),
                    documents: orders.documents,
                    clock: self.clock(),
                    pay_within: Duration::from_mins(30),
                    pay_offline_within: Duration::from_hours(6),
                    senders: Self::senders(),
                }),
            ),
            (
                "POST /orders/{order_id}/cancel",
                Arc::new(orders::CancelOrder { store: orders.store, clock: self.clock() }),
            ),
            (
                "POST /orders/{order_id}/refunds",
                Arc::new(payments::RequestRefund {
                    store: self.ports(Service::Payments).store,
                    clock: self.clock(),
                }),
            ),
            (
                "PUT /products",
                Arc::new(catalog::ManageProducts {
                    store: catalog.store,
                    documents: catalog.documents,
                    clock: self.clock(),
                }),
            ),
            (
                "PUT /stock",
                Arc::new(inventory::ManageStock {
                    counters: inventory.counters,
                    documents: inventory.documents,
                    clock: self.clock(),
                }),
            ),
            (
                "POST /shipments",
                Arc::new(shipping::ManageShipments {
                    store: shipping.store,
                    documents: shipping.documents.clone(),
                    clock: self.clock(),
                }),
            ),
            (ENDPOINTS, self.manage_callbacks()),
            (
                STANDARD,
                Arc::new(operations::StandardWebhook {
                    senders: Self::senders(),
                    payments: self.ports(Service::Payments).documents,
                    parcels: shipping.documents.clone(),
                    secrets: Arc::new(FixedSecrets::one(SENDER_SECRET)),
                    secret_prefix: "simulation/standard-webhook/".to_owned(),
                    clock: self.clock(),
                }),
            ),
            (
                "POST /webhooks/stripe",
                Arc::new(payments::StripeWebhook {
                    documents: self.ports(Service::Payments).documents,
                    clock: self.clock(),
                    secrets: Self::secrets(),
                    secret: "stripe".to_owned(),
                    livemode: false,
                }),
            ),
            (
                "POST /webhooks/easypost",
                Arc::new(shipping::CarrierWebhook {
                    documents: shipping.documents,
                    secrets: Self::secrets(),
                    secret_name: "easypost".to_owned(),
                    clock: self.clock(),
                }),
            ),
        ];
        doors.into()
    }

    fn senders() -> Senders {
        "bank:payments,courier:parcels".parse().expect("two senders")
    }
}
