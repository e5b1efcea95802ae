//! What may be left out of a request: its key, and a body that would say nothing.

use super::*;

#[tokio::test]
async fn without_a_key_each_request_is_a_new_one_and_a_key_that_is_sent_is_a_sound_one() {
    let scene = Scene::default();
    let mut ids = Vec::new();
    for request_id in ["r1", "r2"] {
        let asked = request("POST /webhook-endpoints").by_admin().under(request_id);
        let made = scene.ask(asked.json(&json!({"url": URL}))).await.unwrap();
        assert_eq!(made.status, 201);
        ids.push(body_of(&made)["id"].as_str().unwrap().to_owned());
        let id = &ids[0];
        let rotated = scene.ask(on(SECRET, id).under(request_id).json(&json!({}))).await.unwrap();
        assert_eq!(rotated.status, 201);
        let tested = scene.ask(on(TEST, id).under(request_id).json(&json!({}))).await.unwrap();
        assert_eq!((tested.status, tested.headers.len()), (202, 0));
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(scene.endpoint(&ids[0]).await["secrets"].as_array().unwrap().len(), 3);
    assert_eq!(scene.log(&ids[0]).await.len(), 2);
    // Nobody's key is the id of a request.
    let keyed = on(TEST, &ids[0]).header("idempotency-key", "request/r1").json(&json!({}));
    assert_eq!(scene.ask(keyed).await.unwrap().headers, []);
    for (route, body) in
        [("POST /webhook-endpoints", json!({"url": URL})), (SECRET, json!({})), (TEST, json!({}))]
    {
        let unsound = on(route, &ids[0]).header("idempotency-key", "").json(&body);
        assert_eq!(scene.ask(unsound).await.unwrap_err().status, 400, "{route}");
    }
}

#[tokio::test]
async fn what_needs_no_body_is_asked_for_with_none_or_with_an_empty_object() {
    let scene = Scene::default();
    let (id, _) = scene.register(URL).await;
    let asked = |route: &str, delivery: &str| on(route, &id).path("delivery_id", delivery);
    let tested = scene.ask(asked(TEST, "")).await.unwrap();
    let delivery = body_of(&tested)["id"].as_str().unwrap().to_owned();
    for route in [TEST, REDELIVER] {
        let plain = asked(route, &delivery);
        let typed = plain.clone().header("content-type", "application/json");
        for sound in [plain.clone(), typed, plain.clone().json(&json!({}))] {
            assert_eq!(scene.ask(sound).await.unwrap().status, 202, "{route}");
        }
        let untyped = Request { body: b"{}".to_vec(), ..plain.clone() };
        assert_eq!(scene.ask(untyped).await.unwrap_err().status, 415, "{route}");
        for (wrong, status) in [(json!({"more": 1}), 422), (json!(null), 422)] {
            let problem = scene.ask(plain.clone().json(&wrong)).await.unwrap_err();
            assert_eq!(problem.status, status, "{route} {wrong}");
        }
    }
    // A change of nothing is fine too.
    assert_eq!(scene.ask(on(PATCH, &id).json(&json!({}))).await.unwrap().status, 200);
}
