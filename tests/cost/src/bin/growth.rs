//! `make cost-growth`: counts what orders cost in a shop that has grown, and writes it into `docs/cost.md`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command prints")]

use std::path::Path;

fn main() -> std::io::Result<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cost.md");
    // The page is read last: by then it may have changed.
    let part = cost::growth::part(|line| eprintln!("  {line}"));
    let before = std::fs::read_to_string(&page)?;
    let after = cost::growth::renew(&before, &part);
    println!("docs/cost.md {}", if before == after { "is current" } else { "is written anew" });
    std::fs::write(page, after)
}
