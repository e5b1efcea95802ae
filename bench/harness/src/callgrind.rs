//! Instructions, as valgrind's callgrind counts them. They repeat from run to run where times do not.

use crate::measure::Driver;
use crate::plan::Subject;
use crate::session::Session;
use std::path::Path;

/// Invocations before the counted ones, and the counted ones.
const BEFORE: u64 = 5;
const COUNTED: u64 = 10;

/// The instructions of a start and of one warm invocation: the difference between runs that differ by some invocations.
pub(crate) fn count(driver: &Driver<'_>, subject: &Subject, valgrind: &str) -> Result<(u64, u64), String> {
    let init = run(driver, subject, valgrind, 0)?;
    let few = run(driver, subject, valgrind, BEFORE)?;
    let more = run(driver, subject, valgrind, BEFORE + COUNTED)?;
    Ok((init, more.saturating_sub(few) / COUNTED))
}

fn run(driver: &Driver<'_>, subject: &Subject, valgrind: &str, invocations: u64) -> Result<u64, String> {
    driver.endpoint.hold(&subject.items);
    let file = Path::new(&driver.plan.certificate).with_file_name(format!("callgrind.{}", subject.name));
    let output = format!("--callgrind-out-file={}", file.display());
    let wrapper = [valgrind.to_owned(), "--tool=callgrind".to_owned(), output];
    let (session, _) = Session::start(subject, &[], driver.url, &wrapper)?;
    for _ in 0..invocations {
        session.invoke(driver.event(subject))?;
    }
    session.end()?;
    let text =
        std::fs::read_to_string(&file).map_err(|error| format!("callgrind wrote no counts: {error}"))?;
    total(&text).ok_or_else(|| "callgrind's file has no total".to_owned())
}

/// The total of a file of callgrind.
fn total(text: &str) -> Option<u64> {
    let line =
        text.lines().find_map(|line| line.strip_prefix("totals:").or(line.strip_prefix("summary:")))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests;
