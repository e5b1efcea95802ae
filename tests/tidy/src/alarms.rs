//! Every alarm counts something that exists: its metric is traced to the log line that writes it or to the AWS service that emits
//! it, and every metric of ours has an alarm. Nothing can fail in a way that no alarm counts.

use crate::{files, functions, kebab, none, root};
use std::collections::{BTreeMap, BTreeSet};

/// An alarm of the template.
pub(crate) struct Alarm {
    /// Its name without the stack's.
    pub(crate) name: String,
    /// What it counts: the metric, and the names and values of its dimensions.
    namespace: String,
    metric: String,
    dimensions: Vec<(String, String)>,
    /// Whether it is a window of an objective: it notifies no one, and `test_objectives.py` compares its metrics.
    is_window: bool,
    /// Its whole text.
    pub(crate) text: String,
}

/// The value of the first line with this key.
pub(crate) fn field<'a>(text: &'a str, key: &str) -> &'a str {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(key)?.strip_prefix(": "));
    line.unwrap_or_default().trim_matches('"')
}

impl Alarm {
    fn read(text: String) -> Self {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once(", Value: ").expect("a name and a value");
            (name.trim_start_matches("Name: ").to_owned(), value.trim_matches('"').to_owned())
        };
        let dimensions = field(&text, "Dimensions").trim_start_matches("[{").trim_end_matches("}]");
        Self {
            is_window: text.contains("\n      ActionsEnabled: false\n"),
            name: field(&text, "AlarmName").trim_start_matches("!Sub ${AWS::StackName}-").to_owned(),
            namespace: field(&text, "Namespace").to_owned(),
            metric: field(&text, "MetricName").to_owned(),
            dimensions: dimensions.split("}, {").filter(|text| !text.is_empty()).map(pair).collect(),
            text,
        }
    }

    fn is_on(&self, metric: &str, dimensions: &[(&str, &str)]) -> bool {
        let own = self.dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        self.metric == metric && own.filter(|(name, _)| *name != "stack").eq(dimensions.iter().copied())
    }

    fn names(&self) -> Vec<&str> {
        self.dimensions.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// Both templates as one: what the nested one has from outside is named as the other names it.
pub(crate) fn template() -> String {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).expect(name);
    let (template, nested) = (read("template.yaml"), read("alarms.yaml"));
    let (_, mut nested) =
        nested.split_once("\nResources:\n").map(|(head, body)| (head, body.to_owned())).expect("alarms");
    let (_, passed) =
        template.split_once("      TemplateURL: alarms.yaml\n      Parameters:\n").expect("the nested stack");
    for line in passed.lines().map_while(|line| line.strip_prefix("        ")) {
        let (name, value) = line.split_once(": ").expect("a parameter and its value");
        let (_, reference) = value.split_once(' ').expect("a reference");
        nested = nested
            .replace(&format!("!Ref {name}\n"), &format!("{value}\n"))
            .replace(&format!("!Ref {name}}}"), &format!("{value}}}"))
            .replace(&format!("!Ref {name}]"), &format!("{value}]"))
            .replace(&format!("${{{name}}}"), &format!("${{{reference}}}"));
    }
    format!("{template}\n{nested}")
}

fn alarms() -> Vec<Alarm> {
    let template = template();
    let blocks = template.split("\n\n").filter(|block| block.contains("Type: AWS::CloudWatch::Alarm\n"));
    let alarms: Vec<Alarm> = blocks.map(|block| Alarm::read(block.to_owned())).collect();
    assert!(alarms.len() > 90, "only {} alarms were found", alarms.len());
    alarms
}

/// Every alarm with a runbook: name and text. Composite alarms combine others and count nothing themselves.
pub(crate) fn named_alarms() -> Vec<Alarm> {
    let template = template();
    let composite =
        template.split("\n\n").filter(|block| block.contains("Type: AWS::CloudWatch::CompositeAlarm\n"));
    let composite: Vec<Alarm> = composite.map(|block| Alarm::read(block.to_owned())).collect();
    assert!(composite.len() > 3, "only {} composite alarms were found", composite.len());
    alarms().into_iter().chain(composite).collect()
}

