//! `make model` and `make model-deep`: explores the scenarios and prints the size of each and the properties that hold.
//!
//! `model [--deep] [--first] [--seconds <n a scenario>] [<a part of the names>]`. The exit code is 1 if a property does not
//! hold; `--first` stops at the first one.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints")]

use model::{LARGE, PROPERTIES, Report, SMALL, explore};
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The time between two lines of progress.
const BETWEEN_LINES: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (mut is_deep, mut stops_at_first, mut seconds, mut only) = (false, false, 120, String::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--deep" => is_deep = true,
            "--first" => stops_at_first = true,
            "--seconds" => {
                seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(seconds);
            }
            _ => only = argument,
        }
    }
    let large = if is_deep { LARGE } else { &[] };
    let chosen: Vec<_> = SMALL.iter().chain(large).filter(|scenario| scenario.name.contains(&only)).collect();
    let width = chosen.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    println!(
        "{:width$} {:>9} {:>9} {:>5} {:>7}  {}  ends",
        "scenario",
        "states",
        "unique",
        "depth",
        "time",
        PROPERTIES.map(|name| format!("{name:5}")).join(" "),
    );
    let mut is_wrong = chosen.is_empty();
    if is_wrong {
        eprintln!("no scenario has “{only}” in its name");
    }
    for scenario in chosen {
        let mut last_line = Instant::now();
        let report = explore(scenario, Duration::from_secs(seconds), |unique, depth| {
            if last_line.elapsed() > BETWEEN_LINES {
                last_line = Instant::now();
                let end = if std::io::stderr().is_terminal() { '\r' } else { '\n' };
                eprint!("  {}: {unique} states, {depth} deep{end}", scenario.name);
            }
        });
        println!("{:width$} {}", scenario.name, line(&report));
        for (property, path) in &report.counterexamples {
            println!("  {property} does not hold:");
            for step in path {
                println!("    {step}");
            }
        }
        for missing in &report.missing_ends {
            println!("  no order ended `{missing}`, which this scenario expects");
        }
        is_wrong |= !report.is_sound();
        if is_wrong && stops_at_first {
            break;
        }
    }
    if is_wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn line(report: &Report) -> String {
    let verdicts = PROPERTIES.map(|name| {
        let is_broken = report.counterexamples.iter().any(|(property, _)| *property == name);
        let verdict = if is_broken {
            "NO"
        } else if report.is_complete {
            "holds"
        } else {
            "so far"
        };
        format!("{verdict:5}")
    });
    let Report { states, unique, depth, took, .. } = report;
    let rest = if report.is_complete { "" } else { " (not complete)" };
    format!(
        "{states:>9} {unique:>9} {depth:>5} {:>6.1}s  {}  {}{rest}",
        took.as_secs_f32(),
        verdicts.join(" "),
        report.ends.join(" "),
    )
}
