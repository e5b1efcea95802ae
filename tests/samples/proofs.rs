//! Proofs over every sample of every function: run twice, it has one effect; stopped at any call in any way, a redelivery
//! completes it; repeated with all samples before it (so a compensation also with the step that it undoes), it has no
//! further effect. A new function or sample needs no line here.

use crate::prerequisites::before;
use crate::world::{Outcome, SampleWorld};
use crate::{REFUSED, names_in, root, sampled, text_of};
use async_trait::async_trait;
use events::{Envelope, Provider};
use std::collections::BTreeSet;
use std::sync::Arc;
use steps::subscriptions::SUBSCRIPTIONS;
use testkit::{DeliveryOutcome, Footprint, Gate, Plan, Proof, World, prove};

/// Functions that only read.
const READ_ONLY: [&str; 8] = [
    "explain-order",
    "get-order",
    "get-payment",
    "get-readiness",
    "health",
    "probe-version",
    "search-orders",
    "serve-console",
];

/// Samples of other functions without an effect, with the reason.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("manage-callbacks/deliveries", "reads"),
    ("manage-callbacks/get", "reads"),
    ("manage-callbacks/list", "reads"),
    ("manage-products/get", "reads"),
    ("manage-products/list", "reads"),
    ("manage-shipments/get", "reads"),
    ("manage-shipments/list", "reads"),
    ("manage-stock/get", "reads"),
    ("place-order/unknown-sku", "is refused"),
    ("redrive-dead-letters/list", "reads"),
    ("rebuild-views/compare", "reads"),
    ("rebuild-views/plan", "counts"),
    ("replay-events/plan", "counts"),
    ("take-payment/payment-disputed", "a dispute that was opened waits for the bank"),
    ("take-payment/payment-requested-by-client", "the customer's browser confirms"),
    ("webhook-inbox/get", "reads"),
    ("webhook-inbox/list", "reads"),
];

/// Samples that are also proven after other samples than those in `prerequisites.rs`.
const ALSO_AFTER: &[(&str, &[&str])] = &[
    // Nothing is in stock.
    ("allocate-stock/order-paid", &[]),
];

/// Findings that are accepted, with the reason.
const EXPECTED: &[(&str, &str)] = &[
    (
        "deliver-webhook/first-attempt after [\"manage-callbacks/create\", \"plan-deliveries/order-placed\"] \
         (Warehouse): call 4 (transport.send), Fail: ",
        "a call that fails is recorded as a failed attempt, and the next attempt is due in seconds",
    ),
    (
        "deliver-webhook/first-attempt after [\"manage-callbacks/create\", \"plan-deliveries/order-placed\"] \
         (Warehouse): call 4 (transport.send), LoseReply: ",
        "a lost answer is recorded as a failed attempt: the endpoint gets the webhook again under the same id",
    ),
];

/// One sample, the samples before it, and the shipping provider.
struct Case {
    sample: String,
    others: Vec<&'static str>,
    provider: Provider,
}

impl Case {
    fn name(&self) -> String {
        format!("{} after {:?} ({:?})", self.sample, self.others, self.provider)
    }

    async fn prepare(&self) -> Prepared {
        let world = SampleWorld::after(&self.sample, &self.others, self.provider).await;
        Prepared { sample: self.sample.clone(), world }
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for function in sampled().into_iter().filter(|name| !READ_ONLY.contains(&name.as_str())) {
        for file in names_in(&root().join("events").join(&function)) {
            let sample = format!("{function}/{}", file.trim_end_matches(".json"));
            let further = ALSO_AFTER.iter().filter(|(name, _)| *name == sample).map(|(_, others)| *others);
            for others in std::iter::once(before(&sample)).chain(further) {
                for provider in [Provider::Warehouse, Provider::Easypost] {
                    if provider == Provider::Warehouse || function == "ship-order" {
                        cases.push(Case { sample: sample.clone(), others: others.to_vec(), provider });
                    }
                }
            }
        }
    }
    cases
}

/// A sample and the world in which its function runs.
pub(crate) struct Prepared {
    sample: String,
    world: SampleWorld,
}

impl Prepared {
    fn has_several_messages(&self) -> bool {
        text_of(&self.sample).matches("\"messageId\"").count() > 1
    }

