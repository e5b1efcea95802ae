//! The shop's systems that receive webhooks: each verifies the signature, counts deliveries by their id, and has faults.

use super::chance::Chance;
use super::executor::stop;
use async_trait::async_trait;
use events::ERASED;
use jiff::Timestamp;
use outbound::{Answer, Call, CallError, Secret, Transport};
use resilience::Clock;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use testkit::{RequestBuilder as _, answer, request};
use webhooks::{Refusal, Scheme as _, StandardWebhooks};

/// What a receiver does with a call.
#[derive(Debug, Clone, Copy)]
enum Behaviour {
    /// It refuses the connection.
    Refuses,
    TimesOut,
    Processes(Ending),
    /// It answers this status, with these seconds in `Retry-After`.
    Answers(u16, Option<&'static str>),
}

/// What it answers once it has processed a call.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Answers(u16),
    TimesOut,
}

/// The faults: the name, the frequency in a thousand calls, and the behaviour.
const FAULTS: [(&str, u32, Behaviour); 8] = [
    ("receiver: 500", 20, Behaviour::Answers(500, None)),
    ("receiver: 500 after taking it", 10, Behaviour::Processes(Ending::Answers(500))),
    ("receiver: 503 for a minute", 10, Behaviour::Answers(503, Some("60"))),
    ("receiver: 503 for hours", 3, Behaviour::Answers(503, Some("10800"))),
    ("receiver: time-out", 5, Behaviour::TimesOut),
    ("receiver: time-out after taking it", 15, Behaviour::Processes(Ending::TimesOut)),
    ("receiver: connection refused", 20, Behaviour::Refuses),
    ("receiver: 410", 1, Behaviour::Answers(410, None)),
];

/// What a receiver has recorded of one webhook.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    /// A digest of its body.
    pub(super) bytes: u64,
    /// It came without the personal data of its order once.
    is_erased: bool,
    /// The number of calls.
    pub(super) calls: u32,
    /// The number of calls that were processed, whatever the answer was.
    pub(super) processed: u32,
    /// The number of answers by status.
    pub(super) answers: BTreeMap<u16, u32>,
}

#[derive(Default)]
struct System {
    secrets: Vec<Secret>,
    /// It is down until this time, with this behaviour.
    down: Option<(Timestamp, Behaviour)>,
    logs: BTreeMap<String, Log>,
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

    /// Lets the receiver at this URL trust this secret from now on.
    pub(super) fn trust(&self, url: &str, secret: &str) {
        self.systems().entry(url.to_owned()).or_default().secrets.push(Secret::new(secret));
    }

    /// Takes the receiver down until a time: it refuses connections or answers 503.
    pub(super) fn take_down(&self, url: &str, until: Timestamp) {
        let behaviour =
            if self.chance.roll(500) { Behaviour::Refuses } else { Behaviour::Answers(503, Some("120")) };
        self.systems().entry(url.to_owned()).or_default().down = Some((until, behaviour));
    }

    /// What the receiver has recorded of the webhook.
    pub(super) fn log(&self, url: &str, id: &str) -> Log {
        self.systems().get(url).and_then(|system| system.logs.get(id)).cloned().unwrap_or_default()
    }

    /// How many calls all receivers got.
    pub(super) fn calls(&self) -> u64 {
        let systems = self.systems();
        let logs = systems.values().flat_map(|system| system.logs.values());
        logs.map(|log| u64::from(log.calls)).sum()
    }

    /// Whether the receiver has ever answered with this status.
    pub(super) fn has_answered(&self, url: &str, status: u16) -> bool {
        let systems = self.systems();
        let mut logs = systems.get(url).into_iter().flat_map(|system| system.logs.values());
        logs.any(|log| log.answers.contains_key(&status))
    }

    /// The violations in the calls so far.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn systems(&self) -> MutexGuard<'_, BTreeMap<String, System>> {
        self.systems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report_wrong(&self, what: String) {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    fn behaviour(&self, system: &System) -> Behaviour {
        match system.down {
            Some((until, behaviour)) if until > self.clock.now() => behaviour,
            _ => {
                let mut faults = FAULTS.iter();
                let fault = faults.find(|(name, often, _)| self.chance.misfortune(name, *often));
                fault.map_or(Behaviour::Processes(Ending::Answers(204)), |(_, _, behaviour)| *behaviour)
            }
        }
    }

    /// Handles the call at its receiver.
    fn receive(&self, call: &Call) -> Result<Answer, CallError> {
        let mut systems = self.systems();
        let Some(system) = systems.get_mut(&call.url) else {
            self.report_wrong(format!("I6: {} was called, and no endpoint has this URL", call.url));
            return Err(CallError::Connection("no such host".to_owned()));
        };
        let id = header(call, "webhook-id");
        let behaviour =
            if is_never_accepted(&id) { Behaviour::Answers(422, None) } else { self.behaviour(system) };
        if matches!(behaviour, Behaviour::Refuses) {
            return Err(CallError::Connection("connection refused by the simulation".to_owned()));
        }
        let refusal = verify(call, &system.secrets, self.clock.now()).err();
        if let Some(refusal) = refusal.as_ref().filter(|refusal| **refusal != Refusal::TooOld) {
            self.report_wrong(format!("I6: {} received {id} with a bad signature: {refusal}", call.url));
        }
        let log = system.logs.entry(id.clone()).or_default();
        log.calls += 1;
        let bytes = digest(&call.body);
        // An attempt that was under way before the erasure may arrive after one of the redacted body.
        let is_erased = log.is_erased || is_redacted(&call.body);
        log.is_erased = is_erased;
        if log.calls > 1 && log.bytes != bytes && !is_erased {
            self.report_wrong(format!("I6: {} received {id} again with another body", call.url));
        }
        log.bytes = bytes;
        let (status, retry_after) = match (refusal, behaviour) {
            // The signature is too old: the caller was frozen meanwhile. It signs the next attempt again.
            (Some(_), _) => (400, None),
            (None, Behaviour::Processes(ending)) => {
                log.processed += 1;
                match ending {
                    Ending::Answers(status) => (status, None),
                    Ending::TimesOut => return Err(CallError::TimedOut(call.timeout)),
                }
            }
            (None, Behaviour::Answers(status, retry_after)) => (status, retry_after),
            (None, Behaviour::TimesOut | Behaviour::Refuses) => {
                return Err(CallError::TimedOut(call.timeout));
            }
        };
        *log.answers.entry(status).or_default() += 1;
        let headers: Vec<(&str, &str)> =
            retry_after.iter().map(|seconds| ("retry-after", *seconds)).collect();
        Ok(answer(status, &headers))
    }
}

#[async_trait]
impl Transport for Receivers {
    async fn send(&self, call: Call) -> Result<Answer, CallError> {
        // Other invocations run while this call is under way.
        for _ in 0..self.chance.below(3) {
            stop().await;
        }
        self.receive(&call)
    }
}

/// A few webhooks are never accepted, in every attempt: their id decides.
fn is_never_accepted(id: &str) -> bool {
    ["00", "40", "80", "c0"].iter().any(|ending| id.ends_with(ending))
}

/// Whether an erasure redacted the body.
fn is_redacted(body: &[u8]) -> bool {
    String::from_utf8_lossy(body).contains(&format!("\"{ERASED}\""))
}

/// A digest of a body.
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
    let received =
        names.into_iter().fold(request(""), |request, name| request.header(name, &header(call, name)));
    StandardWebhooks.verify(&received.headers, &call.body, secrets, now)
}
