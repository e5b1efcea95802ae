//! `make bench` runs this program with a plan. It starts the functions' programs as Lambda does, has them handle their happy
//! samples, and writes what that takes. All of it stays on this machine, and every process that it starts it also ends.
//!
//! Figures are whole numbers: nanoseconds, bytes, thousandths. The page in `docs/` is made from them.

mod budgets;
mod callgrind;
mod dynamodb;
mod endpoint;
mod first_call;
mod http;
mod measure;
mod plan;
mod process;
mod session;
mod statistics;
mod units;

use crate::budgets::{HELLO, PUT_ITEM};
use crate::endpoint::Endpoint;
use crate::http::{Handler, Request, Server};
use crate::measure::{Driver, Figures};
use crate::plan::Plan;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

fn main() -> ExitCode {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [plan, results] = paths.as_slice() else {
        say("usage: bench-harness <plan> <results>; `make bench` does this");
        return ExitCode::FAILURE;
    };
    match run(plan, results) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            say(&reason);
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &str, results: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(plan).map_err(|error| format!("{plan} cannot be read: {error}"))?;
    let endpoint = Arc::new(Endpoint::default());
    let answering = Arc::clone(&endpoint);
    let handler: Arc<Handler> = Arc::new(move |request: &Request| Some(answering.answer(request)));
    let server =
        Server::start(Arc::clone(&handler), None).map_err(|error| format!("no port is free: {error}"))?;
    let url = format!("http://{}", server.address);
    let plan: Plan = serde_json::from_str(&text.replace("${provider}", &url))
        .map_err(|error| format!("the plan is not valid: {error}"))?;
    endpoint.share(&plan.secrets);
    let driver = Driver::new(&plan, &endpoint, &url);
    let figures = driver.run(&say)?;
    let first_calls = first_call::measure(&driver, &handler, &say)?;
    let outcome = json!({
        "rounds": plan.rounds,
        "warm": plan.warm,
        "subjects": figures,
        "budgets": budgets::rows(&figures),
        "noise": noise(&figures),
        "first_calls": first_calls,
    });
    std::fs::write(results, outcome.to_string()).map_err(|error| format!("{results}: {error}"))
}

/// How far the rounds of the references were apart, and whether that is too much to compare anything.
fn noise(figures: &BTreeMap<String, Figures>) -> Value {
    let of = |name: &str, rounds: fn(&Figures) -> &Vec<u64>| {
        figures.get(name).map(rounds).cloned().unwrap_or_default()
    };
    let init = of(HELLO, |figures| &figures.rounds.init_cpu);
    let warm = of(PUT_ITEM, |figures| &figures.rounds.warm_cpu);
    json!({
        "init_spread_thousandths": statistics::spread(&init),
        "warm_spread_thousandths": statistics::spread(&warm),
        "largest_spread_thousandths": statistics::LARGEST_SPREAD,
        "too_noisy": statistics::is_too_noisy(&init) || statistics::is_too_noisy(&warm),
    })
}

/// Progress and errors are for the person who waits; the results are in a file.
fn say(line: &str) {
    // Without a terminal there is no one to inform.
    drop(writeln!(std::io::stderr(), "  {line}"));
}
