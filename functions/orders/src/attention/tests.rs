//! The log line of a new attention: exactly what the platform reads the metric from.

use crate::testing::{MINUTE, World, disputed, order_paid, publish, refund, refund_failed, refunded};
use events::{Attention, DisputeOutcome, InventoryEvent, OutOfStock, PaymentsEvent, RefundCause};
use runtime::queue::Consumer as _;
use serde_json::json;
use testkit::{Log, order_id, sku};

/// The lines that count in the metric, as `(function, order, attention)`.
fn raised_in(log: &Log) -> Vec<(String, String, String)> {
    let lines = log.lines().into_iter().filter(|line| line.get("AttentionRaised").is_some());
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
async fn a_new_attention_is_counted_once_in_the_metric() {
    let log = Log::of("a-function", "error");
    let raised = |attention: &str| ("a-function".to_owned(), order_id(1).to_string(), attention.to_owned());

    let world = World::default();
    world.place(1).await;
    world.deliver::<PaymentsEvent>(order_paid()).await;
    world.wait(30 * MINUTE);
    world.sweep().await;
    world.sweep().await;
    assert_eq!(raised_in(&log), [raised("stuck")], "once, not at every sweep");
    world.deliver::<InventoryEvent>(OutOfStock { missing: vec![sku("TEA-01")] }).await;
    world.deliver::<PaymentsEvent>(refund("r1", RefundCause::OutOfStock)).await;
    assert_eq!(raised_in(&log).len(), 1);

    let failed = publish::<PaymentsEvent>(9, refund_failed("r1"));
    world.track.consume(&failed).await.unwrap();
    assert_eq!(raised_in(&log), [raised("stuck"), raised("refund_failed")]);
    world.deliver::<PaymentsEvent>(disputed(DisputeOutcome::Opened)).await;
    assert_eq!(raised_in(&log).len(), 3, "an earlier attention is not raised again");

    // The process may have recorded the fact and stopped before it wrote the line. The redelivery writes it.
    world.track.consume(&failed).await.unwrap();
    assert_eq!(raised_in(&log).last(), Some(&raised("refund_failed")));
    world.deliver::<PaymentsEvent>(refunded("r1")).await;
    world.track.consume(&failed).await.unwrap();
    let text = log.text();
    for personal in ["a@b.example", "Street 1", "A. Person", "customer-1"] {
        assert!(!text.contains(personal));
    }
}

#[test]
fn an_attention_has_one_name_in_the_log_and_on_the_wire() {
    for attention in Attention::ALL {
        assert_eq!(json!(attention), attention.as_str());
    }
}
