//! An API key that is rotated: through the step, with a provider that accepts one key only.

use crate::testing::{World, out_of_stock};
use outbound::CachedSecrets;
use resilience::Failure;
use std::sync::Arc;
use std::time::Duration;
use testkit::MemorySecretStore;

/// The key was read and is cached. Some time passes, but less than after which the key is read again.
async fn with_cached_key(key: &str) -> (World, MemorySecretStore) {
    let store = MemorySecretStore::with(key);
    let mut world = World::new();
    world.secrets = Arc::new(CachedSecrets::new(store.clone(), world.clock.clone()));
    world.provider.roll_key(key);
    world.place("pm_card_visa").await;
    world.work().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
    assert_eq!(store.reads(), 1);
    world.clock.advance(Duration::from_secs(6));
    (world, store)
}

#[tokio::test]
async fn a_call_refused_with_the_old_api_key_is_made_with_the_new_one_at_once() {
    let (world, store) = with_cached_key("sk_old").await;
    store.put("sk_new");
    world.provider.roll_key("sk_new");
    world.publish(&out_of_stock()).await.unwrap();
    world.redeliver("RefundRequested", 1).await.unwrap();
    assert_eq!((world.types().last().map(String::as_str), store.reads()), (Some("PaymentRefunded"), 2));
    assert_eq!(world.provider.refunded(), 1900);
}

#[tokio::test]
async fn without_a_valid_api_key_the_message_waits_and_the_store_is_read_rarely() {
    let (world, store) = with_cached_key("sk_old").await;
    world.provider.roll_key("sk_new");
    world.publish(&out_of_stock()).await.unwrap();
    let calls = world.provider.calls("/v1/refunds");
    for _ in 0..3 {
        let failure = world.redeliver("RefundRequested", 1).await.unwrap_err();
        assert!(matches!(failure, Failure::Retry { .. }), "{failure:?}");
    }
    assert_eq!(store.reads(), 2);
    assert_eq!(world.provider.calls("/v1/refunds"), calls + 3, "a refused key is not used twice");
    store.put("sk_new");
    world.clock.advance(Duration::from_secs(6));
    world.redeliver("RefundRequested", 2).await.unwrap();
    assert_eq!(world.provider.refunded(), 1900);
}
