//! Functions that are killed in the middle of their work lose no order, delay none for long, and charge none twice.

use crate::api::Answer;
use crate::stack::{Checkout, Stack, fresh};
use crate::stripe::Moved;
use crate::wait::{pause, until, until_within};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const ORDERS: usize = 20;
const BETWEEN_KILLS: Duration = Duration::from_millis(700);
const KILLS: usize = 12;
const LONG: Duration = Duration::from_mins(6);

/// Whatever is killed, an order waits no longer: the largest visibility timeout of its queues is 25 s.
const LONGEST_DELAY: Duration = Duration::from_secs(45);

/// The processes that run functions: descendants of the emulator that are a `bootstrap`. Nothing else is ever killed.
fn functions() -> Vec<u32> {
    let emulator: u32 = tests::variable("CONVEYOR_EMULATOR_PID").parse().expect("a process id");
    let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid=,comm="]).output().expect("ps");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let processes: BTreeMap<u32, (u32, &str)> = listed
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (pid, parent) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            Some((pid, (parent, words.next()?)))
        })
        .collect();
    let descends = |pid: &u32| {
        let parents = std::iter::successors(Some(*pid), |pid| processes.get(pid).map(|(parent, _)| *parent));
        parents.take(20).any(|parent| parent == emulator)
    };
    let is_function = |name: &str| name.rsplit('/').next() == Some("bootstrap");
    processes
        .iter()
        .filter(|(pid, (_, name))| is_function(name) && descends(pid))
        .map(|(pid, _)| *pid)
        .collect()
}

/// Kills all functions at once.
pub(crate) fn kill_functions() -> usize {
    let pids = functions();
    if !pids.is_empty() {
        // Some may have ended since. `kill` reports them, which is no failure.
        let killed = Command::new("kill").arg("-KILL").args(pids.iter().map(u32::to_string)).output();
        killed.expect("kill");
    }
    pids.len()
}

/// As a shop's page does it: repeats the request under the same key until the answer is no failure.
fn place_until_accepted(stack: &Stack, checkout: &Checkout) -> String {
    let key = fresh();
    let body = checkout.body().to_string().into_bytes();
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let answer: Answer = until("an order to be accepted", || {
        match stack.customer.try_send("POST", "/orders", &headers, Some(body.clone())) {
            Ok(answer) if answer.status == 202 => Ok(answer),
            Ok(answer) if answer.status < 500 => panic!("{answer}"),
            Ok(answer) => Err(answer.to_string()),
            Err(error) => Err(error.to_string()),
        }
    });
    answer.json()["order_id"].as_str().expect("an id").to_owned()
}

#[test]
fn functions_that_are_killed_all_the_time_lose_no_order_delay_none_for_long_and_charge_none_twice() {
    let stack = Stack::exclusive();
    let tea = stack.goods(950, 100);
    let checkout = Checkout::of(&[(&tea, 2)]);
    let (killed, placed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let placed_at: Vec<(String, Instant)> = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut kills = 0;
            while kills < KILLS || !placed.load(Ordering::Relaxed) {
                killed.fetch_add(kill_functions(), Ordering::Relaxed);
                kills += 1;
                pause(BETWEEN_KILLS);
            }
        });
        let ids = (0..ORDERS).map(|_| (place_until_accepted(&stack, &checkout), Instant::now())).collect();
        placed.store(true, Ordering::Relaxed);
        ids
    });
    eprintln!("{} processes of functions were killed", killed.load(Ordering::Relaxed));
    assert!(killed.load(Ordering::Relaxed) > ORDERS, "too few functions were killed");

    let (mut waiting, mut slowest) = (placed_at.clone(), Duration::ZERO);
    until_within(LONG, "every order to be allocated", || {
        waiting.retain(|(id, at)| {
            let answer = stack.customer.get(&format!("/orders/{id}"));
            let is_allocated = answer.status == 200 && answer.json()["status"] == "allocated";
            if is_allocated {
                slowest = slowest.max(at.elapsed());
            }
            !is_allocated
        });
        if waiting.is_empty() { Ok(()) } else { Err(format!("{} orders wait", waiting.len())) }
    });
    eprintln!("the slowest of {ORDERS} orders took {:.1} s", slowest.as_secs_f64());
    assert!(slowest <= LONGEST_DELAY, "an order took {} s", slowest.as_secs());
    for (id, _) in &placed_at {
        assert_eq!(stack.stripe.moved(id), Moved { charges: 1, captured: 1900, refunded: 0 }, "order {id}");
    }
    let pieces = 2 * u64::try_from(ORDERS).expect("a small number");
    stack.await_stock(&tea, 100, 100 - pieces, pieces);
    for (id, _) in &placed_at {
        stack.await_shipment(id);
    }
}
