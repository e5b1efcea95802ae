//! The alarm for an order that somebody has to look at: the exact line that the platform reads it from.

use crate::shop::{MINUTE, Shop, disputed, order_paid, refund, refund_id, refunded};
use events::{
    Amount, Attention, DisputeOutcome, InventoryEvent, OutOfStock, PaymentsEvent, RefundCause, RefundFailed,
};
use runtime::queue::Consumer as _;
use serde_json::json;
use testkit::{Log, order_id, sku};

/// What counts in a metric, as `(function, order, attention)`.
fn raised_in(log: &Log) -> Vec<(String, String, String)> {
    let lines = log.lines().into_iter().filter(|line| line.get("_aws").is_some());
    let counted = |line: serde_json::Value| {
        assert_eq!(line["AttentionRaised"], 1);
        assert_eq!(line["stack"], "shop");
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"],
            json!([{
                "Namespace": "Conveyor",
                "Dimensions": [["stack", "attention"]],
                "Metrics": [{"Name": "AttentionRaised", "Unit": "Count"}],
            }])
        );
        let word = |name: &str| line[name].as_str().unwrap().to_owned();
        (word("function"), word("order.id"), word("attention"))
    };
    lines.map(counted).collect()
}

#[tokio::test]
async fn an_order_that_somebody_has_to_look_at_counts_in_a_metric_when_it_newly_has() {
    let log = Log::of("a-function", "error");
    let raised = |attention: &str| ("a-function".to_owned(), order_id(1).to_string(), attention.to_owned());

    let shop = Shop::open();
    shop.place(&order_id(1)).await;
    shop.tell::<PaymentsEvent>(order_paid()).await;
    shop.wait(30 * MINUTE);
    shop.sweep().await;
    shop.sweep().await;
    assert_eq!(raised_in(&log), [raised("stuck")], "once, and not at each sweep");
    shop.tell::<InventoryEvent>(OutOfStock { missing: vec![sku("TEA-01")] }).await;
    shop.tell::<PaymentsEvent>(refund("r1", RefundCause::OutOfStock)).await;
    assert_eq!(raised_in(&log).len(), 1);

    let (code, amount) = ("lost_card".to_owned(), Amount::minor(1900));
    let failed = PaymentsEvent::from(RefundFailed {
        refund_id: refund_id("r1"),
        amount,
        code,
        refused: false,
        again: false,
    });
    let failed = testkit::message(&order_id(1), 9, &failed);
    shop.track.consume(&failed).await.unwrap();
    assert_eq!(raised_in(&log), [raised("stuck"), raised("refund_failed")]);
    shop.tell::<PaymentsEvent>(disputed(DisputeOutcome::Opened)).await;
    assert_eq!(raised_in(&log).len(), 3, "what was raised before is not raised again");

    // Whoever wrote the fact may have ended before its line: the message that comes again makes up for it.
    shop.track.consume(&failed).await.unwrap();
    assert_eq!(raised_in(&log).last(), Some(&raised("refund_failed")));
    shop.tell::<PaymentsEvent>(refunded("r1")).await;
    shop.track.consume(&failed).await.unwrap();
    let text = log.text();
    for personal in ["a@b.example", "Street 1", "A. Person", "customer-1"] {
        assert!(!text.contains(personal));
    }
}

#[test]
fn an_attention_is_called_the_same_in_the_log_and_on_the_wire() {
    for attention in Attention::ALL {
        assert_eq!(json!(attention), attention.as_str());
    }
}
