//! [`Sockets`] on the management API of an API Gateway WebSocket API.

use crate::error::describe;
use async_trait::async_trait;
use aws_sdk_apigatewaymanagement::Client;
use aws_sdk_apigatewaymanagement::primitives::Blob;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use outbound::{SocketError, Sockets};
use std::error::Error;

#[derive(Debug)]
pub(crate) struct GatewaySockets(pub(crate) Client);

/// The address of an API's stage. The local stack serves every API under a path of its one address.
pub(crate) fn address(api: &str, stage: &str, region: &str, endpoint: Option<&str>) -> String {
    let of_aws =
        || format!("https://{api}.execute-api.{region}.{}/{stage}", crate::connections::domain(region));
    endpoint.map_or_else(of_aws, |local| {
        format!("{}/_aws/execute-api/{api}/{stage}", local.trim_end_matches('/'))
    })
}

#[async_trait]
impl Sockets for GatewaySockets {
    async fn post(&self, connection: &str, frame: &str) -> Result<(), SocketError> {
        let sent = self.0.post_to_connection().connection_id(connection).data(Blob::new(frame)).send().await;
        sent.map(drop).map_err(|error| failed(&error))
    }

    async fn close(&self, connection: &str) -> Result<(), SocketError> {
        let closed = self.0.delete_connection().connection_id(connection).send().await;
        closed.map(drop).map_err(|error| failed(&error))
    }
}

fn failed<E, R>(error: &SdkError<E, R>) -> SocketError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    if code == Some("GoneException") { SocketError::Gone } else { SocketError::Unavailable(describe(error)) }
}

#[cfg(test)]
mod tests;
