//! Views that are lost, behind or wrong are written again, while orders go on; those that are right are left alone.

use super::{Rebuilding, tally::MOST_NAMED};
use crate::testing::{World, after, disputed, email_key, payment_requested, publish};
use crate::{Deadlines, ProjectOrders, RebuildViews};
use async_trait::async_trait;
use event_store::{
    Document, Documents as _, EventScan, EventStore as _, Key, Memory, Scanned, StoreError, StreamId,
};
use events::{
    DisputeOutcome, EventId, InventoryEvent, InventoryUpdated, OrderExpired, OrdersEvent, PaymentDisputed,
    PaymentsEvent,
};
use jiff::Timestamp;
use resilience::{Clock as _, Failure, FixedClock};
use runtime::queue::Consumer as _;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use testkit::{DamagedScan, Effect, Gate, GateDecision, Gated, Plan, Stop, lines, order_id};

fn step(world: &World, gate: &Arc<dyn Gate>, scan: Arc<dyn EventScan>) -> RebuildViews {
    let store = Gated::new(gate.clone(), world.table.clone());
    let views = Gated::new(gate.clone(), world.views.clone());
    RebuildViews {
        scan: Gated::new(gate.clone(), scan),
        project: ProjectOrders {
            store,
            views,
            deadlines: Deadlines::default(),
            email_key: email_key("key-1"),
            redaction: world.table.clone(),
            clock: world.clock.clone(),
        },
        clock: world.clock.clone(),
        work_for: Duration::from_mins(4),
    }
}

async fn run(world: &World, to_do: &str) -> Value {
    let open: Arc<dyn Gate> = Plan::open();
    runtime::command::work(&step(world, &open, world.table.clone()), json!({"do": to_do})).await.unwrap()
}

/// Some orders, each with two more events, and their views.
async fn shop(orders: u64) -> World {
    let world = World::default();
    for n in 1..=orders {
        world.place(n).await;
        world.deliver_to::<PaymentsEvent>(n, crate::testing::order_paid()).await;
        world.deliver_to::<InventoryEvent>(n, InventoryUpdated::unsharded(lines())).await;
    }
    world.project().await;
    world
}

async fn lose_all(views: &Memory) {
    for (key, _) in views.all_documents() {
        views.delete(&key).await.unwrap();
    }
}

#[tokio::test]
async fn lost_views_are_written_again_as_they_were() {
    let world = shop(3).await;
    let before = world.views.all_documents();
    assert_eq!((world.stored_views().len(), before.len() > 3), (3, true));
    lose_all(&world.views).await;
    let compared = run(&world, "compare").await;
    assert_eq!(
        (&compared["orders"], &compared["missing"], &compared["not_findable"], &compared["written"]),
        (&json!(3), &json!(3), &json!(3), &json!(0))
    );
    assert_eq!(world.views.all_documents(), [], "a comparison writes nothing");
    let built = run(&world, "build").await;
    assert_eq!(
        (&built["missing"], &built["written"], &built["cursor"]),
        (&json!(3), &json!(3), &json!(null))
    );
    assert_eq!(world.views.all_documents(), before, "also their places in the index");
    assert_eq!(run(&world, "compare").await["same"], 3);
}

#[tokio::test]
async fn a_plan_counts_the_orders_and_what_the_scan_costs() {
    let world = shop(2).await;
    lose_all(&world.views).await;
    let plan = run(&world, "plan").await;
    assert_eq!(
        (&plan["orders"], &plan["items_read"], &plan["missing"]),
        (&json!(2), &json!(world.table.all_events().len() + world.table.all_documents().len()), &json!(0))
    );
    assert!(plan["read_units_of_scan"].as_u64() > Some(0), "{plan}");
}

#[tokio::test]
async fn a_view_that_is_behind_or_wrong_is_written_and_a_right_one_is_left_alone() {
    let world = shop(3).await;
    let right = world.stored_views();
    let [(behind, first), (wrong, second), _] = right.as_slice() else { panic!("three views") };
    let changed = |document: &Document, version: u64| {
        let mut body = (*document.body).clone();
        body["status"] = json!("placed");
        Document { body: body.into(), version, ..document.clone() }
    };
    world.views.put(behind, &changed(first, 2)).await.unwrap();
    world.views.put(wrong, &changed(second, second.version)).await.unwrap();
    let compared = run(&world, "compare").await;
    let counts = ["same", "missing", "behind", "different"].map(|name| compared[name].as_u64().unwrap());
    assert_eq!(counts, [1, 0, 1, 1]);
    assert_eq!(compared["named"].as_array().unwrap().len(), 2);
    let built = run(&world, "build").await;
    assert_eq!(built["written"], 2);
    assert_eq!(world.stored_views(), right);
    assert_eq!(run(&world, "build").await["written"], 0);
}

