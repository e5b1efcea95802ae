//! Whatever is set aside can be looked at and sent back: `redrive-dead-letters` knows every queue of dead letters, and the
//! queue that each came from.

use crate::{none, root};
use std::collections::BTreeSet;

/// The words between two texts.
fn words<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let (_, after) = text.split_once(from).unwrap_or_else(|| panic!("{from:?} is not there"));
    let inside = after.split(to).next().unwrap_or_default();
    inside.split([' ', ',', '\n']).filter(|word| !word.is_empty()).collect()
}

/// `TakePayment` as the function is called: `take-payment`.
fn kebab(resource: &str) -> String {
    resource.chars().fold(String::new(), |name, letter| {
        let hyphen = if letter.is_uppercase() && !name.is_empty() { "-" } else { "" };
        format!("{name}{hyphen}{}", letter.to_ascii_lowercase())
    })
}

#[test]
fn every_queue_of_dead_letters_can_be_looked_after() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let owners = words(&template, "Fn::ForEach::DeadLetters:\n    - Consumer\n    - [", "]");
    let fed = words(&template, "Fn::ForEach::Queues:\n    - Consumer\n    - [", "]");
    assert!(owners.len() > 10 && fed.len() > 5, "the lists of queues are not read any more");
    let has_queue = |owner: &str| fed.contains(&owner) || template.contains(&format!("\n  {owner}Queue:\n"));
    let wanted: BTreeSet<String> = owners
        .iter()
        .map(|owner| {
            let queue = if has_queue(owner) { format!(",${{{owner}Queue}}") } else { String::new() };
            format!("{}=${{{owner}DeadLetters}}{queue}", kebab(owner))
        })
        .collect();
    let (_, told) = template.split_once("DEAD_LETTERS: !Sub >-\n").expect("the places");
    let told: BTreeSet<String> =
        told.lines().map(str::trim).take_while(|line| line.contains("=${")).map(str::to_owned).collect();
    assert_eq!(told, wanted, "DEAD_LETTERS of RedriveDeadLetters");

    let (_, function) = template.split_once("\n  RedriveDeadLetters:\n").expect("the function");
    let function = function.split("\n\n").next().unwrap_or_default();
    let (taking, sending) = function.split_once("Action: sqs:SendMessage\n").expect("two grants");
    let is_granted = |grant: &str, queue: String| grant.contains(&format!("- !GetAtt {queue}.Arn\n"));
    let sending = format!("{sending}\n");
    let mut offenders = Vec::new();
    for owner in owners {
        let (dead, queue) = (format!("{owner}DeadLetters"), format!("{owner}Queue"));
        if !is_granted(taking, dead.clone()) || is_granted(&sending, dead.clone()) {
            offenders.push(format!("{dead} is to be taken from, and never sent to"));
        }
        if is_granted(taking, queue.clone()) || is_granted(&sending, queue.clone()) != has_queue(owner) {
            offenders.push(format!("{queue} is to be sent to, and never taken from"));
        }
    }
    none("grants of RedriveDeadLetters", &offenders);
}