/// The metrics of alarms that log lines of the code write, each with the dimensions that it has beside the stack.
pub(crate) fn alarm_metrics() -> BTreeMap<String, Vec<String>> {
    let mut found = BTreeMap::new();
    for (path, text) in files(&["functions", "shared"], ".rs") {
        if path.ends_with("tests.rs") || path.contains("/tests/") {
            continue;
        }
        for line in text.split("metric = \"").skip(1) {
            let (name, rest) = line.split_once('"').expect("a name");
            let line = rest.split(");").next().unwrap_or_default();
            let by = line.split("metric.by = \"").nth(1).and_then(|by| by.split('"').next());
            let by = by.map(|by| by.split(',').map(str::to_owned).collect()).unwrap_or_default();
            found.insert(name.to_owned(), by);
        }
    }
    found
}

/// The metrics of AWS that have an alarm, each with its dimensions. Each line is in the documentation of its service.
const OF_AWS: &[(&str, &str, &[&str])] = &[
    ("AWS/ApiGateway", "5xx", &["ApiId"]),
    ("AWS/ApiGateway", "Latency", &["ApiId"]),
    ("AWS/Lambda", "ConcurrentExecutions", &[]),
    ("AWS/Lambda", "Errors", &["FunctionName"]),
    ("AWS/Lambda", "Invocations", &["FunctionName"]),
    ("AWS/Lambda", "IteratorAge", &["FunctionName"]),
    ("AWS/Lambda", "Throttles", &[]),
    ("AWS/SES", "Reputation.BounceRate", &[]),
    ("AWS/SES", "Reputation.ComplaintRate", &[]),
    ("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", &["TopicName"]),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", &["QueueName"]),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", &["QueueName"]),
];

/// Whether the template has a resource of this kind.
pub(crate) fn is_a(template: &str, resource: &str, kind: &str) -> bool {
    template.contains(&format!("\n  {resource}:\n    Type: {kind}\n"))
}

/// What is wrong with a dimension of a metric of AWS: it has to be a resource of the template.
fn is_resource(template: &str, name: &str, value: &str) -> bool {
    let is_a = |resource: &str, kind: &str| is_a(template, resource, kind);
    match name {
        "ApiId" => is_a(value.trim_start_matches("!Ref "), "AWS::Serverless::HttpApi"),
        "FunctionName" => is_a(value.trim_start_matches("!Ref "), "AWS::Serverless::Function"),
        "QueueName" => {
            is_a(value.trim_start_matches("!GetAtt ").trim_end_matches(".QueueName"), "AWS::SQS::Queue")
        }
        "TopicName" => {
            template.contains(&format!("TopicName: !Sub {}\n", value.trim_start_matches("!Sub \"")))
        }
        _ => false,
    }
}

/// Why nothing emits what an alarm counts.
fn emitted_by_nothing(alarm: &Alarm, template: &str, sources: &[(String, String)]) -> Option<String> {
    if alarm.is_window {
        return None;
    }
    if alarm.namespace != "Conveyor" {
        let is_known = OF_AWS.contains(&(&alarm.namespace, &alarm.metric, &alarm.names()));
        let unknown = alarm.dimensions.iter().find(|(name, value)| !is_resource(template, name, value));
        return match unknown {
            None if is_known => None,
            None => Some(format!("no service of AWS emits {} by {:?}", alarm.metric, alarm.names())),
            Some((name, value)) => Some(format!("{name} {value} is no resource")),
        };
    }
    let written = alarm_metrics();
    let Some(by) = written.get(&alarm.metric) else { return Some("no log line writes it".to_owned()) };
    let wanted: Vec<&str> = std::iter::once("stack").chain(by.iter().map(String::as_str)).collect();
    if alarm.names() != wanted {
        return Some(format!("the log line has the dimensions {wanted:?}, the alarm {:?}", alarm.names()));
    }
    let is_in_code = |value: &str| match value.strip_prefix("!Ref ") {
        Some(parameter) => template.contains(&format!("\n  {parameter}:\n    Description: ")),
        None => sources.iter().any(|(_, text)| text.contains(&format!("\"{value}\""))),
    };
    let values = alarm.dimensions.iter().filter(|(name, _)| name != "stack");
    let unknown = values.map(|(_, value)| value).find(|value| !is_in_code(value));
    unknown.map(|value| format!("no code has the value {value}"))
}

