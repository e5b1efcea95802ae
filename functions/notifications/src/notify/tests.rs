//! Each occasion of an order sends one message, also when its event is duplicated, or comes before the contact.

mod crashes;
mod erasure;

use crate::contact;
use crate::testing::{
    World, before_payment, every_occasion, message, order, paid, placed, placed_with, refunded, shipped,
    updated,
};
use event_store::Documents as _;
use events::{OrderNumber, OrderStatus, ShippingEvent};
use jiff::Timestamp;
use outbound::MailError;
use resilience::Failure;
use runtime::queue::Message;
use std::time::Duration;
use testkit::{Log, replayed};

#[tokio::test]
async fn every_occasion_sends_one_email_however_often_its_event_arrives() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    assert_eq!(world.subjects().len(), 0, "a placed order sends no email");
    for (sent, (message, words)) in every_occasion().into_iter().enumerate() {
        for _ in 0..2 {
            world.receive(&message).await.unwrap();
        }
        let subjects = world.subjects();
        assert_eq!(subjects.len(), sent + 1, "{words}");
        assert!(
            subjects[sent].starts_with("Tea House: ") && subjects[sent].contains(words),
            "{}",
            subjects[sent]
        );
        for name in [OrderNumber::of(&order()).to_string(), order().to_string()] {
            assert!(world.bodies()[sent].contains(&name), "{name}");
        }
        assert_eq!(world.sender.mails.lock().unwrap()[sent].to, "ada@shop.example");
    }
    assert_eq!(world.texts().len(), 0, "no country is listed");
}

#[tokio::test]
async fn nothing_is_sent_before_a_payment() {
    let world = World::new("CH");
    world.receive(&placed()).await.unwrap();
    for message in before_payment() {
        world.receive(&message).await.unwrap();
    }
    assert_eq!((world.subjects().len(), world.texts().len()), (0, 0));
    let notices = world.table.list(&contact::partition(&order()), "notice#").await.unwrap();
    assert!(notices.is_empty(), "{notices:?}");
}

#[tokio::test]
async fn a_cancellation_is_announced_once_it_is_known_that_the_order_was_paid() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    for (sequence, paid) in [(5, false), (6, true), (7, true)] {
        world.receive(&updated(sequence, OrderStatus::Cancelled, paid)).await.unwrap();
    }
    assert_eq!(world.subjects(), ["Tea House: your order is cancelled"]);
}

#[tokio::test]
async fn a_shop_without_a_sender_sends_no_email_and_still_sends_text_messages() {
    let mut world = World::new("CH");
    world.step.mailer = None;
    world.receive(&placed()).await.unwrap();
    let log = testkit::Log::of("notify-customer", "info");
    world.receive(&paid()).await.unwrap();
    assert!(log.text().contains("the parameter MailFrom is empty"), "{}", log.text());
    assert_eq!((world.subjects().len(), world.texts().len()), (0, 1));
}

#[tokio::test]
async fn emails_hold_the_facts_and_nothing_secret_about_a_payment() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    for (message, _) in every_occasion() {
        world.receive(&message).await.unwrap();
    }
    let all = world.bodies().join("\n");
    assert!(
        all.contains("25.00 EUR") && all.contains("Tracking code: T-42") && all.contains("Carrier: post")
    );
    assert!(!all.contains("pi_1") && !all.contains("pm_card_visa"), "{all}");
}

#[tokio::test]
async fn an_occasion_before_its_contact_is_retried() {
    let world = World::new("");
    let early = world.receive(&paid()).await;
    assert!(matches!(early, Err(Failure::Retry { .. })), "{early:?}");
    world.receive(&placed()).await.unwrap();
    world.receive(&paid()).await.unwrap();
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test]
async fn a_status_sends_one_email_whichever_event_reaches_it() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    for sequence in 5..8 {
        world.receive(&updated(sequence, OrderStatus::Cancelled, true)).await.unwrap();
    }
    world.receive(&updated(8, OrderStatus::Shipped, true)).await.unwrap();
    assert_eq!(world.subjects(), ["Tea House: your order is cancelled"]);
}

#[tokio::test]
async fn each_refund_sends_an_email_except_a_refund_of_zero() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    for message in [refunded(5, 1000), refunded(6, 1500), refunded(7, 0)] {
        world.receive(&message).await.unwrap();
    }
    let bodies = world.bodies();
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("10.00 EUR") && bodies[1].contains("15.00 EUR"));
}

#[tokio::test]
async fn text_messages_go_only_after_payment_and_only_to_listed_countries() {
    for (countries, expected) in [("DE", 0), ("CH", 5)] {
        let world = World::new(countries);
        world.receive(&placed()).await.unwrap();
        for (message, _) in every_occasion() {
            for _ in 0..2 {
                world.receive(&message).await.unwrap();
            }
        }
        let texts = world.texts();
        assert_eq!(texts.len(), expected, "{texts:?}");
        let number = OrderNumber::of(&order()).to_string();
        assert!(texts.iter().all(|text| text.contains(&number) && text.len() <= 160), "{texts:?}");
        assert_eq!(texts.iter().filter(|text| text.contains("T-42")).count(), expected / 5);
    }
}

