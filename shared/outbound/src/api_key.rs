//! Calls with an API key, which may be rotated at any time.

use crate::{Answer, Call, CallError, Secret, SecretError, Secrets, Transport};

/// The provider refused the key, so it did nothing.
const UNAUTHORIZED: u16 = 401;

/// Sends a call with the newest value of the secret `name`; `authorization` makes the value of the header `authorization`.
///
/// If the key is refused, the secret is read again, and the call is repeated once if the key has changed. Repeated reads are
/// answered from the cache ([`Secrets::refreshed`]), so a wrong key costs one call and no repeated reads of the store.
///
/// The outer error means that no key is available.
pub async fn send_with_key(
    transport: &dyn Transport,
    secrets: &dyn Secrets,
    name: &str,
    call: &Call,
    authorization: impl Fn(&Secret) -> String + Send,
) -> Result<Result<Answer, CallError>, SecretError> {
    let with_key = |key: &Secret| {
        let mut call = call.clone();
        call.headers.push(("authorization".to_owned(), authorization(key)));
        call
    };
    let known = secrets.current(name).await?;
    let key = newest(name, &known)?;
    let outcome = transport.send(with_key(key)).await;
    if !matches!(&outcome, Ok(answer) if answer.status == UNAUTHORIZED) {
        return Ok(outcome);
    }
    // If the store does not answer now, the provider's refusal is still the result.
    let stored = secrets.refreshed(name, &known).await.unwrap_or_default();
    match stored.first() {
        Some(other) if other != key => Ok(transport.send(with_key(other)).await),
        Some(_) | None => Ok(outcome),
    }
}

fn newest<'a>(name: &str, keys: &'a [Secret]) -> Result<&'a Secret, SecretError> {
    keys.first().ok_or_else(|| SecretError::Missing { name: name.to_owned() })
}
