//! Spans are exported over OTLP/HTTP to a collector that decodes the official Protocol Buffers, and never affect the work.
//! Each test runs in a process of its own, because a process has one exporter.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

use aws::Clients;
use aws_lambda_events::sqs::SqsEvent;
use event_store::Memory;
use events::{Delivered, Envelope, EventId, Sequence, ShippingEvent, Traceparent};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use outbound::{Answer, Breaker, Call, CallError, Method, Transport};
use resilience::{Failure, FixedClock};
use runtime::Settings;
use runtime::http::{Endpoint, Problem, Reply, Request, Server, parse_sample};
use runtime::letters::LetterRecords;
use runtime::queue::{Consumer, Message, Worker};
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use testkit::{Log, MemoryQueue, now, order_id};
use tests::collector::{Collector, Received, hex};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// Sets up the process as a function does that has this collector.
fn export_to(endpoint: &str) {
    let endpoint = endpoint.to_owned();
    let mut settings = Settings::from_lookup(move |name| match name {
        "OTLP_ENDPOINT" => Some(endpoint.clone()),
        "STACK_NAME" => Some("shop".to_owned()),
        "AWS_REGION" | "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        _ => None,
    })
    .of("take-payment");
    Clients::from_settings(&mut settings);
    settings.finish().unwrap();
}

/// A provider that answers.
struct Provider;

#[async_trait::async_trait]
impl Transport for Provider {
    async fn send(&self, _: Call) -> Result<Answer, CallError> {
        Ok(Answer { status: 200, headers: Vec::new(), body: Vec::new() })
    }
}

/// A consumer that calls the provider, or fails; it keeps the trace that it passes on.
struct Pays {
    provider: Arc<Breaker>,
    fails: bool,
    passed_on: Arc<Mutex<Option<Traceparent>>>,
}

#[async_trait::async_trait]
impl Consumer for Pays {
    async fn consume(&self, message: &Message) -> Result<(), Failure> {
        *self.passed_on.lock().unwrap() = message.envelope.as_cause().traceparent;
        let call = Call {
            method: Method::Post,
            url: "https://provider.example".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(1),
        };
        self.provider.send(call).await.unwrap();
        if self.fails { Err(Failure::retry("not yet")) } else { Ok(()) }
    }
}

struct Answers(u16);

#[async_trait::async_trait]
impl Endpoint for Answers {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        request.order_id()?;
        if self.0 == 200 { Ok(Reply::json(200, &json!({}))) } else { Err(Problem::internal("a defect")) }
    }
}

/// Handles one message in this trace, and returns what it passes on.
async fn handle(fails: bool, trace: &str) -> Option<Traceparent> {
    let cause = events::Cause {
        id: EventId::outside("test", "1"),
        traceparent: Traceparent::parse(trace),
        actor: None,
    };
    let event = ShippingEvent::from(Delivered {});
    let envelope = Envelope::wrap(order_id(1).as_str(), Sequence::FIRST, now(), &cause, &event);
    let passed_on: Arc<Mutex<Option<Traceparent>>> = Arc::default();
    let clock = Arc::new(FixedClock::at(now()));
    let provider = Breaker::before(Arc::new(Provider), "stripe", Arc::new(Memory::default()), clock.clone());
    let consumer = Pays { provider, fails, passed_on: passed_on.clone() };
    let worker = Worker {
        function: "take-payment",
        queue: Arc::new(MemoryQueue::default()),
        records: LetterRecords::default(),
        clock,
        give_up_after: Duration::from_hours(24),
        consumer: Arc::new(consumer),
    };
    let record = json!({"messageId": "m-1", "body": serde_json::to_string(&envelope).unwrap()});
    let batch: SqsEvent = serde_json::from_value(json!({ "Records": [record] })).unwrap();
    worker.work(batch).await;
    runtime::traces::export().await;
    passed_on.lock().unwrap().take()
}

fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

fn named<'a>(spans: &'a [Received], name: &str) -> &'a Received {
    spans.iter().find(|span| span.span.name == name).unwrap()
}