    async fn run(&self, gate: Arc<dyn Gate>, sample: &str, deliveries: u32) -> DeliveryOutcome {
        Self::outcome(&self.world.behind(gate), sample, &delivered(&text_of(sample), deliveries)).await
    }

    /// The world before a sample.
    pub(crate) async fn before(sample: &str) -> Self {
        Self { sample: sample.to_owned(), world: SampleWorld::before(sample).await }
    }

    /// Runs the sample's function with this text instead of the sample's.
    pub(crate) async fn run_text(&self, sample: &str, text: &str) -> DeliveryOutcome {
        Self::outcome(&self.world, sample, text).await
    }

    async fn outcome(world: &SampleWorld, sample: &str, text: &str) -> DeliveryOutcome {
        let function = sample.split('/').next().unwrap_or_default();
        match world.run(function, text).await {
            Outcome::Handled => DeliveryOutcome::Done,
            Outcome::Answered(status, body) => {
                let refused = REFUSED.iter().find(|(name, _)| *name == sample).map(|(_, status)| *status);
                match status {
                    200..300 => DeliveryOutcome::Done,
                    status if refused == Some(status) => DeliveryOutcome::Done,
                    409 | 429 | 500.. => DeliveryOutcome::Retry(format!("{status} {body}")),
                    status => DeliveryOutcome::Reject(format!("{status} {body}")),
                }
            }
            Outcome::Failed(why) if world.queue.dead_letters().is_empty() => DeliveryOutcome::Retry(why),
            Outcome::Failed(why) => DeliveryOutcome::Reject(why),
        }
    }
}

/// Each event with its cause, and the last status. The messages of one batch have no order: a message that was retried is
/// recorded after the others, each with the status at that time.
fn facts_without_places(events: &[Envelope]) -> Vec<String> {
    let fact = |event: &Envelope| {
        let (because, detail) = (&event.data["because"], &event.data["detail"]);
        format!("{} after {:?}: {because} {detail}", event.event_type, event.causationid)
    };
    let mut facts: Vec<String> = events.iter().map(fact).collect();
    facts.sort();
    facts.push(format!("last status {:?}", events.last().map(|event| &event.data["status"])));
    facts
}

/// A delivery without the number of its message and the time at which the schedule sends another: if the queue takes no
/// message, the next run of the schedule sends one.
fn without_message(delivery: &serde_json::Value) -> serde_json::Value {
    let mut delivery = delivery.clone();
    if let Some(fields) = delivery.as_object_mut() {
        fields.remove("message");
    }
    if let Some(state) = delivery["state"].as_object_mut() {
        state.remove("overdue_at");
    }
    delivery
}

/// The sample's records as the queue delivers them for the `deliveries`th time. Requests and streams have no such count.
fn delivered(text: &str, deliveries: u32) -> String {
    let counted = |number: u32| format!("\"ApproximateReceiveCount\": \"{number}\"");
    text.replace(&counted(1), &counted(deliveries))
}

#[async_trait]
impl World for Prepared {
    async fn deliver(&self, gate: Arc<dyn Gate>, deliveries: u32) -> DeliveryOutcome {
        self.run(gate, &self.sample, deliveries).await
    }

