//! Each status and each attention has the remedies that the documentation has, and each page exists.

use super::{Trouble, remedies};
use crate::explain::waiting::{Step, Wait};
use events::{Attention, OrderStatus, Service};
use std::path::Path;
use testkit::{now, order_id};

fn by(status: OrderStatus, steps: &[Step], trouble: &Trouble) -> Vec<String> {
    let wait = |step: &Step| Wait { step: step.clone(), since: now(), until: None };
    let waits: Vec<Wait> = steps.iter().map(wait).collect();
    let order = order_id(1);
    let remedies = remedies(&order, status, &waits, trouble);
    for remedy in &remedies {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(remedy.page);
        assert!(page.exists(), "{} does not exist", remedy.page);
        assert!(remedy.r#do.ends_with('.'), "{}", remedy.r#do);
    }
    remedies.into_iter().map(|remedy| remedy.by.replace(order.as_str(), "ID")).collect()
}

const ALL: [OrderStatus; 13] = [
    OrderStatus::Placed,
    OrderStatus::PaymentActionRequired,
    OrderStatus::Paid,
    OrderStatus::Allocated,
    OrderStatus::Shipped,
    OrderStatus::Delivered,
    OrderStatus::Returned,
    OrderStatus::PaymentFailed,
    OrderStatus::OutOfStock,
    OrderStatus::ShippingFailed,
    OrderStatus::Cancelling,
    OrderStatus::Cancelled,
    OrderStatus::Expired,
];

#[test]
fn what_an_operator_may_do_in_each_status() {
    for status in ALL {
        let expected: &[&str] = match status {
            OrderStatus::Placed | OrderStatus::PaymentActionRequired => &["POST /orders/ID/cancel"],
            OrderStatus::Paid | OrderStatus::Allocated => {
                &["POST /orders/ID/cancel", "POST /orders/ID/refunds"]
            }
            OrderStatus::Shipped | OrderStatus::Delivered => {
                &["POST /orders/ID/refunds", "POST /shipments/ID/return"]
            }
            OrderStatus::Returned => &["POST /orders/ID/refunds"],
            OrderStatus::PaymentFailed
            | OrderStatus::OutOfStock
            | OrderStatus::ShippingFailed
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled
            | OrderStatus::Expired => &[],
        };
        assert_eq!(by(status, &[], &Trouble::default()), expected, "{status:?}");
    }
}

#[test]
fn every_attention_has_a_remedy_and_its_own_page() {
    for attention in Attention::ALL {
        let expected: &[&str] = match attention {
            Attention::RefundFailed => &["POST /orders/ID/refunds/<refund_id>/retry"],
            Attention::VoidFailed => &["POST /shipments/ID/void"],
            Attention::Disputed | Attention::Inquiry => &["GET /orders/ID/payment"],
            Attention::DeliveryFailed => &["POST /shipments/ID/return", "POST /shipments/ID/deliver"],
            Attention::ScannedAfterCancel => &["POST /shipments/ID/stray"],
            Attention::RefundedUnshipped => &["POST /shipments/ID/release", "POST /orders/ID/cancel"],
            Attention::Stuck => &["make explain ORDER=ID"],
        };
        let order = order_id(1);
        let waits = [Wait { step: Step::Attention(attention), since: now(), until: None }];
        let found = remedies(&order, OrderStatus::Expired, &waits, &Trouble::default());
        let page = format!("docs/operations/alarms/attention-{}.md", attention.as_str());
        assert!(found.iter().all(|remedy| remedy.page == page), "{attention:?}");
        assert_eq!(by(OrderStatus::Expired, &[Step::Attention(attention)], &Trouble::default()), expected);
    }
}

#[test]
fn what_helps_a_step_that_does_not_happen() {
    let replay = |service: &str, function: &str| {
        format!("make replay SERVICE={service} TO={function} ORDERS=ID DO=send")
    };
    let request = |request: &str| request.to_owned();
    for (step, expected) in [
        (Step::PaymentBegin, vec![replay("orders", "take-payment")]),
        (Step::Expiry, vec![replay("orders", "take-payment")]),
        (Step::Payment, vec![request("make reconcile SINCE=<time>")]),
        (Step::OfflinePayment, vec![request("GET /orders/ID/payment")]),
        (Step::Authentication, vec![request("GET /orders/ID/payment")]),
        (Step::Allocation, vec![replay("payments", "allocate-stock")]),
        (Step::Shipment, vec![replay("inventory", "ship-order")]),
        (Step::Label, vec![replay("shipping", "ship-order"), request("POST /shipments/ID/fail")]),
        (Step::Dispatch, vec![request("POST /shipments/ID/dispatch")]),
        (Step::FirstScan, vec![request("POST /shipments/ID/dispatch")]),
        (Step::Delivery, vec![request("POST /shipments/ID/tracking"), request("POST /shipments/ID/deliver")]),
        (Step::Cancellation, vec![replay("orders", "ship-order")]),
        (
            Step::PaymentCancellation,
            vec![replay("shipping", "take-payment"), replay("inventory", "take-payment")],
        ),
        (Step::RefundRequest, vec![replay("shipping", "take-payment"), replay("inventory", "take-payment")]),
        (Step::Refund("r".to_owned()), vec![replay("payments", "take-payment")]),
        (Step::RefundAgain("r".to_owned()), vec![replay("payments", "take-payment")]),
        (Step::StockRelease, vec![replay("shipping", "allocate-stock")]),
        (Step::StockCommit, vec![replay("shipping", "allocate-stock")]),
        (Step::StockReturn, vec![replay("shipping", "allocate-stock")]),
        (Step::LabelVoid, vec![replay("shipping", "ship-order")]),
        (Step::Record(Service::Inventory), vec![replay("inventory", "track-order")]),
    ] {
        let found = by(OrderStatus::Expired, std::slice::from_ref(&step), &Trouble::default());
        assert_eq!(found, expected, "{step:?}");
    }
}

/// A replay that is proposed to the operator is one that the consumer's subscription passes.
#[test]
fn a_replay_is_to_a_consumer_of_the_service() {
    let steps = [
        Step::PaymentBegin,
        Step::Allocation,
        Step::Shipment,
        Step::Label,
        Step::Cancellation,
        Step::RefundRequest,
        Step::Refund("r".to_owned()),
        Step::StockRelease,
        Step::Record(Service::Payments),
    ];
    for remedy in by(OrderStatus::Expired, &steps, &Trouble::default()) {
        let value = |name: &str| remedy.split_whitespace().find_map(|word| word.strip_prefix(name));
        let (Some(service), Some(function)) = (value("SERVICE="), value("TO=")) else { continue };
        let subscriptions = crate::subscriptions::SUBSCRIPTIONS.iter();
        let mut of_both = subscriptions.filter(|(to, of, _)| *to == function && of.as_str() == service);
        assert!(of_both.next().is_some(), "{remedy}");
    }
}

#[test]
fn dead_letters_come_first_and_a_remedy_is_named_once() {
    let trouble = Trouble {
        dead_lettered_by: vec!["ship-order".to_owned()],
        webhooks: vec!["stripe:evt_1".to_owned()],
        deliveries: vec![("e1".to_owned(), "msg_1".to_owned())],
    };
    let steps = [Step::StockRelease, Step::StockCommit];
    assert_eq!(
        by(OrderStatus::Expired, &steps, &trouble),
        [
            "make redrive FUNCTION=ship-order DO=list",
            "POST /webhooks/inbox/stripe:evt_1/replay",
            "make replay SERVICE=shipping TO=allocate-stock ORDERS=ID DO=send",
            "POST /webhook-endpoints/e1/deliveries/msg_1/redeliver",
        ]
    );
}
