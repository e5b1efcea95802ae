//! A key of the other mode, or of another account, makes no charge.

use super::ExpectedAccount;
use crate::testing::{World, out_of_stock};
use events::OrdersEvent;
use resilience::Failure;
use std::sync::Arc;
use testkit::{FixedSecrets, Log, placed};

async fn refused(world: &World) -> String {
    match world.publish(&OrdersEvent::from(placed())).await {
        Err(Failure::Retry { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_key_of_the_other_mode_makes_no_call() {
    for (livemode, key) in
        [(false, "sk_live_1"), (false, "rk_live_1"), (true, "sk_test_1"), (true, "rk_test_1")]
    {
        let mut world = World::new();
        world.livemode = livemode;
        world.secrets = Arc::new(FixedSecrets::one(key));
        let reason = refused(&world).await;
        assert!(reason.contains("mode") && !reason.contains(key), "{reason}");
        assert_eq!(world.provider.calls("/v1/"), 0);
    }
}

#[tokio::test]
async fn an_intent_of_the_other_mode_is_never_confirmed() {
    for livemode in [true, false] {
        let mut world = World::new();
        world.livemode = livemode;
        world.secrets = Arc::new(FixedSecrets::one("a_key_without_a_known_prefix"));
        if !livemode {
            world.provider.go_live();
        }
        refused(&world).await;
        world.work().await;
        assert_eq!(
            (world.types().len(), world.provider.calls("/confirm"), world.provider.charges()),
            (0, 0, 0)
        );
    }
}

#[tokio::test]
async fn a_live_stack_takes_money_with_a_live_key() {
    let mut world = World::new();
    world.livemode = true;
    world.secrets = Arc::new(FixedSecrets::one("rk_live_1"));
    world.provider.go_live();
    world.place("pm_card_visa").await;
    world.work().await;
    assert_eq!(world.types(), ["PaymentRequested", "OrderPaid"]);
}

#[tokio::test]
async fn a_key_of_another_account_makes_no_charge_and_is_checked_once() {
    let mut world = World::new();
    world.account = Some(Arc::new(ExpectedAccount::new("acct_ours".to_owned())));
    world.provider.name_account("acct_other");
    assert!(refused(&world).await.contains("account"));
    assert_eq!(world.provider.calls("POST"), 0);
    world.provider.name_account("acct_ours");
    world.place("pm_card_visa").await;
    world.work().await;
    world.publish(&out_of_stock()).await.unwrap();
    world.work().await;
    assert_eq!(world.types().last().map(String::as_str), Some("PaymentRefunded"));
    assert_eq!(world.provider.calls("GET /v1/account"), 2, "once refused, once accepted");
}

#[tokio::test]
async fn a_refused_key_is_counted_by_an_alarm() {
    let log = Log::of("take-payment", "error");
    let mut world = World::new();
    world.livemode = true;
    refused(&world).await;
    let line = log.lines().remove(0);
    assert_eq!((&line["ApiKeyRefused"], &line["dependency"]), (&1.into(), &"stripe".into()));
    assert!(!log.text().contains("sk_test_1"));
}
