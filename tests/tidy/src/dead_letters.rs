//! Operators reach every dead letter: `redrive-dead-letters` knows each dead-letter queue with the queue that its messages
//! came from, and may receive from the first and send to the second, never the other way round.

use crate::{kebab, none, root};
use std::collections::BTreeSet;

/// The queue whose messages are of no use after minutes.
const HINTS: &str = "PushUpdates";

/// The functions that own an SQS queue with this suffix.
fn owners<'a>(template: &'a str, suffix: &str) -> BTreeSet<&'a str> {
    let resources = template.split("\n\n").filter(|block| block.contains("\n    Type: AWS::SQS::Queue\n"));
    let names = resources.filter_map(|block| block.lines().next()?.trim().strip_suffix(':'));
    names.filter_map(|name| name.strip_suffix(suffix)).collect()
}

#[test]
fn every_dead_letter_queue_can_be_redriven() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (owners, fed) = (owners(&template, "DeadLetters"), owners(&template, "Queue"));
    assert!(owners.len() > 10 && fed.len() > 5, "the queues are not found any more");
    let without: Vec<&&str> = fed.difference(&owners).collect();
    assert_eq!(without, [&HINTS], "a queue without dead letters");
    let wanted: BTreeSet<String> = owners
        .iter()
        .map(|owner| {
            let queue = if fed.contains(owner) { format!(",${{{owner}Queue}}") } else { String::new() };
            format!("{}=${{{owner}DeadLetters}}{queue}", kebab(owner))
        })
        .collect();
    let (_, listed) = template.split_once("DEAD_LETTERS: !Sub ").expect("the list");
    let listed: BTreeSet<String> =
        listed.lines().next().unwrap_or_default().split(' ').map(str::to_owned).collect();
    assert_eq!(listed, wanted, "DEAD_LETTERS of RedriveDeadLetters");

    let (_, role) = template.split_once("\n  RedriveDeadLettersRole:\n").expect("the role");
    let role = role.split("\n\n").next().unwrap_or_default();
    let (receiving, sending) = role.split_once("Action: sqs:SendMessage\n").expect("two grants");
    let sending = format!("{sending}\n");
    let is_granted = |grant: &str, queue: String| grant.contains(&format!("- !GetAtt {queue}.Arn\n"));
    let mut offenders = Vec::new();
    for owner in owners {
        let (dead, queue) = (format!("{owner}DeadLetters"), format!("{owner}Queue"));
        if !is_granted(receiving, dead.clone()) || is_granted(&sending, dead.clone()) {
            offenders.push(format!("{dead} must be received from, and never sent to"));
        }
        if is_granted(receiving, queue.clone()) || is_granted(&sending, queue.clone()) != fed.contains(owner)
        {
            offenders.push(format!("{queue} must be sent to, and never received from"));
        }
    }
    none("grants of RedriveDeadLetters", &offenders);
}
