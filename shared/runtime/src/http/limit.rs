//! How often a caller may call: one count per caller and hour, in a table whose items expire.

use super::Problem;
use event_store::{Counters, Key};
use events::Customer;
use jiff::Timestamp;
use resilience::Clock;
use std::sync::Arc;

const HOUR: i64 = 3600;

/// A limit for each caller.
#[derive(Debug, Clone)]
pub struct Limit {
    /// The route, for example `POST /orders`; `None`: all routes together.
    pub route: Option<&'static str>,
    /// Requests an hour.
    pub per_hour: u64,
}

/// Counts each caller's requests in fixed windows of an hour.
pub struct Limiter {
    /// The counts.
    pub counters: Arc<dyn Counters>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The limits, each counted separately.
    pub limits: Vec<Limit>,
}

impl Limiter {
    /// Counts the request, and refuses it over a limit. If the table does not answer, the request passes: a shop that sells
    /// nothing because its limiter is out is worse than one that counts too few requests.
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
                Err(error) => tracing::warn!(%error, "the request is not counted: the limits' table is out"),
            }
        }
        Ok(())
    }
}
