//! The copy of a price follows the catalog, and an older price never replaces it.

use crate::testing::{World, body, tea};

#[tokio::test]
async fn an_older_price_never_replaces_a_newer_one() {
    let world = World::with_tea().await;
    world.price("TEA-01", 1200, true, 3).await;
    world.price("TEA-01", 1100, true, 2).await;
    let body = body(&world.send("k1", &tea()).await.unwrap());
    assert_eq!(body["total"], 2400);
}