#[tokio::test]
async fn an_order_that_lacks_look_up_items_gets_them_although_its_view_is_right() {
    let world = shop(2).await;
    let right = world.views.all_documents();
    let items: Vec<&Key> =
        right.iter().map(|(key, _)| key).filter(|key| key.pk.starts_with("find#")).collect();
    world.views.delete(items[0]).await.unwrap();
    // The item of a build that kept views in another partition.
    world.views.put(items[1], &Document::of(&json!({"view": "order#1"}))).await.unwrap();
    assert_eq!(run(&world, "compare").await["not_findable"].as_u64().map(|orders| orders > 0), Some(true));
    let built = run(&world, "build").await;
    assert_eq!(
        (&built["same"], &built["written"], &built["items_written"]),
        (&json!(2), &json!(0), &json!(2))
    );
    assert_eq!(world.views.all_documents(), right);
    assert_eq!(run(&world, "compare").await["not_findable"], 0);
}

#[tokio::test]
async fn an_order_whose_stream_cannot_be_read_does_not_stop_the_others() {
    let world = shop(2).await;
    world.place(10).await;
    let order = testkit::order_id(9);
    let first = testkit::envelope(&order, 1, &OrdersEvent::from(OrderExpired { pay_by: Timestamp::MAX }));
    world.table.append(&StreamId::order(&order), &first).await.unwrap();
    lose_all(&world.views).await;
    let built = run(&world, "build").await;
    assert_eq!(
        (&built["orders"], &built["unreadable"], &built["written"], &built["done"]),
        (&json!(4), &json!(1), &json!(3), &json!(true))
    );
    assert!(built["named"].as_array().unwrap().contains(&json!(order)), "{built}");
}

/// An order that is disputed, and its view with another `due`.
async fn disputed_with(due: Value, by: Option<Timestamp>) -> World {
    let world = shop(1).await;
    let dispute = PaymentDisputed { evidence_due_by: by, ..disputed(DisputeOutcome::Opened) };
    world.deliver_to::<PaymentsEvent>(1, dispute).await;
    world.project().await;
    let (key, view) = world.stored_views().pop().unwrap();
    let mut body = (*view.body).clone();
    assert_eq!(body["due"]["what"], if by.is_some() { "evidence" } else { "stuck" });
    body["due"] = due;
    world.views.put(&key, &Document { body: body.into(), ..view }).await.unwrap();
    world
}

