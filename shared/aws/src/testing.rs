//! Clients of an endpoint that a test serves.

use crate::Clients;

pub(crate) fn clients_of(url: &str) -> Clients {
    let url = url.to_owned();
    let mut settings = runtime::Settings::from_lookup(move |name| match name {
        "AWS_ENDPOINT_URL" => Some(url.clone()),
        "AWS_REGION" => Some("us-east-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    });
    Clients::from_settings(&mut settings)
}
