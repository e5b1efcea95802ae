//! Many products in one request: each has its own result, and one that is refused keeps none of the others from being written.

use crate::testing::{World, body, tea};
use proptest::prelude::*;
use runtime::http::Problem;
use serde_json::{Value, json};

/// An item: a product with its SKU.
fn named(sku: &str, price: u64) -> Value {
    let mut item = tea(price);
    item["sku"] = json!(sku);
    item
}

async fn results(world: &World, items: &str) -> Result<Vec<Value>, Problem> {
    let reply = world.put_many(items).await?;
    assert_eq!(reply.status, 200);
    Ok(body(&reply)["results"].as_array().unwrap().clone())
}

#[tokio::test]
async fn each_item_is_written_or_refused_by_itself() {
    let world = World::default();
    world.put("CUP", &tea(5)).await.unwrap();
    let at = |version: u64, mut item: Value| {
        item["version"] = json!(version);
        item
    };
    let mut of_no_step = named("DATES", 5003);
    of_no_step["currency"] = json!("KWD");
    let mut unknown = named("JAR", 1);
    unknown["colour"] = json!("green");
    let mut unsendable = named("BOX", 1);
    unsendable["name"] = json!("\u{ffff}");
    let items = [
        named("TEA", 1250),
        named("no sku", 1),
        at(7, named("CUP", 6)),
        json!({"name": "Nameless", "price": 1, "currency": "EUR"}),
        named("TEA", 1300),
        unknown,
        at(1, named("POT", 1)),
        of_no_step,
        named("PAN", 1),
        json!({"sku": 7, "name": "Seven", "price": 1, "currency": "EUR"}),
        json!("TEA"),
        unsendable,
    ];
    let mut texts: Vec<String> = items.iter().map(Value::to_string).collect();
    texts.push(r#"{"sku": "TWICE", "name": "a", "price": 1, "price": 900, "currency": "EUR"}"#.to_owned());
    texts[11] = texts[11].replace('\u{ffff}', "\\uffff");
    let items = format!("[{}]", texts.join(","));
    let found: Vec<_> = results(&world, &items)
        .await
        .unwrap()
        .into_iter()
        .map(|result| {
            let pointer = result["problem"]["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned();
            (result["sku"].clone(), result["status"].clone(), result["version"].clone(), pointer)
        })
        .collect();
    let expected = [
        (json!("TEA"), 201, json!(1), ""),
        (json!("no sku"), 422, Value::Null, "/sku"),
        (json!("CUP"), 412, Value::Null, ""),
        (Value::Null, 422, Value::Null, "/sku"),
        (json!("TEA"), 422, Value::Null, "/sku"),
        (json!("JAR"), 422, Value::Null, "/colour"),
        (json!("POT"), 412, Value::Null, ""),
        (json!("DATES"), 422, Value::Null, "/price"),
        (json!("PAN"), 201, json!(1), ""),
        (json!(7), 422, Value::Null, "/sku"),
        (Value::Null, 422, Value::Null, ""),
        (json!("BOX"), 422, Value::Null, "/name"),
        (json!("TWICE"), 422, Value::Null, ""),
    ]
    .map(|(sku, status, version, pointer)| (sku, json!(status), version, pointer.to_owned()));
    assert_eq!(found, expected);
    assert_eq!((world.events("TEA").await, world.events("CUP").await), (1, 1));
}

#[tokio::test]
async fn an_item_with_a_version_replaces_that_version() {
    let world = World::default();
    world.put("CUP", &tea(5)).await.unwrap();
    let mut item = named("CUP", 6);
    item["version"] = json!(1);
    let items = json!([item]).to_string();
    for _ in 0..2 {
        let result = results(&world, &items).await.unwrap().remove(0);
        assert_eq!((&result["status"], &result["version"]), (&json!(200), &json!(2)), "{result}");
    }
    let with_header = world.put_many_with(&items, "if-match").await.unwrap_err();
    assert_eq!((with_header.status, world.events("CUP").await), (400, 2));
}

#[tokio::test]
async fn an_item_that_cannot_be_written_now_keeps_no_other_from_being_written() {
    let world = World::failing_once();
    let items = json!([named("A", 1), named("B", 1), named("C", 1)]).to_string();
    let count = |results: Vec<Value>, status: u16| results.iter().filter(|it| it["status"] == status).count();
    let first = results(&world, &items).await.unwrap();
    assert_eq!((count(first.clone(), 201), count(first, 503)), (2, 1));
    assert_eq!(count(results(&world, &items).await.unwrap(), 200), 3);
    assert_eq!(body(&world.list(&[]).await.unwrap())["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_request_has_one_to_five_hundred_products_and_its_repeat_writes_nothing() {
    let world = World::default();
    let items = |count: usize| {
        Value::from((0..count).map(|n| named(&format!("P-{n}"), 1)).collect::<Vec<_>>()).to_string()
    };
    for wrong in [0, 501] {
        let problem = world.put_many(&items(wrong)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/items"));
    }
    assert_eq!(world.table.all_events().len(), 0);
    for status in [201, 200] {
        let results = results(&world, &items(500)).await.unwrap();
        assert!(results.len() == 500 && results.iter().all(|result| result["status"] == status));
    }
    assert_eq!(world.table.all_events().len(), 500);
    let large = format!("[\"{}\"]", "x".repeat(2 * 1024 * 1024));
    assert_eq!(world.put_many(&large).await.unwrap_err().status, 413);
    assert_eq!(world.put_many("{}").await.unwrap_err().status, 422);
}

#[tokio::test]
async fn a_list_that_is_too_long_has_one_error() {
    let mut item = named("TEA", 1);
    item["tags"] = json!(vec![""; 100_000]);
    let result = results(&World::default(), &json!([item]).to_string()).await.unwrap().remove(0);
    assert_eq!(result["problem"]["errors"].as_array().unwrap().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// One by one or together: the products are the same.
    #[test]
    fn many_at_once_are_as_one_by_one(
        products in prop::collection::btree_map("[A-Z]{1,6}", 0..3000_u64, 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (together, alone) = (World::default(), World::default());
            let items: Vec<_> = products.iter().map(|(sku, price)| named(sku, *price)).collect();
            together.put_many(&json!(items).to_string()).await.unwrap();
            for (sku, price) in &products {
                alone.put(sku, &tea(*price)).await.unwrap();
            }
            let [together, alone] = [together.list(&[]).await, alone.list(&[]).await].map(Result::unwrap);
            prop_assert_eq!(body(&together), body(&alone));
            Ok(())
        })?;
    }
}
