//! `manage-callbacks`: the shop says whom to call, and looks how it went. Needs the admin group.
//!
//! - `POST /webhook-endpoints` `{"url", "description"?, "event_types"?, "enabled"?, "secret"?}` → `201` with the secret,
//!   which no other answer shows. Idempotent by `Idempotency-Key`, where one is sent: the id is a hash of caller and key.
//!   The same key and request: `200`, `Idempotency-Replayed: true`, without the secret; another request: `422`.
//! - `GET /webhook-endpoints`, `GET /webhook-endpoints/{endpoint_id}`.
//! - `PATCH /webhook-endpoints/{endpoint_id}` `{"url"?, "description"?, "event_types"?, "enabled"?}`.
//! - `DELETE /webhook-endpoints/{endpoint_id}` → `204`, also the second time. What is under way ends.
//! - `POST …/{endpoint_id}/secret` `{"secret"?, "overlap_seconds"?}` → a new secret; the old one signs too for a day, or
//!   as long as is said, up to a week. Idempotent as the creation is.
//! - `POST …/{endpoint_id}/test` → `202`, a delivery of the type `webhook.test`. Idempotent as the creation is.
//! - `GET …/{endpoint_id}/deliveries?status=&limit=&cursor=`, newest first.
//! - `POST …/{endpoint_id}/deliveries/{delivery_id}/redeliver` → `202`; the id is kept.
//!
//! A URL whose host leads to an address that is not public is `422`. Effect: one conditional write, and for a test or a
//! redelivery a message in the delivery queue after it. Says no event.

mod deliveries;
mod request;
#[cfg(test)]
mod tests;
mod view;

use crate::chance::Chance;
use crate::delivery::Delivery;
use crate::endpoint::{Endpoint, Signing, Standing};
use crate::errand::Pace;
use crate::health::Health;
use crate::plan::all_endpoints;
use crate::store::{self, Changed};
use async_trait::async_trait;
use event_store::{Documents, Pages};
use events::Customer;
use jiff::Timestamp;
use outbound::{NameError, Names, Networks, WorkQueue};
use request::{Creation, PatchBody, Rotation};
use resilience::Clock;
use runtime::http::{Endpoint as Answers, FieldError, Problem, Reply, Request, digest_of};
use serde::Serialize;
use std::sync::Arc;
use view::View;
use webhooks::StandardWebhooks;

/// More endpoints than this are refused: each event is held against each of them. Two that are made at the same moment
/// may exceed it by one, which is harmless.
const MOST_ENDPOINTS: usize = 50;

/// The step. See the module.
pub struct ManageCallbacks {
    /// Endpoints, deliveries, health.
    pub documents: Arc<dyn Documents>,
    /// Deliveries of an endpoint by the moment of their making.
    pub deliveries_by_time: Arc<dyn Pages>,
    /// The delivery queue.
    pub work: Arc<dyn WorkQueue>,
    /// Looks up where a URL leads to.
    pub names: Arc<dyn Names>,
    /// Makes secrets.
    pub chance: Arc<dyn Chance>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where endpoints may be.
    pub networks: Networks,
    /// How long things take.
    pub pace: Pace,
}

#[async_trait]
impl Answers for ManageCallbacks {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.admin()?;
        match request.route.as_str() {
            "POST /webhook-endpoints" => self.create(&request).await,
            "GET /webhook-endpoints" => self.list().await,
            "GET /webhook-endpoints/{endpoint_id}" => self.show(&request).await,
            "PATCH /webhook-endpoints/{endpoint_id}" => self.patch(&request).await,
            "DELETE /webhook-endpoints/{endpoint_id}" => self.delete(&request).await,
            "POST /webhook-endpoints/{endpoint_id}/secret" => self.rotate(&request).await,
            "POST /webhook-endpoints/{endpoint_id}/test" => {
                request.nothing()?;
                self.test(&request).await
            }
            "GET /webhook-endpoints/{endpoint_id}/deliveries" => self.deliveries(&request).await,
            "POST /webhook-endpoints/{endpoint_id}/deliveries/{delivery_id}/redeliver" => {
                request.nothing()?;
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
        let wanted = body.checked(self.networks)?;
        let key = store::endpoint_key(&id);
        let replay = |there: &Endpoint| self.replayed(there, &request_digest);
        if let Some(there) = store::read::<Endpoint>(&*self.documents, &key).await? {
            return replay(&there);
        }
        self.is_public(&wanted.url.host).await?;
        let endpoints = all_endpoints(&*self.documents).await?;
        if endpoints.len() >= MOST_ENDPOINTS {
            return Err(Problem::conflict(format!("at most {MOST_ENDPOINTS} endpoints; delete one first")));
        }
        let now = self.clock.now();
        let secret = self.secret(wanted.secret)?;
        let signing = Signing { secret: secret.clone(), created_at: now, expires_at: None, made_by };
        let endpoint = Endpoint {
            id: id.clone(),
            url: wanted.url.text,
            description: wanted.description,
            event_types: wanted.event_types,
            standing: if wanted.enabled {
                Standing::Enabled { since: now }
            } else {
                Standing::Disabled { because: crate::disabled::DisabledBecause::Admin, since: now }
            },
            secrets: vec![signing],
            created_at: now,
            request_digest: request_digest.clone(),
        };
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |there| {
            Ok(there.is_none().then(|| endpoint.clone()))
        });
        match changed.await? {
            Changed::Written(endpoint) => {
                tracing::info!(endpoint.id = id, "a webhook endpoint was made");
                let view = View::of(&endpoint, now).with_secret(&secret);
                Ok(Reply::json(201, &view).with("location", format!("/webhook-endpoints/{id}")))
            }
            Changed::Left(Some(there)) => replay(&there),
            Changed::Left(None) => Err(Problem::internal("an endpoint came and went")),
        }
    }

