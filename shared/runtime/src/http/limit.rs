//! How often a caller may call: a count per caller and hour, in a table of its own that forgets.

use super::{Access, Problem};
use crate::Settings;
use event_store::{Counters, Key};
use events::Customer;
use jiff::Timestamp;
use resilience::Clock;
use std::sync::Arc;

const HOUR: i64 = 3600;

/// A limit on some routes.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The route it holds for, for example `POST /orders`; `None`: all routes together.
    pub route: Option<&'static str>,
    /// Requests an hour.
    pub per_hour: u64,
}

/// Who may call an HTTP function and how often, as its settings say.
#[derive(Debug, Clone)]
pub struct Guard {
    /// How the caller is read from the token.
    pub access: Access,
    /// The limits, each counted by itself.
    pub limits: Vec<Limit>,
    /// The table of the counts.
    pub limits_table: String,
}

impl Guard {
    /// The settings of [`Access`], and `LIMITS_TABLE_NAME`, `REQUESTS_PER_HOUR` (1000) and `ORDERS_PER_HOUR`
    /// (a lower limit on placing orders, against the testing of stolen cards; no such limit where it is missing).
    pub fn from_settings(settings: &mut Settings) -> Self {
        let mut limits = vec![Limit { route: None, per_hour: settings.parsed("REQUESTS_PER_HOUR", 1000) }];
        if settings.optional("ORDERS_PER_HOUR").is_some() {
            limits.push(Limit {
                route: Some("POST /orders"),
                per_hour: settings.parsed("ORDERS_PER_HOUR", 100),
            });
        }
        Self {
            access: Access::from_settings(settings),
            limits,
            limits_table: settings.text("LIMITS_TABLE_NAME"),
        }
    }
}

/// Counts each caller's requests in fixed windows of an hour.
pub struct Limiter {
    /// Where the counts stand.
    pub counters: Arc<dyn Counters>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The limits, each counted by itself.
    pub limits: Vec<Limit>,
}

impl Limiter {
    /// Counts the request, and refuses it over a limit. A table that does not answer lets the request pass: a
    /// shop that sells nothing because its limiter is out is worse than one that counts too few.
    pub(super) async fn admit(&self, caller: &Customer, route: &str) -> Result<(), Problem> {
        let second = self.clock.now().as_second();
        let window = second.div_euclid(HOUR);
        let resets_in = u64::try_from((window + 1) * HOUR - second).unwrap_or_default();
        for limit in self.limits.iter().filter(|limit| limit.route.is_none_or(|wanted| wanted == route)) {
            let key = Key::new(
                format!("caller#{}#{}", caller.issuer, caller.subject),
                format!("{}#{window}", limit.route.unwrap_or("*")),
            );
            let forget_at = Timestamp::from_second((window + 2) * HOUR).unwrap_or(Timestamp::MAX);
            match self.counters.count_up(&key, forget_at).await {
                Ok(count) if count > limit.per_hour => {
                    return Err(Problem::too_many_requests(limit.per_hour, resets_in));
                }
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "requests are not counted: the limits' table is out"),
            }
        }
        Ok(())
    }
}
