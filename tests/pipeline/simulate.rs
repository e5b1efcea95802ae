//! `make simulate SEEDS=1..100 ORDERS=1000`: plays many worlds on all processors, and tells what came of them.
//!
//! `SEEDS` is a number (that one alone) or a range. Ends with 1 if an invariant did not hold.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to a person")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tests::simulation::{Report, run};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let seeds = arguments.next().as_deref().and_then(range);
    let orders = arguments.next().and_then(|text| text.parse().ok());
    let (Some((first, last)), Some(orders)) = (seeds, orders) else {
        eprintln!("simulate <seed or first..last> <orders a seed>");
        return ExitCode::from(2);
    };
    let (next, done, all) = (AtomicU64::new(first), AtomicU64::new(0), Mutex::new(Vec::new()));
    let started = Instant::now();
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
                    let count = done.fetch_add(1, Ordering::SeqCst) + 1;
                    eprint!("\r{count} of {} worlds, {:?}   ", last - first + 1, started.elapsed());
                    all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((seed, report));
                }
            });
        }
    });
    eprintln!();
    let mut reports = all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    reports.sort_by_key(|(seed, _)| *seed);
    let mut total = Report::default();
    for (_, report) in reports {
        total.add(report);
    }
    tell(&total);
    if total.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(total: &Report) {
    println!("{} orders, {} invocations, trace {:016x}", total.orders, total.invocations, total.trace);
    println!("orders by end");
    for (end, count) in &total.ends {
        println!("  {count:>10}  {end}");
    }
    println!("deliveries by end");
    for (end, count) in &total.deliveries {
        println!("  {count:>10}  {end}");
    }
    println!("faults by kind");
    for (fault, count) in &total.faults {
        println!("  {count:>10}  {fault}");
    }
    println!("overtakings by kind");
    for (kind, count) in &total.overtakings {
        println!("  {count:>10}  {kind}");
    }
    for invariant in ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8"] {
        let broken = total.violations.iter().filter(|wrong| wrong.starts_with(invariant)).count();
        println!(
            "{invariant}  {}",
            if broken == 0 { "holds".to_owned() } else { format!("broken {broken} times") }
        );
    }
}

fn range(text: &str) -> Option<(u64, u64)> {
    match text.split_once("..") {
        Some((first, last)) => Some((first.parse().ok()?, last.trim_start_matches('=').parse().ok()?)),
        None => text.parse().ok().map(|seed| (seed, seed)),
    }
}