#[tokio::test]
async fn a_view_is_right_although_its_deadline_is_of_other_parameters() {
    let world = disputed_with(json!({"what": "stuck", "at": "2030-01-01T00:00:00Z"}), None).await;
    let built = run(&world, "build").await;
    assert_eq!((&built["same"], &built["written"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn a_view_without_what_is_due_or_with_another_time_of_the_bank_is_written_again() {
    let until = after(Duration::from_hours(1));
    for due in [Value::Null, json!({"what": "evidence", "at": "2030-01-01T00:00:00Z"})] {
        let world = disputed_with(due, Some(until)).await;
        assert_eq!(run(&world, "build").await["written"], 1);
        assert_eq!(world.stored_views()[0].1.body["due"], json!({"what": "evidence", "at": until}));
        assert_eq!(run(&world, "build").await["written"], 0);
    }
}

#[tokio::test]
async fn a_view_is_right_although_quiet_events_followed() {
    let world = World::default();
    world.place(1).await;
    world.project().await;
    let before = world.views.all_documents();
    world.track.consume(&publish::<PaymentsEvent>(1, payment_requested())).await.unwrap();
    assert_eq!(run(&world, "build").await["written"], 0);
    assert_eq!(world.views.all_documents(), before);
}

#[tokio::test]
async fn an_event_that_is_not_readable_keeps_no_other_order_from_its_view() {
    let world = shop(3).await;
    lose_all(&world.views).await;
    // The second event is compared with the rest of its stream, and not counted here.
    let damaged = [1, 2].map(|n| EventId::try_from(format!("orders/{}/{n}", order_id(2))).unwrap());
    let scan = DamagedScan { of: world.table.clone(), damaged: damaged.into() };
    let open: Arc<dyn Gate> = Plan::open();
    let built =
        runtime::command::work(&step(&world, &open, Arc::new(scan)), json!({"do": "build"})).await.unwrap();
    assert_eq!(
        (&built["orders"], &built["written"], &built["unreadable"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(built["named"].as_array().unwrap().len(), 3, "two were missing: {built}");
    assert!(built["named"].as_array().unwrap().contains(&json!(order_id(2))));
}

/// A scan during which more happens: before each page, another order is placed and one goes on.
struct Busy<'a> {
    world: &'a World,
    placed: std::sync::atomic::AtomicU64,
}

#[async_trait]
impl EventScan for Busy<'_> {
    async fn scan(&self, position: Option<&Key>, _: u32) -> Result<Scanned, StoreError> {
        let n = self.placed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if n < 100 {
            self.world.place(1000 + n).await;
            self.world.deliver_to::<PaymentsEvent>(1 + n % 40, crate::testing::order_paid()).await;
            self.world.project().await;
        }
        self.world.table.scan(position, 3).await
    }
}

#[tokio::test]
async fn views_that_are_rebuilt_while_orders_arrive_equal_the_streams() {
    let world = World::default();
    for n in 1..=40 {
        world.place(n).await;
    }
    lose_all(&world.views).await;
    let busy = Busy { world: &world, placed: 0.into() };
    let rebuild = RebuildViews {
        scan: world.table.clone(),
        project: ProjectOrders {
            store: world.table.clone(),
            views: world.views.clone(),
            deadlines: Deadlines::default(),
            email_key: email_key("key-1"),
            redaction: world.table.clone(),
            clock: world.clock.clone(),
        },
        clock: world.clock.clone(),
        work_for: Duration::from_mins(4),
    };
    let (mut position, mut tally) = (None, super::Tally::default());
    loop {
        let page = busy.scan(position.as_ref(), 0).await.unwrap();
        let before = position.clone();
        position = page.next;
        // The page that `rebuild` reads is larger, so every order is handled several times, in several states.
        rebuild.page(Rebuilding::Build, before.as_ref(), &mut tally).await.unwrap();
        if position.is_none() {
            break;
        }
    }
    let compared = run(&world, "compare").await;
    assert!(compared["orders"].as_u64() > Some(60), "{compared}");
    assert_eq!(compared["same"], compared["orders"], "{compared}");
    assert_eq!(compared["not_findable"], 0);
    assert_eq!(world.stored_views().len() as u64, compared["orders"].as_u64().unwrap());
}

#[tokio::test]
async fn a_build_that_is_stopped_at_any_call_is_completed_by_the_next() {
    let right = shop(2).await.views.all_documents();
    for call in 0..30 {
        for stop in Stop::ALL {
            let world = shop(2).await;
            let (key, view) = world.stored_views().pop().unwrap();
            lose_all(&world.views).await;
            let wrong = Document { body: json!({}).into(), ..view };
            world.views.put(&key, &wrong).await.unwrap();
            let plan = Plan::stopping(call, stop);
            let gate: Arc<dyn Gate> = plan.clone();
            let step = step(&world, &gate, world.table.clone());
            let done = plan.drive(runtime::command::work(&step, json!({"do": "build"}))).await;
            assert!(!matches!(done, Some(Err(Failure::Reject { .. }))), "{done:?}");
            run(&world, "build").await;
            assert_eq!(world.views.all_documents(), right, "{stop:?} at call {call}");
        }
    }
}

/// Tables of which each request takes a while.
struct Slow(Arc<FixedClock>, Duration);

#[async_trait]
impl Gate for Slow {
    async fn before(&self, _: &'static str, _: Effect) -> GateDecision {
        self.0.advance(self.1);
        GateDecision::Pass
    }

    async fn after(&self, _: &'static str, _: Effect) {}
}

#[tokio::test]
async fn a_run_on_slow_tables_ends_within_two_seconds_after_its_time_and_the_next_ones_do_the_rest() {
    let (world, most) = (shop(200).await, Duration::from_secs(8));
    lose_all(&world.views).await;
    let gate: Arc<dyn Gate> = Arc::new(Slow(world.clock.clone(), Duration::from_millis(20)));
    let step = step(&world, &gate, world.table.clone());
    let (mut orders, mut cursor, mut runs) = (0, Value::Null, 0);
    loop {
        let began = world.clock.now();
        let input = json!({"do": "build", "for_seconds": most.as_secs(), "cursor": cursor});
        let part = runtime::command::work(&step, input).await.unwrap();
        assert!(
            world.clock.now().duration_since(began) <= (most + Duration::from_secs(2)).try_into().unwrap()
        );
        orders += part["orders"].as_u64().unwrap();
        (cursor, runs) = (part["cursor"].clone(), runs + 1);
        if part["done"] == true {
            break;
        }
    }
    assert_eq!((orders, world.stored_views().len(), runs > 1), (200, 200, true), "after {runs} runs");
}

#[tokio::test]
async fn a_run_out_of_time_answers_where_to_go_on_and_names_only_some_orders() {
    let world = shop(25).await;
    lose_all(&world.views).await;
    assert_eq!(run(&world, "compare").await["named"].as_array().unwrap().len(), MOST_NAMED);
    let open: Arc<dyn Gate> = Plan::open();
    let mut step = step(&world, &open, world.table.clone());
    step.work_for = Duration::ZERO;
    let answer = runtime::command::work(&step, json!({"do": "build"})).await.unwrap();
    assert_eq!((&answer["orders"], &answer["done"]), (&json!(0), &json!(false)), "nothing was read yet");
    step.work_for = Duration::from_mins(1);
    let bounded = runtime::command::work(&step, json!({"do": "build", "for_seconds": 0})).await.unwrap();
    assert_eq!(
        (&bounded["orders"], &bounded["done"]),
        (&json!(0), &json!(false)),
        "the caller's bound is less"
    );
    for wrong in [json!({}), json!({"do": "build", "cursor": "bm8"}), json!({"do": "build", "by": "a\nb"})] {
        let refused = runtime::command::work(&step, wrong).await.unwrap_err();
        assert!(matches!(refused, Failure::Reject { .. }), "{refused}");
    }
}
