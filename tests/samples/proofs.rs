//! Every sample of every function is proven: run twice, it has one effect; stopped at any call in any way, a
//! redelivery completes it; repeated with all that came before it, and so also a compensation with the step that it
//! undoes, it has no further effect. A new function or sample is proven without a line here.

use crate::chains::before;
use crate::functions::{Outcome, Stage};
use crate::{REFUSED, names_in, root, sampled, text_of};
use async_trait::async_trait;
use events::{Envelope, Provider};
use std::collections::BTreeSet;
use std::sync::Arc;
use testkit::{DeliveryOutcome, Footprint, Gate, Plan, Proof, World, prove};

/// Functions that only read.
const READ_ONLY: [&str; 3] = ["get-order", "get-payment", "health"];

/// Samples of other functions that leave nothing behind, and why.
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
    ("take-payment/payment-disputed", "a dispute that was opened waits for the bank"),
    ("webhook-inbox/get", "reads"),
    ("webhook-inbox/list", "reads"),
];

/// Samples that also make sense after others than in `functions.rs`.
const ALSO_AFTER: &[(&str, &[&str])] = &[
    // Nothing is in stock.
    ("allocate-stock/order-paid", &[]),
];

/// What does not hold yet, as it is shown here, and why that is bearable.
const EXPECTED: &[(&str, &str)] = &[
    (
        "deliver-webhook/first-attempt after [\"manage-callbacks/create\", \"plan-deliveries/order-placed\"] \
         (Warehouse): call 4 (transport.send), Fail: ",
        "a call that fails is an attempt that failed, and is recorded as one: the next is due in seconds",
    ),
    (
        "deliver-webhook/first-attempt after [\"manage-callbacks/create\", \"plan-deliveries/order-placed\"] \
         (Warehouse): call 4 (transport.send), LoseReply: ",
        "an answer that is lost is an attempt that failed: the endpoint gets it again under the same id",
    ),
];

/// One sample, what came before it, and who moves shipments.
struct Case {
    sample: String,
    others: Vec<&'static str>,
    provider: Provider,
}

impl Case {
    fn name(&self) -> String {
        format!("{} after {:?} ({:?})", self.sample, self.others, self.provider)
    }