    fn footprint(&self) -> Footprint {
        let world = &self.world;
        let mut left = Footprint::default();
        for (name, table) in [("table", &world.table), ("views", &world.views)] {
            let mut events = table.all_events();
            // Streams have no order among each other.
            events.sort_by_key(|event| (event.subject.clone(), event.sequence));
            if self.has_several_messages() {
                left.once.extend(facts_without_places(&events));
            } else {
                let lines =
                    events.iter().map(|event| serde_json::to_string(event).expect("an envelope is JSON"));
                left.once.extend(lines.map(|line| format!("{name}: {line}")));
            }
            for (key, document) in table.all_documents() {
                let line = if key.sk.starts_with("delivery#") {
                    format!("{name}: {key:?} {}", without_message(&document.body))
                } else {
                    format!("{name}: {key:?} {document:?}")
                };
                // The map of an intent whose answer was lost stays. No webhook refers to it.
                if key.pk.starts_with("intent#") && key.sk == "order" {
                    left.once_unless_stopped.push(line);
                } else {
                    left.once.push(line);
                }
            }
            left.once.extend(table.all_counts().iter().map(|counts| format!("{name}: {counts:?}")));
        }
        left.once.push(format!("{:?}", world.stripe.books_of(ORDER)));
        for intent in world.stripe.intents_of(ORDER) {
            let (status, refunds) = (world.stripe.status_of(&intent), world.stripe.refunds_of(&intent).len());
            let line = format!("an intent that is {status}, {refunds} refunds");
            // An intent whose answer was lost stays unconfirmed: it moves no money, and the provider expires it. No card of a sample is
            // declined, so an intent without a method is one whose browser never got its secret.
            if ["requires_confirmation", "requires_payment_method"].contains(&status.as_str()) {
                left.once_unless_stopped.push(line);
            } else {
                left.once.push(line);
            }
        }
        // A carrier's shipment whose answer was lost costs nothing, so `created` is not compared.
        let carrier = world.easypost.counts();
        let held = world.easypost.labels_without_refund();
        left.once
            .push(format!("{} labels bought, {} refunded, {held} held", carrier.bought, carrier.refunded));
        left.once.extend(world.door.keys());
        // A dead letter is deleted after its message was requeued: a crash between the two requeues it twice.
        left.once.extend(world.letters.all().iter().map(|letter| format!("dead letter: {letter:?}")));
        // A notice is written after the message was sent: a crash between the two sends the message twice.
        for mail in world.mail.mails() {
            left.once_unless_stopped.push(format!("mail to {}: {}\n{}", mail.to, mail.subject, mail.body));
        }
        for text in world.mail.texts() {
            left.once_unless_stopped.push(format!("text to {}: {}", text.to, text.body));
        }
        // A call to an endpoint is recorded after it was made: a crash between the two repeats it under the same id. The
        // message of a delivery is not compared: if a crash loses it, the schedule sends another.
        left.once_unless_stopped.extend(world.calls());
        // Every consumer of an event tolerates duplicates.
        left.at_least_once.extend(world.topic.published().iter().map(|message| format!("{message:?}")));
        left.at_least_once.extend(world.replayed());
        // A client keeps what is newest.
        left.at_least_once.extend(world.sockets.posted().iter().map(|frame| format!("{frame:?}")));
        // Every command may be run again.
        left.at_least_once.extend(world.functions.invoked().iter().map(|invoked| format!("{invoked:?}")));
        left.once = left.once.iter().map(|line| unnumbered(line)).collect();
        left.once_unless_stopped = left.once_unless_stopped.iter().map(|line| unnumbered(line)).collect();
        left.at_least_once = left.at_least_once.iter().map(|line| unnumbered(line)).collect();
        left
    }
}

/// The order of the samples.
const ORDER: &str = "0123456789abcdef0123456789abcdef";

/// The list of open shipments, each of whose entries is only a candidate.
const OPEN_LIST: &str = "\"shipments#open#";

/// The line without the numbers that providers assign: an object that was created again has another number.
fn unnumbered(line: &str) -> String {
    let mut line = line.to_owned();
    for prefix in ["pi_0", "re_0", "shp_0", "mail-", "text-"] {
        let mut parts = line.split(prefix).map(str::to_owned);
        let mut whole = parts.next().unwrap_or_default();
        for part in parts {
            whole.push_str(prefix);
            whole.push_str(part.trim_start_matches(|letter: char| letter.is_ascii_hexdigit()));
        }
        line = whole;
    }
    line
}

/// Repeats the messages before the sample, and the sample, in both orders: nothing changes. HTTP requests are left out: a
/// repeated request is a new request.
async fn repeats_with_the_others(case: &Case) -> Vec<String> {
    let prepared = case.prepare().await;
    let mut wrong = Vec::new();
    prepared.deliver(Plan::open(), 1).await;
    let mut effect = prepared.footprint();
    // A view shows the whole stream as soon as its step has handled any event of it.
    let may_catch_up = !case.sample.starts_with("project-orders/");
    if may_catch_up {
        effect.once.retain(|line| !line.starts_with("views: "));
    }
    let is_message =
        |sample: &&str| !sample.starts_with("event of ") && text_of(sample).contains("\"Records\"");
    let mut all: Vec<&str> = case.others.iter().copied().filter(is_message).collect();
    all.extend(Some(case.sample.as_str()).filter(is_message));
    for round in 1..=3 {
        for sample in &all {
            let again = prepared.run(Plan::open(), sample, round).await;
            if again != DeliveryOutcome::Done {
                wrong.push(format!("{sample} repeated in round {round}: {again:?}"));
            }
            let mut left = prepared.footprint();
            if may_catch_up {
                left.once.retain(|line| !line.starts_with("views: "));
            }
            // An ended shipment stays in the list of open shipments until a message removes it, which may be this one.
            let is_off_the_list = |line: &String| line.contains(OPEN_LIST) && !left.once.contains(line);
            effect.once.retain(|line| !is_off_the_list(line));
            if let Some(difference) = left.differs_from(&effect) {
                wrong.push(format!("{sample} repeated in round {round}: {difference}"));
            }
        }
        all.reverse();
    }
    wrong
}

#[tokio::test]
async fn every_step_has_its_effect_once_whatever_call_it_is_stopped_at() {
    let mut wrong = Vec::new();
    let (mut effective, mut idle) = (BTreeSet::new(), BTreeSet::new());
    for case in cases() {
        let Proof { calls, has_effect, wrong: found } = prove(async || case.prepare().await).await;
        if calls.is_empty() {
            wrong.push(format!("{}: it makes no call through a gate, so nothing is proven", case.name()));
        }
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", case.name())));
        if has_effect { &mut effective } else { &mut idle }.insert(case.sample);
    }
    let idle: BTreeSet<&str> = idle.difference(&effective).map(String::as_str).collect();
    let named: BTreeSet<&str> = WITHOUT_EFFECT.iter().map(|(sample, _)| *sample).collect();
    assert_no(&wrong);
    assert_eq!(
        idle, named,
        "a sample without an effect proves nothing: let others come before it, or name it"
    );
}

#[tokio::test]
async fn repeats_of_a_message_and_of_those_before_it_have_no_further_effect() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = repeats_with_the_others(&case).await;
        wrong.extend(found.into_iter().map(|what| format!("{}: {what}", case.name())));
    }
    assert_no(&wrong);
}

