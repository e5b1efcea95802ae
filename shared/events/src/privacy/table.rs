//! The classes of every field of every event.

use super::Fields;
use crate::Service;

pub(super) const EVENTS: [Fields; 41] = [
    Fields::of(
        Service::Catalog,
        "ProductChanged",
        &[
            "sku",
            "name",
            "price",
            "currency",
            "weight_grams",
            "active",
            "description",
            "images[]",
            "attributes[].name",
            "attributes[].value",
            "tax_class",
            "tags[]",
        ],
    ),
    Fields {
        staff: &["requested_by.subject"],
        ..Fields::of(
            Service::Orders,
            "CustomerErasureRequested",
            &["pseudonym", "because", "requested_by.issuer"],
        )
    },
    Fields {
        personal: &["reason"],
        ..Fields::of(Service::Orders, "OrderCancellationRequested", &["requested_by"])
    },
    Fields::of(Service::Orders, "OrderDataErased", &[]),
    Fields::of(Service::Orders, "OrderExpired", &["pay_by"]),
    Fields {
        personal: &[
            "contact.email",
            "contact.phone",
            "shipping_address.name",
            "shipping_address.line1",
            "shipping_address.line2",
            "shipping_address.city",
            "shipping_address.postal_code",
            "shipping_address.region",
        ],
        subject: &["customer.subject"],
        reference: &["payment_method"],
        digest: &["request_digest"],
        ..Fields::of(
            Service::Orders,
            "OrderPlaced",
            &[
                "customer.issuer",
                "lines[].sku",
                "lines[].quantity",
                "lines[].unit_price",
                "lines[].weight_grams",
                "total",
                "currency",
                "pay_by",
                "shipping_address.country",
            ],
        )
    },
    Fields {
        personal: &["detail.reason", "detail.tracking_code"],
        reference: &["detail.refund_id", "detail.instead_of", "detail.dispute_id"],
        ..Fields::of(
            Service::Orders,
            "OrderUpdated",
            &[
                "because",
                "status",
                "attention[]",
                "detail.amount",
                "detail.captured",
                "detail.currency",
                "detail.cancel_cause",
                "detail.refund_cause",
                "detail.dispute",
                "detail.inquiry",
                "detail.evidence_due_by",
                "detail.refused",
                "detail.again",
                "detail.code",
                "detail.missing[]",
                "detail.provider",
                "detail.carrier",
                "detail.tracking",
                "detail.after_cancellation",
                "detail.occurred_at",
                "paid",
                "quiet",
            ],
        )
    },
    Fields {
        reference: &["intent_id", "reference"],
        ..Fields::of(
            Service::Payments,
            "OrderPaid",
            &["amount", "currency", "lines[].sku", "lines[].quantity", "lines[].weight_grams"],
        )
    },
    Fields { reference: &["intent_id"], ..Fields::of(Service::Payments, "PaymentActionRequired", &[]) },
    Fields::of(Service::Payments, "PaymentCancellationRequested", &["cause", "code"]),
    Fields::of(Service::Payments, "PaymentCancelled", &["cause"]),
    Fields::of(Service::Payments, "PaymentDataErased", &["pseudonym"]),
    Fields {
        reference: &["dispute_id"],
        ..Fields::of(
            Service::Payments,
            "PaymentDisputed",
            &["outcome", "amount", "inquiry", "evidence_due_by"],
        )
    },
    Fields::of(Service::Payments, "PaymentFailed", &["code"]),
    Fields {
        reference: &["refund_id", "provider_refund_id"],
        ..Fields::of(Service::Payments, "PaymentRefunded", &["amount", "foreign_in_full"])
    },
    Fields {
        subject: &["customer.subject"],
        reference: &["intent_id"],
        ..Fields::of(
            Service::Payments,
            "PaymentRequested",
            &[
                "amount",
                "currency",
                "lines[].sku",
                "lines[].quantity",
                "lines[].weight_grams",
                "customer.issuer",
                "pay_by",
                "confirm",
            ],
        )
    },
    Fields {
        reference: &["refund_id"],
        ..Fields::of(Service::Payments, "RefundFailed", &["amount", "code", "refused", "again"])
    },
    Fields {
        personal: &["reason"],
        reference: &["refund_id", "reference", "instead_of"],
        ..Fields::of(Service::Payments, "RefundRequested", &["cause", "amount", "captured"])
    },
    Fields::of(
        Service::Inventory,
        "InventoryUpdated",
        &["lines[].sku", "lines[].quantity", "lines[].weight_grams", "shards[].sku", "shards[].shard"],
    ),
    Fields::of(Service::Inventory, "OutOfStock", &["missing[]"]),
    Fields::of(
        Service::Inventory,
        "StockCommitted",
        &["lines[].sku", "lines[].quantity", "lines[].weight_grams"],
    ),
    Fields::of(
        Service::Inventory,
        "StockReleased",
        &["lines[].sku", "lines[].quantity", "lines[].weight_grams"],
    ),
    Fields::of(
        Service::Inventory,
        "StockReturned",
        &["lines[].sku", "lines[].quantity", "lines[].weight_grams"],
    ),
    Fields::of(Service::Shipping, "CancellationRejected", &["because"]),
    Fields::of(Service::Shipping, "Delivered", &[]),
    Fields {
        personal: &["tracking_code", "label_url"],
        ..Fields::of(Service::Shipping, "LabelPurchased", &["carrier"])
    },
    Fields { personal: &["reason"], ..Fields::of(Service::Shipping, "LabelVoidFailed", &[]) },
    Fields::of(Service::Shipping, "LabelVoidRequested", &[]),
    Fields::of(Service::Shipping, "LabelVoided", &[]),
    Fields::of(Service::Shipping, "ReturnReceived", &["restock"]),
    Fields::of(Service::Shipping, "ReturnedToSender", &[]),
    Fields::of(Service::Shipping, "ShipmentCancelled", &[]),
    Fields::of(Service::Shipping, "ShipmentDataErased", &["pseudonym"]),
    Fields { reference: &["refund_id"], ..Fields::of(Service::Shipping, "ShipmentHeld", &[]) },
    Fields {
        staff: &["released_by.subject"],
        ..Fields::of(Service::Shipping, "ShipmentReleased", &["released_by.issuer"])
    },
    Fields {
        reference: &["shipment_id"],
        ..Fields::of(
            Service::Shipping,
            "ShipmentRequested",
            &["provider", "lines[].sku", "lines[].quantity", "lines[].weight_grams"],
        )
    },
    Fields {
        personal: &["status_detail"],
        ..Fields::of(Service::Shipping, "ShipmentTracked", &["status", "occurred_at", "after_cancellation"])
    },
    Fields { personal: &["tracking_code"], ..Fields::of(Service::Shipping, "Shipped", &["carrier"]) },
    Fields { personal: &["reason"], ..Fields::of(Service::Shipping, "ShippingFailed", &[]) },
    Fields {
        staff: &["settled_by.subject"],
        ..Fields::of(Service::Shipping, "StrayParcelSettled", &["outcome", "settled_by.issuer"])
    },
    Fields {
        personal: &["tracking_code", "previous_tracking_code"],
        staff: &["corrected_by.subject"],
        ..Fields::of(
            Service::Shipping,
            "TrackingCorrected",
            &["carrier", "previous_carrier", "corrected_by.issuer"],
        )
    },
];
