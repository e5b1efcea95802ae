//! A service that hangs is given up before the invocation ends, once.

use super::*;
use crate::Clients;
use crate::testing::clients_of;
use event_store::{Documents as _, Key, StoreError};
use resilience::Deadline;
use std::time::Instant;
use tokio::net::TcpListener;

/// Clients of a service that accepts connections and never answers.
async fn hanging() -> (Clients, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (clients_of(&url), listener)
}

#[tokio::test]
async fn a_call_to_aws_that_hangs_fails_before_the_works_deadline() {
    let (clients, _listener) = hanging().await;
    let deadline = Deadline::of_invocation(Duration::from_millis(1_300));
    let began = Instant::now();
    let table = clients.table("any");
    let read = deadline.bound(async { table.get(&Key::new("a", "b")).await }).await;
    let Ok(Err(StoreError::Unavailable(reason))) = read else { panic!("{read:?}") };
    assert!(reason.contains("the invocation's time ran out"), "{reason}");
    assert!(began.elapsed() < Duration::from_millis(300), "{:?}", began.elapsed());
}

#[test]
fn amazons_roots_make_a_valid_tls_context() {
    let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    assert!(TlsContext::builder().with_trust_store(store).build().is_ok());
}
