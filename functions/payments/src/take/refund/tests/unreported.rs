//! A refund that was made in the provider's dashboard and not reported: its webhook is late, or was lost.

use crate::testing::{World, out_of_stock};
use events::Amount;
use testkit::order_id;

#[tokio::test]
async fn i1_an_unreported_dashboard_refund_is_found_before_too_much_is_refunded() {
    let world = World::after_checkout("pm_card_visa").await;
    world.provider.refund_in_dashboard(&world.intent(), 400).unwrap();
    world.publish(&out_of_stock()).await.unwrap();

    world.redeliver("RefundRequested", 1).await.unwrap();
    assert_eq!(
        world.provider.calls("POST /v1/refunds"),
        0,
        "a provider that does not check would refund 23.00"
    );
    assert_eq!(
        world.types().iter().rev().take(2).collect::<Vec<_>>(),
        ["RefundFailed", "RefundRequested"],
        "the dashboard refund is recorded, and this one is requested again"
    );

    world.work().await;
    assert_eq!(world.payment().await.ledger.refunded(), Amount::minor(1900));
    let books = world.provider.books_of(order_id(1).as_str());
    assert_eq!((books.captured, books.refunded), (1900, 1900));
    assert_eq!(world.provider.calls("POST /v1/refunds"), 1, "of the 15.00 that were left");
}
