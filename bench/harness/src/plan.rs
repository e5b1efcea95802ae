//! What to measure: `make bench` writes it, because it knows the template, the samples and where the programs are.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A whole run.
#[derive(Debug, Deserialize)]
pub(crate) struct Plan {
    /// The programs, references first.
    pub(crate) subjects: Vec<Subject>,
    /// The values of the secrets, by name.
    pub(crate) secrets: BTreeMap<String, String>,
    /// How often all programs are measured, one after another.
    pub(crate) rounds: usize,
    /// Starts in a round, of which the median counts.
    pub(crate) starts: usize,
    /// Warm invocations in a round.
    pub(crate) warm: usize,
    /// valgrind's program, if the machine has it.
    pub(crate) valgrind: Option<String>,
    /// Where to write the certificate of the endpoint over TLS.
    pub(crate) certificate: String,
}

/// What a program is in the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    /// A program that is nothing but a floor.
    Reference,
    /// A function of the product.
    Function,
    /// The same work with another stack.
    Peer,
}

/// How a successful answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Trigger {
    /// An HTTP answer with a status below 300.
    Http,
    /// A batch without failures and without dead letters.
    Queue,
}

/// One program with its event.
#[derive(Debug, Deserialize)]
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) trigger: Trigger,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Its variables; `${endpoint}` stands for the URL of AWS, and `${provider}` for that of all others, which is never over TLS.
    pub(crate) environment: BTreeMap<String, String>,
    /// The event; `@N@` stands for a number that no other invocation of the run has.
    pub(crate) event: String,
    /// What its tables hold, as DynamoDB's items. Nothing that it writes is kept, so that each invocation finds the same.
    pub(crate) items: Vec<Value>,
    /// The size of its zip.
    pub(crate) zip_bytes: Option<u64>,
    /// The sample, as the page names it.
    pub(crate) sample: String,
}
