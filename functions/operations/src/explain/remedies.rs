//! What an operator can do now about an order, with the page that says how. Pure.
//!
//! Each remedy is safe to try: a request that the order's state forbids is answered `409` and changes nothing, and a replay repeats
//! no effect.

use super::waiting::{Step, Wait};
use events::{Attention, OrderId, OrderStatus};
use serde::Serialize;

/// A request or a command, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Remedy {
    /// What it does, as a sentence.
    r#do: &'static str,
    /// The request or the command.
    by: String,
    /// The page of the documentation.
    page: &'static str,
}

/// What is wrong around the order, beside its events.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    /// The functions that dead-lettered a message of the order.
    pub(super) dead_lettered_by: Vec<String>,
    /// The webhooks that failed or are parked.
    pub(super) webhooks: Vec<String>,
    /// Endpoint and id of each delivery that is over, and failed.
    pub(super) deliveries: Vec<(String, String)>,
}

const HTTP_API: &str = "docs/http-api.md";
const REPLAY: &str = "docs/operations/replay.md";

/// What can be done, the most urgent first.
pub(super) fn remedies(
    order: &OrderId,
    status: OrderStatus,
    waits: &[Wait],
    trouble: &Trouble,
) -> Vec<Remedy> {
    let mut remedies: Vec<Remedy> = Vec::new();
    for function in &trouble.dead_lettered_by {
        remedies.push(Remedy {
            r#do: "Read why the message was dead-lettered, fix it, then send it to its queue again.",
            by: format!("make redrive FUNCTION={function} DO=list"),
            page: "docs/operations/alarms/dead-letters.md",
        });
    }
    for webhook in &trouble.webhooks {
        remedies.push(Remedy {
            r#do: "Once its reason is gone, have the webhook applied again.",
            by: format!("POST /webhooks/inbox/{webhook}/replay"),
            page: "docs/operations/alarms/webhook-parked.md",
        });
    }
    for wait in waits {
        remedies.extend(of_step(order, &wait.step));
    }
    for (endpoint, delivery) in &trouble.deliveries {
        remedies.push(Remedy {
            r#do: "Send the webhook to the shop's endpoint again.",
            by: format!("POST /webhook-endpoints/{endpoint}/deliveries/{delivery}/redeliver"),
            page: "docs/operations/alarms/endpoint-disabled.md",
        });
    }
    remedies.extend(of_status(order, status));
    let mut unique: Vec<Remedy> = Vec::with_capacity(remedies.len());
    for remedy in remedies {
        if !unique.contains(&remedy) {
            unique.push(remedy);
        }
    }
    unique
}

/// The remedy for a step that does not happen.
fn of_step(order: &OrderId, step: &Step) -> Vec<Remedy> {
    let one = |r#do, by: String, page| vec![Remedy { r#do, by, page }];
    // A consumer that missed the event gets it again. What an event has led to stays as it is.
    let replay = |service: &str, function: &str| Remedy {
        r#do: "If no dead letter explains the wait, send the order's events to the function again.",
        by: format!("make replay SERVICE={service} TO={function} ORDERS={order} DO=send"),
        page: REPLAY,
    };
    match step {
        Step::PaymentBegin | Step::Expiry => vec![replay("orders", "take-payment")],
        Step::Payment => one(
            "If the provider reported a result that was not received, fetch it.",
            "make reconcile SINCE=<time>".to_owned(),
            "docs/webhooks.md",
        ),
        Step::OfflinePayment => one(
            "Ask the sender whether the money has arrived; its webhook reports it.",
            format!("GET /orders/{order}/payment"),
            "docs/webhooks.md",
        ),
        Step::Authentication => one(
            "The customer finishes the bank's step in the shop; look at the state of the payment.",
            format!("GET /orders/{order}/payment"),
            HTTP_API,
        ),
        Step::Allocation => vec![replay("payments", "allocate-stock")],
        Step::Shipment => vec![replay("inventory", "ship-order")],
        Step::Cancellation => vec![replay("orders", "ship-order")],
        Step::Label => vec![
            replay("shipping", "ship-order"),
            Remedy {
                r#do: "If the carrier refuses the parcel permanently, end the shipment; the money is refunded.",
                by: format!("POST /shipments/{order}/fail"),
                page: HTTP_API,
            },
        ],
        Step::Dispatch => one(
            "Pack the parcel, hand it over, and record it.",
            format!("POST /shipments/{order}/dispatch"),
            HTTP_API,
        ),
        Step::FirstScan => one(
            "If the parcel has left and no scan arrives, record the dispatch by hand.",
            format!("POST /shipments/{order}/dispatch"),
            HTTP_API,
        ),
        Step::Delivery => vec![
            Remedy {
                r#do: "If the tracking code was mistyped, correct it; what the carrier reported is applied then.",
                by: format!("POST /shipments/{order}/tracking"),
                page: HTTP_API,
            },
            Remedy {
                r#do: "If the parcel arrived and no scan says so, record it.",
                by: format!("POST /shipments/{order}/deliver"),
                page: HTTP_API,
            },
        ],
        Step::PaymentCancellation | Step::RefundRequest => {
            vec![replay("shipping", "take-payment"), replay("inventory", "take-payment")]
        }
        Step::Refund(_) | Step::RefundAgain(_) => vec![replay("payments", "take-payment")],
        Step::StockRelease | Step::StockCommit | Step::StockReturn => {
            vec![replay("shipping", "allocate-stock")]
        }
        Step::LabelVoid => vec![replay("shipping", "ship-order")],
        Step::Record(service) => vec![replay(service.as_str(), "track-order")],
        Step::Attention(attention) => of_attention(order, *attention),
    }
}

