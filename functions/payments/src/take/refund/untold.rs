//! A refund that was made in the provider's dashboard and that nobody told of: its webhook is late, or was lost.

use crate::testing::{World, out_of_stock};
use events::Amount;
use testkit::order_id;

#[tokio::test]
async fn i1_a_refund_of_the_dashboard_that_nobody_told_of_is_found_before_more_goes_back_than_is_left() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.refund_in_dashboard(&world.intent(), 400).unwrap();
    world.hear(&out_of_stock()).await.unwrap();

    world.redeliver("RefundRequested", 1).await.unwrap();
    assert_eq!(
        world.provider.calls("POST /v1/refunds"),
        0,
        "a provider that does not count would give 23.00"
    );
    assert_eq!(
        world.types().iter().rev().take(2).collect::<Vec<_>>(),
        ["RefundFailed", "RefundRequested"],
        "what was given back already is recorded, and this one is asked for again"
    );

    world.work().await;
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(1900));
    let books = world.provider.books_of(order_id(1).as_str());
    assert_eq!((books.captured, books.refunded), (1900, 1900));
    assert_eq!(world.provider.calls("POST /v1/refunds"), 1, "of the 15.00 that were left");
}
