//! A search finds every order that has the value, newest first, and the orders that need an operator while they do.

use crate::testing::{
    DAY, World, body, cancelled_order, corrected_to, delivered_order, disputed, publish, refund,
    refund_failed, search,
};
use crate::{Deadlines, SearchOrders};
use events::{
    Contact, Customer, DisputeOutcome, LabelVoidFailed, LabelVoided, OrderId, OrderLine, OrderNumber,
    OrderPlaced, PaymentDisputed, PaymentsEvent, RefundCause, ShippingEvent,
};
use resilience::Clock as _;
use runtime::http::{Endpoint as _, Problem};
use runtime::queue::Consumer as _;
use serde_json::{Value, json};
use std::time::Duration;
use testkit::{RequestBuilder as _, customer, now, order_id, other_customer, placed, request, sku};

async fn answer(search: &SearchOrders, criterion: &Value) -> Result<Value, Problem> {
    let request = request("POST /orders/search").by_admin().json(criterion);
    search.answer(request).await.map(|reply| body(&reply))
}

async fn found(world: &World, criterion: Value) -> Vec<String> {
    ids(&answer(&world.search, &criterion).await.unwrap())
}

fn ids(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["order_id"].as_str().unwrap().to_owned()).collect()
}

fn names(orders: &[u64]) -> Vec<String> {
    orders.iter().map(|n| order_id(*n).to_string()).collect()
}

/// An id of this shard.
fn id_in(shard: u8, n: u8) -> OrderId {
    OrderId::from_digest([shard << 4, n, n, n, n, n, n, n, 0, 0, 0, 0, 0, 0, 0, 0])
}

fn bought_by(subject: &str, email: &str, product: &str) -> OrderPlaced {
    let line = OrderLine { sku: sku(product), ..placed().lines.remove(0) };
    OrderPlaced {
        customer: Customer { subject: subject.to_owned(), ..customer() },
        contact: Contact { email: email.to_owned(), phone: None },
        lines: vec![line.clone(), line],
        ..placed()
    }
}

#[tokio::test]
async fn an_order_is_found_by_each_of_its_values_newest_first() {
    let world = World::default();
    for (n, subject, email, product) in [
        (1, "customer-1", "ada@shop.example", "TEA-01"),
        (2, "customer-2", "Ada@Shop.example", "CUP-01"),
        (3, "customer-1", "bob@shop.example", "TEA-01"),
    ] {
        world.append(&order_id(n), bought_by(subject, email, product)).await;
        world.wait(DAY);
    }
    for (criterion, expected) in [
        (json!({"email": " ADA@shop.example "}), vec![2, 1]),
        (json!({"email": "eve@shop.example"}), vec![]),
        (json!({"sku": "TEA-01"}), vec![3, 1]),
        (json!({"sku": "TEA-0"}), vec![]),
        (json!({"customer": "customer-1"}), vec![3, 1]),
        (json!({"day": "2026-01-03"}), vec![2]),
        (json!({"day": "2026-01-01"}), vec![]),
        (json!({"sku": "TEA-01", "status": "placed"}), vec![3, 1]),
        (json!({"sku": "TEA-01", "status": "paid", "cursor": null}), vec![]),
    ] {
        assert_eq!(found(&world, criterion.clone()).await, names(&expected), "{criterion}");
    }
}

#[tokio::test]
async fn two_orders_with_equal_numbers_are_both_found() {
    let world = World::default();
    let (one, other, third) = (order_id(1), order_id(2), id_in(9, 1));
    assert_eq!(OrderNumber::of(&one), OrderNumber::of(&other));
    for id in [&one, &other, &third] {
        world.append(id, placed()).await;
        world.wait(Duration::from_secs(1));
    }
    let number = OrderNumber::of(&one).to_string();
    assert_eq!(found(&world, json!({"number": number})).await, names(&[2, 1]));
    let number = OrderNumber::of(&third).to_string().to_lowercase().replace('-', " ");
    assert_eq!(found(&world, json!({"number": number})).await, [third.as_str()]);
}

#[tokio::test]
async fn a_corrected_code_and_the_mistyped_one_find_the_order() {
    let world = World::default();
    world.place(1).await;
    for message in delivered_order() {
        world.track.consume(&message).await.unwrap();
    }
    let corrected = corrected_to("JD 014");
    world.track.consume(&publish::<ShippingEvent>(4, corrected)).await.unwrap();
    world.project().await;
    for code in ["t-1", "JD014", "jd 014"] {
        assert_eq!(found(&world, json!({"tracking_code": code})).await, names(&[1]), "{code}");
    }
    assert_eq!(found(&world, json!({"tracking_code": "T12"})).await, names(&[]));
}

