//! The table of all facts in the documentation of the module is complete and correct.

use crate::Facts;
use events::{Because, Detail, InventoryEvent, OrderStatus, PaymentsEvent, ServiceEvent as _, ShippingEvent};
use std::collections::BTreeSet;

/// The first code in each cell of a row, or an empty text.
fn rows() -> Vec<Vec<&'static str>> {
    let code = |cell: &'static str| cell.split('`').nth(1).unwrap_or_default();
    include_str!("../../facts.rs")
        .lines()
        .filter(|line| line.starts_with("//! | `"))
        .map(|row| row.trim_start_matches("//! | ").split(" | ").map(code).collect())
        .collect()
}

#[test]
fn the_table_lists_every_fact() {
    let rows = rows();
    let listed: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    let types = [PaymentsEvent::TYPES, InventoryEvent::TYPES, ShippingEvent::TYPES].concat();
    assert_eq!(listed, types.into_iter().chain(["deadline"]).collect());
    assert_eq!(listed.len(), rows.len());
}

#[test]
fn the_table_has_the_status_that_each_fact_leads_to() {
    for row in rows() {
        let because: Because = serde_json::from_value(row[0].into()).unwrap();
        let mut facts = Facts::default();
        facts.add(because, &Detail::default(), OrderStatus::Placed, 1);
        let moves_to = if row[2].is_empty() { "placed" } else { row[2] };
        assert_eq!(facts.status().as_str(), moves_to, "{because:?}");
    }
}
