//! HTTP functions: a parsed request in, a reply or a problem out.

mod access;
mod admission;
mod changed_limits;
mod event;
mod fields;
mod idempotency;
mod limit;
mod objects;
mod precondition;
mod problem;
mod reply;
mod request;

pub use access::{Access, Caller, Role};
pub use admission::Admission;
pub use changed_limits::ChangedLimits;
#[cfg(test)]
pub(crate) use event::parse_probe;
pub use event::{Event, parse_sample};
pub use fields::{Whole, optional, optional_number, whole_number};
pub use idempotency::digest_of;
pub use limit::{Counted, Limit, Limiter};
pub use problem::{FieldError, Problem};
pub use reply::Reply;
pub use request::{Request, item};

use crate::Settings;
use crate::panics::caught;
use crate::probe::{self, Probe};
use async_trait::async_trait;
use event_store::{Documents, RateMarks};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use resilience::deadline::in_time;
use resilience::{HourlyLimit, SystemClock};
use serde_json::value::RawValue;
use std::sync::{Arc, OnceLock};
use tracing::Instrument as _;
use tracing::field::Empty;

/// What a function does with a request.
#[async_trait]
pub trait Endpoint: Send + Sync {
    /// Answers one request. A 2xx means that the effect is durable; a problem means that nothing changed, or that repeating
    /// the request is harmless.
    async fn answer(&self, request: Request) -> Result<Reply, Problem>;

    /// Whether a request of this route only reads our own tables. It is then answered while its limit is being checked, and
    /// the answer is dropped if the caller is over the limit. Any other request waits for the check, so that a refused one has
    /// no effect.
    fn only_reads(&self, route: &str) -> bool {
        route.starts_with("GET ")
    }

    /// Whether the endpoint itself waits for [`Admission::granted`] before it has an effect on this route. It may then read
    /// while the limit is being checked.
    fn awaits_admission(&self, _route: &str) -> bool {
        false
    }
}

/// An HTTP function: its endpoint, who may call it, and how often.
pub struct Server {
    /// How the caller is read from the token; `None` if the function needs no token.
    pub access: Option<Access>,
    /// How often a caller may call; `None` if the stage's own throttle is enough.
    pub limiter: Option<Limiter>,
    /// What answers.
    pub endpoint: Arc<dyn Endpoint>,
}

impl Server {
    /// A server without tokens and limits, for webhooks and health.
    pub fn open(endpoint: impl Endpoint + 'static) -> Self {
        Self { access: None, limiter: None, endpoint: Arc::new(endpoint) }
    }

