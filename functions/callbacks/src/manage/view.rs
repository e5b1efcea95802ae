//! The JSON of endpoints and deliveries. Only the answer that created a secret holds it.

use super::Moment;
use crate::attempt::Attempt;
use crate::delivery::{Delivery, DeliveryState, EndedBecause};
use crate::disabled::DisabledBecause;
use crate::endpoint::{Endpoint, EndpointState};
use crate::health::Health;
use jiff::Timestamp;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct View<'a> {
    id: &'a str,
    url: &'a str,
    description: &'a str,
    event_types: &'a [String],
    enabled: bool,
    disabled_because: Option<DisabledBecause>,
    disabled_at: Moment,
    created_at: Timestamp,
    secrets: Vec<SecretView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    health: Option<HealthView>,
}

/// The validity of a secret, without the secret.
#[derive(Serialize)]
struct SecretView {
    created_at: Timestamp,
    expires_at: Moment,
}

#[derive(Serialize)]
struct HealthView {
    failures_in_a_row: u32,
    failing_since: Moment,
    paused_until: Moment,
}

impl<'a> View<'a> {
    pub(super) fn of(endpoint: &'a Endpoint, now: Timestamp) -> Self {
        let (disabled_because, disabled_at) = match endpoint.state {
            EndpointState::Disabled { because, since } => (Some(because), Some(since)),
            EndpointState::Enabled { .. } | EndpointState::Deleted { .. } => (None, None),
        };
        let is_valid = |end: Moment| end.is_none_or(|end| end > now);
        let secrets = endpoint.secrets.iter().filter(|secret| is_valid(secret.expires_at));
        Self {
            id: &endpoint.id,
            url: &endpoint.url,
            description: &endpoint.description,
            event_types: &endpoint.event_types,
            enabled: matches!(endpoint.state, EndpointState::Enabled { .. }),
            disabled_because,
            disabled_at,
            created_at: endpoint.created_at,
            secrets: secrets
                .map(|secret| SecretView { created_at: secret.created_at, expires_at: secret.expires_at })
                .collect(),
            secret: None,
            health: None,
        }
    }

    pub(super) fn with_secret(mut self, secret: &'a str) -> Self {
        self.secret = Some(secret);
        self
    }

    pub(super) fn with_health(mut self, health: &Health, now: Timestamp) -> Self {
        self.health = Some(HealthView {
            failures_in_a_row: health.failures,
            failing_since: health.failing_since,
            paused_until: health.paused_until(now),
        });
        self
    }
}

/// One entry of the delivery log.
#[derive(Serialize)]
pub(super) struct DeliveryView<'a> {
    /// The `webhook-id` of every attempt.
    id: &'a str,
    event_type: &'a str,
    status: &'static str,
    ended_because: Option<EndedBecause>,
    created_at: Timestamp,
    next_attempt_at: Moment,
    /// How many attempts were made. Only the newest are listed.
    attempted: u32,
    attempts: Vec<AttemptView>,
}

#[derive(Serialize)]
struct AttemptView {
    number: u32,
    at: Timestamp,
    status: Option<u16>,
    latency_ms: u64,
    error: Option<&'static str>,
}

impl From<&Attempt> for AttemptView {
    fn from(attempt: &Attempt) -> Self {
        Self {
            number: attempt.number,
            at: attempt.at,
            status: attempt.outcome.status(),
            latency_ms: attempt.latency_ms,
            error: attempt.outcome.error(),
        }
    }
}

/// The statuses of deliveries.
pub(super) const STATUSES: [&str; 4] = ["pending", "delivered", "exhausted", "ended"];

pub(super) const fn status(state: &DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending { .. } => "pending",
        DeliveryState::Delivered { .. } => "delivered",
        DeliveryState::Exhausted { .. } => "exhausted",
        DeliveryState::Ended { .. } => "ended",
    }
}

impl<'a> DeliveryView<'a> {
    pub(super) fn of(delivery: &'a Delivery) -> Self {
        let ended_because = match delivery.state {
            DeliveryState::Ended { because, .. } => Some(because),
            DeliveryState::Pending { .. }
            | DeliveryState::Delivered { .. }
            | DeliveryState::Exhausted { .. } => None,
        };
        Self {
            id: &delivery.id,
            event_type: &delivery.kind,
            status: status(&delivery.state),
            ended_because,
            created_at: delivery.created_at,
            next_attempt_at: delivery.next_at(),
            attempted: delivery.attempted,
            attempts: delivery.attempts.iter().map(AttemptView::from).collect(),
        }
    }
}
