//! The caller of a request, read from the claims that the gateway's authorizer has verified.
//!
//! The gateway writes every claim as one text: a list of two groups and one group with a space look the same, `[EU admin]`. So
//! the groups are read from the token itself, once it is certain that it is the verified one.

use super::Problem;
use super::objects::is_sendable;
use crate::Settings;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{Actor, Customer};
use lambda_http::http::HeaderMap;
use lambda_http::http::header::AUTHORIZATION;
use serde_json::Value;
use std::collections::HashMap;

/// The caller of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Issuer and subject of the token.
    pub customer: Customer,
    /// By the groups that the token names.
    pub role: Role,
}

/// What a caller may do, from least to most: each role includes those before it. `docs/access.md` has every route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// In no group of the shop: sees and changes what is their own.
    Customer,
    /// Sees everything, and changes nothing.
    Viewer,
    /// Does the daily work: orders, parcels, products, stock.
    Staff,
    /// Operates the stack: replays, dead letters, webhook endpoints, erasure.
    Admin,
}

impl Caller {
    /// Whether the caller works for the shop, and so may see what belongs to others.
    pub fn is_of_shop(&self) -> bool {
        self.role > Role::Customer
    }

    /// The caller as the actor of the events that the request causes. Never `None` for a verified token: its subject is not empty.
    pub fn actor(&self) -> Option<Actor> {
        Actor::try_from(self.customer.subject.as_str()).ok()
    }
}

/// How a caller is read from a token's claims.
#[derive(Debug, Clone)]
pub struct Access {
    /// The group whose members are admins.
    pub admin_group: String,
    /// The group whose members see what admins see, and change nothing.
    pub viewer_group: String,
    /// The group whose members do the daily work.
    pub staff_group: String,
    /// The claim that lists the groups.
    pub groups_claim: String,
    /// The required value of the claim `token_use`; `None` for issuers that do not set it.
    pub token_use: Option<String>,
}

impl Access {
    /// `ADMIN_GROUP` (admin), `STAFF_GROUP` (staff), `VIEWER_GROUP` (viewer), `GROUPS_CLAIM` (`cognito:groups`), `TOKEN_USE` (empty: not checked).
    pub fn from_settings(settings: &mut Settings) -> Self {
        Self {
            admin_group: settings.optional("ADMIN_GROUP").unwrap_or_else(|| "admin".to_owned()),
            viewer_group: settings.optional("VIEWER_GROUP").unwrap_or_else(|| "viewer".to_owned()),
            staff_group: settings.optional("STAFF_GROUP").unwrap_or_else(|| "staff".to_owned()),
            groups_claim: settings.optional("GROUPS_CLAIM").unwrap_or_else(|| "cognito:groups".to_owned()),
            token_use: settings.optional("TOKEN_USE"),
        }
    }

    pub(super) fn caller(
        &self,
        claims: &HashMap<String, String>,
        headers: &HeaderMap,
    ) -> Result<Caller, Problem> {
        let is_usable = |value: &&str| !value.is_empty() && value.chars().all(is_sendable);
        let claim = |name: &str| claims.get(name).map(String::as_str).filter(is_usable);
        if let Some(wanted) = &self.token_use
            && claim("token_use") != Some(wanted)
        {
            return Err(Problem::unauthorized("the token is not an access token"));
        }
        let (Some(issuer), Some(subject)) = (claim("iss"), claim("sub")) else {
            return Err(Problem::unauthorized("the token names no issuer or no subject"));
        };
        let token = verified_token(claims, headers);
        Ok(Caller {
            customer: Customer { issuer: issuer.to_owned(), subject: subject.to_owned() },
            role: token.map_or(Role::Customer, |token| self.role(&token)),
        })
    }

    /// The highest role whose group the token names.
    fn role(&self, token: &Value) -> Role {
        [
            (Role::Admin, &self.admin_group),
            (Role::Staff, &self.staff_group),
            (Role::Viewer, &self.viewer_group),
        ]
        .into_iter()
        .find_map(|(role, group)| self.lists(token, group).then_some(role))
        .unwrap_or(Role::Customer)
    }

    fn lists(&self, token: &Value, group: &str) -> bool {
        let groups = token.get(&self.groups_claim).and_then(Value::as_array);
        groups.is_some_and(|groups| groups.iter().any(|listed| *listed == group))
    }
}

/// The payload of the request's token, if issuer, subject and id are those of the claims that the gateway verified. Its
/// signature is not checked here.
fn verified_token(claims: &HashMap<String, String>, headers: &HeaderMap) -> Option<Value> {
    let mut sent = headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (sent.next(), sent.next()) else { return None };
    let header = header.to_str().ok()?;
    // The gateway accepts a token with and without its scheme.
    let token = match header.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        Some(_) => return None,
        None => header,
    };
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let payload: Value = json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
    let is_verified = |name: &str| match (payload.get(name), claims.get(name)) {
        (Some(Value::String(sent)), Some(verified)) => sent == verified,
        (None, None) => true,
        _ => false,
    };
    ["iss", "sub", "jti"].into_iter().all(is_verified).then_some(payload)
}

#[cfg(test)]
mod tests;
