//! What the kernel knows of a process: the time on a processor of all its threads, and its memory.

use std::time::Duration;

/// How long a process may take until it is idle, and how often that is looked at.
const SETTLES_WITHIN: u32 = 50;
const LOOK: Duration = Duration::from_millis(1);

/// Nanoseconds on a processor, of all threads that live. A thread that ended is not counted; the functions end none.
pub(crate) fn cpu(pid: u32) -> u64 {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let times = threads.flatten().filter_map(|thread| {
        let line = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    });
    times.sum()
}

/// The same, once the process is idle: the kernel adds a thread's time when it leaves the processor.
pub(crate) fn settled_cpu(pid: u32) -> u64 {
    let mut before = cpu(pid);
    for _ in 0..SETTLES_WITHIN {
        wait(LOOK);
        let after = cpu(pid);
        if after == before {
            break;
        }
        before = after;
    }
    before
}

/// Bytes of memory that the process has in use.
pub(crate) fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

#[expect(clippy::disallowed_methods, reason = "the harness is no function: it has nothing to do meanwhile")]
pub(crate) fn wait(time: Duration) {
    std::thread::sleep(time);
}