fn of_attention(order: &OrderId, attention: Attention) -> Vec<Remedy> {
    let one = |r#do, by: String, page| vec![Remedy { r#do, by, page }];
    match attention {
        Attention::RefundFailed => one(
            "Fix what the provider refused, then request the refund again.",
            format!("POST /orders/{order}/refunds/<refund_id>/retry"),
            "docs/operations/alarms/attention-refund_failed.md",
        ),
        Attention::VoidFailed => one(
            "Ask the carrier, then request the void of the label again.",
            format!("POST /shipments/{order}/void"),
            "docs/operations/alarms/attention-void_failed.md",
        ),
        Attention::Disputed => one(
            "Send the evidence in the provider's dashboard before it is due, or accept the dispute there.",
            format!("GET /orders/{order}/payment"),
            "docs/operations/alarms/attention-disputed.md",
        ),
        Attention::Inquiry => one(
            "Answer the inquiry in the provider's dashboard before it becomes a dispute.",
            format!("GET /orders/{order}/payment"),
            "docs/operations/alarms/attention-inquiry.md",
        ),
        Attention::DeliveryFailed => vec![
            Remedy {
                r#do: "If the parcel is back, record the return; the money follows.",
                by: format!("POST /shipments/{order}/return"),
                page: "docs/operations/alarms/attention-delivery_failed.md",
            },
            Remedy {
                r#do: "If the parcel arrived after all, record it.",
                by: format!("POST /shipments/{order}/deliver"),
                page: "docs/operations/alarms/attention-delivery_failed.md",
            },
        ],
        Attention::ScannedAfterCancel => one(
            "Stop the parcel at the carrier, find out what became of it, and record that.",
            format!("POST /shipments/{order}/stray"),
            "docs/operations/alarms/attention-scanned_after_cancel.md",
        ),
        Attention::RefundedUnshipped => vec![
            Remedy {
                r#do: "If the goods are to be sent nevertheless, release the shipment.",
                by: format!("POST /shipments/{order}/release"),
                page: "docs/operations/alarms/attention-refunded_unshipped.md",
            },
            Remedy {
                r#do: "If they are not to be sent, cancel the order; if the parcel has left, record what becomes of it.",
                by: format!("POST /orders/{order}/cancel"),
                page: "docs/operations/alarms/attention-refunded_unshipped.md",
            },
        ],
        Attention::Stuck => one(
            "See what else the order waits for, and act on that.",
            format!("make explain ORDER={order}"),
            "docs/operations/alarms/attention-stuck.md",
        ),
    }
}

/// What an operator may do in this status, although nothing is wrong.
fn of_status(order: &OrderId, status: OrderStatus) -> Vec<Remedy> {
    let cancel = || Remedy {
        r#do: "If the order is not wanted any more, cancel it.",
        by: format!("POST /orders/{order}/cancel"),
        page: HTTP_API,
    };
    let refund = || Remedy {
        r#do: "If the shop owes the customer something, refund it as goodwill.",
        by: format!("POST /orders/{order}/refunds"),
        page: HTTP_API,
    };
    match status {
        OrderStatus::Placed | OrderStatus::PaymentActionRequired => vec![cancel()],
        OrderStatus::Paid | OrderStatus::Allocated => vec![cancel(), refund()],
        OrderStatus::Shipped | OrderStatus::Delivered => vec![
            refund(),
            Remedy {
                r#do: "If the parcel is back, record the return.",
                by: format!("POST /shipments/{order}/return"),
                page: HTTP_API,
            },
        ],
        OrderStatus::Returned => vec![refund()],
        OrderStatus::PaymentFailed
        | OrderStatus::OutOfStock
        | OrderStatus::ShippingFailed
        | OrderStatus::Cancelling
        | OrderStatus::Cancelled
        | OrderStatus::Expired => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