#[test]
fn every_alarm_counts_what_a_log_line_or_a_service_of_aws_emits() {
    let (template, mut sources) = (template(), files(&["functions", "shared"], ".rs"));
    sources.retain(|(path, _)| !path.ends_with("tests.rs") && !path.contains("/tests/"));
    let offender = |alarm: Alarm| {
        let why = emitted_by_nothing(&alarm, &template, &sources)?;
        Some(format!("{}, {}: {why}", alarm.name, alarm.metric))
    };
    none("alarms on nothing", &alarms().into_iter().filter_map(offender).collect::<Vec<_>>());
}

#[test]
fn every_metric_of_a_log_line_has_an_alarm() {
    let (written, alarms) = (alarm_metrics(), alarms());
    assert!(written.len() > 7, "only {written:?} were found");
    let is_counted = |metric: &&String| {
        let of_window = format!("Namespace: Conveyor, MetricName: {metric},");
        alarms.iter().any(|alarm| {
            (alarm.namespace == "Conveyor" && alarm.metric == **metric) || alarm.text.contains(&of_window)
        })
    };
    let without: Vec<String> = written.keys().filter(|metric| !is_counted(metric)).cloned().collect();
    none("metrics without an alarm", &without);
}

#[test]
fn every_alarm_reaches_the_operator_and_only_silence_is_an_alarm_without_data() {
    let mut offenders = Vec::new();
    for Alarm { name, text, metric, is_window, .. } in alarms() {
        if !is_window && field(&text, "AlarmActions") != "[!Ref AlarmTopic]" {
            offenders.push(format!("{name}: AlarmActions"));
        }
        if !field(&text, "AlarmDescription").contains(' ') {
            offenders.push(format!("{name}: AlarmDescription"));
        }
        let wanted: &[&str] = match metric.as_str() {
            "CanaryOrders" | "HeartbeatLag" | "Invocations" => &["breaching"],
            _ => &["notBreaching", "ignore"],
        };
        if !wanted.contains(&field(&text, "TreatMissingData")) {
            offenders.push(format!("{name}: TreatMissingData is not one of {wanted:?}"));
        }
    }
    none("alarms", &offenders);
    let template = template();
    let (_, email) = template.split_once("\n  AlarmEmail:\n").expect("the parameter");
    let email = email.split("\n\n").next().unwrap_or_default();
    let has_default =
        email.lines().take_while(|line| line.starts_with("    ")).any(|line| line.contains("Default:"));
    assert!(!has_default, "without AlarmEmail the alarms reach no one, so it has no default");
}

/// The readers of streams: function and table, as in `("publish-events", "orders")`, with their event source.
fn readers(template: &str) -> Vec<(String, String, String)> {
    let sources = template.split("\n\n").filter(|block| block.contains("Table.StreamArn\n"));
    let read = |block: &str| {
        let function =
            kebab(field(block, "FunctionName").trim_start_matches("!Ref ").trim_end_matches(".Alias"));
        let table =
            field(block, "EventSourceArn").trim_start_matches("!GetAtt ").trim_end_matches("Table.StreamArn");
        (function, table.to_lowercase(), block.to_owned())
    };
    sources.map(read).collect()
}

#[test]
fn every_reader_of_a_stream_gets_heartbeats_and_alarms_fifteen_minutes_after_the_last() {
    let (template, alarms) = (template(), alarms());
    let (_, writer) = template.split_once("\n  WriteHeartbeats:\n").expect("the function");
    let writer = writer.split("\n\n").next().unwrap_or_default();
    let prefix = r#"{"eventName":["INSERT"],"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"heartbeat#"}]}}}}"#;
    let readers = readers(&template);
    assert!(readers.len() > 7, "only {} readers were found", readers.len());
    let mut offenders = Vec::new();
    for (function, table, source) in &readers {
        let name = format!("{function} on {table}");
        if !source.contains(prefix) {
            offenders.push(format!("{name}: its event source passes no heartbeats"));
        }
        let resource = table[..1].to_uppercase() + &table[1..];
        if !writer.contains(&format!("_TABLE_NAME: !Ref {resource}Table\n")) {
            offenders.push(format!("{name}: write-heartbeats does not write into its table"));
        }
        let dimensions = [("function", function.as_str()), ("table", table.as_str())];
        let alarm = alarms.iter().find(|alarm| alarm.is_on("HeartbeatLag", &dimensions));
        let rule = |alarm: &Alarm| {
            ["Statistic", "Period", "EvaluationPeriods", "Threshold"]
                .map(|key| field(&alarm.text, key).to_owned())
        };
        if alarm.map(rule)
            != Some(["Maximum", "60", "15", "!Ref StreamAgeAlarmMilliseconds"].map(str::to_owned))
        {
            offenders.push(format!("{name}: no alarm after 15 minutes without a heartbeat"));
        }
    }
    none("readers whose silence no alarm counts", &offenders);
    let silent = alarms.iter().filter(|alarm| alarm.metric == "HeartbeatLag").count();
    assert_eq!(silent, readers.len(), "an alarm on a reader that does not exist rings for ever");
}

