//! The canary counts an order only if it came in by the public door and ended as it should.

use super::*;
use resilience::FixedClock;
use testkit::{DOOR, DOOR_CUSTOMER, DOOR_POOL, FixedSecrets, Log, ShopDoor};

const COUNTED: &str = "\"CanaryOrders\":1";

/// A clock that each sleep moves forward by this much, however long it is.
struct Passing(Duration, FixedClock);

#[async_trait]
impl Clock for Passing {
    fn now(&self) -> Timestamp {
        self.1.now()
    }

    async fn sleep(&self, _: Duration) {
        self.1.advance(self.0);
    }
}

fn canary(door: &Arc<ShopDoor>, clock: &Arc<impl Clock + 'static>) -> PlaceCanary {
    PlaceCanary {
        transport: door.clone(),
        secrets: Arc::new(FixedSecrets::one(DOOR_CUSTOMER)),
        secret: "shop/canary".to_owned(),
        api: DOOR.to_owned(),
        user_pool: DOOR_POOL.to_owned(),
        client_id: "client-1".to_owned(),
        sku: Some("TEA-01".to_owned()),
        clock: clock.clone(),
    }
}

fn standing() -> Arc<FixedClock> {
    Arc::new(FixedClock::at(testkit::now()))
}

/// Runs a canary against a door, and says whether it was counted.
async fn ran(canary: PlaceCanary) -> (Result<Value, Failure>, bool) {
    let log = Log::of("place-canary", "info");
    let outcome = runtime::schedule::work(&canary).await;
    let is_counted = log.text().contains(COUNTED);
    (outcome, is_counted)
}

#[tokio::test]
async fn an_order_whose_payment_failed_is_counted() {
    let door = Arc::new(ShopDoor::of_orders(&["placed", "placed", "payment_failed"]));
    let (outcome, is_counted) = ran(canary(&door, &standing())).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert!(is_counted);
    assert_eq!(door.keys().len(), 1);
}

#[tokio::test]
async fn an_order_that_ends_otherwise_is_not_counted() {
    for status in ["paid", "expired", "out_of_stock", "payment_action_required"] {
        let door = Arc::new(ShopDoor::of_orders(&["placed", status]));
        let (outcome, is_counted) = ran(canary(&door, &standing())).await;
        let reason = outcome.unwrap_err().reason().to_owned();
        assert!(reason.ends_with(&format!("ended as {status}, not as payment_failed")), "{reason}");
        assert!(!is_counted);
    }
}

#[tokio::test]
async fn an_order_that_does_not_move_is_not_counted() {
    // Calls that take long count too: the function's time is not to end before it has said what is late.
    for between in [BETWEEN_READS, BETWEEN_READS + CALL] {
        let door = Arc::new(ShopDoor::of_orders(&["placed"]));
        let clock = Arc::new(Passing(between, FixedClock::at(testkit::now())));
        let (outcome, is_counted) = ran(canary(&door, &clock)).await;
        let reason = outcome.unwrap_err().reason().to_owned();
        assert!(reason.ends_with("is still placed after 45 s"), "{reason}");
        assert!(!is_counted);
        assert!(clock.now() <= testkit::now() + RUN + CALL);
    }
}

#[tokio::test]
async fn a_run_that_is_repeated_follows_the_same_order_and_a_later_one_another() {
    let door = Arc::new(ShopDoor::of_orders(&["payment_failed"]));
    let clock = standing();
    for _ in 0..2 {
        canary(&door, &clock).run().await.unwrap();
    }
    assert_eq!(door.keys().len(), 1);
    clock.advance(Duration::from_mins(5));
    canary(&door, &clock).run().await.unwrap();
    assert_eq!(door.keys().len(), 2);
}

#[tokio::test]
async fn each_step_that_is_refused_is_named_and_nothing_is_counted() {
    for (path, step) in
        [("/products", "read the product"), ("/orders", "place the order"), ("/orders/", "read the order")]
    {
        let door = Arc::new(ShopDoor::of_orders(&["payment_failed"]));
        door.refuse(path, 503);
        let (outcome, is_counted) = ran(canary(&door, &standing())).await;
        assert_eq!(outcome.unwrap_err().reason(), format!("{step}: answered 503"));
        assert!(!is_counted);
    }
}

#[tokio::test]
async fn a_wrong_password_is_named_without_it() {
    let door = Arc::new(ShopDoor::of_orders(&["payment_failed"]));
    let wrong = PlaceCanary {
        secrets: Arc::new(FixedSecrets::one("canary@shop.example:guess")),
        ..canary(&door, &standing())
    };
    let (outcome, _) = ran(wrong).await;
    assert_eq!(outcome.unwrap_err().reason(), "sign in: answered 400");
    assert!(door.keys().is_empty());
}

#[tokio::test]
async fn a_secret_without_a_password_is_named() {
    let door = Arc::new(ShopDoor::of_orders(&["payment_failed"]));
    let wrong = PlaceCanary {
        secrets: Arc::new(FixedSecrets::one("canary@shop.example")),
        ..canary(&door, &standing())
    };
    let (outcome, _) = ran(wrong).await;
    let reason = outcome.unwrap_err().reason().to_owned();
    assert_eq!(reason, "the secret shop/canary is not an email and a password with a colon between them");
}

#[tokio::test]
async fn a_product_that_is_not_sold_is_named() {
    let door = Arc::new(ShopDoor::of_orders(&["payment_failed"]));
    let old = PlaceCanary { sku: Some("OLD-01".to_owned()), ..canary(&door, &standing()) };
    let (outcome, _) = ran(old).await;
    assert_eq!(outcome.unwrap_err().reason(), "OLD-01 is not sold: set CanarySku to an active product");
    assert!(door.keys().is_empty());
}

#[tokio::test]
async fn a_stack_without_a_canary_places_no_order() {
    let door = Arc::new(ShopDoor::of_orders(&["payment_failed"]));
    let (outcome, is_counted) = ran(PlaceCanary { sku: None, ..canary(&door, &standing()) }).await;
    assert_eq!(outcome.unwrap_err().reason(), "the stack has no canary: set CanarySku to an active product");
    assert!(door.keys().is_empty() && !is_counted);
}
