//! The samples that come before each sample, so that it has an effect.

/// The samples that must be handled before this one. `event of …`: only the event in that sample is appended to its
/// stream, as if a step without a sample had emitted it.
#[expect(clippy::too_many_lines, reason = "one arm a sample: a table is read faster whole")]
pub(crate) fn before(sample: &str) -> &'static [&'static str] {
    match sample {
        "follow-orders/handshake" => &["issue-ticket/issue"],
        "follow-orders/disconnect" => &["follow-orders/connect", "follow-orders/follow"],
        sample if sample.starts_with("push-updates/") => &["follow-orders/follow"],
        "place-order/basic" | "place-order/expected-total" => &["copy-prices/product-changed"],
        "sweep-orders/each-minute" => &["project-orders/order-placed"],
        "erase-customer/erase" => &["track-order/payment-failed", "project-orders/order-placed"],
        "sweep-orders/erasure" => {
            &["track-order/payment-failed", "project-orders/order-placed", "erase-customer/erase"]
        }
        "project-orders/customer-erasure-requested" => {
            &["project-orders/order-placed", "event of project-orders/customer-erasure-requested"]
        }
        "ship-order/customer-erasure-requested" => &[
            "ship-order/order-placed",
            "ship-order/inventory-updated",
            "ship-order/shipment-requested",
            "manage-shipments/dispatch",
        ],
        "take-payment/customer-erasure-requested" => {
            &["take-payment/order-placed", "take-payment/payment-requested"]
        }
        "plan-deliveries/customer-erasure-requested" => {
            &["manage-callbacks/create", "plan-deliveries/order-placed", "plan-deliveries/label-purchased"]
        }
        sample if sample.starts_with("search-orders/") => &["project-orders/order-placed"],
        "allocate-stock/shipped" | "allocate-stock/shipping-failed" => {
            &["manage-stock/put", "allocate-stock/order-paid"]
        }
        "allocate-stock/return-received" => {
            &["manage-stock/put", "allocate-stock/order-paid", "allocate-stock/shipped"]
        }
        "manage-stock/get"
        | "manage-stock/adjust"
        | "manage-stock/put-shards"
        | "allocate-stock/order-paid" => &["manage-stock/put"],
        "manage-products/get" | "manage-products/delete" => &["manage-products/put"],
        "take-payment/order-placed" | "take-payment/order-placed-by-client" => &[],
        "take-payment/payment-requested-by-client" => &["take-payment/order-placed-by-client"],
        "take-payment/payment-cancellation-requested" => {
            &["take-payment/order-placed", "take-payment/order-expired"]
        }
        "take-payment/payment-requested" | "take-payment/order-expired" | "get-payment/owner" => {
            &["take-payment/order-placed"]
        }
        "take-payment/refund-requested" => {
            &["take-payment/order-placed", "take-payment/payment-requested", "take-payment/out-of-stock"]
        }
        "take-payment/refund-failed" => &[
            "take-payment/order-placed",
            "take-payment/payment-requested",
            "take-payment/out-of-stock",
            "event of take-payment/refund-failed",
        ],
        "take-payment/payment-disputed" => &[
            "take-payment/order-placed",
            "take-payment/payment-requested",
            "event of take-payment/payment-disputed",
        ],
        "take-payment/payment-dispute-won" => &[
            "take-payment/order-placed",
            "take-payment/payment-requested",
            "event of take-payment/payment-disputed",
            "take-payment/out-of-stock",
            "event of take-payment/payment-dispute-won",
        ],
        sample if sample.starts_with("take-payment/") => {
            &["take-payment/order-placed", "take-payment/payment-requested"]
        }
        // The webhook arrives before its order is known, and is parked.
        "apply-stripe-event/payment-requested" => &[
            "stripe-webhook/payment-intent-succeeded",
            "apply-stripe-event/payment-intent-succeeded",
            "event of apply-stripe-event/payment-requested",
        ],
        // The reader never got the record of the webhook itself.
        "apply-stripe-event/replay" => {
            &["stripe-webhook/payment-intent-succeeded", "event of apply-stripe-event/payment-requested"]
        }
        "apply-stripe-event/payment-intent-succeeded" => &["event of apply-stripe-event/payment-requested"],
        "reconcile-stripe/since" | "reconcile-stripe/scheduled" => {
            &["take-payment/order-placed", "take-payment/payment-requested"]
        }
        "webhook-inbox/list" | "webhook-inbox/get" | "webhook-inbox/replay" => {
            &["stripe-webhook/payment-intent-succeeded"]
        }
        "sweep-inbox/hourly" => {
            &["stripe-webhook/payment-intent-succeeded", "apply-stripe-event/payment-intent-succeeded"]
        }
        "apply-carrier-event/inbox" => &[],
        "apply-carrier-event/tracking-corrected" => &[
            "carrier-webhook/tracker-updated",
            "apply-carrier-event/inbox",
            "event of ship-order/shipment-requested",
            "event of apply-carrier-event/label-purchased",
            "event of apply-carrier-event/shipped",
            "event of apply-carrier-event/tracking-corrected",
        ],
        sample if sample.starts_with("apply-carrier-event/") => &[
            "carrier-webhook/tracker-updated",
            "apply-carrier-event/inbox",
            "event of ship-order/shipment-requested",
            "event of apply-carrier-event/label-purchased",
            "event of apply-carrier-event/shipped",
        ],
        "notify-customer/order-placed" => &[],
        sample if sample.starts_with("notify-customer/") => &["notify-customer/order-placed"],
        "ship-order/inventory-updated" => &["ship-order/order-placed"],
        "ship-order/shipment-requested" | "ship-order/order-cancellation-requested" => {
            &["ship-order/order-placed", "ship-order/inventory-updated"]
        }
        "ship-order/payment-refunded" => &["ship-order/order-placed", "ship-order/inventory-updated"],
        "ship-order/shipment-released" => &[
            "ship-order/order-placed",
            "ship-order/inventory-updated",
            "ship-order/payment-refunded",
            "manage-shipments/release",
        ],
        "ship-order/label-purchased"
        | "ship-order/shipment-cancelled"
        | "ship-order/label-void-requested" => &[
            "ship-order/order-placed",
            "ship-order/inventory-updated",
            "ship-order/shipment-requested",
            "ship-order/order-cancellation-requested",
        ],
        "ship-order/shipping-failed" => &[
            "ship-order/order-placed",
            "ship-order/inventory-updated",
            "ship-order/shipment-requested",
            "manage-shipments/fail",
        ],
        "manage-shipments/release" => {
            &["ship-order/order-placed", "ship-order/inventory-updated", "ship-order/payment-refunded"]
        }
        "manage-shipments/deliver" | "manage-shipments/return" | "manage-shipments/tracking" => {
            &["ship-order/order-placed", "ship-order/inventory-updated", "manage-shipments/dispatch"]
        }
        "manage-shipments/list" => &[],
        "manage-shipments/stray" => &[
            "event of ship-order/shipment-requested",
            "event of ship-order/label-purchased",
            "event of ship-order/shipment-cancelled",
            "event of track-order/shipment-tracked",
        ],
        "manage-shipments/void" => &[
            "event of ship-order/shipment-requested",
            "event of ship-order/label-purchased",
            "event of ship-order/shipment-cancelled",
            "event of track-order/label-void-failed",
        ],
        sample if sample.starts_with("manage-shipments/") => {
            &["ship-order/order-placed", "ship-order/inventory-updated"]
        }
        "manage-callbacks/create" | "manage-callbacks/list" => &[],
        "manage-callbacks/redeliver" => {
            &["manage-callbacks/create", "plan-deliveries/order-placed", "deliver-webhook/first-attempt"]
        }
        "deliver-webhook/first-attempt" | "schedule-callbacks/each-minute" => {
            &["manage-callbacks/create", "plan-deliveries/order-placed"]
        }
        sample if sample.starts_with("manage-callbacks/") || sample.starts_with("plan-deliveries/") => {
            &["manage-callbacks/create"]
        }
        _ => &[],
    }
}
