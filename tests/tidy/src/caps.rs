//! Every queue has a cap on the concurrency of its function, so that no slow queue takes all of the account's, and no function
//! sends to the queue that it is invoked from, because Lambda stops a function that does so 16 times in a row.

use crate::{none, root};

fn template() -> String {
    std::fs::read_to_string(root().join("template.yaml")).expect("template.yaml")
}

/// The event sources of queues, each with its text.
fn sources(template: &str) -> Vec<(&str, &str)> {
    let blocks = template.split("\n\n").filter(|block| {
        block.contains("Type: AWS::Lambda::EventSourceMapping\n") && block.contains("Queue.Arn\n")
    });
    blocks.filter_map(|block| Some((block.trim_start().split(':').next()?, block))).collect()
}

/// The cap of an event source, if it is one that Lambda accepts.
fn cap(source: &str) -> Option<u32> {
    let (_, after) = source.split_once("ScalingConfig: {MaximumConcurrency: ")?;
    let cap = after.split('}').next()?.parse().ok()?;
    (2..=1000).contains(&cap).then_some(cap)
}

#[test]
fn every_queue_has_a_concurrency_cap() {
    let template = template();
    let sources = sources(&template);
    assert!(sources.len() > 5, "only {} event sources of queues were found", sources.len());
    let without = sources.iter().filter(|(_, text)| cap(text).is_none());
    none(
        "event sources of queues without a cap from 2 to 1000",
        &without.map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>(),
    );
}

#[test]
fn the_document_says_what_all_queues_take_together() {
    let template = template();
    let sum: u32 = sources(&template).iter().filter_map(|(_, text)| cap(text)).sum();
    let timing = std::fs::read_to_string(root().join("docs/timing.md")).expect("docs/timing.md");
    assert!(timing.contains(&format!("{sum} together")), "docs/timing.md does not say: {sum} together");
}

#[test]
fn no_function_sends_to_its_own_queue() {
    let template = template();
    let mut offenders = Vec::new();
    for (source, _) in sources(&template) {
        let name = source.trim_end_matches("Source");
        let (_, after) = template.split_once(&format!("\n  {name}:\n")).expect("the function");
        let function = after.split("\n\n").next().unwrap_or_default();
        let (grant, variable) = (
            format!("SQSSendMessagePolicy: {{QueueName: !GetAtt {name}Queue."),
            format!("WORK_QUEUE_URL: !Ref {name}Queue"),
        );
        if function.contains(&grant) || function.contains(&variable) {
            offenders.push(name.to_owned());
        }
    }
    none("functions that send to the queue that they are invoked from", &offenders);
}
