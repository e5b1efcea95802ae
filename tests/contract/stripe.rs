//! The contract of the payment provider: one suite for the one in process (`testkit::FakeStripe`) and for the local stack's server
//! (`local/stripe_server.py`). Every object in an answer has only published fields, of their published types.

mod charges;
mod published;

use outbound::{Call, Method, Transport as _};
use serde_json::Value;
use std::time::Duration;
use testkit::FakeStripe;

/// Confirms with a card that pays.
const VISA: &str = "payment_method=pm_card_visa";

/// The provider under test.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Provided {
    InProcess,
    ByLocalServer,
}

/// An account at the provider.
pub(crate) struct Account {
    /// `None`: the local server.
    in_process: Option<FakeStripe>,
    /// No event of this test is older, in seconds since 1970.
    since: i64,
}

impl Account {
    pub(crate) fn at(provided: Provided) -> Self {
        match provided {
            Provided::InProcess => Self { in_process: Some(FakeStripe::default()), since: 0 },
            Provided::ByLocalServer => {
                Self { in_process: None, since: resilience::Clock::now(&resilience::SystemClock).as_second() }
            }
        }
    }

    /// Calls, and compares the answer with its published form.
    async fn call(&self, method: Method, path: &str, form: &str) -> (u16, Value) {
        let (status, body) = match &self.in_process {
            Some(stripe) => {
                let headers =
                    [("authorization", "Bearer sk_test_1"), ("stripe-version", testkit::STRIPE_VERSION)];
                let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
                let url = format!("https://stripe.example{path}");
                let timeout = Duration::from_secs(1);
                let answer = stripe
                    .send(Call { method, url, headers, body: form.as_bytes().to_vec(), timeout })
                    .await
                    .unwrap();
                (answer.status, serde_json::from_slice(&answer.body).unwrap())
            }
            None => over_http(method, path, form),
        };
        if status < 300 {
            published::check(&body);
        } else {
            published::check_error(&body["error"]);
        }
        (status, body)
    }

    /// A call that succeeds.
    pub(crate) async fn post(&self, path: &str, form: &str) -> Value {
        let (status, body) = self.call(Method::Post, path, form).await;
        assert_eq!(status, 200, "POST {path} {form}: {body}");
        body
    }

    /// A call that is refused with this status. Returns the error.
    pub(crate) async fn refused(&self, status: u16, path: &str, form: &str) -> Value {
        let (found, body) = self.call(Method::Post, path, form).await;
        assert_eq!(found, status, "POST {path} {form}: {body}");
        body["error"].clone()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::Get, path, "").await;
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    /// A new intent of 19.00 EUR. Returns its path.
    pub(crate) async fn intent(&self, more: &str) -> String {
        let intent = self.post("/v1/payment_intents", &format!("amount=1900&currency=eur&{more}")).await;
        format!("/v1/payment_intents/{}", intent["id"].as_str().unwrap())
    }

    /// A new intent that is authorised, and captured later.
    pub(crate) async fn authorised(&self) -> String {
        let path = self.intent(&format!("{VISA}&capture_method=manual")).await;
        assert_eq!(self.post(&format!("{path}/confirm"), "").await["status"], "requires_capture");
        path
    }

    /// The intent with its last charge in place of the charge's id.
    pub(crate) async fn with_charge(&self, path: &str) -> Value {
        self.get(&format!("{path}?expand[]=latest_charge")).await
    }

    /// The types of the events about an intent, oldest first.
    pub(crate) async fn events_of(&self, path: &str) -> Vec<String> {
        let list = self.get(&format!("/v1/events?limit=100&created[gte]={}", self.since)).await;
        let events = list["data"].as_array().unwrap().iter().rev();
        assert!(events.clone().all(|event| event["api_version"] == testkit::STRIPE_VERSION));
        let of_intent =
            events.filter(|event| event["data"]["object"]["id"].as_str() == path.rsplit('/').next());
        of_intent.map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }
}

fn over_http(method: Method, path: &str, form: &str) -> (u16, Value) {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = config.timeout_global(Some(Duration::from_mins(1))).build().new_agent();
    let url = format!("{}{path}", tests::variable("STRIPE_API_URL"));
    let key = format!("Bearer {}", tests::variable("STRIPE_API_KEY"));
    let answer = match method {
        Method::Get => agent.get(url).header("authorization", key).call(),
        Method::Post | Method::Delete => agent
            .post(url)
            .header("authorization", key)
            .header("content-type", "application/x-www-form-urlencoded")
            .send(form),
    };
    let mut answer = answer.unwrap();
    let text = answer.body_mut().with_config().limit(1 << 28).read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap())
}
