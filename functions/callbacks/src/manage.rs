//! `manage-callbacks`: webhook endpoints and their deliveries. A viewer reads, an admin changes.
//!
//! - `POST /webhook-endpoints` `{"url", "description"?, "event_types"?, "enabled"?, "secret"?}` → `201` with the secret,
//!   which no other answer shows. Idempotent by `Idempotency-Key`, if one is sent: the id is a hash of caller and key. A
//!   repeat with the same key and request is answered `200` with `Idempotency-Replayed: true` and without the secret; the
//!   same key with another request is `422`.
//! - `GET /webhook-endpoints`, `GET /webhook-endpoints/{endpoint_id}`.
//! - `PATCH /webhook-endpoints/{endpoint_id}` `{"url"?, "description"?, "event_types"?, "enabled"?}`.
//! - `DELETE /webhook-endpoints/{endpoint_id}` → `204`, also when repeated. Pending deliveries end.
//! - `POST …/{endpoint_id}/secret` `{"secret"?, "overlap_seconds"?}` → `201` with a new secret. The old one signs for
//!   `overlap_seconds` more: a day by default, at most a week. Idempotent like the creation.
//! - `POST …/{endpoint_id}/test` → `202`, a delivery of the type `webhook.test`. Idempotent like the creation.
//! - `GET …/{endpoint_id}/deliveries?status=&limit=&cursor=`, newest first.
//! - `POST …/{endpoint_id}/deliveries/{delivery_id}/redeliver` → `202`, under the same delivery id.
//!
//! `422` if any address of the URL's host is not public. Effect: one conditional write. A test or a redelivery then also sends a
//! job to the delivery queue. Publishes no event.

mod deliveries;
mod endpoint_input;
#[cfg(test)]
mod tests;
mod view;

use crate::delivery::Delivery;
use crate::endpoint::{Endpoint, EndpointState, Signing};
use crate::health::Health;
use crate::plan::all_endpoints;
use crate::store::{self, Changed};
use async_trait::async_trait;
use endpoint_input::{Creation, PatchBody, Rotation};
use event_store::{Documents, Pages};
use events::Customer;
use jiff::Timestamp;
use outbound::{NameError, Names, Networks, RandomBytes, WorkQueue};
use resilience::Clock;
use runtime::http::{Endpoint as HttpEndpoint, FieldError, Problem, Reply, Request, Role, digest_of};
use serde::Serialize;
use std::sync::Arc;
use view::View;
use webhooks::StandardWebhooks;

/// The most endpoints: every event is compared with every endpoint. Concurrent creations may exceed it slightly.
const MOST_ENDPOINTS: usize = 50;

/// The HTTP handler of `manage-callbacks`. See the module.
pub struct ManageCallbacks {
    /// Endpoints, deliveries, health.
    pub documents: Arc<dyn Documents>,
    /// An index over the deliveries of an endpoint by creation time.
    pub deliveries_by_time: Arc<dyn Pages>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// Resolves host names.
    pub names: Arc<dyn Names>,
    /// Generates secrets.
    pub random: Arc<dyn RandomBytes>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The networks that endpoints may be in.
    pub networks: Networks,
}

#[async_trait]
impl HttpEndpoint for ManageCallbacks {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.to_change(Role::Admin)?;
        match request.route.as_str() {
            "POST /webhook-endpoints" => self.create(&request).await,
            "GET /webhook-endpoints" => {
                request.query_has_only(&[])?;
                self.list().await
            }
            "GET /webhook-endpoints/{endpoint_id}" => self.show(&request).await,
            "PATCH /webhook-endpoints/{endpoint_id}" => self.patch(&request).await,
            "DELETE /webhook-endpoints/{endpoint_id}" => self.delete(&request).await,
            "POST /webhook-endpoints/{endpoint_id}/secret" => self.rotate(&request).await,
            "POST /webhook-endpoints/{endpoint_id}/test" => {
                request.no_body()?;
                self.test(&request).await
            }
            "GET /webhook-endpoints/{endpoint_id}/deliveries" => self.deliveries(&request).await,
            "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver" => {
                request.no_body()?;
                self.redeliver(&request).await
            }
            _ => Err(Problem::not_found("no such route")),
        }
    }
}