#[test]
fn every_function_has_an_alarm_on_its_errors_and_every_queue_one_on_its_retries() {
    let (template, alarms) = (template(), alarms());
    let mut offenders = Vec::new();
    for (_, function) in functions() {
        let resource: String =
            function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        let of_function = format!("!Ref {resource}");
        if !alarms.iter().any(|alarm| alarm.is_on("Errors", &[("FunctionName", &of_function)])) {
            offenders.push(format!("{function}: errors"));
        }
        let is_fed = template.contains(&format!("\n  {resource}Queue:\n"));
        let has_age = alarms.iter().any(|alarm| alarm.is_on("RetriedMessageAge", &[("function", &function)]));
        if is_fed != has_age {
            offenders.push(format!("{function}: messages that are retried"));
        }
    }
    none("functions that fail without an alarm", &offenders);
}

/// The routes of the HTTP API, as in `GET /orders`, each with its operation.
pub(crate) fn routes(template: &str) -> Vec<(String, String)> {
    let (_, paths) = template.split_once("        paths:\n").expect("the paths");
    let (mut found, mut path) = (Vec::new(), "");
    for line in paths.lines().map_while(|line| line.strip_prefix("          ")) {
        match line.strip_prefix("  ") {
            None => path = line.trim_end_matches(':').trim_matches('"'),
            Some(operation) => {
                let (method, operation) = operation.split_once(": ").expect("a method");
                found.push((format!("{} {path}", method.to_uppercase()), operation.to_owned()));
            }
        }
    }
    found
}

#[test]
fn no_http_function_fails_for_ten_minutes_without_an_alarm() {
    let alarms = alarms();
    let alarm = alarms.iter().find(|alarm| alarm.is_on("5xx", &[("ApiId", "!Ref Api")])).expect("an alarm");
    let number = |key: &str| field(&alarm.text, key).parse::<u32>().expect("a number");
    assert!(number("Period") * number("EvaluationPeriods") <= 600, "{}", alarm.text);
    assert_eq!(
        (number("Threshold"), field(&alarm.text, "Statistic")),
        (0, "Sum"),
        "every single failure counts"
    );
    let template = template();
    let apis = template.matches("Type: AWS::Serverless::HttpApi\n").count();
    assert_eq!(apis, 1, "another API needs an alarm of its own");
    assert!(!template.contains("Type: HttpApi,"), "a route is outside of the API's definition");
}

#[test]
fn every_open_route_has_a_limit_of_its_own() {
    let template = template();
    let routes = routes(&template);
    assert!(routes.len() > 45, "only {} routes were found", routes.len());
    let open: BTreeSet<String> = routes
        .into_iter()
        .filter(|(_, operation)| operation.contains("security: [{NONE: []}]"))
        .map(|(route, _)| route)
        .collect();
    let (_, limits) = template.split_once("      RouteSettings:\n").expect("the limits");
    let limits = limits.lines().take_while(|line| line.starts_with("        "));
    let rule = ": {ThrottlingRateLimit: !Ref OpenRouteRate, ThrottlingBurstLimit: !Ref OpenRouteBurst}";
    let limited: BTreeSet<String> =
        limits.filter_map(|line| Some(line.trim().strip_suffix(rule)?.to_owned())).collect();
    assert!(open.len() > 3, "only {open:?} were found");
    assert_eq!(open, limited);
}
