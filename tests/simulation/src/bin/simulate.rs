//! `make simulate SEEDS=1..100 ORDERS=1000`: simulates many worlds on all processors and prints the sums.
//!
//! `SEEDS` is one number or a range. The exit code is 1 if an invariant did not hold.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints")]

use simulation::{Report, run};
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The time between two lines of progress if they do not go to a terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().as_deref().and_then(range);
    let orders = arguments.next().and_then(|text| text.parse().ok());
    let (Some((first, last)), Some(orders)) = (seeds, orders) else {
        eprintln!("usage: simulate <seed or first..last> <orders a seed>");
        return ExitCode::from(2);
    };
    let (next, all) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let progress = Progress::of(last - first + 1);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed > last {
                        return;
                    }
                    let report = run(seed, orders);
                    for wrong in &report.violations {
                        println!("seed {seed}: {wrong}");
                    }
                    if !report.violations.is_empty() {
                        println!("  again: make simulate SEEDS={seed} ORDERS={orders}");
                    }
                    progress.advance();
                    all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((seed, report));
                }
            });
        }
    });
    progress.end();
    let mut reports = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    reports.sort_by_key(|(seed, _)| *seed);
    let mut total = Report::default();
    for (_, report) in reports {
        total.add(report);
    }
    print_report(&total);
    if total.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The progress on stderr: one line that is rewritten on a terminal, else a line every few seconds.
struct Progress {
    worlds: u64,
    is_terminal: bool,
    started: Instant,
    /// The number of finished worlds, and when the last line was printed.
    done: Mutex<(u64, Instant)>,
}

impl Progress {
    fn of(worlds: u64) -> Self {
        let (is_terminal, started) = (std::io::stderr().is_terminal(), Instant::now());
        Self { worlds, is_terminal, started, done: Mutex::new((0, started)) }
    }

    fn advance(&self) {
        let mut done = self.done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        done.0 += 1;
        let line = format!("{} of {} worlds, {} s", done.0, self.worlds, self.started.elapsed().as_secs());
        if self.is_terminal {
            eprint!("\r{line}");
        } else if done.0 == self.worlds || done.1.elapsed() >= BETWEEN_LINES {
            done.1 = Instant::now();
            eprintln!("{line}");
        }
    }

    fn end(&self) {
        if self.is_terminal {
            eprintln!();
        }
    }
}

fn print_report(total: &Report) {
    println!(
        "{} orders, {} customers erased, {} invocations, trace {:016x}",
        total.orders, total.erased, total.invocations, total.trace
    );
    print_counts("orders by end", &total.ends);
    print_counts("deliveries by end", &total.deliveries);
    print_counts("faults by kind", &total.faults);
    print_counts("overtakings by kind", &total.overtakings);
    for invariant in ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9"] {
        let broken = total.violations.iter().filter(|wrong| wrong.starts_with(invariant)).count();
        println!(
            "{invariant}  {}",
            if broken == 0 { "holds".to_owned() } else { format!("broken {broken} times") }
        );
    }
}

fn print_counts(title: &str, counts: &std::collections::BTreeMap<impl std::fmt::Display, u64>) {
    println!("{title}");
    for (name, count) in counts {
        println!("  {count:>10}  {name}");
    }
}

fn range(text: &str) -> Option<(u64, u64)> {
    match text.split_once("..") {
        Some((first, last)) => Some((first.parse().ok()?, last.trim_start_matches('=').parse().ok()?)),
        None => text.parse().ok().map(|seed| (seed, seed)),
    }
}
