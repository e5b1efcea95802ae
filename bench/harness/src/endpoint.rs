//! The endpoint of every service that a function calls. It answers at once, and counts what was asked for.

use crate::dynamodb;
use crate::http::{Answer, Request};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What was asked for since the counts were taken last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Requests by kind, for example `DynamoDB PutItem`.
    pub(crate) requests: BTreeMap<String, u64>,
    pub(crate) write_units: u64,
    pub(crate) half_read_units: u64,
    /// The first request that no happy sample makes.
    pub(crate) unhappy: Option<String>,
}

/// The endpoint's state: what the tables and secrets hold, and the counts.
#[derive(Default)]
pub(crate) struct Endpoint {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    items: Arc<Vec<Value>>,
    secrets: BTreeMap<String, String>,
    counts: Counts,
}

impl Endpoint {
    /// From now on the secrets have these values.
    pub(crate) fn share(&self, secrets: &BTreeMap<String, String>) {
        self.lock().secrets.clone_from(secrets);
    }

    /// From now on the tables hold these items, and nothing is counted yet.
    pub(crate) fn hold(&self, items: &[Value]) {
        let mut state = self.lock();
        state.items = Arc::new(items.to_vec());
        state.counts = Counts::default();
    }

    /// Returns the counts and begins again.
    pub(crate) fn take_counts(&self) -> Counts {
        std::mem::take(&mut self.lock().counts)
    }

    /// Answers a request, and counts it.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let (service, operation) = kind(request);
        let mut state = self.lock();
        *state.counts.requests.entry(format!("{service} {operation}").trim_end().to_owned()).or_default() +=
            1;
        let body = String::from_utf8_lossy(&request.body);
        match service {
            "DynamoDB" => {
                let items = Arc::clone(&state.items);
                drop(state);
                let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
                match dynamodb::answer(operation, &parsed, &items) {
                    Some(done) => {
                        let mut state = self.lock();
                        state.counts.write_units += count(done.write_units);
                        state.counts.half_read_units += count(done.half_read_units);
                        drop(state);
                        Answer::of("application/x-amz-json-1.0", done.answer.to_string())
                    }
                    None => self.unknown(&format!("DynamoDB {operation}")),
                }
            }
            "Secrets Manager" => {
                let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
                let name = parsed["SecretId"].as_str().unwrap_or_default();
                let value = state.secrets.get(name).cloned().unwrap_or_default();
                let answer = json!({"ARN": name, "Name": name, "SecretString": value, "VersionId": "1"});
                Answer::of("application/x-amz-json-1.1", answer.to_string())
            }
            "SQS" => {
                // A dead letter has its reason as an attribute: see shared/aws/src/queue.rs.
                if body.contains("\"reason\"") && state.counts.unhappy.is_none() {
                    state.counts.unhappy = Some(format!("it dead-lettered its message: {body}"));
                }
                Answer::of("application/x-amz-json-1.0", json!({"MessageId": "1"}).to_string())
            }
            "SNS" => Answer::of("text/xml", published(operation, &body)),
            "SES" => Answer::of("application/json", json!({"MessageId": "1"}).to_string()),
            "connect" => Answer::of("text/plain", "healthy"),
            "Stripe" => Answer::of("application/json", intent(&body).to_string()),
            // What a function that is invoked by another one answers.
            "Lambda" => Answer::of("application/json", "{}".to_owned()),
            "shop" => Answer { status: 204, headers: Vec::new(), body: Vec::new() },
            _ => {
                drop(state);
                self.unknown(&format!("{} {}", request.method, request.path))
            }
        }
    }

    fn unknown(&self, what: &str) -> Answer {
        self.lock()
            .counts
            .unhappy
            .get_or_insert(format!("it called what the endpoint does not know: {what}"));
        Answer { status: 400, headers: Vec::new(), body: b"{}".to_vec() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(units: usize) -> u64 {
    u64::try_from(units).unwrap_or(u64::MAX)
}

/// The service and the operation that a request is for.
fn kind(request: &Request) -> (&'static str, &str) {
    let target = request.header("x-amz-target");
    let (service, operation) = target.rsplit_once('.').unwrap_or_default();
    match service {
        "DynamoDB_20120810" => return ("DynamoDB", operation),
        "secretsmanager" => return ("Secrets Manager", operation),
        "AmazonSQS" => return ("SQS", operation),
        _ => {}
    }
    if request.body.starts_with(b"Action=") {
        let action = request.body[b"Action=".len()..].split(|byte| *byte == b'&').next().unwrap_or_default();
        return ("SNS", std::str::from_utf8(action).unwrap_or_default());
    }
    match request.path.as_str() {
        "/" if request.method != "POST" => ("connect", ""),
        path if path.starts_with("/v2/email/") => ("SES", "SendEmail"),
        path if path.starts_with("/v1/") => ("Stripe", ""),
        path if path.ends_with("/invocations") => ("Lambda", "Invoke"),
        path if path.starts_with("/shop") => ("shop", ""),
        _ => ("other", ""),
    }
}

/// SNS's answer: every entry of a batch is accepted.
fn published(operation: &str, body: &str) -> String {
    if operation != "PublishBatch" {
        return "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
            .to_owned();
    }
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(body).unwrap_or_default();
    let ids = fields.iter().filter(|(name, _)| name.ends_with(".Id"));
    let members = ids.fold(String::new(), |members, (_, id)| {
        members + "<member><Id>" + id + "</Id><MessageId>1</MessageId></member>"
    });
    format!(
        "<PublishBatchResponse><PublishBatchResult><Successful>{members}</Successful><Failed/></PublishBatchResult></PublishBatchResponse>"
    )
}

/// A `PaymentIntent` that succeeded, with what the request asked for.
fn intent(body: &str) -> Value {
    let fields: BTreeMap<String, String> = serde_urlencoded::from_str(body).unwrap_or_default();
    let metadata: BTreeMap<&str, &str> = fields
        .iter()
        .filter_map(|(name, value)| {
            Some((name.strip_prefix("metadata[")?.strip_suffix(']')?, value.as_str()))
        })
        .collect();
    let amount: u64 = fields.get("amount").and_then(|amount| amount.parse().ok()).unwrap_or(1900);
    json!({
        "id": "pi_1", "object": "payment_intent", "status": "succeeded", "livemode": false,
        "amount": amount, "amount_received": amount, "currency": fields.get("currency"), "metadata": metadata,
        "latest_charge": "ch_1", "created": 1_767_323_045,
    })
}

#[cfg(test)]
mod tests;
