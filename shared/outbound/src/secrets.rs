//! Secrets, as lists: during a rotation the old one and the new one both hold.

use async_trait::async_trait;

/// A secret text. It shows itself only when asked to.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one call that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why there is no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The store did not answer.
    #[error("the secret {name} could not be read: {reason}")]
    Unavailable {
        /// Which secret.
        name: String,
        /// What happened.
        reason: String,
    },
    /// There is no such secret, or it is empty: an empty secret is never accepted.
    #[error("the secret {name} is missing or empty; put a value into it")]
    Missing {
        /// Which secret.
        name: String,
    },
}

/// Reads secrets by name.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The values that hold now, newest first; never empty, none of them empty.
    async fn current(&self, name: &str) -> Result<Vec<Secret>, SecretError>;
}

impl Secret {
    /// Reads a stored value: a JSON list of strings, or one plain string. Empty ones are left out.
    pub fn parse_list(value: &str) -> Vec<Self> {
        let list: Vec<String> = serde_json::from_str(value).unwrap_or_else(|_| vec![value.trim().to_owned()]);
        list.into_iter().filter(|text| !text.is_empty()).map(Self).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_plain_text_both_read() {
        assert_eq!(Secret::parse_list("whsec_1\n"), [Secret::new("whsec_1")]);
        assert_eq!(Secret::parse_list(r#"["new","","old"]"#), [Secret::new("new"), Secret::new("old")]);
        assert_eq!(Secret::parse_list(""), []);
    }

    #[test]
    fn a_secret_does_not_show_itself() {
        assert_eq!(format!("{:?}", Secret::new("whsec_1")), "Secret(…)");
    }
}
