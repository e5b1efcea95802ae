//! From the function that writes heartbeats, through the code of every reader's runner, to the alarm that counts what it logs.

use crate::world::SampleWorld;
use event_store::Written;
use runtime::stream::StreamWorker;
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{Log, MemoryQueue};

/// The dimensions of every alarm on a metric, as `alarms.yaml` has them.
fn dimensions_of_alarms(metric: &str) -> Vec<String> {
    let template = std::fs::read_to_string(crate::root().join("alarms.yaml")).expect("alarms.yaml");
    let name = format!("MetricName: {metric}\n");
    let alarms = template.split(&name).skip(1);
    let line = |text: &str| text.lines().next().unwrap_or_default().trim().to_owned();
    alarms.map(line).collect()
}

/// The dimensions of the metric in a line of a log, as an alarm writes them.
fn dimensions_in(line: &Value) -> String {
    let names = line["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0].as_array().expect("dimensions");
    let names = names.iter().map(|name| name.as_str().expect("a name"));
    let pair = |name: &str| match name {
        "stack" => "{Name: stack, Value: !Ref Stack}".to_owned(),
        name => format!("{{Name: {name}, Value: {}}}", line[name].as_str().expect("a text")),
    };
    format!("Dimensions: [{}]", names.map(pair).collect::<Vec<_>>().join(", "))
}

/// A heartbeat as the stream of its table carries it.
fn record(item: &Written) -> (String, Value) {
    let Written::Document(key, document) = item else { panic!("{item:?} is no heartbeat") };
    let table = key.pk.trim_start_matches(runtime::heartbeat::PREFIX).to_owned();
    let keys = json!({"pk": {"S": key.pk}, "sk": {"S": key.sk}});
    let image = json!({"document": {"S": document.body.to_string()}});
    (table, json!({"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": image}}))
}

#[tokio::test]
async fn a_heartbeat_of_each_table_reaches_the_alarm_of_each_of_its_readers() {
    let sample = "write-heartbeats/every-five-minutes";
    let world = SampleWorld::before(sample).await;
    world.run("write-heartbeats", &crate::text_of(sample)).await;
    let readers = [
        ("publish-events", &["catalog", "orders", "payments", "inventory", "shipping"][..]),
        ("project-orders", &["orders"]),
        ("apply-stripe-event", &["payments"]),
        ("apply-carrier-event", &["shipping"]),
    ];
    let mut reported = Vec::new();
    for (function, tables) in readers {
        let log = Log::of(function, "error");
        for item in world.table.stream_since(0) {
            assert!(steps::subscriptions::is_read(function, &item), "{function} does not get {item:?}");
            let (table, record) = record(&item);
            if !tables.contains(&table.as_str()) {
                continue;
            }
            let queue = Arc::new(MemoryQueue::default());
            let (clock, reader) = (steps::Ports::clock(&world), steps::reader(function, &world));
            let worker = StreamWorker::new(function, queue.clone(), clock, reader);
            let batch = serde_json::from_value(json!({ "Records": [record] })).expect("a batch");
            worker.work(batch).await.expect("a heartbeat is handled");
            assert!(queue.dead_letters().is_empty(), "{:?}", queue.dead_letters());
        }
        reported.extend(log.lines().iter().filter(|line| line.get("_aws").is_some()).map(dimensions_in));
    }
    let mut counted = dimensions_of_alarms("HeartbeatLag");
    counted.sort();
    reported.sort();
    assert_eq!(reported, counted);
    assert_eq!(reported.len(), 8);
}

#[test]
fn readiness_shows_every_reader_that_has_an_alarm() {
    let shown = operations::READERS.map(|(function, table)| {
        let dimensions =
            format!("{{Name: function, Value: {function}}}, {{Name: table, Value: {}}}", table.as_str());
        format!("Dimensions: [{{Name: stack, Value: !Ref Stack}}, {dimensions}]")
    });
    let mut counted = dimensions_of_alarms("HeartbeatLag");
    let mut shown = shown.to_vec();
    counted.sort();
    shown.sort();
    assert_eq!(shown, counted);
}