    async fn set(&self) -> Told {
        let stage = Stage::after(&self.sample, &self.others, self.provider).await;
        Told { sample: self.sample.clone(), stage }
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

/// A sample about to be told to its function.
struct Told {
    sample: String,
    stage: Stage,
}

impl Told {
    fn is_of_several(&self) -> bool {
        text_of(&self.sample).matches("\"messageId\"").count() > 1
    }

    async fn run(&self, gate: Arc<dyn Gate>, sample: &str, deliveries: u32) -> DeliveryOutcome {
        let stage = self.stage.behind(gate);
        let function = sample.split('/').next().unwrap_or_default();
        match stage.run(function, &delivered(&text_of(sample), deliveries)).await {
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
            Outcome::Failed(why) if stage.queue.dead_letters().is_empty() => DeliveryOutcome::Retry(why),
            Outcome::Failed(why) => DeliveryOutcome::Reject(why),
        }
    }
}

/// What was said because of what, and the status in the end. The messages of one batch have no order among themselves:
/// one that comes back is recorded after the others, each under the status of its moment.
fn facts_without_places(events: &[Envelope]) -> Vec<String> {
    let fact = |event: &Envelope| {
        let (because, detail) = (&event.data["because"], &event.data["detail"]);
        format!("{} after {:?}: {because} {detail}", event.event_type, event.causationid)
    };
    let mut facts: Vec<String> = events.iter().map(fact).collect();
    facts.sort();
    facts.push(format!("in the end {:?}", events.last().map(|event| &event.data["status"])));
    facts
}

/// The sample's records as the queue delivers them for the `deliveries`th time. Requests and streams do not count.
fn delivered(text: &str, deliveries: u32) -> String {
    let counted = |number: u32| format!("\"ApproximateReceiveCount\": \"{number}\"");
    text.replace(&counted(1), &counted(deliveries))
}

#[async_trait]
impl World for Told {
    async fn deliver(&self, gate: Arc<dyn Gate>, deliveries: u32) -> DeliveryOutcome {
        self.run(gate, &self.sample, deliveries).await
    }

    fn footprint(&self) -> Footprint {
        let stage = &self.stage;
        let mut left = Footprint::default();
        for (name, table) in [("table", &stage.table), ("views", &stage.views)] {
            let events = table.all_events();
            if self.is_of_several() {
                left.once.extend(facts_without_places(&events));
            } else {
                let lines =
                    events.iter().map(|event| serde_json::to_string(event).expect("an envelope is JSON"));
                left.once.extend(lines.map(|line| format!("{name}: {line}")));
            }
            for (key, document) in table.all_documents() {
                let line = format!("{name}: {key:?} {document:?}");
                // The map of an intent whose answer was lost stays: nobody asks for an intent that was never said.
                if key.pk.starts_with("intent#") && key.sk == "order" {
                    left.once_unless_stopped.push(line);
                } else {
                    left.once.push(line);
                }
            }
            left.once.extend(table.all_counts().iter().map(|counts| format!("{name}: {counts:?}")));
        }
        left.once.push(format!("{:?}", stage.stripe.books_of(ORDER)));
        for intent in stage.stripe.intents_of(ORDER) {
            let (status, refunds) = (stage.stripe.status_of(&intent), stage.stripe.refunds_of(&intent).len());
            let line = format!("an intent that is {status}, {refunds} refunds");
            // An intent whose answer was lost stays unconfirmed: it moves no money, and the provider forgets it.
            if status == "requires_confirmation" {
                left.once_unless_stopped.push(line);
            } else {
                left.once.push(line);
            }
        }
        // A shipment at the carrier whose answer was lost costs nothing and is forgotten: `created` may be more.
        let carrier = stage.easypost.counts();
        let held = stage.easypost.labels_without_refund();
        left.once
            .push(format!("{} labels bought, {} given back, {held} held", carrier.bought, carrier.refunded));
        // A letter is deleted after its message was sent, so a crash between the two sends it twice.
        left.once.extend(stage.letters.all().iter().map(|letter| format!("set aside: {letter:?}")));
        // A notice is written after the sending, so a crash between the two tells the customer twice.
        for mail in stage.mail.mails() {
            left.once_unless_stopped.push(format!("mail to {}: {}\n{}", mail.to, mail.subject, mail.body));
        }
        for text in stage.mail.texts() {
            left.once_unless_stopped.push(format!("text to {}: {}", text.to, text.body));
        }
        // A call is recorded after it was made, so a crash between the two repeats it, under the same id; and a message
        // too many in the delivery queue finds its attempt recorded.
        let (calls, work) = stage.callbacks();
        left.once_unless_stopped.extend(calls);
        left.at_least_once.extend(work);
        // Whoever hears an event tolerates its repeat.
        left.at_least_once.extend(stage.topic.published().iter().map(|message| format!("{message:?}")));
        left.once = left.once.iter().map(|line| unnumbered(line)).collect();
        left.once_unless_stopped = left.once_unless_stopped.iter().map(|line| unnumbered(line)).collect();
        left.at_least_once = left.at_least_once.iter().map(|line| unnumbered(line)).collect();
        left
    }
}

/// The order that the samples speak of.
const ORDER: &str = "0123456789abcdef0123456789abcdef";

/// The list of open shipments, each of whose entries is only a candidate.
const OPEN_LIST: &str = "\"shipments#open#";

/// The line without the numbers that providers gave out: an object that was made twice has another one.
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

/// Repeats of all messages that came before, and of the sample, in both orders: nothing more happens. Requests are
/// left out: a person who asks again wants it again.
async fn repeats_with_the_others(case: &Case) -> Vec<String> {
    let told = case.set().await;
    let mut wrong = Vec::new();
    told.deliver(Plan::open(), 1).await;
    let mut effect = told.footprint();
    // What an event changes in the views is there when the views' own step has seen the stream, also for another event.
    let may_catch_up = !case.sample.starts_with("project-orders/");
    if may_catch_up {
        effect.once.retain(|line| !line.starts_with("views: "));
    }
    let is_message = |sample: &&str| !sample.starts_with("said ") && text_of(sample).contains("\"Records\"");
    let mut all: Vec<&str> = case.others.iter().copied().filter(is_message).collect();
    all.extend(Some(case.sample.as_str()).filter(is_message));
    for round in 1..=3 {
        for sample in &all {
            let again = told.run(Plan::open(), sample, round).await;
            if again != DeliveryOutcome::Done {
                wrong.push(format!("{sample} repeated in round {round}: {again:?}"));
            }
            let mut left = told.footprint();
            if may_catch_up {
                left.once.retain(|line| !line.starts_with("views: "));
            }
            // An ended shipment stays in the list of open ones until some message takes it away, also this one.
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
        let Proof { calls, has_effect, wrong: found } = prove(async || case.set().await).await;
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

/// What the template subscribes each queue's function to, `<function>/<type>`.
fn subscribed() -> BTreeSet<String> {
    let template = std::fs::read_to_string(root().join("template.yaml")).expect("the template");
    let (mut kinds, mut resource) = (BTreeSet::new(), "");
    for line in template.lines() {
        if let Some(name) = line.strip_prefix("  ").filter(|line| !line.starts_with(' ')) {
            resource = name.trim_end_matches(':');
        }
        let Some((_, types)) = line.split_once("FilterPolicy: {type: [") else { continue };
        let kebab = resource.chars().fold(String::new(), |name, letter| {
            let hyphen = if letter.is_uppercase() && !name.is_empty() { "-" } else { "" };
            format!("{name}{hyphen}{}", letter.to_ascii_lowercase())
        });
        let function = sampled().into_iter().find(|function| kebab.starts_with(&format!("{function}-from-")));
        let function = function.unwrap_or_else(|| panic!("whose subscription is {resource}?"));
        let (types, _) = types.split_once(']').expect("a list in one line");
        kinds.extend(types.split(", ").map(|kind| format!("{function}/{kind}")));
    }
    kinds
}

/// What functions react to and no sample shows yet.
const UNSAMPLED: &[&str] = &[];

#[test]
fn every_message_that_a_step_reacts_to_has_a_sample() {
    let shows = |kind: &String| {
        let (function, event) = kind.split_once('/').expect("a function and a type");
        let said = format!("\\\"type\\\":\\\"{event}\\\"");
        let files = names_in(&root().join("events").join(function));
        files
            .iter()
            .any(|file| text_of(&format!("{function}/{}", file.trim_end_matches(".json"))).contains(&said))
    };
    let subscribed = subscribed();
    assert!(subscribed.len() > 20, "the template's filter policies are not read any more: {subscribed:?}");
    let missing: Vec<&String> = subscribed.iter().filter(|kind| !shows(kind)).collect();
    assert_eq!(missing, UNSAMPLED, "add a sample, so that the reaction is proven");
}

#[tokio::test]
async fn functions_that_only_read_leave_nothing_behind() {
    for function in READ_ONLY {
        for file in names_in(&root().join("events").join(function)) {
            let sample = format!("{function}/{}", file.trim_end_matches(".json"));
            let others = before(&sample).to_vec();
            let told = Case { sample, others, provider: Provider::Warehouse }.set().await;
            let before = told.footprint();
            assert_eq!(told.deliver(Plan::open(), 1).await, DeliveryOutcome::Done, "{function}/{file}");
            assert_eq!(told.footprint().differs_from(&before), None, "{function}/{file}");
        }
    }
}

fn assert_no(wrong: &[String]) {
    let is_expected = |what: &&String| !EXPECTED.iter().any(|(start, _)| what.starts_with(start));
    let wrong: Vec<&String> = wrong.iter().filter(is_expected).collect();
    let shown: Vec<&str> = wrong.iter().take(20).map(|what| what.as_str()).collect();
    assert!(wrong.is_empty(), "{} proofs fail, for example:\n{}", wrong.len(), shown.join("\n"));
}
