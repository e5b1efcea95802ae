//! The event of any service.

use crate::{
    CatalogEvent, Envelope, InventoryEvent, OrdersEvent, PaymentsEvent, ReadError, Service,
    ServiceEvent as _, ShippingEvent,
};

/// An event of any service, for consumers of several topics.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Emitted by catalog.
    Catalog(CatalogEvent),
    /// Emitted by orders.
    Orders(OrdersEvent),
    /// Emitted by payments.
    Payments(PaymentsEvent),
    /// Emitted by inventory.
    Inventory(InventoryEvent),
    /// Emitted by shipping.
    Shipping(ShippingEvent),
}

impl Event {
    /// Reads the event of any service from its envelope.
    pub fn read(envelope: &Envelope) -> Result<Self, ReadError> {
        Ok(match envelope.service()? {
            Service::Catalog => Self::Catalog(CatalogEvent::read(envelope)?),
            Service::Orders => Self::Orders(OrdersEvent::read(envelope)?),
            Service::Payments => Self::Payments(PaymentsEvent::read(envelope)?),
            Service::Inventory => Self::Inventory(InventoryEvent::read(envelope)?),
            Service::Shipping => Self::Shipping(ShippingEvent::read(envelope)?),
        })
    }
}
