//! The first call over TLS: what it takes with connections that were opened during the start, and without.

use crate::http::{Handler, Server};
use crate::measure::Driver;
use crate::plan::{Role, Subject};
use crate::session::Session;
use crate::statistics::median;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Starts with, and as many without.
const STARTS: usize = 9;

/// Nanoseconds, medians of all starts.
#[derive(Debug, Serialize)]
pub(crate) struct FirstCall {
    init_wall: u64,
    init_cpu: u64,
    first_wall: u64,
    first_cpu: u64,
}

/// With connections that were opened during the start, and without.
#[derive(Debug, Serialize)]
pub(crate) struct Both {
    with: FirstCall,
    without: FirstCall,
}

/// Every function's first call, over TLS with a certificate of this run's own.
pub(crate) fn measure(
    driver: &Driver<'_>,
    handler: &Arc<Handler>,
    say: &dyn Fn(&str),
) -> Result<BTreeMap<String, Both>, String> {
    let server = Server::start(Arc::clone(handler), Some(certified(&driver.plan.certificate)?))
        .map_err(|error| format!("no port is free: {error}"))?;
    let url = format!("https://{}", server.address);
    let mut all = BTreeMap::new();
    for subject in driver.plan.subjects.iter().filter(|subject| subject.role == Role::Function) {
        say(&format!("{}: first call over TLS", subject.name));
        let measured = both(driver, subject, &url).map_err(|reason| format!("{}: {reason}", subject.name))?;
        all.insert(subject.name.clone(), measured);
    }
    Ok(all)
}

fn both(driver: &Driver<'_>, subject: &Subject, url: &str) -> Result<Both, String> {
    driver.endpoint.hold(&subject.items);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        with.push(one(driver, subject, url, "true")?);
        without.push(one(driver, subject, url, "false")?);
    }
    match driver.endpoint.take_counts().unhappy {
        Some(reason) => Err(reason),
        None => Ok(Both { with: medians(&with), without: medians(&without) }),
    }
}

fn one(driver: &Driver<'_>, subject: &Subject, url: &str, connects: &str) -> Result<FirstCall, String> {
    let environment = [
        ("TRUST_STORE", "native"),
        ("SSL_CERT_FILE", driver.plan.certificate.as_str()),
        ("CONNECT_AT_START", connects),
    ];
    let (session, start) = Session::start(subject, &environment, url, &[])?;
    let first = session.invoke_alone(driver.event(subject))?;
    Ok(FirstCall { init_wall: start.wall, init_cpu: start.cpu, first_wall: first.wall, first_cpu: first.cpu })
}

fn medians(all: &[FirstCall]) -> FirstCall {
    let of = |figure: fn(&FirstCall) -> u64| median(&all.iter().map(figure).collect::<Vec<_>>());
    FirstCall {
        init_wall: of(|one| one.init_wall),
        init_cpu: of(|one| one.init_cpu),
        first_wall: of(|one| one.first_wall),
        first_cpu: of(|one| one.first_cpu),
    }
}

/// A new certificate for this machine's loopback address, which is also its own root. `path` gets it for the programs to trust.
fn certified(path: &str) -> Result<Arc<rustls::ServerConfig>, String> {
    let problem = |error: &dyn std::fmt::Display| format!("no certificate can be made: {error}");
    let made =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).map_err(|error| problem(&error))?;
    std::fs::write(path, made.cert.pem()).map_err(|error| format!("{path}: {error}"))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| problem(&error))?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .map_err(|error| problem(&error))?;
    Ok(Arc::new(config))
}
