//! The metrics of the dashboard: few, with small sets of dimensions, each written by the code, and each shown.

use crate::alarms::{alarm_metrics, is_a, template};
use crate::{files, none, root};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The most metrics in the namespace.
const MOST: usize = 25;

/// Metrics with a dimension for each function, because each function has an alarm on it. Those of retries have data only while a
/// message fails.
const BY_FUNCTION: [&str; 2] = ["HeartbeatLag", "RetriedMessageAge"];

/// The dimensions with few values that a metric may have. Only a deploy that failed is one of a metric.
const SMALL: [&str; 7] = ["status", "dependency", "currency", "attention", "because", "source", "deploy"];

/// The metrics of AWS that the dashboard shows, each with its dimension. Each line is in the documentation of its service.
const OF_AWS: [(&str, &str, Option<&str>); 11] = [
    ("AWS/ApiGateway", "5xx", Some("ApiId")),
    ("AWS/ApiGateway", "Count", Some("ApiId")),
    ("AWS/ApiGateway", "Latency", Some("ApiId")),
    ("AWS/DynamoDB", "ConsumedReadCapacityUnits", Some("TableName")),
    ("AWS/DynamoDB", "ConsumedWriteCapacityUnits", Some("TableName")),
    ("AWS/Lambda", "Invocations", None),
    ("AWS/Lambda", "IteratorAge", Some("FunctionName")),
    ("AWS/Logs", "IncomingBytes", Some("LogGroupName")),
    ("AWS/SNS", "NumberOfMessagesPublished", Some("TopicName")),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", Some("QueueName")),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", Some("QueueName")),
];

/// The metrics that lines of the code declare for the dashboard, each with the dimensions that it has beside the stack.
fn declared() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for (path, text) in files(&["functions", "shared"], ".rs") {
        if path.ends_with("tests.rs") || path.contains("/tests/") {
            continue;
        }
        for rest in text.split("metrics =").skip(1) {
            let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
            for group in rest.split('"').next().unwrap_or_default().split(';') {
                let (names, by) = group.split_once(" by ").unwrap_or((group, ""));
                let by: Vec<String> = by.split(',').filter(|by| !by.is_empty()).map(str::to_owned).collect();
                let names = names.split_whitespace().map(|name| name.split('/').next().unwrap_or_default());
                found.extend(names.map(|name| (name.to_owned(), by.clone())));
            }
        }
    }
    found
}

/// A metric of the dashboard: namespace, name, and its dimensions with their values; `None` as the value of a search.
type Shown = (String, String, Vec<(String, Option<String>)>);

/// What `Fn::Sub` leaves of a text: each name in place of what stands for it.
fn substituted(text: &str) -> String {
    text.replace("${AWS::StackName}", "STACK").replace("${AWS::Region}", "REGION")
}

fn dashboard() -> Value {
    let template = template();
    let (_, rest) = template.split_once("      DashboardBody: !Sub |\n").expect("the dashboard");
    let body: Vec<&str> = rest.lines().take_while(|line| line.starts_with("        ")).collect();
    serde_json::from_str(&substituted(&body.join("\n"))).expect("a body that is JSON")
}

fn shown() -> Vec<Shown> {
    let dashboard = dashboard();
    let widgets = dashboard["widgets"].as_array().expect("widgets");
    let metrics = widgets.iter().filter_map(|widget| widget["properties"]["metrics"].as_array());
    metrics.flatten().map(read).collect()
}

fn read(metric: &Value) -> Shown {
    let items = metric.as_array().expect("a metric is a list");
    if let Some(expression) = items[0]["expression"].as_str() {
        let (_, rest) = expression.split_once("SEARCH('{").expect("a search");
        let (schema, rest) = rest.split_once("} MetricName=\"").expect("a metric's name");
        let mut names = schema.split(',').map(str::to_owned);
        let namespace = names.next().expect("a namespace");
        let name = rest.split('"').next().unwrap_or_default().to_owned();
        return (namespace, name, names.map(|name| (name, None)).collect());
    }
    let texts: Vec<String> = items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
    let dimensions = texts[2..].chunks(2).map(|pair| (pair[0].clone(), pair.get(1).cloned()));
    (texts[0].clone(), texts[1].clone(), dimensions.collect())
}

