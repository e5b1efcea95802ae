//! Unit tests of the `addresses` module.

use super::*;
use outbound::is_public;

/// The ways in which a C library reads an address lead to the address that they mean, and that one is judged.
#[tokio::test]
async fn whatever_way_loopback_is_written_in_it_is_no_public_address() {
    for host in ["127.0.0.1", "::1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"] {
        // A resolver may as well refuse such a form.
        let addresses = SystemNames.addresses(host).await.unwrap_or_default();
        assert!(!addresses.into_iter().any(is_public), "{host}");
    }
}
