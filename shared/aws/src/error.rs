//! What an error of AWS means: the service is out for now, our side of the call is wrong, or this data can never be sent.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event_store::StoreError;
use std::error::Error;

/// Who has to change something before the call can succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The service: it did not answer, throttles, or failed. The call is repeated.
    Outage,
    /// The operator: a grant is missing, or a name is wrong. The call is repeated until that is fixed.
    Setup,
    /// Nothing helps: this data is refused each time. It is dead-lettered, and its neighbours go on.
    Data,
}

/// The codes with which a service refuses a call for a grant or a name. KMS has seven more, all with its prefix.
const SETUP: [&str; 13] = [
    "AccessDeniedException",
    "AccessDenied",
    "AuthorizationError",
    "AuthorizationErrorException",
    "ResourceNotFoundException",
    "NotFound",
    "NotFoundException",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "SignatureDoesNotMatch",
];

/// The codes with which a service refuses what was sent.
const DATA: [&str; 11] = [
    "ValidationException",
    "ValidationError",
    "ValidationErrorException",
    "InvalidParameter",
    "InvalidParameterException",
    "InvalidParameterValue",
    "InvalidParameterValueException",
    "InvalidMessageContents",
    "BatchRequestTooLong",
    "ItemCollectionSizeLimitExceeded",
    "ItemCollectionSizeLimitExceededException",
];

/// Parts of messages under a code of [`DATA`] that are about a name of ours: another table's key, a missing index, a topic or
/// queue that cannot be.
const OF_NAMES: [&str; 6] = [
    "does not match the schema",
    "the specified index",
    "TopicArn",
    "Topic Name",
    "QueueUrl",
    "security token",
];

/// Whose fault an error is, by the code and message of the service; without a code there was no answer.
pub(crate) fn fault(code: Option<&str>, message: Option<&str>) -> Fault {
    let Some(code) = code else { return Fault::Outage };
    // A prefix for errors of the JSON protocol and of queries: `Sender.AccessDenied`, `com.amazonaws.sns#NotFound`.
    let bare = code.rsplit('#').next().unwrap_or(code);
    if SETUP.contains(&bare) || (bare.to_ascii_uppercase().starts_with("KMS") && !bare.contains("Throttling"))
    {
        return Fault::Setup;
    }
    if !DATA.contains(&bare) {
        return Fault::Outage;
    }
    let is_of_names = |message: &str| OF_NAMES.iter().any(|part| message.contains(part));
    if message.is_some_and(is_of_names) { Fault::Setup } else { Fault::Data }
}

/// The fault of an error of the SDK.
pub(crate) fn fault_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Fault {
    let service = error.as_service_error();
    fault(service.and_then(ProvideErrorMetadata::code), service.and_then(ProvideErrorMetadata::message))
}

/// Describes the error in one line: the service's code and message, or why the call got no answer. It never includes the
/// response itself, whose body may contain what we sent.
pub(crate) fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let description = match error.as_service_error() {
        Some(service) => describe_refusal(service.code(), service.message()),
        None => chain(error),
    };
    description.chars().take(500).collect()
}

/// The service's code and message. A message that quotes a value that we sent is left out.
pub(crate) fn describe_refusal(code: Option<&str>, message: Option<&str>) -> String {
    let code = code.unwrap_or("an error without a code");
    let message = message.filter(|message| !message.contains("Value '")).unwrap_or("no message");
    format!("{code}: {message}")
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let links: Vec<String> =
        std::iter::successors(Some(error), |error| (*error).source()).map(ToString::to_string).collect();
    links.join(": ")
}

pub(crate) fn store_error<E, R>(error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let description = describe(error);
    match fault_of(error) {
        Fault::Outage => StoreError::Unavailable(description),
        Fault::Setup => StoreError::Refused(description),
        Fault::Data => StoreError::Invalid(description),
    }
}

#[cfg(test)]
mod tests;
