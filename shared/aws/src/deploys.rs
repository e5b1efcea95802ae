//! [`Deploys`] on `CodeDeploy`.
//!
//! `CodeDeploy` sends a hook no name of what it is the hook of. For Lambda, the targets of a deployment have the functions with the
//! version that they are moved to.
//! [`CodeDeploy` API, "LambdaFunctionInfo"](https://docs.aws.amazon.com/codedeploy/latest/APIReference/API_LambdaFunctionInfo.html)

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_codedeploy::types::{LambdaFunctionInfo, LifecycleEventStatus};
use outbound::{DeployError, DeployTarget, Deploys};

#[derive(Debug)]
pub(crate) struct CodeDeploy(pub(crate) aws_sdk_codedeploy::Client);

#[async_trait]
impl Deploys for CodeDeploy {
    async fn targets(&self, deploy: &str) -> Result<Vec<DeployTarget>, DeployError> {
        let listed = self.0.list_deployment_targets().deployment_id(deploy).send().await;
        let ids = listed.map_err(|error| DeployError(describe(&error)))?.target_ids.unwrap_or_default();
        let read = self
            .0
            .batch_get_deployment_targets()
            .deployment_id(deploy)
            .set_target_ids(Some(ids))
            .send()
            .await;
        let targets =
            read.map_err(|error| DeployError(describe(&error)))?.deployment_targets.unwrap_or_default();
        let functions = targets.into_iter().filter_map(|target| target.lambda_target?.lambda_function_info);
        functions.map(target).collect()
    }

    async fn conclude(&self, deploy: &str, hook: &str, accepts: bool) -> Result<(), DeployError> {
        let status = if accepts { LifecycleEventStatus::Succeeded } else { LifecycleEventStatus::Failed };
        let call = self.0.put_lifecycle_event_hook_execution_status();
        let call = call.deployment_id(deploy).lifecycle_event_hook_execution_id(hook).status(status);
        call.send().await.map(drop).map_err(|error| DeployError(describe(&error)))
    }
}

fn target(function: LambdaFunctionInfo) -> Result<DeployTarget, DeployError> {
    match (function.function_name, function.target_version) {
        (Some(function), Some(version)) => Ok(DeployTarget { function, version }),
        _ => Err(DeployError("the deploy does not name a function and its version".to_owned())),
    }
}

#[cfg(test)]
mod tests;
