//! A faithful EasyPost in this process: the shapes of its API, its refusal of a second purchase, and faults on demand. It
//! counts its effects, so that tests can check them.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use outbound::{Answer, Call, CallError, Method, Transport};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The API key that is valid at first.
pub const EASYPOST_KEY: &str = "EZTK_test";

/// The carrier of every label.
pub const EASYPOST_CARRIER: &str = "USPS";

/// The kind of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EasyPostCall {
    /// `POST /v2/shipments`
    Create,
    /// `GET /v2/shipments/{id}`
    Retrieve,
    /// `POST /v2/shipments/{id}/rerate`
    Rerate,
    /// `POST /v2/shipments/{id}/buy`
    Buy,
    /// `POST /v2/shipments/{id}/refund`
    Refund,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EasyPostFault {
    /// 500, without the effect.
    FailsBefore,
    /// 500, after the effect.
    FailsAfter,
    /// No answer, without the effect.
    TimesOutBefore,
    /// No answer, after the effect.
    TimesOutAfter,
    /// A refusal with this status and code, without the effect.
    Refuses(u16, &'static str),
}

/// Counts of what EasyPost did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EasyPostCounts {
    /// Shipments created.
    pub created: usize,
    /// Labels bought.
    pub bought: usize,
    /// Labels whose refund was accepted.
    pub refunded: usize,
    /// Calls of any kind, including failed ones.
    pub calls: usize,
}

/// An EasyPost account in memory.
#[derive(Debug, Default)]
pub struct FakeEasyPost(Mutex<Account>);

#[derive(Debug, Default, Clone)]
struct Account {
    shipments: BTreeMap<String, Shipment>,
    faults: VecDeque<(EasyPostCall, EasyPostFault)>,
    counts: EasyPostCounts,
    without_rates: bool,
    rejects_refunds: bool,
    requests: Vec<Value>,
    /// The only valid API key; `None`: [`EASYPOST_KEY`].
    key: Option<String>,
}

#[derive(Debug, Default, Clone)]
struct Shipment {
    reference: Value,
    tracking_code: Option<String>,
    refund_status: Option<&'static str>,
}

/// A copy is independent: the model keeps the account's earlier states.
impl Clone for FakeEasyPost {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.account().clone()))
    }
}

impl FakeEasyPost {
    /// A text that is equal for two accounts that will answer alike, whatever their histories.
    pub fn fingerprint(&self) -> String {
        let account = self.account();
        let counts = EasyPostCounts { calls: 0, ..account.counts };
        let settings = (account.without_rates, account.rejects_refunds, &account.key);
        format!("{:?} {:?} {counts:?} {settings:?}", account.shipments, account.faults)
    }

