//! Products are put, shown and listed: one event for each change, and a list that follows.

use crate::list;
use crate::testing::{World, body, request, tea};
use events::{CatalogEvent, ServiceEvent as _};
use proptest::prelude::*;
use runtime::http::{Endpoint as _, Server, parse_sample};
use serde_json::{Value, json};
use std::sync::Arc;

#[tokio::test]
async fn a_put_creates_or_changes_a_product_and_its_repeat_writes_nothing() {
    let world = World::default();
    assert_eq!(world.get("TEA").await.unwrap_err().status, 404);
    for (price, status, version) in
        [(1250, 201, 1), (1250, 200, 1), (1300, 200, 2), (1300, 200, 2), (1250, 200, 3)]
    {
        let reply = world.put("TEA", &tea(price)).await.unwrap();
        let listed = json!({
            "sku": "TEA", "name": "Sencha", "price": price, "currency": "EUR", "weight_grams": 250,
            "active": true, "image": null, "tax_class": null, "tags": [], "version": version,
        });
        let mut expected = listed.clone();
        expected.as_object_mut().unwrap().extend([
            ("description".to_owned(), Value::Null),
            ("images".to_owned(), json!([])),
            ("attributes".to_owned(), json!([])),
        ]);
        assert_eq!((reply.status, body(&reply)), (status, expected.clone()));
        assert_eq!(reply.headers, [("etag", format!("\"{version}\""))]);
        assert_eq!(body(&world.get("TEA").await.unwrap()), expected);
        assert_eq!(body(&world.list(&[]).await.unwrap()), json!({ "items": [listed], "next": null }));
    }
    assert_eq!(world.events("TEA").await, 3);
    let CatalogEvent::ProductChanged(event) =
        CatalogEvent::read(world.table.all_events().last().unwrap()).unwrap();
    assert_eq!((event.price.units(), event.weight_grams, event.active), (1250, Some(250), true));
}

#[tokio::test]
async fn a_product_is_shown_whole_and_listed_short() {
    let world = World::default();
    let said = json!({
        "description": "First flush.\nTwo minutes at 70 °C.",
        "images": ["https://shop.example/front.jpg", "https://shop.example/back.jpg?w=800#top"],
        "attributes": [{"name": "Origin", "value": "Uji, Japan"}, {"name": "Harvest", "value": "May"}],
        "tax_class": "food",
        "tags": ["tea", "green", "tea"],
    });
    let mut product = tea(1250);
    product.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
    let shown = body(&world.put("TEA", &product).await.unwrap());
    assert_eq!(shown["tags"], json!(["green", "tea"]), "a tag is there once, in alphabetical order");
    for field in ["description", "images", "attributes", "tax_class"] {
        assert_eq!(shown[field], said[field]);
    }
    assert_eq!(body(&world.get("TEA").await.unwrap()), shown);
    let listed = &body(&world.list(&[]).await.unwrap())["items"][0];
    assert_eq!((&listed["image"], &listed["tags"]), (&said["images"][0], &shown["tags"]));
    for field in ["description", "images", "attributes"] {
        assert_eq!(listed.get(field), None, "{field} is on the product's own page only");
    }
    assert_eq!(body(&world.put("TEA", &product).await.unwrap()), shown, "a repeat changes nothing");
    let bare = body(&world.put("TEA", &tea(1250)).await.unwrap());
    assert_eq!(
        (&bare["description"], &bare["tags"], &bare["version"]),
        (&Value::Null, &json!([]), &json!(2))
    );
}

/// A product with every field at its bound.
fn at_every_bound() -> Value {
    let text = |length: usize| "水".repeat(length);
    let link = |n: usize| format!("https://a.example/{}{n:02}", "x".repeat(480));
    assert_eq!(link(1).len(), 500);
    json!({
        "name": text(200),
        "price": 999_999_999_999_u64,
        "currency": "EUR",
        "weight_grams": 1_000_000,
        "description": text(4000),
        "images": (0..10).map(link).collect::<Vec<_>>(),
        "attributes": (0..30).map(|n| json!({"name": format!("{n:02}{}", text(38)), "value": text(300)})).collect::<Vec<_>>(),
        "tags": (0..20).map(|n| format!("{n:02}{}", text(38))).collect::<Vec<_>>(),
        "tax_class": text(40),
    })
}

