//! The API key of a call, and whether it belongs to this stack.
//!
//! A key of the other mode, or of another account, takes real money or none and gets every webhook refused. So no call is made
//! with it: its prefix shows the mode, and Stripe names its account, which is read once for each key.

use super::Stripe;
use super::client::understand;
use super::payload::OwnAccount;
use crate::provider::ProviderError;
use outbound::{Answer, Call, CallError, Method, Secret, SecretError};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

/// Stripe refused the key, so it did nothing.
const UNAUTHORIZED: u16 = 401;

/// The id of an account, `acct_…`, or none.
#[derive(Debug, Default)]
pub(super) struct AccountId(Option<String>);

impl FromStr for AccountId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with("acct_") {
            Ok(Self(Some(text.to_owned())))
        } else {
            Err("an account's id is acct_…")
        }
    }
}

impl AccountId {
    /// The account that keys are checked for.
    pub(super) fn expected(self) -> Option<Arc<ExpectedAccount>> {
        self.0.map(|id| Arc::new(ExpectedAccount::new(id)))
    }
}

/// The account that the keys have to belong to, and the keys that do.
#[derive(Debug)]
pub(crate) struct ExpectedAccount {
    id: String,
    checked: Mutex<Vec<Secret>>,
}

impl ExpectedAccount {
    pub(crate) fn new(id: String) -> Self {
        Self { id, checked: Mutex::default() }
    }

    fn knows(&self, key: &Secret) -> bool {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).contains(key)
    }

    fn add(&self, key: &Secret) {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner).push(key.clone());
    }
}

impl Stripe {
    /// Sends a call with the newest key, if that belongs to this stack. A key that Stripe refuses is read again; if it has
    /// changed, the call is repeated once, as [`outbound::send_with_key`] does.
    pub(super) async fn send(&self, call: &Call) -> Result<Result<Answer, CallError>, ProviderError> {
        let unavailable = |error: SecretError| ProviderError::Unclear(error.to_string());
        let known = self.secrets.current(&self.api_key_secret).await.map_err(unavailable)?;
        let key = known
            .first()
            .ok_or_else(|| unavailable(SecretError::Missing { name: self.api_key_secret.clone() }))?;
        let outcome = self.send_with(key, call).await?;
        if !matches!(&outcome, Ok(answer) if answer.status == UNAUTHORIZED) {
            return Ok(outcome);
        }
        // If the store does not answer now, Stripe's refusal is still the result.
        let stored = self.secrets.refreshed(&self.api_key_secret, &known).await.unwrap_or_default();
        match stored.first() {
            Some(other) if other != key => self.send_with(other, call).await,
            Some(_) | None => Ok(outcome),
        }
    }

    async fn send_with(&self, key: &Secret, call: &Call) -> Result<Result<Answer, CallError>, ProviderError> {
        self.check_mode(key)?;
        self.check_account(key).await?;
        Ok(self.transport.send(with_key(key, call)).await)
    }

    fn check_mode(&self, key: &Secret) -> Result<(), ProviderError> {
        let is_of =
            |mode: &str| ["sk", "rk"].iter().any(|kind| key.expose().starts_with(&format!("{kind}_{mode}_")));
        let (ours, other) = if self.livemode { ("live", "test") } else { ("test", "live") };
        if is_of(other) {
            return Err(wrong_key(format!("this stack is in {ours} mode and the API key in {other} mode")));
        }
        Ok(())
    }

    /// An answer of 401 is left to the call itself, which reads the key again.
    async fn check_account(&self, key: &Secret) -> Result<(), ProviderError> {
        let Some(account) = self.account.as_ref().filter(|account| !account.knows(key)) else {
            return Ok(());
        };
        let call = self.prepared(Method::Get, "/v1/account", Vec::new(), Vec::new());
        let outcome = self.transport.send(with_key(key, &call)).await;
        if matches!(&outcome, Ok(answer) if answer.status == UNAUTHORIZED) {
            return Ok(());
        }
        if matches!(&outcome, Ok(answer) if answer.status == 403) {
            return Err(wrong_key(
                "the API key may not read its account, so StripeAccountId cannot be checked".to_owned(),
            ));
        }
        let own: OwnAccount = understand(outcome)?;
        if own.id != account.id {
            return Err(wrong_key("the API key belongs to another account than StripeAccountId".to_owned()));
        }
        account.add(key);
        Ok(())
    }

    /// An object that was created with our key shows the mode too.
    pub(super) fn check_livemode(&self, livemode: Option<bool>) -> Result<(), ProviderError> {
        if livemode.is_some_and(|livemode| livemode != self.livemode) {
            return Err(wrong_key(
                "the provider created the intent in the other mode than StripeLivemode says".to_owned(),
            ));
        }
        Ok(())
    }
}

/// The line is counted by an alarm. At level error, so that no log level suppresses it: no order is paid until an operator acts.
fn wrong_key(reason: String) -> ProviderError {
    tracing::error!(
        metric = "ApiKeyRefused",
        metric.by = "dependency",
        dependency = Stripe::NAME,
        reason,
        "no call is made with this API key; set the right one"
    );
    ProviderError::WrongKey(reason)
}

fn with_key(key: &Secret, call: &Call) -> Call {
    let mut call = call.clone();
    call.headers.push(("authorization".to_owned(), format!("Bearer {}", key.expose())));
    call
}

#[cfg(test)]
mod tests;
