//! Requests without an idempotency key or a body.

use super::*;

#[tokio::test]
async fn without_a_key_each_request_is_new_and_an_invalid_key_is_refused() {
    let world = World::default();
    let mut ids = Vec::new();
    for request_id in ["r1", "r2"] {
        let request = request("POST /webhook-endpoints").by_admin().under(request_id);
        let made = world.answer(request.json(&json!({"url": URL}))).await.unwrap();
        assert_eq!(made.status, 201);
        ids.push(body_of(&made)["id"].as_str().unwrap().to_owned());
        let id = &ids[0];
        let rotated = world.answer(on(SECRET, id).under(request_id).json(&json!({}))).await.unwrap();
        assert_eq!(rotated.status, 201);
        let tested = world.answer(on(TEST, id).under(request_id).json(&json!({}))).await.unwrap();
        assert_eq!((tested.status, tested.headers.len()), (202, 0));
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(world.endpoint(&ids[0]).await["secrets"].as_array().unwrap().len(), 3);
    assert_eq!(world.deliveries(&ids[0]).await.len(), 2);
    // A key never equals the id of a request.
    let keyed = on(TEST, &ids[0]).header("idempotency-key", "request/r1").json(&json!({}));
    assert_eq!(world.answer(keyed).await.unwrap().headers, []);
    for (route, body) in
        [("POST /webhook-endpoints", json!({"url": URL})), (SECRET, json!({})), (TEST, json!({}))]
    {
        let invalid = on(route, &ids[0]).header("idempotency-key", "").json(&body);
        assert_eq!(world.answer(invalid).await.unwrap_err().status, 400, "{route}");
    }
}

#[tokio::test]
async fn a_route_without_input_accepts_no_body_or_an_empty_object() {
    let world = World::default();
    let (id, _) = world.register(URL).await;
    let request = |route: &str, delivery: &str| on(route, &id).path("delivery_id", delivery);
    let tested = world.answer(request(TEST, "")).await.unwrap();
    let delivery = body_of(&tested)["id"].as_str().unwrap().to_owned();
    for route in [TEST, REDELIVER] {
        let plain = request(route, &delivery);
        let typed = plain.clone().header("content-type", "application/json");
        for valid in [plain.clone(), typed, plain.clone().json(&json!({}))] {
            assert_eq!(world.answer(valid).await.unwrap().status, 202, "{route}");
        }
        let untyped = Request { body: b"{}".to_vec(), ..plain.clone() };
        assert_eq!(world.answer(untyped).await.unwrap_err().status, 415, "{route}");
        for (wrong, status) in [(json!({"more": 1}), 422), (json!(null), 422)] {
            let problem = world.answer(plain.clone().json(&wrong)).await.unwrap_err();
            assert_eq!(problem.status, status, "{route} {wrong}");
        }
    }
    // A PATCH without fields is accepted too.
    assert_eq!(world.answer(on(PATCH, &id).json(&json!({}))).await.unwrap().status, 200);
}