#[tokio::test]
async fn a_product_at_every_bound_is_accepted_also_if_its_client_escapes_every_character() {
    let world = World::default();
    let product = at_every_bound();
    assert_eq!(world.put("TEA", &product).await.unwrap().status, 201);
    let mut escaped = request("PUT /products/{sku}", "TEA", &[], &product, true);
    escaped.body = product.to_string().replace('水', "\\u6c34").into_bytes();
    assert_eq!(world.endpoint.answer(escaped).await.unwrap().status, 200);
    assert_eq!(world.events("TEA").await, 1);
}

#[tokio::test]
async fn a_description_image_attribute_or_tag_out_of_its_bounds_is_named() {
    let world = World::default();
    let named = |name: &str| json!({"name": name, "value": "x"});
    for (field, value, pointer) in [
        ("description", json!("x".repeat(4001)), "/description"),
        ("description", json!("a\u{7}"), "/description"),
        ("images", json!(["https://a.example/1.jpg", "javascript:alert(1)"]), "/images/1"),
        ("images", json!(["http://a.example/1.jpg"]), "/images/0"),
        ("images", json!(["https:///1.jpg"]), "/images/0"),
        ("images", json!(["https://@/1.jpg"]), "/images/0"),
        ("images", json!(["https://a.example/tür.jpg"]), "/images/0"),
        ("images", json!(["https://a.example/1.jpg", "https://a.example/1.jpg"]), "/images/1"),
        ("images", json!(["https://a.example/1 2.jpg"]), "/images/0"),
        ("images", json!(["https://a.example/\"onerror=x"]), "/images/0"),
        ("images", json!([format!("https://a.example/{}", "x".repeat(500))]), "/images/0"),
        ("images", json!(vec!["https://a.example/1.jpg"; 11]), "/images"),
        ("images", json!("https://a.example/1.jpg"), "/images"),
        ("attributes", json!([named("a"), named("a")]), "/attributes/1/name"),
        ("attributes", json!([{"name": "a", "value": " "}]), "/attributes/0/value"),
        ("attributes", json!([{"name": "a", "value": "x".repeat(301)}]), "/attributes/0/value"),
        ("attributes", json!([named(&"x".repeat(41))]), "/attributes/0/name"),
        ("attributes", json!([named("Size: EU")]), "/attributes/0/name"),
        ("sku", json!("TEA"), "/sku"),
        ("version", json!(1), "/version"),
        ("attributes", json!([{"name": "a"}]), "/attributes/0"),
        ("attributes", json!([["a", "x"]]), "/attributes/0"),
        ("attributes", json!((0..31).map(|n| named(&n.to_string())).collect::<Vec<_>>()), "/attributes"),
        ("tax_class", json!("x".repeat(41)), "/tax_class"),
        ("tags", json!(["tea", "a\nb"]), "/tags/1"),
        ("tags", json!(vec!["tea"; 21]), "/tags"),
    ] {
        let mut wrong = tea(1);
        wrong[field] = value;
        let problem = world.put("TEA", &wrong).await.unwrap_err();
        let pointers: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!((problem.status, pointers), (422, vec![pointer]), "{wrong}");
    }
    assert_eq!(world.table.all_events().len(), 0);
}

#[tokio::test]
async fn a_deleted_product_is_off_sale_until_it_is_put_again() {
    let world = World::default();
    assert_eq!(world.delete("TEA").await.unwrap_err().status, 404);
    let put = body(&world.put("TEA", &tea(1250)).await.unwrap());
    for _ in 0..2 {
        let gone = body(&world.delete("TEA").await.unwrap());
        assert_eq!(
            (&gone["active"], &gone["version"], &gone["price"]),
            (&json!(false), &json!(2), &put["price"])
        );
        assert_eq!(body(&world.get("TEA").await.unwrap()), gone);
    }
    assert_eq!(body(&world.list(&[]).await.unwrap())["items"][0]["active"], false);
    let again = body(&world.put("TEA", &tea(1250)).await.unwrap());
    assert_eq!((&again["active"], &again["version"]), (&json!(true), &json!(3)));
    let with_body = request("DELETE /products/{sku}", "TEA", &[], &json!({"force": true}), true);
    assert_eq!(world.endpoint.answer(with_body).await.unwrap_err().status, 422);
}