/// Why nothing emits a metric of the dashboard.
fn emitted_by_nothing(shown: &Shown, template: &str, sources: &str) -> Option<String> {
    let (namespace, name, dimensions) = shown;
    let names: Vec<&str> = dimensions.iter().map(|(name, _)| name.as_str()).collect();
    if namespace == "Conveyor" {
        let (mut written, of_alarms) = (declared(), alarm_metrics());
        written.extend(of_alarms);
        let Some(by) = written.get(name) else { return Some("no line writes it".to_owned()) };
        let wanted: Vec<&str> = std::iter::once("stack").chain(by.iter().map(String::as_str)).collect();
        if names != wanted {
            return Some(format!("its line has the dimensions {wanted:?}, the dashboard {names:?}"));
        }
        let values =
            dimensions.iter().filter(|(name, _)| name != "stack").filter_map(|(_, value)| value.as_ref());
        let mut unknown = values.filter(|value| !sources.contains(&format!("\"{value}\"")));
        return unknown.next().map(|value| format!("no code has the value {value}"));
    }
    if !OF_AWS.contains(&(namespace, name, names.first().copied())) {
        return Some("no service of AWS emits it so".to_owned());
    }
    let resource = |value: &str| {
        value.trim_start_matches("${").trim_end_matches('}').split('.').next().map(str::to_owned)
    };
    let kind = |name: &str| match name {
        "ApiId" => "AWS::Serverless::HttpApi",
        "FunctionName" => "AWS::Serverless::Function",
        "LogGroupName" => "AWS::Logs::LogGroup",
        "QueueName" => "AWS::SQS::Queue",
        "TableName" => "AWS::DynamoDB::Table",
        _ => "AWS::SNS::Topic",
    };
    let mut unknown = dimensions.iter().filter(|(name, value)| {
        let resource = value.as_deref().and_then(resource).unwrap_or_default();
        !is_a(template, &resource, kind(name))
    });
    unknown.next().map(|(_, value)| format!("{value:?} is no such resource"))
}

#[test]
fn the_namespace_has_few_metrics_and_none_by_function_but_those_of_alarms() {
    let mut all = alarm_metrics();
    all.extend(declared());
    assert!(declared().len() > 9 && all.len() <= MOST, "{} metrics: {:?}", all.len(), all.keys());
    let mut offenders = Vec::new();
    for (metric, by) in all.iter().filter(|(metric, _)| !BY_FUNCTION.contains(&metric.as_str())) {
        offenders.extend(
            by.iter().filter(|by| !SMALL.contains(&by.as_str())).map(|by| format!("{metric} by {by}")),
        );
    }
    none("metrics with a dimension that has many values", &offenders);
}

#[test]
fn every_metric_of_the_dashboard_is_one_that_a_line_or_a_service_of_aws_emits() {
    let sources = files(&["functions", "shared"], ".rs").into_iter();
    let sources = sources.filter(|(path, _)| !path.ends_with("tests.rs") && !path.contains("/tests/"));
    let sources: String = sources.map(|(_, text)| text).collect();
    let (shown, template) = (shown(), template());
    assert!(shown.len() > 60, "only {} metrics are shown", shown.len());
    let offender = |metric: &Shown| {
        Some(format!("{} {}: {}", metric.0, metric.1, emitted_by_nothing(metric, &template, &sources)?))
    };
    none("the dashboard shows nothing", &shown.iter().filter_map(offender).collect::<Vec<_>>());
}

/// The statuses of an order, by their names on the wire.
fn statuses() -> Vec<String> {
    let source = std::fs::read_to_string(root().join("shared/events/src/orders.rs")).expect("the statuses");
    let (_, names) = source.split_once("impl OrderStatus {").expect("their names");
    let names = names.split("\n    }\n").next().unwrap_or_default();
    let names: Vec<String> =
        names.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect();
    assert!(names.len() > 10, "only {names:?} were found");
    names
}

#[test]
fn the_dashboard_shows_every_metric_of_its_own_every_status_every_queue_and_every_reader() {
    let shown = shown();
    let names: BTreeSet<&str> = shown.iter().map(|(_, name, _)| name.as_str()).collect();
    let mut missing: Vec<String> =
        declared().into_keys().filter(|metric| !names.contains(metric.as_str())).collect();
    let values: BTreeSet<&str> = shown
        .iter()
        .flat_map(|(_, _, dimensions)| dimensions.iter().filter_map(|(_, value)| value.as_deref()))
        .collect();
    missing.extend(statuses().into_iter().filter(|status| !values.contains(status.as_str())));
    let template = template();
    for line in template.lines().filter(|line| line.starts_with("  ") && line.ends_with(':')) {
        let resource = line.trim().trim_end_matches(':');
        let value = format!("${{{resource}.QueueName}}");
        if is_a(&template, resource, "AWS::SQS::Queue") && !values.contains(value.as_str()) {
            missing.push(value);
        }
        let value = format!("${{{resource}}}");
        let is_shown = ["AWS::DynamoDB::Table", "AWS::Logs::LogGroup"]
            .iter()
            .any(|kind| is_a(&template, resource, kind));
        if is_shown && resource != "ApiLogs" && !values.contains(value.as_str()) {
            missing.push(value);
        }
    }
    none("the dashboard does not show", &missing);
}

#[test]
fn no_two_widgets_of_the_dashboard_overlap() {
    let dashboard = dashboard();
    let mut taken = BTreeSet::new();
    for widget in dashboard["widgets"].as_array().expect("widgets") {
        let number = |name: &str| widget[name].as_u64().expect("a number");
        for x in number("x")..number("x") + number("width") {
            for y in number("y")..number("y") + number("height") {
                assert!(x < 24 && taken.insert((x, y)), "{}", widget["properties"]["title"]);
            }
        }
    }
}