    /// A server that needs a token and limits each caller. It reads the settings of [`Access`], `REQUESTS_PER_HOUR` (1000),
    /// `ADMIN_REQUESTS_PER_HOUR` (50,000) and `LIMITS_TABLE_NAME`; `table` makes the adapter of that table.
    pub fn from_settings<M: RateMarks + Documents + 'static>(
        settings: &mut Settings,
        table: impl FnOnce(&str) -> Arc<M>,
        endpoint: impl Endpoint + 'static,
    ) -> Self {
        let mut limit = |name, counted, setting, default| {
            let rate = HourlyLimit::of(settings.parsed(setting, default));
            Limit { name, counted, rate }
        };
        let limits = vec![
            limit("requests", Counted::OfCustomers, "REQUESTS_PER_HOUR", 1000),
            limit("admin-requests", Counted::OfShop, "ADMIN_REQUESTS_PER_HOUR", 50_000),
        ];
        let table = table(&settings.text("LIMITS_TABLE_NAME"));
        let changed = ChangedLimits::of(table.clone());
        let limiter = Limiter::new(table, Arc::new(SystemClock), limits).with_changes(changed);
        let access = Some(Access::from_settings(settings));
        Self { access, limiter: Some(limiter), endpoint: Arc::new(endpoint) }
    }

    /// The same, with a lower limit for one route, under a name of its own.
    #[must_use]
    pub fn with_limit(mut self, name: &'static str, route: &'static str, per_hour: u64) -> Self {
        if let Some(limiter) = &mut self.limiter {
            limiter.add(Limit { name, counted: Counted::Route(route), rate: HourlyLimit::of(per_hour) });
        }
        self
    }

    /// Answers one event of the gateway, whatever it holds.
    pub async fn serve(&self, event: Event) -> lambda_http::Response<lambda_http::Body> {
        let span = tracing::info_span!(
            "request",
            request_id = event.invocation_id,
            order.id = Empty,
            trace_id = Empty,
            otel.kind = Empty,
            otel.span_id = Empty,
            otel.parent_id = Empty,
            otel.name = Empty,
            otel.method = Empty,
            otel.route = Empty,
            otel.status = Empty
        );
        async {
            let began = std::time::Instant::now();
            let outcome = self.guarded(&event).await;
            let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
            let (status, problem) = match &outcome {
                Ok(reply) => (reply.status, None),
                Err(problem) => (problem.status, Some(problem)),
            };
            tracing::Span::current().record("otel.status", status);
            match problem {
                Some(problem) if status >= 500 => {
                    tracing::error!(
                        http.status = status,
                        invocation_id = event.invocation_id,
                        problem = problem.kind,
                        cause = problem.cause,
                        "{}",
                        problem.detail
                    );
                }
                Some(problem) => {
                    tracing::info!(http.status = status, took_us, problem = problem.kind, "refused");
                }
                None => tracing::info!(http.status = status, took_us, "answered"),
            }
            outcome.unwrap_or_else(Reply::from).into_response()
        }
        .instrument(span)
        .await
    }

    /// Answers a request that panics with `500`, and one that is not finished in time with `504`, before the gateway does.
    async fn guarded(&self, event: &Event) -> Result<Reply, Problem> {
        let limits = OnceLock::new();
        let answer = async { in_time(caught(Box::pin(self.answer(event, &limits)))).await?? };
        let mut outcome = answer.await;
        let headers = match &mut outcome {
            Ok(reply) => &mut reply.headers,
            Err(problem) => &mut problem.headers,
        };
        headers.extend(limits.into_inner().into_iter().flatten());
        outcome
    }

    /// `limits` becomes the headers of the caller's limits, as soon as they are known.
    async fn answer(
        &self,
        event: &Event,
        limits: &OnceLock<Vec<(&'static str, String)>>,
    ) -> Result<Reply, Problem> {
        let request = Request::read(event, self.access.as_ref())?;
        let (Some(limiter), Some(caller)) = (&self.limiter, request.caller.clone()) else {
            return self.endpoint.answer(request).await;
        };
        let route = request.route.clone();
        let admission = Box::pin(async {
            let admission = limiter.admit(&caller, &route).await;
            limits.get_or_init(|| admission.headers);
            admission.verdict
        });
        if self.endpoint.only_reads(&route) {
            // A refusal drops the reads; the answer of the reads, even a panic, does not drop the count.
            let reads = async { Ok(caught(self.endpoint.answer(request)).await) };
            let ((), answer) = tokio::try_join!(admission, reads)?;
            return answer?;
        }
        if self.endpoint.awaits_admission(&route) {
            return self.answer_beside(admission, request).await;
        }
        admission.await?;
        self.endpoint.answer(request).await
    }

    /// Lets the endpoint read while its limit is being checked.
    async fn answer_beside(
        &self,
        admission: impl Future<Output = Result<(), Problem>>,
        request: Request,
    ) -> Result<Reply, Problem> {
        let (decided, pending) = Admission::pending();
        let request = Request { admission: pending.clone(), ..request };
        // An endpoint that has panicked receives nothing, and its answer is the panic.
        let decide = async { drop(decided.send(admission.await)) };
        let ((), answer) = tokio::join!(decide, caught(self.endpoint.answer(request)));
        // An endpoint that answered without waiting had no effect. A refusal counts nevertheless.
        pending.granted().await?;
        answer?
    }
}

/// Runs an HTTP function until the platform ends it.
pub async fn run(server: Server, probe: Probe) -> Result<(), crate::Error> {
    let server = Arc::new(server);
    let deploy: Arc<str> = probe.started.deploy.as_str().into();
    probe::run(probe, event::parse_probe, move |payload: Box<RawValue>, context| {
        let (server, deploy) = (Arc::clone(&server), Arc::clone(&deploy));
        async move {
            let deadline = crate::time_left::deadline(&context);
            let work = async {
                let response = server.serve(Event::new(context.request_id, payload)).await;
                if response.status().is_server_error() {
                    // By the deploy, so that errors of the version before it do not stop its successor.
                    tracing::error!(metric = "ServerErrors", metric.by = "deploy", deploy = &*deploy);
                }
                crate::traces::export().await;
                response
            };
            Ok(in_the_gateways_form(deadline.scope(work).await))
        }
    })
    .await
}

fn in_the_gateways_form(response: lambda_http::Response<lambda_http::Body>) -> ApiGatewayV2httpResponse {
    let (parts, body) = response.into_parts();
    let mut form = ApiGatewayV2httpResponse::default();
    form.status_code = parts.status.as_u16().into();
    form.headers = parts.headers;
    form.is_base64_encoded = matches!(body, lambda_http::Body::Binary(_));
    form.body = Some(body);
    form
}
