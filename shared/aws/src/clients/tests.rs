//! The embedded root certificates are valid.

use super::*;

#[test]
fn amazons_roots_make_a_valid_tls_context() {
    let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    assert!(TlsContext::builder().with_trust_store(store).build().is_ok());
}
