//! What counts as a secret without a value, and what as an outage.

use super::*;
use aws_sdk_secretsmanager::types::error::{InternalServiceError, ResourceNotFoundException};

fn read(error: GetSecretValueError) -> Result<String, SecretError> {
    value_of("shop/stripe-api-key", Err(SdkError::service_error(error, ())))
}

#[test]
fn a_secret_without_a_value_is_empty_and_not_unavailable() {
    let without = ResourceNotFoundException::builder().build();
    assert_eq!(read(GetSecretValueError::ResourceNotFoundException(without)), Ok(String::new()));

    let outage = read(GetSecretValueError::InternalServiceError(InternalServiceError::builder().build()));
    assert!(matches!(outage, Err(SecretError::Unavailable { .. })), "{outage:?}");
}
