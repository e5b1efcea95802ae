//! What an SDK error means: the service is unavailable for now, or it refuses the call permanently.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event_store::StoreError;
use std::error::Error;

/// The codes of permanent refusals: the same call is refused until the operator fixes a grant, a name or the call.
const REFUSALS: [&str; 8] = [
    "AccessDeniedException",
    "AccessDenied",
    "AuthorizationError",
    "ResourceNotFoundException",
    "ValidationException",
    "UnrecognizedClientException",
    "InvalidParameter",
    "ItemCollectionSizeLimitExceededException",
];

/// Whether the service refused the call permanently.
pub(crate) fn is_refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| REFUSALS.contains(&code))
}

/// Describes the error in one line: the service's code and message, or why the call got no answer. It never includes the
/// response itself, whose body may contain what we sent.
pub(crate) fn describe<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let description = match error.as_service_error() {
        Some(service) => {
            let code = service.code().unwrap_or("an error without a code");
            format!("{code}: {}", service.message().unwrap_or("no message"))
        }
        None => chain(error),
    };
    description.chars().take(500).collect()
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
    if is_refusal(error) {
        StoreError::Refused(describe(error))
    } else {
        StoreError::Unavailable(describe(error))
    }
}