/// The messages that each queue function receives, `<function>/<type>`. `track-order` receives every event.
fn subscribed() -> BTreeSet<String> {
    let filtered = SUBSCRIPTIONS.iter().filter_map(|(function, _, types)| Some((function, (*types)?)));
    filtered
        .flat_map(|(function, types)| types.iter().map(move |kind| format!("{function}/{kind}")))
        .collect()
}

/// Messages without a sample.
const UNSAMPLED: &[&str] = &[];

#[test]
fn every_message_that_a_step_reacts_to_has_a_sample() {
    let shows = |kind: &String| {
        let (function, event) = kind.split_once('/').expect("a function and a type");
        let field = format!("\\\"type\\\":\\\"{event}\\\"");
        let files = names_in(&root().join("events").join(function));
        files
            .iter()
            .any(|file| text_of(&format!("{function}/{}", file.trim_end_matches(".json"))).contains(&field))
    };
    let subscribed = subscribed();
    let missing: Vec<&String> = subscribed.iter().filter(|kind| !shows(kind)).collect();
    assert_eq!(missing, UNSAMPLED, "add a sample for each message that a function receives");
}

#[tokio::test]
async fn functions_that_only_read_leave_nothing_behind() {
    for function in READ_ONLY {
        for file in names_in(&root().join("events").join(function)) {
            let sample = format!("{function}/{}", file.trim_end_matches(".json"));
            let others = before(&sample).to_vec();
            let prepared = Case { sample, others, provider: Provider::Warehouse }.prepare().await;
            let before = prepared.footprint();
            assert_eq!(prepared.deliver(Plan::open(), 1).await, DeliveryOutcome::Done, "{function}/{file}");
            assert_eq!(prepared.footprint().differs_from(&before), None, "{function}/{file}");
        }
    }
}

fn assert_no(wrong: &[String]) {
    let is_expected = |what: &&String| !EXPECTED.iter().any(|(start, _)| what.starts_with(start));
    let wrong: Vec<&String> = wrong.iter().filter(is_expected).collect();
    let shown: Vec<&str> = wrong.iter().take(20).map(|what| what.as_str()).collect();
    assert!(wrong.is_empty(), "{} proofs fail, for example:\n{}", wrong.len(), shown.join("\n"));
}
