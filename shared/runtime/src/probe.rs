//! The probe of a deploy. Before a new version of a function gets traffic, the hook of the deploy (`probe-version`) invokes that
//! very version with `{"conveyor_probe":true}`. Its process has started by then, so its settings are valid; it reads its secrets,
//! parses a sample of what it will get, and answers with its build. The step never sees a probe, so nothing is written,
//! published or charged.
//!
//! No caller can send one: the gateway, a queue, a stream and a schedule wrap what their callers send in an object of their own.

use lambda_runtime::{Context, LambdaEvent};
use outbound::SecretStore;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

/// What the hook sends.
pub const PROBE: &str = r#"{"conveyor_probe":true}"#;
/// How a probe begins. Compared as text, because an event must not be parsed twice.
const BEGINNING: &str = r#"{"conveyor_probe""#;

/// What is known of a function once its settings are read: [`crate::Settings::finish`] gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The function's name, as in `take-payment`.
    pub function: &'static str,
    /// The deploy, as the parameter `DeployId` names it; empty outside of a stack.
    pub deploy: String,
    /// The names of the secrets that it reads.
    pub secrets: Vec<String>,
}

/// Answers the probes of a function.
pub struct Probe {
    /// The function.
    pub started: Started,
    /// Where its secrets are; `None` if it made no adapter for secrets.
    pub secrets: Option<Arc<dyn SecretStore>>,
}

/// A function's answer to a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The function's name.
    pub function: String,
    /// The digest of its program: [`crate::build::id`].
    pub build: String,
    /// The deploy whose settings it has.
    pub deploy: String,
    /// Its secrets by name, and whether each has a value. One without is no error: a shop without parcels has no key for them.
    pub secrets: BTreeMap<String, bool>,
}

/// The answer to an invocation.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer<R> {
    Report(Report),
    Done(R),
}

impl Probe {
    /// That of a function without adapters.
    pub fn alone(started: Started) -> Self {
        Self { started, secrets: None }
    }

    /// Reads the secrets and the sample. An error names what failed, never a value.
    pub async fn report(
        &self,
        parse_sample: impl FnOnce() -> Result<(), crate::Error>,
    ) -> Result<Report, crate::Error> {
        let mut secrets = BTreeMap::new();
        for name in &self.started.secrets {
            let reader =
                self.secrets.as_ref().ok_or_else(|| format!("the function has no way to read {name}"))?;
            secrets.insert(name.clone(), !reader.read(name).await?.is_empty());
        }
        parse_sample().map_err(|error| format!("a sample event cannot be read: {error}"))?;
        let (function, deploy) = (self.started.function.to_owned(), self.started.deploy.clone());
        Ok(Report { function, build: crate::build::id()?, deploy, secrets })
    }
}

/// Runs a function until the platform ends it: a probe is answered, everything else is parsed and handed to `work`.
pub(crate) async fn run<E, R, W, F>(
    probe: Probe,
    parse_sample: fn() -> Result<(), crate::Error>,
    work: W,
) -> Result<(), crate::Error>
where
    E: DeserializeOwned,
    R: Serialize,
    W: Fn(E, Context) -> F,
    F: Future<Output = Result<R, crate::Error>>,
{
    let probe = Arc::new(probe);
    let loops =
        lambda_runtime::run(lambda_runtime::service_fn(move |invocation: LambdaEvent<Box<RawValue>>| {
            answer(&probe, parse_sample, &work, invocation)
        }));
    // Once a process: the loop is large, and a task that holds it would be.
    Box::pin(loops).await
}

/// Nothing of the work begins before the event is known to be no probe.
fn answer<E, R, W, F>(
    probe: &Arc<Probe>,
    parse_sample: fn() -> Result<(), crate::Error>,
    work: &W,
    invocation: LambdaEvent<Box<RawValue>>,
) -> impl Future<Output = Result<Answer<R>, crate::Error>> + use<E, R, W, F>
where
    E: DeserializeOwned,
    W: Fn(E, Context) -> F,
    F: Future<Output = Result<R, crate::Error>>,
{
    let LambdaEvent { payload, context } = invocation;
    let probe = is_probe(&payload).then(|| Arc::clone(probe));
    let done = match probe {
        Some(_) => None,
        None => Some(json::from_str::<E>(payload.get()).map(|event| work(event, context))),
    };
    async move {
        match (probe, done) {
            (Some(probe), _) => Ok(Answer::Report(probe.report(parse_sample).await?)),
            (None, Some(work)) => Ok(Answer::Done(work?.await?)),
            (None, None) => Err("an invocation is a probe or an event".into()),
        }
    }
}

fn is_probe(payload: &RawValue) -> bool {
    payload.get().starts_with(BEGINNING)
}

#[cfg(test)]
mod tests;