#[tokio::test]
async fn an_order_that_needs_an_operator_is_found_until_it_no_longer_does() {
    let world = World::default();
    for n in 1..=2 {
        world.place(n).await;
        world.wait(Duration::from_secs(1));
    }
    for message in cancelled_order() {
        world.track.consume(&message).await.unwrap();
    }
    let open = || request("GET /orders").by_admin().query("open", "true");
    assert_eq!(found(&world, json!({"attention": "any"})).await, names(&[]));
    // It has ended, and owes nothing.
    let failed = LabelVoidFailed { reason: "no".to_owned() };
    world.track.consume(&publish::<ShippingEvent>(8, failed)).await.unwrap();
    world.project().await;
    assert_eq!(found(&world, json!({"attention": "any"})).await, names(&[]), "the label is void already");

    world
        .track
        .consume(&testkit::message(
            &order_id(2),
            1,
            &ShippingEvent::from(LabelVoidFailed { reason: "no".to_owned() }),
        ))
        .await
        .unwrap();
    world.project().await;
    for attention in ["any", "void_failed"] {
        assert_eq!(found(&world, json!({"attention": attention})).await, names(&[2]), "{attention}");
    }
    assert_eq!(found(&world, json!({"attention": "stuck"})).await, names(&[]));
    assert_eq!(found(&world, json!({"attention": "any", "status": "paid"})).await, names(&[]));
    assert_eq!(ids(&world.get(open()).await.unwrap()), names(&[2]));

    let voided = testkit::message(&order_id(2), 2, &ShippingEvent::from(LabelVoided {}));
    world.track.consume(&voided).await.unwrap();
    world.project().await;
    assert_eq!(found(&world, json!({"attention": "any"})).await, names(&[]));
}

#[tokio::test]
async fn an_order_that_needs_an_operator_says_what_happens_next_and_when() {
    let world = World::default();
    world.place(1).await;
    for message in delivered_order() {
        world.track.consume(&message).await.unwrap();
    }
    let due = async |criterion: Value| {
        world.project().await;
        answer(&world.search, &criterion).await.unwrap()["items"][0]["due"].clone()
    };
    assert_eq!(due(json!({"customer": customer().subject})).await, Value::Null, "no person is needed");
    // The bank takes evidence for a while, and has the money.
    let until = now().saturating_add(DAY * 9).unwrap();
    let dispute = PaymentDisputed { evidence_due_by: Some(until), ..disputed(DisputeOutcome::Opened) };
    world.track.consume(&publish::<PaymentsEvent>(7, dispute)).await.unwrap();
    let any = || json!({"attention": "any"});
    assert_eq!(due(any()).await, json!({"what": "evidence", "at": until}));
    // A refund that failed is owed, and is late sooner.
    let requested = publish::<PaymentsEvent>(8, refund("r", RefundCause::Goodwill));
    world.track.consume(&requested).await.unwrap();
    world.track.consume(&publish::<PaymentsEvent>(9, refund_failed("r"))).await.unwrap();
    let late = world.clock.now().saturating_add(Deadlines::default().owing).unwrap();
    assert_eq!(due(any()).await, json!({"what": "stuck", "at": late}));
    let own = world.get(request("GET /orders").by(customer())).await.unwrap();
    assert_eq!((&own["items"][0]["order_id"], &own["items"][0]["due"]), (&json!(order_id(1)), &Value::Null));
    let ended = publish::<PaymentsEvent>(10, disputed(DisputeOutcome::Won));
    world.track.consume(&ended).await.unwrap();
    world.wait(DAY * 2);
    world.sweep().await;
    assert_eq!(due(any()).await, Value::Null, "it is stuck, and nothing happens by itself");
}

