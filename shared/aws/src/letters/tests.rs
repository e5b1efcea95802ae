//! Unit tests of the `letters` module.

use super::*;
use aws_sdk_sqs::types::MessageAttributeValue;
use aws_sdk_sqs::types::builders::MessageBuilder;

fn laid(message: MessageBuilder) -> DeadLetteredBy {
    letter(message.message_id("1").build()).dead_lettered_by
}

fn said(message: MessageBuilder, name: &str, value: &str) -> MessageBuilder {
    let value = MessageAttributeValue::builder().data_type("String").string_value(value);
    message.message_attributes(name, value.build().unwrap())
}

#[test]
fn a_letter_says_who_set_it_aside() {
    let ours = said(said(Message::builder(), "reason", "no sense"), "function", "take-payment");
    let told = DeadLetteredBy::Function { name: "take-payment".to_owned(), reason: "no sense".to_owned() };
    assert_eq!(laid(ours), told);
    let source = MessageSystemAttributeName::DeadLetterQueueSourceArn;
    assert_eq!(laid(Message::builder().attributes(source, "arn:of:a:queue")), DeadLetteredBy::Queue);
    let undelivered = said(said(Message::builder(), "ErrorMessage", "no such queue"), "type", "OrderPaid");
    assert_eq!(laid(undelivered), DeadLetteredBy::Topic { reason: "no such queue".to_owned() });
    assert_eq!(laid(Message::builder()), DeadLetteredBy::Unknown);
}

#[test]
fn a_letter_is_as_old_as_its_sending() {
    let sent = MessageSystemAttributeName::SentTimestamp;
    let of = |at: &str| letter(Message::builder().attributes(sent.clone(), at).build()).since;
    assert_eq!(of("1767323045000"), Timestamp::from_second(1_767_323_045).ok());
    assert_eq!(of("yesterday"), None);
}