    fn replayed(&self, there: &Endpoint, request_digest: &str) -> Result<Reply, Problem> {
        if there.request_digest != request_digest {
            return Err(Problem::idempotency_key_reused("endpoint"));
        }
        if there.is_deleted() {
            return Err(Problem::conflict("the endpoint was made and deleted since; use a new key"));
        }
        Ok(Reply::json(200, &View::of(there, self.clock.now())).with("idempotency-replayed", "true"))
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
        let wanted = request.json::<PatchBody>()?.checked(self.networks)?;
        if let Some(url) = &wanted.url {
            self.is_public(&url.host).await?;
        }
        let (patch, now) = (wanted.into_patch(), self.clock.now());
        let endpoint = self.change(request, |there| there.patched(&patch, now)).await?;
        Ok(Reply::json(200, &View::of(&endpoint, now)))
    }

    async fn delete(&self, request: &Request) -> Result<Reply, Problem> {
        let now = self.clock.now();
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |there| {
            there.map(|endpoint| endpoint.deleted(now)).ok_or_else(unknown)
        });
        changed.await?;
        Ok(Reply { status: 204, headers: Vec::new(), content_type: "application/json", body: String::new() })
    }

    async fn rotate(&self, request: &Request) -> Result<Reply, Problem> {
        let made_by = idempotency(request, "secret")?;
        let wanted = request.json::<Rotation>()?.checked()?;
        let secret = self.secret(wanted.secret)?;
        let now = self.clock.now();
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |there| {
            let endpoint = there.filter(|endpoint| !endpoint.is_deleted()).ok_or_else(unknown)?;
            Ok(endpoint.rotated(&secret, &made_by, wanted.overlap, now))
        });
        match changed.await? {
            Changed::Written(endpoint) => {
                tracing::info!(endpoint.id = endpoint.id, "a webhook endpoint has a new secret");
                Ok(Reply::json(201, &View::of(&endpoint, now).with_secret(&secret)))
            }
            Changed::Left(there) => {
                let endpoint = there.ok_or_else(unknown)?;
                Ok(Reply::json(200, &View::of(&endpoint, now)).with("idempotency-replayed", "true"))
            }
        }
    }

    /// The endpoint in the path; 404 where there is none.
    async fn endpoint(&self, request: &Request) -> Result<Endpoint, Problem> {
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let found: Option<Endpoint> = store::read(&*self.documents, &key).await?;
        found.filter(|endpoint| !endpoint.is_deleted()).ok_or_else(unknown)
    }

    /// Changes the endpoint in the path; what it is then.
    async fn change(
        &self,
        request: &Request,
        decide: impl Fn(&Endpoint) -> Option<Endpoint> + Send + Sync,
    ) -> Result<Endpoint, Problem> {
        let key = store::endpoint_key(request.in_path("endpoint_id"));
        let changed = store::change::<Endpoint, Problem>(&*self.documents, &*self.clock, &key, |there| {
            there.filter(|endpoint| !endpoint.is_deleted()).map(&decide).ok_or_else(unknown)
        });
        changed.await?.now().ok_or_else(unknown)
    }

    /// Refuses a host that leads, with any of its addresses, to where calls may not go.
    async fn is_public(&self, host: &str) -> Result<(), Problem> {
        let wrong = |detail: &str| Problem::validation(vec![FieldError::at("/url", detail)]);
        let found = self.names.addresses(host).await.map_err(|error| match error {
            NameError::Unknown(_) => wrong("the host has no address"),
            NameError::Unavailable(_) => {
                Problem::unavailable("the host's name could not be looked up; try again", error)
            }
        })?;
        if found.iter().all(|address| self.networks.admits(*address)) {
            Ok(())
        } else {
            Err(wrong("the host has an address that is not public"))
        }
    }

    /// The secret that was given, or a fresh one.
    fn secret(&self, given: Option<String>) -> Result<String, Problem> {
        let fresh = || {
            let bytes = self.chance.bytes().ok_or_else(|| Problem::internal("no random bytes"))?;
            Ok(StandardWebhooks::secret(&bytes).expose().to_owned())
        };
        given.map_or_else(fresh, Ok)
    }

    async fn keep(
        &self,
        endpoint: &str,
        planned: &Delivery,
        decide: impl Fn(Option<&Delivery>) -> Result<Option<Delivery>, Problem> + Send + Sync,
    ) -> Result<Changed<Delivery>, Problem> {
        let key = store::delivery_key(endpoint, &planned.id);
        store::change(&*self.documents, &*self.clock, &key, decide).await
    }
}

fn unknown() -> Problem {
    Problem::not_found("no such webhook endpoint")
}

/// The digest of who asks, for what, on which endpoint, under which key. Without a key the request's own id takes its
/// place: no other request has it, so this one is new.
fn idempotency(request: &Request, what: &str) -> Result<String, Problem> {
    let Customer { issuer, subject } = &request.admin()?.customer;
    let (kind, key) = match request.idempotency_key_if_sent("request")? {
        Some(key) => ("key", key),
        None => ("request", request.cause.id.as_str()),
    };
    let digest = digest_of(&[what, request.in_path("endpoint_id"), issuer, subject, kind, key]);
    Ok(format!("{digest:032x}"))
}

/// A moment that a page shows.
type Moment = Option<Timestamp>;