#[tokio::test]
async fn a_change_with_if_match_applies_to_that_version_only() {
    let world = World::default();
    assert_eq!(
        world.at_version("PUT", "TEA", "*", &tea(1)).await.unwrap_err().status,
        412,
        "it is not there"
    );
    world.put("TEA", &tea(1)).await.unwrap();
    world.at_version("PUT", "TEA", "\"1\"", &tea(2)).await.unwrap();
    for method in ["PUT", "DELETE"] {
        let change = if method == "PUT" { tea(3) } else { json!({}) };
        for stale in ["\"1\"", "1", "\"3\"", "W/\"2\"", "x", "“2”"] {
            let problem = world.at_version(method, "TEA", stale, &change).await.unwrap_err();
            assert_eq!((problem.status, problem.kind), (412, "precondition-failed"), "{method} {stale}");
        }
    }
    assert_eq!(world.events("TEA").await, 2);
    let repeat = world.at_version("PUT", "TEA", "\"1\"", &tea(2)).await.unwrap();
    assert_eq!((repeat.status, world.events("TEA").await), (200, 2), "what is done already is no conflict");
    assert_eq!(body(&world.at_version("DELETE", "TEA", "2", &json!({})).await.unwrap())["version"], 3);
    assert_eq!(body(&world.at_version("DELETE", "TEA", "2", &json!({})).await.unwrap())["version"], 3);
    assert_eq!(body(&world.at_version("PUT", "TEA", "\"9\", *", &tea(4)).await.unwrap())["version"], 4);
}

