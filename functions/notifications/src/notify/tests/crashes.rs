//! The function crashes, or one of its calls fails, at any point: no message is lost.

use crate::NotifyCustomer;
use crate::testing::{World, paid, placed};
use runtime::queue::Consumer as _;
use std::sync::Arc;
use testkit::{Gated, Plan, Stop};

const CALLS: [&str; 5] =
    ["documents.list", "mailer.send_mail", "documents.put_new", "texter.send_text", "documents.put_new"];

/// Handles the event, and stops at this call.
async fn stopped(world: &World, call: usize, stop: Stop) {
    let plan = Plan::stopping(call, stop);
    let notify = NotifyCustomer {
        documents: Gated::new(plan.clone(), world.table.clone()),
        mailer: Some(Gated::new(plan.clone(), world.sender.clone())),
        texter: Gated::new(plan.clone(), world.sender.clone()),
        clock: Arc::clone(&world.step.clock),
        shop: world.step.shop.clone(),
        sms_countries: world.step.sms_countries.clone(),
    };
    let outcome = plan.drive(notify.consume(&paid())).await;
    assert!(!matches!(outcome, Some(Ok(()))), "{stop:?} at {call}: the message must be retried");
    assert_eq!(plan.calls(), CALLS[..=call], "{stop:?} at {call}");
}

/// How often a message is sent whose send is call `sends` and whose notice is the next one.
fn times(sends: usize, call: usize, stop: Stop) -> usize {
    let has_effect = matches!(stop, Stop::LoseReply | Stop::CrashAfter);
    // It was sent, but its notice was not written.
    let is_unrecorded = (call == sends && has_effect) || (call == sends + 1 && !has_effect);
    if is_unrecorded { 2 } else { 1 }
}

#[tokio::test]
async fn a_message_is_never_lost_and_is_sent_twice_only_without_its_notice() {
    for (call, name) in CALLS.into_iter().enumerate() {
        for stop in Stop::ALL {
            let world = World::new("CH");
            world.receive(&placed()).await.unwrap();
            stopped(&world, call, stop).await;
            for _ in 0..3 {
                world.receive(&paid()).await.unwrap();
                let sent = (world.subjects().len(), world.texts().len());
                assert_eq!(sent, (times(1, call, stop), times(3, call, stop)), "{stop:?} at {call}, {name}");
            }
        }
    }
}
