//! The total of an order: what a card can be charged in its currency, and what an offline payment may be.

use crate::testing::{World, body, tea};
use runtime::http::Problem;
use serde_json::{Value, json};

/// Orders `quantity` pieces at `price` in `currency`.
async fn order(price: u64, quantity: u32, currency: &str, method: &str) -> Result<Value, Problem> {
    let world = World::with_tea().await;
    world.price_in(currency, "THING", price, true, 1).await;
    let mut order = tea();
    order["items"] = json!([{"sku": "THING", "quantity": quantity}]);
    order["currency"] = json!(currency);
    order["payment_method"] = json!(method);
    let reply = world.send("k1", &order).await;
    assert_eq!(world.events(), usize::from(reply.is_ok()));
    reply.map(|reply| body(&reply))
}

async fn refusal(price: u64, quantity: u32, currency: &str, method: &str) -> (String, String) {
    let problem = order(price, quantity, currency, method).await.unwrap_err();
    assert_eq!(problem.status, 422, "{price} {currency}");
    let [error] = problem.errors.as_slice() else { panic!("{problem:?}") };
    (error.pointer.clone(), error.detail.clone())
}

const CARD: &str = "pm_card_visa";
const TRANSFER: &str = "elsewhere:bank";

#[tokio::test]
async fn an_order_is_placed_at_the_total_that_its_customer_was_shown_or_not_at_all() {
    let world = World::with_tea().await;
    let with = |expected: serde_json::Value| {
        let mut order = tea();
        order["expected_total"] = expected;
        order
    };
    for expected in [0, 1899, 1901, u64::MAX] {
        let problem = world.send("k1", &with(json!(expected))).await.unwrap_err();
        assert_eq!((problem.status, problem.kind), (409, "total-changed"), "{expected}");
        assert!(problem.detail.contains("19.00"), "{}", problem.detail);
        let body: serde_json::Value = serde_json::to_value(&problem).unwrap();
        assert_eq!((&body["total"], &body["currency"]), (&json!(1900), &json!("EUR")));
        assert_eq!(body["items"], json!([{"sku": "TEA-01", "quantity": 2, "unit_price": 950}]));
    }
    world.price("TEA-01", 20, true, 2).await;
    let dropped = world.send("k1", &with(json!(1900))).await.unwrap_err();
    assert_eq!((dropped.kind, &dropped.members["total"]), ("total-changed", &json!(40)));
    assert_eq!(
        world.send("k1", &with(json!(40))).await.unwrap_err().status,
        422,
        "no card is charged so little"
    );
    world.price("TEA-01", 950, true, 3).await;
    for wrong in [json!(-1), json!(19.5), json!("19.00")] {
        let problem = world.send("k1", &with(wrong)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/expected_total"));
    }
    assert_eq!(world.events(), 0, "the key is not used up by a refusal");
    assert_eq!(world.send("k1", &with(json!(1900))).await.unwrap().status, 202);
    for absent in [json!(""), json!(null)] {
        assert_eq!(world.send(&format!("k {absent}"), &with(absent)).await.unwrap().status, 202);
    }
}

#[tokio::test]
async fn a_total_within_the_bounds_of_its_currency_is_accepted() {
    for (price, quantity, currency) in [
        (1_500_000_000, 1, "IDR"),
        (99_999_999_999, 10, "IDR"),
        (450_000_000, 1, "COP"),
        (9_999_999_999, 1, "COP"),
        (9_999_999_999, 1, "JPY"),
        (99_999_999_999, 1, "LBP"),
        (999_999_999, 1, "INR"),
        (40, 1, "GBP"),
        (15, 2, "GBP"),
        (200, 1, "PLN"),
        (17_500, 1, "HUF"),
        (9_999_999_999, 1, "HUF"),
        (5000, 1, "ISK"),
        (1, 1, "ISK"),
        (999_999, 1, "ISK"),
        (250_000, 1, "MGA"),
        (9_999_999_900, 1, "MGA"),
        (5010, 1, "KWD"),
        (99_999_990, 1, "KWD"),
        (20, 3, "EUR"),
        (99_999_999, 1, "EUR"),
    ] {
        let accepted = order(price, quantity, currency, CARD).await.unwrap();
        assert_eq!(accepted["total"], price * u64::from(quantity), "{currency}");
    }
}

#[tokio::test]
async fn a_total_that_the_provider_cannot_charge_is_refused() {
    for (price, quantity, currency, bound) in [
        (150, 1, "PLN", "2.00 PLN"),
        (10_000, 1, "HUF", "175.00 HUF"),
        (29, 1, "GBP", "0.30 GBP"),
        (20, 2, "EUR", "0.50 EUR"),
        (0, 1, "EUR", "0.50 EUR"),
        (49, 1, "JPY", "50 JPY"),
        (0, 9, "ISK", "1 ISK"),
        (1_000_000, 1, "ISK", "999999 ISK"),
        (10_000_000_000, 1, "MGA", "99999999.00 MGA"),
        (100_000_000, 1, "KWD", "99999.990 KWD"),
        (50_000_000, 2, "EUR", "999999.99 EUR"),
        (1_000_000_000, 1, "INR", "9999999.99 INR"),
        (999_999_999_999, 2, "IDR", "9999999999.99 IDR"),
    ] {
        let (pointer, detail) = refusal(price, quantity, currency, CARD).await;
        assert_eq!(pointer, "/items", "{price} {currency}");
        assert!(detail.contains(bound), "{price} {currency}: {detail}");
    }
}

/// Old prices may not fit the step, or stand in a currency that is refused now.
#[tokio::test]
async fn an_old_price_that_cannot_be_charged_is_refused_at_checkout() {
    for (price, currency, named) in
        [(5003, "KWD", "10 minor units of KWD"), (250_050, "MGA", "100 minor units of MGA")]
    {
        let (pointer, detail) = refusal(price, 1, currency, CARD).await;
        assert_eq!(pointer, "/items");
        assert!(detail.contains(named), "{detail}");
        assert!(order(price, 1, currency, TRANSFER).await.is_ok());
        assert!(order(price, 100, currency, CARD).await.is_ok(), "the total is what is charged");
    }
    for currency in ["UGX", "IQD", "LYD", "HRK"] {
        let (pointer, detail) = refusal(50_000, 1, currency, CARD).await;
        assert_eq!(pointer, "/currency");
        assert!(detail.contains(currency), "{detail}");
        assert!(order(50_000, 1, currency, TRANSFER).await.is_ok());
    }
}

#[tokio::test]
async fn the_providers_bounds_do_not_apply_to_an_offline_payment() {
    for (price, quantity, currency) in [
        (125_000_000, 1, "EUR"),
        (62_500_000, 2, "EUR"),
        (30, 1, "EUR"),
        (1, 1, "EUR"),
        (100, 1, "PLN"),
        (1_000_000, 3, "ISK"),
        (999_999_999_999, 9_000, "IDR"),
    ] {
        assert!(order(price, quantity, currency, TRANSFER).await.is_ok(), "{price} {currency}");
    }
    for (price, quantity) in [(0, 1), (999_999_999_999, 10_000)] {
        let (pointer, detail) = refusal(price, quantity, "EUR", TRANSFER).await;
        assert_eq!(pointer, "/items");
        assert!(detail.contains("0.01 EUR") && detail.contains("90071992547409.91 EUR"), "{detail}");
    }
}
