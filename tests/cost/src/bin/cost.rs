//! `make cost`: prints what an order costs, by function.

#![expect(clippy::print_stdout, reason = "a command prints")]

use cost::{ENDS, Tally};

fn main() {
    for end in ENDS {
        println!("\n{}: {}", end.name, end.what);
        let mut all = Tally::default();
        for (function, tally) in end.play() {
            row(&function, &tally);
            all.add(&tally);
        }
        row("all", &all);
    }
}

fn row(name: &str, tally: &Tally) {
    println!(
        "{name:22} inv {:3} msg {:3} ddb {:3} w {:3}+{:2} r {:5} sns {:2} send {:2} mail {:2} calls {:2} log {:6} {:?}",
        tally.invocations,
        tally.messages,
        tally.dynamodb(),
        tally.item_writes,
        tally.index_writes,
        tally.read_halves as f64 / 2.0,
        tally.publishes,
        tally.sends,
        tally.mails,
        tally.calls,
        tally.log_bytes,
        tally.requests,
    );
}
