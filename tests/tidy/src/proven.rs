//! What was not signed is proven in one place alone: where it was fetched from the sender's own API.

use crate::{files, none};

#[test]
fn nothing_unsigned_is_called_verified_but_what_reconcile_stripe_fetches() {
    let offenders = files(&["functions", "shared", "tests"], ".rs")
        .into_iter()
        .filter(|(path, text)| {
            let vouches = text.contains("webhooks::fetched(") || text.contains("use webhooks::fetched");
            vouches
                && path != "functions/payments/src/provider/stripe/reconcile.rs"
                && path != "tests/tidy/src/proven.rs"
        })
        .map(|(path, _)| path)
        .collect::<Vec<_>>();
    none("webhooks::fetched is for what was asked of the sender's API; these call it", &offenders);
}