/// 4 shards of 60 orders, interleaved in time; every third is of another product.
#[tokio::test]
async fn pages_of_several_partitions_miss_and_repeat_nothing() {
    let world = World::default();
    let mut expected = Vec::new();
    for n in 0..240_u8 {
        let id = id_in(n % 16, n);
        let product = if n % 3 == 0 { "CUP-01" } else { "TEA-01" };
        world.append_only(&id, bought_by("customer-1", "ada@shop.example", product)).await;
        world.wait(Duration::from_millis(700));
        if product == "TEA-01" {
            expected.push(id.to_string());
        }
    }
    world.project().await;
    expected.reverse();
    for (criterion, pages) in [(json!({"sku": "TEA-01"}), 4), (json!({"day": "2026-01-02"}), 5)] {
        let (mut seen, mut cursor, mut read) = (Vec::new(), None::<String>, 0);
        loop {
            let mut page = criterion.clone();
            page["cursor"] = json!(cursor);
            let page = answer(&world.search, &page).await.unwrap();
            read += 1;
            seen.extend(ids(&page));
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(read, pages, "{criterion}");
        if criterion["day"].is_null() {
            assert_eq!(seen, expected);
        }
        let unique: std::collections::HashSet<_> = seen.iter().collect();
        assert_eq!(
            (unique.len(), seen.len()),
            (seen.len(), if criterion["day"].is_null() { 160 } else { 240 })
        );
    }
}

#[tokio::test]
async fn a_page_may_be_short_and_still_have_a_next_one() {
    let world = World::default();
    for n in 1..=60 {
        world.append_only(&order_id(n), placed()).await;
        world.wait(Duration::from_secs(1));
    }
    for message in delivered_order() {
        world.track.consume(&message).await.unwrap();
    }
    world.project().await;
    let criterion = json!({"day": "2026-01-02", "status": "delivered"});
    let first = answer(&world.search, &criterion).await.unwrap();
    assert_eq!(ids(&first), names(&[]), "the delivered one is the oldest");
    let second = json!({"day": "2026-01-02", "status": "delivered", "cursor": first["next"]});
    let second = answer(&world.search, &second).await.unwrap();
    assert_eq!((ids(&second), &second["next"]), (names(&[1]), &Value::Null));
}

#[tokio::test]
async fn a_cursor_is_of_one_search() {
    let world = World::default();
    for n in 1..=51 {
        world.append_only(&order_id(n), placed()).await;
    }
    world.project().await;
    let next = answer(&world.search, &json!({"sku": "TEA-01"})).await.unwrap()["next"].clone();
    assert!(next.is_string());
    for cursor in [next, json!("nonsense"), json!("e30")] {
        let other = json!({"day": "2026-01-02", "cursor": cursor});
        assert_eq!(answer(&world.search, &other).await.unwrap_err().status, 400, "{cursor}");
    }
}

#[tokio::test]
async fn after_a_rotation_the_items_of_both_keys_are_found() {
    let mut world = World::default();
    world.place(1).await;
    world.project.email_key = crate::testing::email_key("key-2");
    world.wait(Duration::from_secs(1));
    world.append_only(&order_id(2), placed()).await;
    let record = testkit::record(world.table.all_events().last().unwrap());
    runtime::stream::Reader::read(&world.project, &[record]).await.unwrap();
    let rotated = search(&world.views, r#"["key-2", "key-1"]"#);
    let list = answer(&rotated, &json!({"email": "a@b.example"})).await.unwrap();
    assert_eq!(ids(&list), names(&[2, 1]));
    assert_eq!(found(&world, json!({"email": "a@b.example"})).await, names(&[1]), "the old key alone");
}

#[tokio::test]
async fn only_admins_search() {
    let world = World::default();
    let by = |caller| request("POST /orders/search").by(caller).json(&json!({"attention": "any"}));
    assert_eq!(world.search.answer(by(other_customer())).await.unwrap_err().status, 403);
    let without_token = request("POST /orders/search").json(&json!({"attention": "any"}));
    assert_eq!(world.search.answer(without_token).await.unwrap_err().status, 401);
}

#[tokio::test]
async fn a_search_that_is_not_valid_says_why() {
    let world = World::default();
    for (criterion, status, pointer) in [
        (json!({}), 422, ""),
        (json!({"status": "paid"}), 422, ""),
        (json!({"email": ""}), 422, ""),
        (json!({"email": "a@b.example", "sku": "TEA-01"}), 422, ""),
        (json!({"sku": "a b"}), 422, "/sku"),
        (json!({"sku": "x".repeat(400)}), 422, "/sku"),
        (json!({"tracking_code": "--"}), 422, "/tracking_code"),
        (json!({"day": "2026-02-30"}), 422, "/day"),
        (json!({"day": "yesterday"}), 422, "/day"),
        (json!({"attention": "lonely"}), 422, "/attention"),
        (json!({"attention": "any", "status": "lost"}), 422, "/status"),
        (json!({"name": "Ada"}), 422, "/name"),
    ] {
        let problem = answer(&world.search, &criterion).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.errors[0].pointer.as_str()),
            (status, pointer),
            "{criterion}: {problem:?}"
        );
    }
    for (number, says) in
        [("0000-0000-001", "mistyped"), ("0000", "11 letters"), ("U000-0000-000", "place 1")]
    {
        let problem = answer(&world.search, &json!({"number": number})).await.unwrap_err();
        assert_eq!((problem.status, problem.kind), (400, "order-number-invalid"));
        assert!(problem.detail.contains(says), "{}", problem.detail);
    }
}
