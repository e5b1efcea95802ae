//! Test events, the delivery log, and redeliveries.

use super::*;

#[tokio::test]
async fn a_test_event_goes_once_to_its_endpoint_whatever_types_it_wants() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    world.register("https://other.example/").await;
    world.answer(on(PATCH, &id).json(&json!({"event_types": ["order.paid"]}))).await.unwrap();
    let request = || on(TEST, &id).header("idempotency-key", "t").json(&json!({}));
    let first = body_of(&world.answer(request()).await.unwrap());
    let again = world.answer(request()).await.unwrap();
    assert!(again.headers.contains(&("idempotency-replayed", "true".to_owned())));
    assert_eq!((again.status, &body_of(&again)["id"]), (202, &first["id"]));
    world.drain(Duration::ZERO).await;
    let calls = world.receivers.calls();
    assert_eq!((calls.len(), calls[0].url.as_str()), (1, URL));
    let body: Value = serde_json::from_slice(&calls[0].body).unwrap();
    assert_eq!((&body["type"], &body["data"]["endpoint_id"]), (&json!("webhook.test"), &json!(id)));
    world.answer(on(PATCH, &id).json(&json!({"enabled": false}))).await.unwrap();
    assert_eq!(world.answer(request()).await.unwrap_err().status, 409);
}

#[tokio::test]
async fn the_delivery_log_is_newest_first_in_pages_and_filtered_by_status() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    let (other, _) = world.register("https://other.example/").await;
    for order in 0..5 {
        world.receivers.answer_next(URL, Ok(testkit::answer(if order % 2 == 0 { 200 } else { 500 }, &[])));
        world.publish_paid(order).await;
        world.drain(Duration::ZERO).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let request = on(LOG, &id).query("limit", "2");
        let request = cursor.iter().fold(request, |request, cursor| request.query("cursor", cursor));
        let page = body_of(&world.answer(request).await.unwrap());
        seen.extend(page["items"].as_array().unwrap().clone());
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
        let foreign = on(LOG, &other).query("cursor", cursor.as_ref().unwrap());
        assert_eq!(world.answer(foreign).await.unwrap_err().status, 400);
    }
    let moments: Vec<_> = seen.iter().map(|one| one["created_at"].as_str().unwrap().to_owned()).collect();
    let mut newest_first = moments.clone();
    newest_first.sort_by(|one, other| other.cmp(one));
    assert_eq!((moments.len(), &moments), (5, &newest_first));
    for (status, count) in [("delivered", 3), ("pending", 2), ("exhausted", 0), ("ended", 0)] {
        let page = body_of(&world.answer(on(LOG, &id).query("status", status)).await.unwrap());
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{status}");
    }
    for (name, wrong) in [("status", "lost"), ("limit", "0"), ("cursor", "x"), ("cursor", "e30")] {
        assert_eq!(
            world.answer(on(LOG, &id).query(name, wrong)).await.unwrap_err().status,
            400,
            "{name}={wrong}"
        );
    }
}

#[tokio::test]
async fn a_redelivery_keeps_the_id_and_makes_a_waiting_attempt_due() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    world.receivers.answer_next(URL, Ok(testkit::answer(500, &[])));
    world.publish_paid(1).await;
    world.drain(Duration::ZERO).await;
    let delivery = world.deliveries(&id).await[0]["id"].as_str().unwrap().to_owned();
    let request = || on(REDELIVER, &id).path("delivery_id", &delivery).json(&json!({}));
    for round in 1..=2 {
        assert_eq!(world.answer(request()).await.unwrap().status, 202);
        world.drain(Duration::ZERO).await;
        let log = world.deliveries(&id).await;
        assert_eq!((&log[0]["status"], &log[0]["attempted"]), (&json!("delivered"), &json!(round + 1)));
    }
    let unknown = on(REDELIVER, &id).path("delivery_id", "msg_unknown").json(&json!({}));
    assert_eq!(world.answer(unknown).await.unwrap_err().status, 404);
    world.answer(on(PATCH, &id).json(&json!({"enabled": false}))).await.unwrap();
    assert_eq!(world.answer(request()).await.unwrap_err().status, 409);
}