#[tokio::test]
async fn a_message_is_a_span_below_what_caused_its_event_and_its_call_is_one_below_it() {
    let (collector, _log) = (Collector::answering(200), Log::of("take-payment", "info"));
    export_to(&collector.url);
    let passed_on = handle(false, &traceparent("01")).await.unwrap();
    let spans = collector.spans();
    let (message, call) = (named(&spans, "take-payment"), named(&spans, "POST"));
    assert_eq!(spans.len(), 2);
    assert_eq!((message.trace_id(), call.trace_id()), (TRACE.to_owned(), TRACE.to_owned()));
    assert_eq!(hex(&message.span.parent_span_id), PARENT);
    assert_eq!(call.span.parent_span_id, message.span.span_id);
    assert_eq!(passed_on.as_str(), format!("00-{TRACE}-{}-01", hex(&message.span.span_id)));
    assert_eq!((message.span.kind(), call.span.kind()), (SpanKind::Consumer, SpanKind::Client));
    assert!(message.span.start_time_unix_nano <= call.span.start_time_unix_nano);
    assert!(call.span.end_time_unix_nano <= message.span.end_time_unix_nano);
    assert!(message.span.start_time_unix_nano > 1_700_000_000_000_000_000, "nanoseconds since 1970");
    assert_eq!(message.text("conveyor.order.id"), Some(order_id(1).as_str()));
    assert_eq!(message.text("conveyor.event.id"), Some(format!("shipping/{}/1", order_id(1)).as_str()));
    assert_eq!(call.text("peer.service"), Some("stripe"));
    for (name, value) in
        [("service.name", "take-payment"), ("service.namespace", "shop"), ("cloud.provider", "aws")]
    {
        assert_eq!(message.of_resource(name), Some(value));
    }
    assert_eq!(message.span.status.clone().unwrap_or_default().code(), StatusCode::Unset);
}

#[tokio::test]
async fn a_request_is_a_span_with_its_route_and_status_and_the_root_of_its_trace_without_a_caller() {
    let (collector, _log) = (Collector::answering(200), Log::of("get-order", "info"));
    export_to(&collector.url);
    for (status, traceparent) in [(200, None), (500, Some(traceparent("01")))] {
        let mut headers = json!({});
        if let Some(traceparent) = traceparent {
            headers["traceparent"] = json!(traceparent);
        }
        let event = json!({
            "routeKey": "GET /orders/{order_id}", "headers": headers,
            "pathParameters": {"order_id": order_id(1)}, "requestContext": {"requestId": "r-1"},
        });
        Server::open(Answers(status)).serve(parse_sample(&event.to_string()).unwrap()).await;
    }
    runtime::traces::export().await;
    let spans = collector.spans();
    let [answered, failed] = spans.as_slice() else { panic!("{spans:?}") };
    for span in [answered, failed] {
        assert_eq!((span.span.name.as_str(), span.span.kind()), ("GET /orders/{order_id}", SpanKind::Server));
        assert_eq!(
            (span.text("http.request.method"), span.text("http.route")),
            (Some("GET"), Some("/orders/{order_id}"))
        );
        assert_eq!(span.text("conveyor.request.id"), Some("r-1"));
    }
    assert_eq!(
        (answered.span.parent_span_id.len(), answered.span.span_id.len(), answered.span.trace_id.len()),
        (0, 8, 16)
    );
    assert_eq!((hex(&failed.span.parent_span_id), failed.trace_id()), (PARENT.to_owned(), TRACE.to_owned()));
    let code = |span: &Received| span.span.status.clone().unwrap_or_default().code();
    assert_eq!((code(answered), code(failed)), (StatusCode::Unset, StatusCode::Error));
}

#[tokio::test]
async fn a_message_that_is_retried_is_a_span_with_an_error() {
    let (collector, _log) = (Collector::answering(200), Log::of("take-payment", "info"));
    export_to(&collector.url);
    handle(true, &traceparent("01")).await;
    let spans = collector.spans();
    let span = named(&spans, "take-payment");
    assert_eq!(span.span.status.clone().unwrap().code(), StatusCode::Error);
    assert_eq!(span.text("messaging.message.id"), Some("m-1"));
}

#[tokio::test]
async fn a_trace_that_is_not_sampled_is_passed_on_as_it_came_and_not_exported() {
    let (collector, _log) = (Collector::answering(200), Log::of("take-payment", "info"));
    export_to(&collector.url);
    let passed_on = handle(false, &traceparent("00")).await;
    assert_eq!(passed_on.unwrap().as_str(), traceparent("00"));
    assert_eq!(collector.spans().len(), 0);
}

#[tokio::test]
async fn without_a_collector_the_trace_is_passed_on_as_it_came() {
    let _log = Log::of("take-payment", "info");
    assert_eq!(handle(false, &traceparent("01")).await.unwrap().as_str(), traceparent("01"));
}

#[tokio::test]
async fn a_collector_that_refuses_is_logged_once_and_the_message_is_handled() {
    let (collector, log) = (Collector::answering(503), Log::of("take-payment", "warn"));
    export_to(&collector.url);
    for _ in 0..3 {
        handle(false, &traceparent("01")).await;
    }
    let warnings: Vec<_> = log.lines().into_iter().filter(|line| line["level"] == "WARN").collect();
    let [warning] = warnings.as_slice() else { panic!("one warning: {warnings:?}") };
    assert_eq!((&warning["reason"], &warning["spans"]), (&json!("it answered 503"), &json!(2)));
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_the_invocation_for_half_a_second_at_most() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let log = Log::of("take-payment", "warn");
    export_to(&format!("http://{}", silent.local_addr().unwrap()));
    let began = std::time::Instant::now();
    handle(false, &traceparent("01")).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(log.text().contains("no answer within 500 ms"), "{}", log.text());
}
