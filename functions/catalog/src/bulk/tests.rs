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

async fn results(world: &World, items: Value) -> Result<Vec<Value>, Problem> {
    let reply = world.put_many(&items).await?;
    assert_eq!(reply.status, 200);
    Ok(body(&reply)["results"].as_array().unwrap().clone())
}

#[tokio::test]
async fn each_item_has_the_result_that_it_would_have_alone() {
    let world = World::default();
    world.put("CUP", &tea(5)).await.unwrap();
    let mut of_no_version = named("POT", 1);
    of_no_version["version"] = json!(1);
    let mut stale = named("CUP", 6);
    stale["version"] = json!(7);
    let mut unknown = named("JAR", 1);
    unknown["colour"] = json!("green");
    let mut of_no_step = named("DATES", 5003);
    of_no_step["currency"] = json!("KWD");
    let items = json!([
        named("TEA", 1250),
        named("no sku", 1),
        stale,
        {"name": "Nameless", "price": 1, "currency": "EUR"},
        named("TEA", 1300),
        unknown,
        of_no_version,
        of_no_step,
        named("PAN", 1),
        {"sku": 7, "name": "Seven", "price": 1, "currency": "EUR"},
    ]);
    let found: Vec<_> = results(&world, items)
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
        (Value::Null, 422, Value::Null, ""),
        (json!("TEA"), 422, Value::Null, "/sku"),
        (json!("JAR"), 422, Value::Null, "/colour"),
        (json!("POT"), 412, Value::Null, ""),
        (json!("DATES"), 422, Value::Null, "/price"),
        (json!("PAN"), 201, json!(1), ""),
        (json!(7), 422, Value::Null, "/sku"),
    ]
    .map(|(sku, status, version, pointer)| (sku, json!(status), version, pointer.to_owned()));
    assert_eq!(found, expected);
    assert_eq!((world.events("TEA").await, world.events("CUP").await), (1, 1));
}

#[tokio::test]
async fn a_request_has_one_to_five_hundred_products_and_its_repeat_writes_nothing() {
    let world = World::default();
    let items =
        |count: usize| Value::from((0..count).map(|n| named(&format!("P-{n}"), 1)).collect::<Vec<_>>());
    for wrong in [0, 501] {
        let problem = world.put_many(&items(wrong)).await.unwrap_err();
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/items"));
    }
    assert_eq!(world.table.all_events().len(), 0);
    for status in [201, 200] {
        let results = results(&world, items(500)).await.unwrap();
        assert!(results.len() == 500 && results.iter().all(|result| result["status"] == status));
    }
    assert_eq!(world.table.all_events().len(), 500);
    assert_eq!(world.put_many(&json!("x".repeat(2 * 1024 * 1024))).await.unwrap_err().status, 413);
    assert_eq!(world.put_many(&json!([["TEA"]])).await.unwrap_err().status, 422);
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
            together.put_many(&json!(items)).await.unwrap();
            for (sku, price) in &products {
                alone.put(sku, &tea(*price)).await.unwrap();
            }
            let listed = [&together, &alone].map(|world| world.list(&[("limit", "100")]));
            let [together, alone] = listed;
            prop_assert_eq!(body(&together.await.unwrap()), body(&alone.await.unwrap()));
            Ok(())
        })?;
    }
}
