//! The budgets that the project holds itself to, and which of them a run keeps.

use crate::measure::Figures;
use crate::plan::Role;
use crate::statistics::ratio;
use serde::Serialize;
use std::collections::BTreeMap;

/// What a start costs every program on Lambda's runtime.
pub(crate) const HELLO: &str = "reference-hello";
/// One write through the SDK.
pub(crate) const PUT_ITEM: &str = "reference-put-item";
/// The requests of `place-order`, and nothing else.
pub(crate) const PLACE_ORDER: &str = "reference-place-order";
/// The same work with Powertools.
pub(crate) const PEERS: [&str; 2] = ["powertools-python", "powertools-node"];

/// Bytes.
const LARGEST_MEMORY: u64 = 10_000_000;
/// The memory may grow so much from the thousandth to the two thousandth invocation: what an allocator moves.
const LARGEST_GROWTH: u64 = 256 * 1024;
const LARGEST_ZIP: u64 = 3_200_000;

/// One budget of one function.
#[derive(Debug, Clone, Serialize, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) function: String,
    pub(crate) budget: String,
    /// `thousandths`, `bytes` or `requests`.
    pub(crate) unit: &'static str,
    pub(crate) value: u64,
    pub(crate) limit: u64,
    pub(crate) met: bool,
}

impl Row {
    fn new(function: &str, budget: &str, unit: &'static str, value: u64, limit: u64) -> Self {
        Self {
            function: function.to_owned(),
            budget: budget.to_owned(),
            unit,
            value,
            limit,
            met: value <= limit,
        }
    }
}

/// The budgets of every function that was measured.
pub(crate) fn rows(all: &BTreeMap<String, Figures>) -> Vec<Row> {
    let functions = all.iter().filter(|(_, figures)| figures.role == Role::Function);
    functions.flat_map(|(name, figures)| of_function(name, figures, all)).collect()
}

fn of_function(name: &str, own: &Figures, all: &BTreeMap<String, Figures>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut against = |what: &str, reference: &str, limit: u64, rounds: fn(&Figures) -> &Vec<u64>| {
        let reference_rounds = all.get(reference).map(rounds);
        if let Some(value) = reference_rounds.and_then(|reference| ratio(rounds(own), reference)) {
            rows.push(Row::new(name, &format!("{what}, against `{reference}`"), "thousandths", value, limit));
        }
    };
    against("start, processor time", HELLO, 1500, |figures| &figures.rounds.init_cpu);
    match name {
        "place-order" => {
            against("warm, processor time", PLACE_ORDER, 1250, |figures| &figures.rounds.warm_cpu);
            for peer in PEERS {
                against("warm, processor time", peer, 100, |figures| &figures.rounds.warm_cpu);
            }
        }
        "stripe-webhook" => {
            against("warm, processor time", PUT_ITEM, 1150, |figures| &figures.rounds.warm_cpu);
        }
        _ => {}
    }
    if name == "place-order" {
        let requests = own.requests_thousandths.iter().filter(|(kind, _)| kind.starts_with("DynamoDB "));
        let sum: u64 = requests.map(|(_, thousandths)| thousandths).sum();
        rows.push(Row::new(name, "DynamoDB requests of an idle caller", "thousandths", sum, 3000));
    }
    rows.push(Row::new(name, "memory after 1000 invocations", "bytes", own.memory, LARGEST_MEMORY));
    rows.push(Row::new(name, "its growth in the next 1000", "bytes", own.memory_growth, LARGEST_GROWTH));
    if let Some(zip) = own.zip_bytes {
        rows.push(Row::new(name, "zip", "bytes", zip, LARGEST_ZIP));
    }
    rows
}

#[cfg(test)]
mod tests;
