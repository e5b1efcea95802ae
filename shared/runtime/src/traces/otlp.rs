//! The OTLP message of a list of spans, as Protocol Buffers: `ExportTraceServiceRequest` of
//! [opentelemetry-proto](https://github.com/open-telemetry/opentelemetry-proto), version 1. Pure.
//!
//! It is written by hand, because these six messages are all that we need: a library for them would be a tenth of a function's
//! size. `tests/traces` decodes it with the official types.

use super::span::{Attribute, Kind, Span};

/// A field's number and its wire type, as one byte: every number here is below 16.
const fn tag(number: u8, wire: u8) -> u8 {
    number << 3 | wire
}

const VARINT: u8 = 0;
const FIXED64: u8 = 1;
const BYTES: u8 = 2;

/// The request with spans of one process, which the attributes of the resource describe.
pub(super) fn request(resource: &[(&str, &str)], spans: &[Span]) -> Vec<u8> {
    let scope = message(|scope| bytes(scope, 1, b"conveyor"));
    let scope_spans = message(|out| {
        bytes(out, 1, &scope);
        for one in spans {
            bytes(out, 2, &span(one));
        }
    });
    let resource = message(|out| {
        for (key, value) in resource {
            bytes(out, 1, &key_value(key, &Attribute::Text((*value).to_owned())));
        }
    });
    let resource_spans = message(|out| {
        bytes(out, 1, &resource);
        bytes(out, 2, &scope_spans);
    });
    message(|out| bytes(out, 1, &resource_spans))
}

fn span(span: &Span) -> Vec<u8> {
    message(|out| {
        bytes(out, 1, &span.trace_id);
        bytes(out, 2, &span.id);
        if let Some(parent) = &span.parent_id {
            bytes(out, 4, parent);
        }
        bytes(out, 5, span.name.as_bytes());
        // The numbers of the enum SpanKind.
        varint(
            out,
            6,
            match span.kind {
                Kind::Server => 2,
                Kind::Client => 3,
                Kind::Consumer => 5,
            },
        );
        fixed64(out, 7, span.began);
        fixed64(out, 8, span.ended);
        for (key, value) in &span.attributes {
            bytes(out, 9, &key_value(key, value));
        }
        if span.has_failed {
            // STATUS_CODE_ERROR.
            bytes(out, 15, &message(|status| varint(status, 3, 2)));
        }
    })
}

fn key_value(key: &str, value: &Attribute) -> Vec<u8> {
    let value = message(|any| match value {
        Attribute::Text(text) => bytes(any, 1, text.as_bytes()),
        Attribute::Number(number) => varint(any, 3, *number),
    });
    message(|out| {
        bytes(out, 1, key.as_bytes());
        bytes(out, 2, &value);
    })
}

fn message(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn bytes(out: &mut Vec<u8>, number: u8, value: &[u8]) {
    out.push(tag(number, BYTES));
    base128(out, u64::try_from(value.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(value);
}

fn varint(out: &mut Vec<u8>, number: u8, value: u64) {
    out.push(tag(number, VARINT));
    base128(out, value);
}

fn fixed64(out: &mut Vec<u8>, number: u8, value: u64) {
    out.push(tag(number, FIXED64));
    out.extend_from_slice(&value.to_le_bytes());
}

fn base128(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(0x80 | value.to_le_bytes()[0]);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}