#[tokio::test]
async fn the_list_is_of_a_tag_or_of_words_that_names_begin_with() {
    let world = World::default();
    for (sku, name, tags) in [
        ("TEA-01", "Sencha, 250 g", vec!["green", "tea"]),
        ("TEA-02", "Gyokuro Superior", vec!["green"]),
        ("CUP-01", "Teacup for Sencha", vec![]),
        ("KET-01", "Kessel aus Öl-Ton", vec!["Tea"]),
        ("CUP-02", "İznik bowl", vec![]),
    ] {
        let mut product = tea(1);
        (product["name"], product["tags"]) = (json!(name), json!(tags));
        world.put(sku, &product).await.unwrap();
    }
    for (query, expected) in [
        (vec![("tag", "green")], vec!["TEA-01", "TEA-02"]),
        (vec![("tag", "tea")], vec!["TEA-01"]),
        (vec![("tag", "gre")], vec![]),
        (vec![("q", "SEN")], vec!["CUP-01", "TEA-01"]),
        (vec![("q", "tea")], vec!["CUP-01", "TEA-01", "TEA-02"]),
        (vec![("q", "sencha tea")], vec!["CUP-01", "TEA-01"]),
        (vec![("q", "tea-01")], vec!["TEA-01"]),
        (vec![("q", "TEA-0")], vec!["TEA-01", "TEA-02"]),
        (vec![("q", "01")], vec!["CUP-01", "KET-01", "TEA-01"]),
        (vec![("q", "öl-to")], vec!["KET-01"]),
        (vec![("q", "öl")], vec!["KET-01"]),
        (vec![("q", "ÖL")], vec!["KET-01"]),
        (vec![("q", "İznik")], vec!["CUP-02"]),
        (vec![("q", "encha")], vec![]),
        (vec![("q", " - ")], vec!["CUP-01", "CUP-02", "KET-01", "TEA-01", "TEA-02"]),
        (vec![("q", "tea"), ("tag", "green")], vec!["TEA-01", "TEA-02"]),
    ] {
        let page = body(&world.list(&query).await.unwrap());
        let found: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap()).collect();
        assert_eq!((found, &page["next"]), (expected, &Value::Null), "{query:?}");
    }
    let first = body(&world.list(&[("tag", "green"), ("limit", "1")]).await.unwrap());
    let cursor = first["next"].as_str().unwrap();
    let second = body(&world.list(&[("tag", "green"), ("limit", "1"), ("cursor", cursor)]).await.unwrap());
    assert_eq!((&second["items"][0]["sku"], &second["next"]), (&json!("TEA-02"), &Value::Null));
    assert_eq!(world.list(&[("q", &"x".repeat(101))]).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn a_price_needs_a_currency_in_use() {
    let world = World::default();
    let priced_in = |currency: &str| {
        let mut product = tea(1);
        product["currency"] = json!(currency);
        product
    };
    for currency in ["ZZZ", "HRK", "XXX", "XTS", "XAU", "CHW", "UGX"] {
        let problem = world.put("TEA", &priced_in(currency)).await.unwrap_err();
        assert_eq!(
            (problem.status, problem.errors[0].pointer.as_str()),
            (422, "/currency"),
            "{currency} is not in use as money"
        );
    }
    for currency in ["CHF", "JPY", "XAF", "XCG", "ISK", "IQD"] {
        assert!(world.put("TEA", &priced_in(currency)).await.is_ok(), "{currency}");
    }
}

#[tokio::test]
async fn a_price_is_a_multiple_of_the_step_of_its_currency() {
    let world = World::default();
    let put = async |price: u64, currency: &str| {
        let mut product = tea(price);
        product["currency"] = json!(currency);
        world.put("TEA", &product).await
    };
    for (price, currency, step) in [
        (5003, "KWD", "10"),
        (1, "BHD", "10"),
        (250_050, "MGA", "100"),
        (99, "MGA", "100"),
        (12_345, "TND", "10"),
    ] {
        let problem = put(price, currency).await.unwrap_err();
        let [error] = problem.errors.as_slice() else { panic!("{problem:?}") };
        assert_eq!((problem.status, error.pointer.as_str()), (422, "/price"), "{price} {currency}");
        assert!(error.detail.contains(step) && error.detail.contains(currency), "{}", error.detail);
    }
    for (price, currency) in [
        (5000, "ISK"),
        (5001, "ISK"),
        (250_000, "MGA"),
        (5010, "KWD"),
        (0, "KWD"),
        (20, "EUR"),
        (1, "JPY"),
        (125_000_000, "EUR"),
        (1_500_000_000, "IDR"),
        (999_999_999_999, "IDR"),
    ] {
        assert!(put(price, currency).await.is_ok(), "{price} {currency}");
    }
}

#[tokio::test]
async fn an_empty_optional_field_of_a_product_is_absent() {
    let world = World::default();
    let mut product = tea(1);
    product["weight_grams"] = json!("");
    product["active"] = json!("");
    world.put("TEA", &product).await.unwrap();
    let event = world.table.all_events().pop().unwrap();
    assert_eq!((event.data.get("weight_grams"), &event.data["active"]), (None, &json!(true)));
    let bare = event.data;
    for empty in [json!(""), json!(null)] {
        let mut whole = at_every_bound();
        whole["name"] = json!("Sencha");
        world.put("TEA", &whole).await.unwrap();
        for field in ["weight_grams", "description", "images", "attributes", "tags", "tax_class"] {
            whole[field] = empty.clone();
        }
        (whole["price"], whole["currency"]) = (json!(1), json!("EUR"));
        world.put("TEA", &whole).await.unwrap();
        assert_eq!(world.table.all_events().pop().unwrap().data, bare, "{empty}");
    }
}

#[tokio::test]
async fn an_invalid_product_names_every_field_and_writes_nothing() {
    let world = World::default();
    let wrong =
        json!({ "name": " ", "price": 1_000_000_000_000_u64, "currency": "EUR", "weight_grams": 1_000_001 });
    let problem = world.put("TEA", &wrong).await.unwrap_err();
    let pointers: Vec<_> = problem.errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!((problem.status, pointers.as_slice()), (422, ["/name", "/price", "/weight_grams"].as_slice()));
    for (field, value) in [
        ("price", json!(-1)),
        ("price", json!(12.5)),
        ("price", json!(1e30)),
        ("weight_grams", json!(-1)),
        ("weight_grams", json!(99_999_999_999_u64)),
        ("name", json!("Tea\u{ffff}")),
        ("currency", json!("eur")),
        ("name", json!("x".repeat(201))),
        ("name", json!("a\nb")),
        ("active", json!("yes")),
        ("colour", json!("green")),
    ] {
        let mut wrong = tea(1);
        wrong[field] = value;
        let problem = world.put("TEA", &wrong).await.unwrap_err();
        assert_eq!(problem.status, 422, "{field}");
    }
    assert_eq!(world.put("TEA", &json!(["Sencha", 1, "EUR", 250, true])).await.unwrap_err().status, 422);
    assert_eq!(world.put("no sku", &tea(1)).await.unwrap_err().status, 400);
    assert_eq!(world.table.all_events().len(), 0);
}

#[tokio::test]
async fn a_customer_reads_and_does_not_write() {
    let world = World::default();
    world.put("TEA", &tea(1)).await.unwrap();
    for route in ["PUT /products/{sku}", "PUT /products", "DELETE /products/{sku}"] {
        let refused = world.endpoint.answer(request(route, "TEA", &[], &tea(2), false)).await;
        assert_eq!(refused.unwrap_err().status, 403, "{route}");
    }
    assert_eq!(world.events("TEA").await, 1);
    assert_eq!(world.get("TEA").await.unwrap().status, 200);
    let mut anonymous = request("GET /products", "", &[], &Value::Null, false);
    anonymous.caller = None;
    assert_eq!(world.endpoint.answer(anonymous).await.unwrap_err().status, 401);
}

#[tokio::test]
async fn a_foreign_cursor_and_an_out_of_range_limit_are_refused() {
    let world = World::default();
    for foreign in ["x", "eyJsaXN0IjoiYSJ9", "cHJvZHVjdDo", "cHJvZHVjdDphI2I"] {
        assert_eq!(world.list(&[("cursor", foreign)]).await.unwrap_err().status, 400, "{foreign}");
    }
    for limit in ["0", "101", "many"] {
        assert_eq!(world.list(&[("limit", limit)]).await.unwrap_err().status, 400, "{limit}");
    }
}

#[tokio::test]
async fn a_repeat_repairs_the_list() {
    let world = World::failing_once();
    let refused = world.put("TEA", &tea(1250)).await.unwrap_err();
    assert_eq!(refused.status, 503);
    assert_eq!(body(&world.list(&[]).await.unwrap())["items"], json!([]));
    assert_eq!(world.put("TEA", &tea(1250)).await.unwrap().status, 200);
    assert_eq!(body(&world.list(&[]).await.unwrap())["items"][0]["price"], 1250);
    assert_eq!(world.events("TEA").await, 1);
}

#[tokio::test]
async fn a_late_older_write_does_not_replace_a_newer_one() {
    let world = World::default();
    world.put("TEA", &tea(1)).await.unwrap();
    let CatalogEvent::ProductChanged(old) = CatalogEvent::read(&world.table.all_events()[0]).unwrap();
    world.put("TEA", &tea(2)).await.unwrap();
    list::keep(&*world.table, &old, 1).await.unwrap();
    assert_eq!(body(&world.list(&[]).await.unwrap())["items"][0]["price"], 2);
}

#[tokio::test]
async fn every_sample_is_answered() {
    let server = Server {
        access: Some(testkit::access()),
        limiter: None,
        endpoint: Arc::new(World::default().endpoint),
    };
    for (text, status) in [
        (include_str!("../../../../events/manage-products/put.json"), 201),
        (include_str!("../../../../events/manage-products/get.json"), 200),
        (include_str!("../../../../events/manage-products/list.json"), 200),
        (include_str!("../../../../events/manage-products/delete.json"), 200),
        (include_str!("../../../../events/manage-products/put-many.json"), 200),
    ] {
        let answer = server.serve(parse_sample(text).unwrap()).await;
        assert_eq!(answer.status().as_u16(), status, "{:?}", answer.body());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn pages_hold_every_product_once_in_order(
        skus in prop::collection::btree_set("[A-Za-z0-9._-]{1,8}", 0..25),
        limit in 1..10_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::default();
            for sku in &skus {
                world.put(sku, &tea(1)).await.unwrap();
            }
            let (mut found, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let limit_text = limit.to_string();
                let mut query = vec![("limit", limit_text.as_str())];
                query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
                let page = body(&world.list(&query).await.unwrap());
                let items = page["items"].as_array().unwrap();
                prop_assert!(items.len() <= limit);
                found.extend(items.iter().map(|item| item["sku"].as_str().unwrap().to_owned()));
                cursor = page["next"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
                prop_assert_eq!(items.len(), limit);
            }
            prop_assert_eq!(found, skus.into_iter().collect::<Vec<_>>());
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn an_unknown_parameter_of_the_list_is_named() {
    let world = World::default();
    let problem = world.list(&[("name", "tea")]).await.unwrap_err();
    assert_eq!((problem.status, problem.kind), (400, "unknown-query-parameter"));
}
