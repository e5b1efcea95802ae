//! Calls under an API key, which may be rotated at any moment.

use crate::{Answer, Call, CallError, Secret, SecretError, Secrets, Transport};

/// Status of a call that a provider did not even look at: nothing was done.
const UNAUTHORIZED: u16 = 401;

/// Sends a call under the newest value of the secret `name`, which `authorization` writes as the header of that name.
/// Where that key is refused the secret is read again, and the call sent once more if another key stands there by now.
/// Whoever asks too often is given what is known ([`Secrets::refreshed`]), and so a key that is wrong costs one call.
///
/// The outer error is that there is no key.
pub async fn send_with_key(
    transport: &dyn Transport,
    secrets: &dyn Secrets,
    name: &str,
    call: &Call,
    authorization: impl Fn(&Secret) -> String + Send,
) -> Result<Result<Answer, CallError>, SecretError> {
    let under = |key: &Secret| {
        let mut call = call.clone();
        call.headers.push(("authorization".to_owned(), authorization(key)));
        call
    };
    let known = secrets.current(name).await?;
    let key = newest(name, &known)?;
    let outcome = transport.send(under(key)).await;
    if !matches!(&outcome, Ok(answer) if answer.status == UNAUTHORIZED) {
        return Ok(outcome);
    }
    // A store that does not answer now is no reason to hide what the provider said.
    let there = secrets.refreshed(name, &known).await.unwrap_or_default();
    match there.first() {
        Some(other) if other != key => Ok(transport.send(under(other)).await),
        Some(_) | None => Ok(outcome),
    }
}

fn newest<'a>(name: &str, keys: &'a [Secret]) -> Result<&'a Secret, SecretError> {
    keys.first().ok_or_else(|| SecretError::Missing { name: name.to_owned() })
}
