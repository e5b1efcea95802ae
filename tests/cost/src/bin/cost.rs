//! `make cost`: counts what an order costs, and writes it into `docs/cost.md`.

#![expect(clippy::print_stdout, reason = "a command prints")]

use std::path::Path;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = root.join("docs/cost.md");
    let before = std::fs::read_to_string(&page)?;
    let read = |name: &str| std::fs::read_to_string(root.join(name));
    let after = cost::renew(&before, &(read("template.yaml")? + &read("alarms.yaml")?));
    println!("docs/cost.md {}", if before == after { "is current" } else { "is written anew" });
    std::fs::write(page, after)
}
