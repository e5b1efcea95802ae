//! What the shop cannot lose is kept when the stack is deleted, and backed up.

use crate::{none, root};

/// Tables whose loss does no harm, each with the reason.
const DISPENSABLE: [(&str, &str); 2] = [
    ("LimitsTable", "it counts the last hour, and names dead letters that their queues hold"),
    ("LiveTable", "its clients connect again"),
];

#[test]
fn every_table_is_kept_and_backed_up() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let tables: Vec<&str> =
        template.split("\n\n").filter(|block| block.contains("\n    Type: AWS::DynamoDB::Table\n")).collect();
    assert!(tables.len() > 5, "the tables are not found any more");
    let name =
        |table: &&str| table.trim_start().lines().next().unwrap_or_default().trim_end_matches(':').to_owned();
    let is_safe = |table: &&str| {
        table.contains("DeletionPolicy: !Ref DataDeletionPolicy")
            && table.contains("UpdateReplacePolicy: Retain")
            && table.contains("PointInTimeRecoveryEnabled: true")
    };
    let lost: Vec<String> = tables.iter().filter(|table| !is_safe(table)).map(name).collect();
    let excused = DISPENSABLE.map(|(table, _)| table.to_owned());
    let lost_by_mistake: Vec<String> =
        lost.iter().filter(|table| !excused.contains(table)).cloned().collect();
    none("tables that a mistake loses", &lost_by_mistake);
    assert!(excused.iter().all(|table| lost.contains(table)), "a listed table is safe, or gone");
}

#[test]
fn readiness_asks_every_table() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (_, after) = template.split_once("\n  GetReadiness:\n").expect("the function");
    let function = after.split("\n\n").next().unwrap();
    let tables = template.split("\n\n").filter(|block| block.contains("\n    Type: AWS::DynamoDB::Table\n"));
    let name = |table: &str| table.trim_start().split(':').next().unwrap_or_default().to_owned();
    let unasked: Vec<String> = tables
        .map(name)
        .filter(|table| !function.contains(&format!("_TABLE_NAME: !Ref {table}\n")))
        .collect();
    none("tables that GET /health/ready does not ask", &unasked);
}
