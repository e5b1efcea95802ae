//! An endpoint's failures: its breaker opens, and it is disabled when it is gone or fails for too long.

use super::*;

#[tokio::test]
async fn a_410_disables_the_endpoint_and_ends_its_pending_deliveries() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    world.receivers.answer_next(URL, Ok(status(410)));
    world.publish_paid(1).await;
    world.publish_paid(2).await;
    world.drain(Duration::ZERO).await;
    let seen = world.endpoint(&endpoint).await;
    assert_eq!((&seen["enabled"], &seen["disabled_because"]), (&json!(false), &json!("gone_410")));
    assert_eq!(world.receivers.calls().len(), 1);
    for delivery in world.deliveries(&endpoint).await {
        assert_eq!(
            (&delivery["status"], &delivery["ended_because"]),
            (&json!("ended"), &json!("endpoint_disabled"))
        );
    }
    world.publish_paid(3).await;
    assert_eq!(world.deliveries(&endpoint).await.len(), 2, "no delivery is created for it");
}

#[tokio::test]
async fn an_endpoint_is_disabled_after_120_hours_without_a_success() {
    let world = World::default();
    let (dead, _) = world.register(URL).await;
    let alive_url = "https://alive.example/";
    let (alive, _) = world.register(alive_url).await;
    fail_next(&world, URL, 1000);
    for day in 0..6 {
        fail_next(&world, alive_url, 2);
        world.publish_paid(day).await;
        run_for_hours(&world, 24).await;
    }
    let seen = world.endpoint(&dead).await;
    assert_eq!((&seen["enabled"], &seen["disabled_because"]), (&json!(false), &json!("failing_120_hours")));
    assert_eq!(world.endpoint(&alive).await["enabled"], true);
    // Once it is enabled again it is called, and its earlier failures do not count.
    let request = request("PATCH /webhook-endpoints/{endpoint_id}").by_admin().path("endpoint_id", &dead);
    world.answer(request.json(&json!({"enabled": true}))).await.unwrap();
    world.publish_paid(99).await;
    world.clock.advance(SOON);
    world.drain(SOON).await;
    assert_eq!(world.endpoint(&dead).await["enabled"], true);
}

#[tokio::test]
async fn a_new_url_restarts_the_120_hours() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    fail_next(&world, URL, 1000);
    for day in 0..4 {
        world.publish_paid(day).await;
        run_for_hours(&world, 24).await;
    }
    let new_url = "https://new.example/";
    fail_next(&world, new_url, 1000);
    let request = request("PATCH /webhook-endpoints/{endpoint_id}").by_admin().path("endpoint_id", &endpoint);
    world.answer(request.json(&json!({"url": new_url}))).await.unwrap();
    world.publish_paid(9).await;
    run_for_hours(&world, 48).await;
    assert_eq!(world.endpoint(&endpoint).await["enabled"], true);
    run_for_hours(&world, 96).await;
    world.publish_paid(10).await;
    run_for_hours(&world, 1).await;
    assert_eq!(world.endpoint(&endpoint).await["enabled"], false);
}

#[tokio::test]
async fn an_open_breaker_stops_calls_to_its_endpoint_only() {
    let world = World::default();
    let (dead, _) = world.register(URL).await;
    let (alive, _) = world.register("https://alive.example/").await;
    fail_next(&world, URL, 1000);
    for order in 0..40 {
        world.publish_paid(order).await;
    }
    world.drain(Duration::ZERO).await;
    assert!(world.deliveries(&alive).await.iter().all(|delivery| delivery["status"] == "delivered"));
    let called = world.receivers.calls().iter().filter(|call| call.url == URL).count();
    assert_eq!(called, 5, "the breaker opened, and the rest is postponed");
    let log = world.deliveries(&dead).await;
    assert!(log.iter().all(|delivery| delivery["status"] == "pending"));
    assert_eq!(
        log.iter().filter(|delivery| delivery["attempted"] == 0).count(),
        35,
        "a postponed delivery has no attempt"
    );
    assert!(world.endpoint(&dead).await["health"]["paused_until"].is_string());
}

#[tokio::test]
async fn a_recovered_endpoint_gets_all_that_it_missed() {
    let world = World::default();
    let (endpoint, _) = world.register(URL).await;
    fail_next(&world, URL, 8);
    for order in 0..20 {
        world.publish_paid(order).await;
    }
    run_for_hours(&world, 4).await;
    let log = world.deliveries(&endpoint).await;
    assert_eq!(log.len(), 20);
    assert!(log.iter().all(|delivery| delivery["status"] == "delivered"), "{log:#?}");
}

#[tokio::test]
async fn disabling_an_endpoint_logs_the_alarms_metric_and_no_url() {
    let world = World::default();
    let (endpoint, secret) = world.register("https://shop.example/hooks?token=hidden").await;
    world.receivers.answer_next("https://shop.example/hooks?token=hidden", Ok(status(410)));
    world.publish_paid(1).await;
    let log = Log::of("deliver-webhook", "info");
    world.drain(Duration::ZERO).await;
    let (text, lines) = (log.text(), log.lines());
    let counted: Vec<&Value> = lines.iter().filter(|line| line["EndpointDisabled"] == 1).collect();
    let [line] = counted.as_slice() else { panic!("{text}") };
    assert_eq!((&line["because"], &line["endpoint.id"]), (&json!("gone_410"), &json!(endpoint)));
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["stack", "because"]]));
    assert!(!text.contains("hidden") && !text.contains(secret.expose()));
}
