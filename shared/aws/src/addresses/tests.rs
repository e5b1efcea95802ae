//! Every way to write the loopback address resolves to an address that is not public.

use super::*;
use outbound::is_public;

/// A C library reads these forms as addresses, so the resolver returns the address that they mean.
#[tokio::test]
async fn loopback_in_any_notation_is_not_public() {
    for host in ["127.0.0.1", "::1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost"] {
        // A resolver may also refuse such a form.
        let addresses = SystemNames.addresses(host).await.unwrap_or_default();
        assert!(!addresses.into_iter().any(is_public), "{host}");
    }
}
