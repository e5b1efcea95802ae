//! `probe-version`: the hook of each deploy. It asks the new version of a function, before a caller reaches it, whether it starts,
//! reads its secrets and parses what it will get; [`runtime::probe`] is the other side. A version that does not is not deployed.

use async_trait::async_trait;
use outbound::{ALIAS, DeployError, DeployTarget, Deploys, Versions};
use resilience::Failure;
use runtime::command::Command;
use runtime::probe::{PROBE, Report};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Probes the versions that a deploy moves callers to, and reports to the deploy.
pub struct ProbeVersion {
    /// The deploys.
    pub deploys: Arc<dyn Deploys>,
    /// The functions.
    pub versions: Arc<dyn Versions>,
    /// The stack's name, with which the name of each function begins.
    pub stack: String,
}

/// What `CodeDeploy` sends to a hook, or what an operator asks.
/// [`CodeDeploy`, "AppSpec 'hooks' section"](https://docs.aws.amazon.com/codedeploy/latest/userguide/reference-appspec-file-structure-hooks.html)
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    #[serde(rename = "DeploymentId")]
    deployment: Option<String>,
    #[serde(rename = "LifecycleEventHookExecutionId")]
    hook: Option<String>,
    /// A function, as in `take-payment`: an operator probes the version that its callers reach now.
    function: Option<String>,
}

#[async_trait]
impl Command for ProbeVersion {
    type Input = Asked;

    async fn run(&self, input: Asked) -> Result<Value, Failure> {
        match input {
            Asked { deployment: Some(deployment), hook: Some(hook), .. } => {
                self.conclude(&deployment, &hook).await
            }
            Asked { function: Some(function), .. } => {
                let function = format!("{}-{function}", self.stack);
                let report = self.probe(&DeployTarget { function, version: ALIAS.to_owned() }).await;
                report.map(|report| json!(report)).map_err(Failure::reject)
            }
            _ => Err(Failure::reject(
                "nothing is asked: name a function, as in {\"function\": \"take-payment\"}",
            )),
        }
    }
}

impl ProbeVersion {
    /// A verdict that cannot be delivered fails the invocation: the deploy then ends by itself after an hour.
    async fn conclude(&self, deployment: &str, hook: &str) -> Result<Value, Failure> {
        let outcome = self.probe_all(deployment).await;
        if let Err(reason) = &outcome {
            tracing::error!(deployment, reason, "a new version is refused: it gets no callers");
        }
        self.deploys.conclude(deployment, hook, outcome.is_ok()).await.map_err(Failure::retry)?;
        Ok(match outcome {
            Ok(reports) => json!({"accepted": reports}),
            Err(reason) => json!({"refused": reason}),
        })
    }

    async fn probe_all(&self, deployment: &str) -> Result<Vec<Report>, String> {
        let targets = self.deploys.targets(deployment).await.map_err(|DeployError(reason)| reason)?;
        if targets.is_empty() {
            return Err("the deploy names no version".to_owned());
        }
        let mut reports = Vec::new();
        for target in targets {
            reports.push(self.probe(&target).await?);
        }
        Ok(reports)
    }

    async fn probe(&self, target: &DeployTarget) -> Result<Report, String> {
        let name = &target.function;
        let answer = self
            .versions
            .ask(name, &target.version, PROBE)
            .await
            .map_err(|error| format!("{name}: {error}"))?;
        let report: Report =
            json::from_str(&answer).map_err(|error| format!("{name} does not know probes: {error}"))?;
        // Not compared with the deploy that is under way: a rollback probes the version of an earlier one.
        if name.strip_prefix(&self.stack).and_then(|rest| rest.strip_prefix('-')) != Some(&report.function) {
            return Err(format!("{name} runs the program of {}", report.function));
        }
        Ok(report)
    }
}

#[cfg(test)]
mod tests;
