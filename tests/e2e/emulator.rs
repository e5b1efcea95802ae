//! The emulator: AWS's own APIs as the administrator, and its lists of messages and mail.

use crate::api::{Answer, Client};
use crate::wait::until;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A client with the administrator's keys.
#[derive(Debug, Clone)]
pub(crate) struct Emulator(Client);

impl Emulator {
    pub(crate) fn new() -> Self {
        Self(Client::new(tests::variable("AWS_ENDPOINT_URL"), None))
    }

    /// A call of a service that takes a form and answers XML: IAM, STS, SNS.
    #[track_caller]
    pub(crate) fn query(&self, service: &str, parameters: &[(&str, &str)]) -> String {
        let mut form = String::from("Version=2010-05-08");
        for (name, value) in parameters {
            // Writing to a string cannot fail.
            write!(form, "&{name}={}", encoded(value)).expect("a string");
        }
        let authorization = authorization(service);
        let headers =
            [("content-type", "application/x-www-form-urlencoded"), ("authorization", &authorization)];
        let answer = self.0.send("POST", "/", &headers, Some(form.into_bytes()));
        assert_eq!(answer.status, 200, "{answer}");
        answer.text().to_owned()
    }

    /// A call of SQS.
    #[track_caller]
    pub(crate) fn sqs(&self, operation: &str, body: &Value) -> Value {
        let authorization = authorization("sqs");
        let target = format!("AmazonSQS.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", &target),
            ("authorization", &authorization),
        ];
        let answer = self.0.send("POST", "/", &headers, Some(body.to_string().into_bytes()));
        assert_eq!(answer.status, 200, "{answer}");
        if answer.text().is_empty() { json!({}) } else { answer.json() }
    }

    /// A call of Secrets Manager.
    #[track_caller]
    pub(crate) fn secrets(&self, operation: &str, body: &Value) -> Value {
        let authorization = authorization("secretsmanager");
        let target = format!("secretsmanager.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", &target),
            ("authorization", &authorization),
        ];
        self.0.send("POST", "/", &headers, Some(body.to_string().into_bytes())).expect(200)
    }

    /// Every item of a table, as JSON.
    #[track_caller]
    pub(crate) fn scan(&self, table: &str) -> Vec<Value> {
        let authorization = authorization("dynamodb");
        let headers = [
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "DynamoDB_20120810.Scan"),
            ("authorization", authorization.as_str()),
        ];
        let (mut items, mut start) = (Vec::new(), Value::Null);
        loop {
            let mut body = json!({"TableName": table, "ConsistentRead": true});
            if !start.is_null() {
                body["ExclusiveStartKey"] = start;
            }
            let page = self.0.send("POST", "/", &headers, Some(body.to_string().into_bytes())).expect(200);
            items.extend(page["Items"].as_array().cloned().unwrap_or_default());
            start = page["LastEvaluatedKey"].clone();
            if start.is_null() {
                return items;
            }
        }
    }

    /// The keys and the texts of all objects of a bucket.
    pub(crate) fn objects(&self, bucket: &str) -> Vec<String> {
        let authorization = authorization("s3");
        let list = self.0.send("GET", &format!("/{bucket}"), &[("authorization", &authorization)], None);
        assert_eq!(list.status, 200, "{list}");
        let object = |key: &str| format!("{key}: {}", self.object("GET", bucket, key, None).text());
        texts(list.text(), "Key").into_iter().map(object).collect()
    }

    /// A call of `CloudWatch` Logs.
    #[track_caller]
    pub(crate) fn logs(&self, operation: &str, body: &Value) -> Value {
        let authorization = authorization("logs");
        let target = format!("Logs_20140328.{operation}");
        let headers = [
            ("content-type", "application/x-amz-json-1.1"),
            ("x-amz-target", &target),
            ("authorization", &authorization),
        ];
        // The emulator walks its log streams while functions write to them, and sometimes fails at that.
        let answer = until(format!("{operation} of the logs"), || {
            let answer = self.0.send("POST", "/", &headers, Some(body.to_string().into_bytes()));
            if answer.status == 500 { Err("500") } else { Ok(answer) }
        });
        answer.expect(200)
    }

    /// A call of Lambda.
    #[track_caller]
    pub(crate) fn lambda(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let authorization = authorization("lambda");
        let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
        let body = body.map(|body| body.to_string().into_bytes());
        self.0.send(method, &format!("/2015-03-31/{path}"), &headers, body)
    }

    /// Puts an object into a bucket.
    #[track_caller]
    pub(crate) fn put_object(&self, bucket: &str, key: &str, object: &Value) {
        let answer = self.object("PUT", bucket, key, Some(object));
        assert_eq!(answer.status, 200, "{answer}");
    }

    /// Whether a bucket has an object.
    pub(crate) fn has_object(&self, bucket: &str, key: &str) -> bool {
        self.object("GET", bucket, key, None).status == 200
    }

    fn object(&self, method: &str, bucket: &str, key: &str, body: Option<&Value>) -> Answer {
        let authorization = authorization("s3");
        let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
        let body = body.map(|body| body.to_string().into_bytes());
        self.0.send(method, &format!("/{bucket}/{key}"), &headers, body)
    }

    /// The stack's functions, as the Lambda API lists them.
    pub(crate) fn functions(&self) -> Vec<Value> {
        let list = self.lambda("GET", "functions/?MaxItems=1000", None).expect(200);
        let all = list["Functions"].as_array().cloned().unwrap_or_default();
        all.into_iter()
            .filter(|function| function["Environment"]["Variables"]["FUNCTION_NAME"].is_string())
            .collect()
    }

    /// The messages in a queue, visible or not, without receiving them.
    pub(crate) fn queued(&self, url: &str) -> Vec<Value> {
        let all = self.0.get(&format!("/_ministack/sqs/messages?QueueUrl={}", encoded(url))).expect(200);
        lists(&all["messages"])
    }

    /// The subjects of the email sent to this address, oldest first.
    pub(crate) fn mail_to(&self, address: &str) -> Vec<String> {
        let all = self.0.get("/_ministack/ses/messages").expect(200);
        lists(&all["messages"])
            .iter()
            .filter(|message| message["To"].to_string().contains(address))
            .map(|message| message["Subject"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

/// The emulator groups its lists by account, some also by region and queue.
fn lists(grouped: &Value) -> Vec<Value> {
    match grouped {
        Value::Array(list) => list.clone(),
        Value::Object(groups) => groups.values().flat_map(lists).collect(),
        _ => Vec::new(),
    }
}

/// The emulator needs the name of its administrator and checks no signature.
fn authorization(service: &str) -> String {
    let key = tests::variable("AWS_ACCESS_KEY_ID");
    let scope = format!("{key}/20260101/{}/{service}/aws4_request", tests::variable("AWS_REGION"));
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")
}

/// Percent-encoded for a form or a query.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("a string");
        }
        out
    })
}

/// The texts of all elements of this name, in an answer that nests no two of them.
pub(crate) fn texts<'a>(xml: &'a str, element: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    xml.split(&open).skip(1).filter_map(|rest| rest.split(&close).next()).collect()
}