/// The shop pays by the number, whatever the address is.
#[tokio::test]
async fn the_prefix_of_the_number_decides_and_not_the_address() {
    for (phone, countries, expected) in [
        ("+33600000000", "CH", 0),
        ("+33600000000", "FR", 1),
        ("+12025550100", "CH,US", 0),
        ("+881612345678", "CH", 0),
    ] {
        let world = World::new(countries);
        world.receive(&placed_with(phone)).await.unwrap();
        world.receive(&paid()).await.unwrap();
        assert_eq!(world.texts().len(), expected, "{phone} {countries}");
        assert_eq!(world.subjects().len(), 1);
    }
}

#[tokio::test]
async fn an_unavailable_sender_is_retried() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    *world.sender.error.lock().unwrap() = Some(MailError::Unavailable("throttled".to_owned()));
    let outcome = world.receive(&paid()).await;
    assert!(matches!(outcome, Err(Failure::Retry { .. })), "{outcome:?}");
    *world.sender.error.lock().unwrap() = None;
    world.receive(&paid()).await.unwrap();
    assert_eq!(world.subjects().len(), 1);
}

#[tokio::test]
async fn a_refused_address_is_recorded_and_not_retried() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    let refusal = MailError::Refused("ada@shop.example is suppressed".to_owned());
    *world.sender.error.lock().unwrap() = Some(refusal);
    world.receive(&paid()).await.unwrap();
    *world.sender.error.lock().unwrap() = None;
    world.receive(&paid()).await.unwrap();
    assert_eq!(world.subjects().len(), 0);
    let notices = world.table.list(&contact::partition(&order()), "notice#").await.unwrap();
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].0.sk, format!("notice#payments/{}/2#email", order()));
    assert_eq!(notices[0].1.body["outcome"], "refused");
    assert!(!notices[0].1.body.to_string().contains("ada@"));
}

#[tokio::test]
async fn a_duplicate_order_does_not_undo_an_erasure() {
    let world = World::new("");
    world.receive(&placed()).await.unwrap();
    let key = contact::key(&order());
    let mut erased = world.table.get(&key).await.unwrap().unwrap();
    let mut body = serde_json::Value::clone(&erased.body);
    body["email"] = "erased@invalid".into();
    erased.body = body.into();
    world.table.put(&key, &erased).await.unwrap();
    world.receive(&placed()).await.unwrap();
    assert_eq!(world.table.get(&key).await.unwrap(), Some(erased));
}

#[tokio::test]
async fn an_event_that_this_function_does_not_handle_is_ignored() {
    let world = World::new("");
    let outcome = world.receive(&message::<ShippingEvent>(1, events::ShipmentCancelled {})).await;
    assert_eq!((outcome, world.subjects().len()), (Ok(()), 0));
}

#[tokio::test]
async fn every_sample_is_handled() {
    let world = World::new("CH");
    for text in [
        include_str!("../../../../events/notify-customer/order-placed.json"),
        include_str!("../../../../events/notify-customer/order-paid.json"),
        include_str!("../../../../events/notify-customer/out-of-stock.json"),
        include_str!("../../../../events/notify-customer/shipped.json"),
        include_str!("../../../../events/notify-customer/payment-refunded.json"),
        include_str!("../../../../events/notify-customer/order-cancelled.json"),
    ] {
        let batch: serde_json::Value = serde_json::from_str(text).unwrap();
        for record in batch["Records"].as_array().unwrap() {
            let message = Message::read(record["body"].as_str().unwrap(), 1).unwrap();
            world.receive(&message).await.unwrap();
        }
    }
    assert_eq!((world.subjects().len(), world.texts().len()), (5, 3));
}

#[tokio::test]
async fn a_replayed_event_notifies_once_and_only_of_what_is_new() {
    let world = World::new("CH");
    world.receive(&replayed(&placed().envelope, Timestamp::UNIX_EPOCH)).await.unwrap();
    let paid = replayed(&paid().envelope, Timestamp::UNIX_EPOCH);
    for _ in 0..2 {
        world.receive(&paid).await.unwrap();
    }
    assert_eq!((world.subjects().len(), world.texts().len()), (1, 1), "it was lost, and is new");
    world.clock.advance(Duration::from_hours(24));
    let shipped = replayed(&shipped().envelope, Timestamp::UNIX_EPOCH);
    let log = Log::of("notify-customer", "info");
    world.receive(&shipped).await.unwrap();
    assert_eq!((world.subjects().len(), world.texts().len()), (1, 1), "a day later it is old");
    assert!(log.text().contains("the replayed event is too old for this function"), "{}", log.text());
}

#[tokio::test]
async fn the_contact_of_an_old_order_is_stored_by_a_replay() {
    let world = World::new("");
    world.clock.advance(Duration::from_hours(90 * 24));
    world.receive(&replayed(&placed().envelope, Timestamp::UNIX_EPOCH)).await.unwrap();
    assert_eq!(world.table.all_documents().len(), 1);
}
