//! Unit tests of the `clients` module.

use super::*;

#[test]
fn amazons_roots_make_a_sound_tls_context() {
    let store = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    assert!(TlsContext::builder().with_trust_store(store).build().is_ok());
}
