//! What an SDK error means: out for now, or refused for good.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use event_store::StoreError;
use std::error::Error;

/// Codes that say: the same call will be refused again, until somebody mends a grant, a name or the call.
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

/// Whether the service refused the call for good.
pub(crate) fn is_refusal<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| REFUSALS.contains(&code))
}

/// The whole chain of an SDK error in one line. The SDK puts no payloads into it.
pub(crate) fn describe<E: Error + 'static, R: std::fmt::Debug + 'static>(error: &SdkError<E, R>) -> String {
    DisplayErrorContext(error).to_string().chars().take(500).collect()
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