    /// The order of each label that the shop still has to pay: no refund was accepted.
    pub fn held_labels(&self) -> Vec<String> {
        let account = self.account();
        let held = account.shipments.values().filter(|shipment| {
            shipment.tracking_code.is_some() && matches!(shipment.refund_status, None | Some("rejected"))
        });
        held.map(|shipment| shipment.reference.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The order of each shipment, and the tracking code of its label, if one was bought.
    pub fn labels(&self) -> Vec<(String, Option<String>)> {
        let of = |shipment: &Shipment| {
            (shipment.reference.as_str().unwrap_or_default().to_owned(), shipment.tracking_code.clone())
        };
        self.account().shipments.values().map(of).collect()
    }

    /// Makes the next call of this kind fail once. Several faults apply in turn.
    pub fn fail_next(&self, call: EasyPostCall, fault: EasyPostFault) {
        self.account().faults.push_back((call, fault));
    }

    /// Makes this the only valid API key.
    pub fn roll_key(&self, key: &str) {
        self.account().key = Some(key.to_owned());
    }

    /// Sets whether no carrier offers a rate.
    pub fn set_without_rates(&self, without: bool) {
        self.account().without_rates = without;
    }

    /// Sets whether refunds are rejected.
    pub fn set_rejects_refunds(&self, rejects: bool) {
        self.account().rejects_refunds = rejects;
    }

    /// Counts of what was done so far.
    pub fn counts(&self) -> EasyPostCounts {
        self.account().counts
    }

    /// The bodies of all requests that created a shipment.
    pub fn requests(&self) -> Vec<Value> {
        self.account().requests.clone()
    }

    /// The number of labels for which no refund was requested.
    pub fn labels_without_refund(&self) -> usize {
        let held =
            |shipment: &&Shipment| shipment.tracking_code.is_some() && shipment.refund_status.is_none();
        self.account().shipments.values().filter(held).count()
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for FakeEasyPost {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        // Other tasks run while a provider answers.
        tokio::task::yield_now().await;
        let mut account = self.account();
        account.counts.calls += 1;
        let sent = |name: &str, value: &str| {
            call.headers.iter().any(|header| header.0.eq_ignore_ascii_case(name) && header.1 == value)
        };
        // Basic: the key as the name, and no password.
        let pair = format!("{}:", account.key.as_deref().unwrap_or(EASYPOST_KEY));
        if !sent("authorization", &format!("Basic {}", STANDARD.encode(pair))) {
            return Ok(error(401, "APIKEY.INACTIVE"));
        }
        let Some((kind, id)) = kind_of(&call) else { return Ok(error(404, "NOT_FOUND")) };
        if call.method == Method::Post && !call.body.is_empty() && !sent("content-type", "application/json") {
            return Ok(error(415, "BAD_REQUEST"));
        }
        let fault =
            account.faults.iter().position(|(of, _)| *of == kind).and_then(|at| account.faults.remove(at));
        match fault.map(|(_, fault)| fault) {
            None => Ok(account.answer(kind, &id, &call.body)),
            Some(EasyPostFault::FailsBefore) => Ok(error(500, "INTERNAL_SERVER_ERROR")),
            Some(EasyPostFault::TimesOutBefore) => Err(CallError::TimedOut(call.timeout)),
            Some(EasyPostFault::FailsAfter) => {
                account.answer(kind, &id, &call.body);
                Ok(error(500, "INTERNAL_SERVER_ERROR"))
            }
            Some(EasyPostFault::TimesOutAfter) => {
                account.answer(kind, &id, &call.body);
                Err(CallError::TimedOut(Duration::from_secs(1)))
            }
            Some(EasyPostFault::Refuses(status, code)) => Ok(error(status, code)),
        }
    }
}

impl Account {
    fn answer(&mut self, kind: EasyPostCall, id: &str, body: &[u8]) -> Answer {
        if kind == EasyPostCall::Create {
            return self.create(body);
        }
        let (without_rates, rejects_refunds) = (self.without_rates, self.rejects_refunds);
        let Some(shipment) = self.shipments.get_mut(id) else { return error(404, "SHIPMENT.NOT_FOUND") };
        match kind {
            EasyPostCall::Create | EasyPostCall::Retrieve => {}
            EasyPostCall::Rerate => return json_answer(&json!({ "rates": rates(id, without_rates) })),
            EasyPostCall::Buy => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                if shipment.tracking_code.is_some() {
                    return error(422, "SHIPMENT.POSTAGE.EXISTS");
                }
                if !rates(id, without_rates).iter().any(|rate| rate["id"] == body["rate"]["id"]) {
                    return error(422, "SHIPMENT.RATE.EXPIRED");
                }
                self.counts.bought += 1;
                shipment.tracking_code = Some(format!("9400{:08}", self.counts.bought));
            }
            EasyPostCall::Refund => match (&shipment.tracking_code, shipment.refund_status) {
                (None, _) => return error(422, "SHIPMENT.REFUND.UNAVAILABLE"),
                (Some(_), None | Some("rejected")) if rejects_refunds => {
                    shipment.refund_status = Some("rejected");
                }
                (Some(_), None | Some("rejected")) => {
                    self.counts.refunded += 1;
                    shipment.refund_status = Some("submitted");
                }
                (Some(_), Some(_)) => return error(422, "SHIPMENT.REFUND.ALREADY_REQUESTED"),
            },
        }
        json_answer(&shipment.object(id, without_rates))
    }

    fn create(&mut self, body: &[u8]) -> Answer {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let asked = &body["shipment"];
        let weight = asked["parcel"]["weight"].as_str().unwrap_or_default();
        if weight.trim_matches(['0', '.']).is_empty() {
            return error(422, "PARCEL.PARAMETERS.INVALID");
        }
        if asked["to_address"]["street1"].as_str().is_none_or(str::is_empty) {
            return error(422, "ADDRESS.PARAMETERS.INVALID");
        }
        self.requests.push(body.clone());
        self.counts.created += 1;
        let id = format!("shp_{:032x}", self.counts.created);
        let shipment = Shipment { reference: asked["reference"].clone(), ..Shipment::default() };
        let answer = json_answer(&shipment.object(&id, self.without_rates));
        self.shipments.insert(id, shipment);
        Answer { status: 201, ..answer }
    }
}

impl Shipment {
    fn object(&self, id: &str, without_rates: bool) -> Value {
        let bought = self.tracking_code.as_ref();
        json!({
            "id": id, "object": "Shipment", "mode": "test", "reference": self.reference, "status": "unknown",
            "rates": rates(id, without_rates), "messages": [],
            "selected_rate": bought.map(|_| rate(id, "GroundAdvantage", "8.20")),
            "tracking_code": bought,
            "postage_label": bought.map(|code| json!({
                "object": "PostageLabel", "label_url": format!("https://labels.example/{code}.png"),
                "label_pdf_url": null, "label_zpl_url": null,
            })),
            "tracker": bought.map(|code| json!({
                "object": "Tracker", "tracking_code": code, "carrier": EASYPOST_CARRIER, "status": "unknown",
                "status_detail": "unknown", "tracking_details": [],
            })),
            "refund_status": self.refund_status,
        })
    }
}

/// The body of a tracker's webhook. A scan is its status, detail and RFC 3339 time; the last one is the tracker's status.
pub fn tracker_event(event_id: &str, carrier: &str, code: &str, scans: &[(&str, &str, &str)]) -> Value {
    let details: Vec<Value> = scans
        .iter()
        .map(|(status, detail, time)| {
            json!({"object": "TrackingDetail", "status": status, "status_detail": detail, "datetime": time,
                   "message": "", "source": carrier, "tracking_location": {"object": "TrackingLocation"}})
        })
        .collect();
    let (status, detail) =
        scans.last().map_or(("unknown", "unknown"), |(status, detail, _)| (status, detail));
    json!({
        "id": event_id, "object": "Event", "mode": "test", "description": "tracker.updated", "status": "pending",
        "previous_attributes": {}, "pending_urls": [], "completed_urls": [],
        "result": {
            "id": format!("trk_{code}"), "object": "Tracker", "mode": "test", "carrier": carrier,
            "tracking_code": code, "status": status, "status_detail": detail, "weight": 614.0,
            "tracking_details": details,
        },
    })
}

fn kind_of(call: &Call) -> Option<(EasyPostCall, String)> {
    let path = call.url.split_once("/v2/shipments").map(|(_, path)| path)?;
    let mut parts = path.split('/').skip(1);
    let (id, verb) = (parts.next().unwrap_or_default().to_owned(), parts.next());
    let kind = match (call.method, id.is_empty(), verb) {
        (Method::Post, true, None) => EasyPostCall::Create,
        (Method::Get, false, None) => EasyPostCall::Retrieve,
        (Method::Post, false, Some("rerate")) => EasyPostCall::Rerate,
        (Method::Post, false, Some("buy")) => EasyPostCall::Buy,
        (Method::Post, false, Some("refund")) => EasyPostCall::Refund,
        _ => return None,
    };
    Some((kind, id))
}

fn rates(id: &str, without: bool) -> Vec<Value> {
    let offers = [("Express", "51.20"), ("GroundAdvantage", "8.20"), ("Priority", "9.05")];
    if without { Vec::new() } else { offers.map(|(service, price)| rate(id, service, price)).into() }
}

fn rate(id: &str, service: &str, price: &str) -> Value {
    json!({"id": format!("rate_{service}_{id}"), "object": "Rate", "carrier": EASYPOST_CARRIER, "service": service,
           "rate": price, "currency": "USD", "shipment_id": id})
}

fn json_answer(body: &Value) -> Answer {
    let headers = vec![("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
    Answer { status: 200, headers, body: body.to_string().into_bytes() }
}

fn error(status: u16, code: &str) -> Answer {
    let body = json!({"error": {"code": code, "message": "refused", "errors": []}});
    Answer { status, ..json_answer(&body) }
}
