//! The items that a delivered order cannot do without, at one unit each, and two in a transaction.

/// Write units, and what they are for.
pub(crate) const FLOOR: [(u64, &str); 17] = [
    (1, "the limit of the customer"),
    (1, "`OrderPlaced`"),
    (3, "`PaymentRequested`, the map from the intent to the order, `OrderPaid`"),
    (2, "the payment provider's webhook in the inbox, and its index entry for operators"),
    (1, "its verdict"),
    (4, "`InventoryUpdated` and the stock in one transaction"),
    (1, "the address, as shipping keeps it"),
    (3, "`ShipmentRequested`; the list of open shipments, on it and off it"),
    (1, "the limit of the member of staff who dispatches"),
    (2, "the map from the tracking code to the order, `Shipped`"),
    (4, "`StockCommitted` and the stock in one transaction"),
    (2, "the carrier's webhook in the inbox, and its index entry"),
    (3, "its verdict, `ShipmentTracked`, `Delivered`"),
    (1, "the contact, as notifications keeps it"),
    (3, "three notices, so that no email is sent twice"),
    (8, "the history: one `OrderUpdated` for each of the eight facts"),
    (
        8,
        "the view: placed, paid, allocated, shipped, delivered; its entry in the list of open orders: on it, changed as shipped, off it",
    ),
];
