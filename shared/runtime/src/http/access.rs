//! The caller of a request, read from the claims that the gateway's authorizer has verified.

use super::Problem;
use crate::Settings;
use events::Customer;
use std::collections::HashMap;

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Issuer and subject of the token.
    pub customer: Customer,
    /// Whether the token names the admin group.
    pub admin: bool,
}

/// How a caller is read from a token's claims.
#[derive(Debug, Clone)]
pub struct Access {
    /// The group whose members are admins.
    pub admin_group: String,
    /// The claim that lists the groups.
    pub groups_claim: String,
    /// The required value of the claim `token_use`; `None` for issuers that do not set it.
    pub token_use: Option<String>,
}

impl Access {
    /// `ADMIN_GROUP` (admin), `GROUPS_CLAIM` (`cognito:groups`), `TOKEN_USE` (empty: not checked).
    pub fn from_settings(settings: &mut Settings) -> Self {
        Self {
            admin_group: settings.optional("ADMIN_GROUP").unwrap_or_else(|| "admin".to_owned()),
            groups_claim: settings.optional("GROUPS_CLAIM").unwrap_or_else(|| "cognito:groups".to_owned()),
            token_use: settings.optional("TOKEN_USE"),
        }
    }

    pub(super) fn caller(&self, claims: &HashMap<String, String>) -> Result<Caller, Problem> {
        let claim = |name: &str| claims.get(name).map(String::as_str).filter(|value| !value.is_empty());
        if let Some(wanted) = &self.token_use
            && claim("token_use") != Some(wanted)
        {
            return Err(Problem::unauthorized("the token is not an access token"));
        }
        let (Some(issuer), Some(subject)) = (claim("iss"), claim("sub")) else {
            return Err(Problem::unauthorized("the token names no issuer or no subject"));
        };
        Ok(Caller {
            customer: Customer { issuer: issuer.to_owned(), subject: subject.to_owned() },
            admin: claim(&self.groups_claim)
                .is_some_and(|groups| groups_of(groups).any(|group| group == self.admin_group)),
        })
    }
}

/// The gateway writes a list claim as `[admin staff]` and a single text as it is. Some gateways and emulators write JSON or
/// commas; a group's name holds none of these separators (Cognito forbids spaces).
fn groups_of(claim: &str) -> impl Iterator<Item = &str> {
    let inner = claim.trim();
    let inner = inner.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(inner);
    inner.split([' ', ',']).map(|group| group.trim_matches('"')).filter(|group| !group.is_empty())
}

#[cfg(test)]
mod tests;
