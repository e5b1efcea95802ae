//! The systems that are called back: each takes what is well signed, counts it by its id, and has its bad days.

use super::chance::Chance;
use super::executor::stop;
use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Secret, Transport};
use resilience::Clock;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testkit::{RequestBuilder as _, answer, request};
use webhooks::{Refusal, Scheme as _, StandardWebhooks};

/// What a receiver does with a call, beside taking it.
#[derive(Debug, Clone, Copy)]
enum Mood {
    /// Nobody listens.
    Refuses,
    TimesOut,
    Takes(Ending),
    /// This status, and asks for so many seconds of patience.
    Answers(u16, Option<&'static str>),
}

/// How it goes on once it has taken a call.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Answers(u16),
    TimesOut,
}

/// By their name: how often in a thousand calls, and what.
const MOODS: [(&str, u32, Mood); 8] = [
    ("receiver: 500", 20, Mood::Answers(500, None)),
    ("receiver: 500 after taking it", 10, Mood::Takes(Ending::Answers(500))),
    ("receiver: 503 for a minute", 10, Mood::Answers(503, Some("60"))),
    ("receiver: 503 for hours", 3, Mood::Answers(503, Some("10800"))),
    ("receiver: time-out", 5, Mood::TimesOut),
    ("receiver: time-out after taking it", 15, Mood::Takes(Ending::TimesOut)),
    ("receiver: connection refused", 20, Mood::Refuses),
    ("receiver: 410", 1, Mood::Answers(410, None)),
];

/// What a receiver knows of one message.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard {
    /// A digest of its bytes.
    pub(super) bytes: u64,
    /// How often it came.
    pub(super) calls: u32,
    /// How often it was taken, whatever was answered.
    pub(super) taken: u32,
    /// The answers, by status.
    pub(super) answers: BTreeMap<u16, u32>,
}

#[derive(Default)]
struct System {
    secrets: Vec<Secret>,
    /// It is down until then.
    down: Option<(Timestamp, Mood)>,
    heard: BTreeMap<String, Heard>,
}

/// All receivers, by URL.
pub(super) struct Receivers {
    chance: Chance,
    clock: Arc<dyn Clock>,
    systems: Mutex<BTreeMap<String, System>>,
    wrong: Mutex<Vec<String>>,
}

impl Receivers {
    pub(super) fn new(chance: Chance, clock: Arc<dyn Clock>) -> Self {
        Self { chance, clock, systems: Mutex::default(), wrong: Mutex::default() }
    }

    /// The receiver at this URL trusts this secret from now on.
    pub(super) fn trust(&self, url: &str, secret: &str) {
        self.systems().entry(url.to_owned()).or_default().secrets.push(Secret::new(secret));
    }

    /// It is down until then, silent or talking.
    pub(super) fn goes_down(&self, url: &str, until: Timestamp) {
        let mood = if self.chance.roll(500) { Mood::Refuses } else { Mood::Answers(503, Some("120")) };
        self.systems().entry(url.to_owned()).or_default().down = Some((until, mood));
    }

    /// What it knows of the message.
    pub(super) fn heard(&self, url: &str, id: &str) -> Heard {
        self.systems().get(url).and_then(|system| system.heard.get(id)).cloned().unwrap_or_default()
    }

    /// Whether it has ever answered so.
    pub(super) fn has_said(&self, url: &str, status: u16) -> bool {
        let systems = self.systems();
        let mut heard = systems.get(url).into_iter().flat_map(|system| system.heard.values());
        heard.any(|heard| heard.answers.contains_key(&status))
    }

    /// What was wrong with calls.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn systems(&self) -> MutexGuard<'_, BTreeMap<String, System>> {
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complain(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn mood(&self, system: &System) -> Mood {
        match system.down {
            Some((until, mood)) if until > self.clock.now() => mood,
            _ => {
                let mut moods = MOODS.iter();
                let met = moods.find(|(name, often, _)| self.chance.misfortune(name, *often));
                met.map_or(Mood::Takes(Ending::Answers(204)), |(_, _, mood)| *mood)
            }
        }
    }

    /// The call at its receiver: what it does with it, and what becomes of the answer.
    fn receive(&self, call: &Call) -> Result<Answer, CallError> {
        let mut systems = self.systems();
        let Some(system) = systems.get_mut(&call.url) else {
            self.complain(format!("I6: {} was called, and is nobody's", call.url));
            return Err(CallError::Connection("no such host".to_owned()));
        };
        let id = header(call, "webhook-id");
        let mood = if is_too_much(&id) { Mood::Answers(422, None) } else { self.mood(system) };
        if matches!(mood, Mood::Refuses) {
            return Err(CallError::Connection("told to refuse".to_owned()));
        }
        let refusal = verify(call, &system.secrets, self.clock.now()).err();
        if let Some(refusal) = refusal.as_ref().filter(|refusal| **refusal != Refusal::TooOld) {
            self.complain(format!("I6: {id} came to {} badly signed: {refusal}", call.url));
        }
        let heard = system.heard.entry(id.clone()).or_default();
        heard.calls += 1;
        let bytes = digest(&call.body);
        if heard.calls > 1 && heard.bytes != bytes {
            self.complain(format!("I6: {id} came to {} with other bytes than before", call.url));
        }
        heard.bytes = bytes;
        let (status, patience) = match (refusal, mood) {
            // Who was away for too long signs anew.
            (Some(_), _) => (400, None),
            (None, Mood::Takes(ending)) => {
                heard.taken += 1;
                match ending {
                    Ending::Answers(status) => (status, None),
                    Ending::TimesOut => return Err(CallError::TimedOut(call.timeout)),
                }
            }
            (None, Mood::Answers(status, patience)) => (status, patience),
            (None, Mood::TimesOut | Mood::Refuses) => return Err(CallError::TimedOut(call.timeout)),
        };
        *heard.answers.entry(status).or_default() += 1;
        let headers: Vec<(&str, &str)> = patience.iter().map(|seconds| ("retry-after", *seconds)).collect();
        Ok(answer(status, &headers))
    }
}

#[async_trait]
impl Transport for Receivers {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        // It takes its time, and others are called meanwhile.
        for _ in 0..self.chance.below(3) {
            stop().await;
        }
        self.receive(&call)
    }
}

/// A few messages are never taken: by their name, so that it stays so.
fn is_too_much(id: &str) -> bool {
    id.ends_with("00")
}

/// What tells one body from another.
pub(super) fn digest(body: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    hasher.finish()
}

fn header(call: &Call, name: &str) -> String {
    let found = call.headers.iter().find(|(there, _)| there == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

fn verify(call: &Call, secrets: &[Secret], now: Timestamp) -> Result<(), Refusal> {
    let names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    let came = names.into_iter().fold(request(""), |came, name| came.header(name, &header(call, name)));
    StandardWebhooks.verify(&came.headers, &call.body, secrets, now)
}