#[derive(Serialize)]
struct List<'a> {
    items: Vec<View<'a>>,
}

impl ManageCallbacks {
    async fn create(&self, request: &Request) -> Result<Reply, Problem> {
        let made_by = idempotency(request, "create")?;
        let id = format!("ep_{}", made_by.get(..24).unwrap_or(&made_by));
        let body: Creation = request.json()?;
        let request_digest = body.digest();
        let input = body.checked(self.networks)?;
        let key = store::endpoint_key(&id);
        let replay = |stored: &Endpoint| self.replayed(stored, &request_digest);
        if let Some(stored) = store::read::<Endpoint>(&*self.documents, &key).await? {
            return replay(&stored);
        }
        self.check_host(&input.url.host).await?;
        let endpoints = all_endpoints(&*self.documents).await?;
        if endpoints.len() >= MOST_ENDPOINTS {
            return Err(Problem::conflict(format!("at most {MOST_ENDPOINTS} endpoints; delete one first")));
        }
        let now = self.clock.now();
        let secret = self.secret(input.secret)?;
        let signing = Signing { secret: secret.clone(), created_at: now, expires_at: None, made_by };
        let endpoint = Endpoint {
            id: id.clone(),
            url: input.url.text,
            description: input.description,
            event_types: input.event_types,
            state: if input.enabled {
                EndpointState::Enabled { since: now }
            } else {
                EndpointState::Disabled { because: crate::disabled::DisabledBecause::Admin, since: now }
            },
            secrets: vec![signing],
            created_at: now,
            request_digest: request_digest.clone(),
        };
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |stored| {
            Ok(stored.is_none().then(|| endpoint.clone()))
        });
        match changed.await? {
            Changed::Written(endpoint) => {
                tracing::info!(endpoint.id = id, "a webhook endpoint was created");
                let view = View::of(&endpoint, now).with_secret(&secret);
                Ok(Reply::json(201, &view).with("location", format!("/webhook-endpoints/{id}")))
            }
            Changed::NotNeeded(Some(stored)) => replay(&stored),
            Changed::NotNeeded(None) => Err(Problem::internal("the endpoint was neither written nor found")),
        }
    }

    fn replayed(&self, stored: &Endpoint, request_digest: &str) -> Result<Reply, Problem> {
        if stored.request_digest != request_digest {
            return Err(Problem::idempotency_key_reused("endpoint"));
        }
        if stored.is_deleted() {
            return Err(Problem::conflict("the endpoint of this key was deleted; use a new key"));
        }
        Ok(Reply::json(200, &View::of(stored, self.clock.now())).with("idempotency-replayed", "true"))
    }

    async fn list(&self) -> Result<Reply, Problem> {
        let mut endpoints = all_endpoints(&*self.documents).await?;
        endpoints.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        let now = self.clock.now();
        let items = endpoints.iter().map(|endpoint| View::of(endpoint, now)).collect();
        Ok(Reply::json(200, &List { items }))
    }

    async fn show(&self, request: &Request) -> Result<Reply, Problem> {
        let endpoint = self.endpoint(request).await?;
        let health: Option<Health> = store::read(&*self.documents, &store::health_key(&endpoint.id)).await?;
        let now = self.clock.now();
        Ok(Reply::json(200, &View::of(&endpoint, now).with_health(&health.unwrap_or_default(), now)))
    }

    async fn patch(&self, request: &Request) -> Result<Reply, Problem> {
        let input = request.json::<PatchBody>()?.checked(self.networks)?;
        if let Some(url) = &input.url {
            self.check_host(&url.host).await?;
        }
        let (patch, now) = (input.into_patch(), self.clock.now());
        let endpoint = self.change(request, |endpoint| endpoint.patched(&patch, now)).await?;
        Ok(Reply::json(200, &View::of(&endpoint, now)))
    }

    async fn delete(&self, request: &Request) -> Result<Reply, Problem> {
        let now = self.clock.now();
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |stored| {
            stored.map(|endpoint| endpoint.deleted(now)).ok_or_else(unknown)
        });
        changed.await?;
        Ok(Reply::bytes(204, "application/json", b""))
    }

    async fn rotate(&self, request: &Request) -> Result<Reply, Problem> {
        let made_by = idempotency(request, "secret")?;
        let input = request.json::<Rotation>()?.checked()?;
        let secret = self.secret(input.secret)?;
        let now = self.clock.now();
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |stored| {
            let endpoint = stored.filter(|endpoint| !endpoint.is_deleted()).ok_or_else(unknown)?;
            Ok(endpoint.rotated(&secret, &made_by, input.overlap, now))
        });
        match changed.await? {
            Changed::Written(endpoint) => {
                tracing::info!(endpoint.id = endpoint.id, "a webhook endpoint has a new secret");
                Ok(Reply::json(201, &View::of(&endpoint, now).with_secret(&secret)))
            }
            Changed::NotNeeded(stored) => {
                let endpoint = stored.ok_or_else(unknown)?;
                Ok(Reply::json(200, &View::of(&endpoint, now)).with("idempotency-replayed", "true"))
            }
        }
    }

    /// The endpoint in the path; 404 if it does not exist.
    async fn endpoint(&self, request: &Request) -> Result<Endpoint, Problem> {
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let found: Option<Endpoint> = store::read(&*self.documents, &key).await?;
        found.filter(|endpoint| !endpoint.is_deleted()).ok_or_else(unknown)
    }

    /// Changes the endpoint in the path, and returns the result.
    async fn change(
        &self,
        request: &Request,
        decide: impl Fn(&Endpoint) -> Option<Endpoint> + Send + Sync,
    ) -> Result<Endpoint, Problem> {
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |stored| {
            stored.filter(|endpoint| !endpoint.is_deleted()).map(&decide).ok_or_else(unknown)
        });
        changed.await?.stored().ok_or_else(unknown)
    }

    /// Refuses a host if any of its addresses is outside the allowed networks.
    async fn check_host(&self, host: &str) -> Result<(), Problem> {
        let invalid = |detail: &str| Problem::validation(vec![FieldError::at("/url", detail)]);
        let addresses = self.names.addresses(host).await.map_err(|error| match error {
            NameError::Unknown(_) => invalid("the host has no address"),
            NameError::Unavailable(_) => {
                Problem::unavailable("the host name could not be resolved; try again", error)
            }
        })?;
        if addresses.iter().all(|address| self.networks.admits(*address)) {
            Ok(())
        } else {
            Err(invalid("the host has an address that is not public"))
        }
    }

    /// The given secret, or a new one.
    fn secret(&self, given: Option<String>) -> Result<String, Problem> {
        let generate = || {
            let bytes =
                self.random.bytes().ok_or_else(|| Problem::internal("the machine has no random bytes"))?;
            Ok(StandardWebhooks::secret(&bytes).expose().to_owned())
        };
        given.map_or_else(generate, Ok)
    }

    async fn change_delivery(
        &self,
        endpoint: &str,
        delivery: &str,
        decide: impl Fn(Option<&Delivery>) -> Result<Option<Delivery>, Problem> + Send + Sync,
    ) -> Result<Changed<Delivery>, Problem> {
        let key = store::delivery_key(endpoint, delivery);
        store::change(&*self.documents, &*self.clock, &key, decide).await
    }
}

fn unknown() -> Problem {
    Problem::not_found("no such webhook endpoint")
}

/// The digest of caller, action, endpoint and idempotency key. Without a key the request's own id takes its place: it is
/// unique, so the request is always new.
fn idempotency(request: &Request, action: &str) -> Result<String, Problem> {
    let Customer { issuer, subject } = &request.caller()?.customer;
    let (kind, key) = match request.idempotency_key_if_sent("request")? {
        Some(key) => ("key", key),
        None => ("request", request.cause.id.as_str()),
    };
    let digest = digest_of(&[action, request.in_path("endpoint_id"), issuer, subject, kind, key]);
    Ok(format!("{digest:032x}"))
}

/// A moment in an answer.
type Moment = Option<Timestamp>;
