//! A collector of OpenTelemetry spans on this machine. It decodes what it receives with the official types.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use std::io::{BufRead, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A span, and the attributes of its resource.
#[derive(Debug, Clone)]
pub struct Received {
    /// `service.name` and the like.
    pub resource: Vec<KeyValue>,
    /// The span.
    pub span: Span,
}

/// A collector that listens until its process ends.
pub struct Collector {
    /// Its base URL, on a free port.
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Collector {
    /// A collector that answers with this status.
    ///
    /// # Panics
    /// If no port is free.
    #[expect(clippy::expect_used, reason = "a test without its collector cannot pass")]
    pub fn answering(status: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let log = Arc::clone(&received);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(connection, status, &log));
            }
        });
        Self { url: format!("http://127.0.0.1:{port}"), received }
    }

    /// The spans so far.
    pub fn spans(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Received {
    /// A text of the resource, such as `service.name`.
    pub fn of_resource(&self, name: &str) -> Option<&str> {
        text(&self.resource, name)
    }

    /// A text of the span, such as `conveyor.order.id`.
    pub fn text(&self, name: &str) -> Option<&str> {
        text(&self.span.attributes, name)
    }

    /// The trace in hexadecimal digits.
    pub fn trace_id(&self) -> String {
        hex(&self.span.trace_id)
    }
}

/// The bytes of an id in hexadecimal digits.
pub fn hex(id: &[u8]) -> String {
    let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    let found = attributes.iter().find(|attribute| attribute.key == name)?;
    match found.value.as_ref()? {
        AnyValue { value: Some(Value::StringValue(text)) } => Some(text),
        _ => None,
    }
}

/// Answers the requests of a connection until it is closed.
fn serve(connection: TcpStream, status: u16, received: &Mutex<Vec<Received>>) {
    let Ok(mut answer) = connection.try_clone() else { return };
    let mut reader = BufReader::new(connection);
    while let Some((head, body)) = request(&mut reader) {
        let is_for_traces = head.starts_with("POST /v1/traces ")
            && head.to_ascii_lowercase().contains("content-type: application/x-protobuf");
        let decoded = ExportTraceServiceRequest::decode(body.as_slice());
        let status = match decoded {
            Ok(request) if is_for_traces => {
                let spans = request.resource_spans.into_iter().flat_map(|of_resource| {
                    let resource = of_resource.resource.unwrap_or_default().attributes;
                    let spans = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
                    spans.map(move |span| Received { resource: resource.clone(), span })
                });
                received.lock().unwrap_or_else(PoisonError::into_inner).extend(spans);
                status
            }
            _ => 400,
        };
        if write!(answer, "HTTP/1.1 {status} -\r\ncontent-length: 0\r\n\r\n").is_err() {
            return;
        }
    }
}

/// The head and the body of the next request.
fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}
