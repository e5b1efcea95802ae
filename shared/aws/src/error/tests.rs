//! Whose fault an error is, in the words of the services.

use super::*;

#[test]
fn a_grant_or_a_name_of_ours_is_fixed_by_the_operator() {
    for (code, message) in [
        ("AccessDeniedException", "User is not authorized to perform: dynamodb:PutItem"),
        ("AuthorizationError", "User is not authorized to perform: SNS:Publish"),
        ("ResourceNotFoundException", "Requested resource not found"),
        ("com.amazonaws.sns#NotFound", "Topic does not exist"),
        ("KMSAccessDenied", "The ciphertext refers to a key that you may not use"),
        ("ValidationException", "The provided key element does not match the schema"),
        ("ValidationException", "The table does not have the specified index: by-customer"),
        ("InvalidParameter", "Invalid parameter: TopicArn"),
    ] {
        assert_eq!(fault(Some(code), Some(message)), Fault::Setup, "{code}: {message}");
    }
}

#[test]
fn data_that_is_refused_each_time_is_nobodys_to_fix() {
    for (code, message) in [
        (
            "ValidationException",
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes",
        ),
        ("ValidationException", "Item size has exceeded the maximum allowed size"),
        ("ValidationError", "Item size to update has exceeded the maximum allowed size"),
        (
            "ValidationException",
            "The AttributeValue for a key attribute cannot contain an empty string value. Key: pk",
        ),
        ("InvalidParameter", "Invalid parameter: Message too long"),
        ("InvalidParameterValue", "The message contains characters outside the allowed set."),
        ("InvalidMessageContents", "The message contains characters outside the allowed set."),
        ("BatchRequestTooLong", "The length of all the batch messages put together is more than the limit."),
    ] {
        assert_eq!(fault(Some(code), Some(message)), Fault::Data, "{code}: {message}");
    }
}

#[test]
fn every_other_error_is_an_outage() {
    for code in [
        "ThrottlingException",
        "InternalServerError",
        "KMSThrottlingException",
        "ServiceUnavailable",
        "Unheard",
    ] {
        assert_eq!(fault(Some(code), Some("a message")), Fault::Outage, "{code}");
    }
    assert_eq!(fault(None, None), Fault::Outage);
}

#[test]
fn a_message_that_quotes_what_we_sent_is_left_out() {
    let quoting = "1 validation error detected: Value 'ada@shop.example' at 'item' failed";
    assert_eq!(
        describe_refusal(Some("ValidationException"), Some(quoting)),
        "ValidationException: no message"
    );
    assert_eq!(describe_refusal(Some("Throttled"), Some("slow down")), "Throttled: slow down");
}
