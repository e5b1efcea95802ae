//! What is read from a message of a dead-letter queue: who dead-lettered it, and when.

use super::*;
use aws_sdk_sqs::types::MessageAttributeValue;
use aws_sdk_sqs::types::builders::MessageBuilder;

fn sender_of(message: MessageBuilder) -> DeadLetteredBy {
    letter(message.message_id("1").build()).dead_lettered_by
}

fn with(message: MessageBuilder, name: &str, value: &str) -> MessageBuilder {
    let value = MessageAttributeValue::builder().data_type("String").string_value(value);
    message.message_attributes(name, value.build().unwrap())
}

#[test]
fn a_letter_names_who_dead_lettered_it() {
    let ours = with(with(Message::builder(), "reason", "malformed"), "function", "take-payment");
    let function =
        DeadLetteredBy::Function { name: "take-payment".to_owned(), reason: "malformed".to_owned() };
    assert_eq!(sender_of(ours), function);
    let source = MessageSystemAttributeName::DeadLetterQueueSourceArn;
    assert_eq!(sender_of(Message::builder().attributes(source, "arn:of:a:queue")), DeadLetteredBy::Queue);
    let undelivered = with(with(Message::builder(), "ErrorMessage", "no such queue"), "type", "OrderPaid");
    assert_eq!(sender_of(undelivered), DeadLetteredBy::Topic { reason: "no such queue".to_owned() });
    assert_eq!(sender_of(Message::builder()), DeadLetteredBy::Unknown);
}

#[test]
fn a_letter_is_as_old_as_its_sending() {
    let sent = MessageSystemAttributeName::SentTimestamp;
    let of = |at: &str| letter(Message::builder().attributes(sent.clone(), at).build()).since;
    assert_eq!(of("1767323045000"), Timestamp::from_second(1_767_323_045).ok());
    assert_eq!(of("yesterday"), None);
}

#[test]
fn a_letter_of_a_function_has_the_id_that_its_log_lines_name() {
    let ours = with(with(Message::builder(), "reason", "malformed"), "message_id", "m-1");
    assert_eq!(letter(ours.build()).message_id.as_deref(), Some("m-1"));
    assert_eq!(letter(Message::builder().build()).message_id, None);
}
