//! The grants on other services' tables are limited to webhooks, heartbeats, breakers and events. The emulator does not enforce these
//! limits, so tests read them.

use crate::{none, root};

/// The statements of a role that grant something on another service's table.
fn foreign<'a>(role: &'a str, own: &str) -> Vec<&'a str> {
    let statements = role.split("              - ").filter(|statement| statement.contains("dynamodb:"));
    let names_another = |statement: &&str| {
        let tables =
            statement.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.ends_with("Table"));
        tables.into_iter().any(|table| !own.contains(table) && table != "LimitsTable")
    };
    statements.filter(names_another).collect()
}

#[test]
fn a_grant_on_another_services_table_is_for_webhooks_alone() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (_, after) = template.split_once("\n  WebhookInboxRole:\n").expect("the role");
    let role = after.split("\n\n").next().unwrap();
    let granted = foreign(role, "");
    assert_eq!(granted.len(), 2, "the tables, and their indexes over webhooks");
    let wide: Vec<String> = granted
        .into_iter()
        .filter(|statement| {
            let is_narrowed = statement.contains(r#""dynamodb:LeadingKeys": ["webhook#*"]"#);
            let is_of_the_index =
                !statement.contains("Table.Arn,") && statement.matches("/index/inbox").count() == 2;
            !is_narrowed && !is_of_the_index
        })
        .map(str::to_owned)
        .collect();
    none("grants that open more of a table than its webhooks", &wide);
}

#[test]
fn a_grant_for_heartbeats_writes_nothing_else() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (_, after) = template.split_once("\n  WriteHeartbeatsRole:\n").expect("the role");
    let role = after.split("\n\n").next().unwrap();
    let granted = foreign(role, "");
    let [grant] = granted.as_slice() else { panic!("one grant is enough: {granted:?}") };
    assert!(grant.contains("Action: dynamodb:PutItem\n"), "{grant}");
    assert!(
        grant.contains(r#"{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["heartbeat#*"]}}"#),
        "{grant}"
    );
}

#[test]
fn readiness_only_reads_and_no_item_of_a_customer() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (_, after) = template.split_once("\n  GetReadinessRole:\n").expect("the role");
    let role = after.split("\n\n").next().unwrap();
    let granted = foreign(role, "");
    let [items, heartbeats] = granted.as_slice() else { panic!("two grants are enough: {granted:?}") };
    for (grant, action, keys) in [
        (items, "dynamodb:GetItem", r#"["ready#*", "breaker#*"]"#),
        (heartbeats, "dynamodb:Query", r#"["heartbeat#*"]"#),
    ] {
        assert!(grant.contains(&format!("Action: {action}\n")), "{grant}");
        let wanted = format!(r#"{{"ForAllValues:StringLike": {{"dynamodb:LeadingKeys": {keys}}}}}"#);
        assert!(grant.contains(&wanted), "{grant}");
    }
    let others = role.split("              - ").skip(1).filter(|statement| statement.contains("Action:"));
    let may_change = others.filter(|statement| {
        !["dynamodb:GetItem", "dynamodb:Query", "sqs:GetQueueAttributes", "cloudwatch:GetMetricData", "logs:"]
            .iter()
            .any(|read| statement.contains(read))
            && !statement.contains("LimitsTable")
    });
    none("grants that change something", &may_change.map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn one_function_reads_the_events_of_every_service_and_nothing_else_of_their_tables() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (_, after) = template.split_once("\n  ReplayEventsRole:\n").expect("the role");
    let role = after.split("\n\n").next().unwrap();
    let granted = foreign(role, "");
    let [query, scan] = granted.as_slice() else { panic!("two grants are enough: {granted:?}") };
    assert!(query.contains("Action: dynamodb:Query\n"), "{query}");
    assert!(query.contains(r#""dynamodb:LeadingKeys": ["order#*", "product#*"]"#), "{query}");
    assert!(scan.contains("Action: dynamodb:Scan\n"), "{scan}");
    assert!(scan.contains(r#"{"dynamodb:Attributes": [pk, sk, event]}"#), "{scan}");
    assert!(scan.contains(r#"{"dynamodb:Select": SPECIFIC_ATTRIBUTES}"#), "{scan}");
}

#[test]
fn an_explanation_reads_the_order_and_what_waits_for_it_and_changes_nothing() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let (_, after) = template.split_once("\n  ExplainOrderRole:\n").expect("the role");
    let role = after.split("\n\n").next().unwrap();
    let allowed = [
        r#"["order#*", "intent#*", "tracking#*"]"#,
        r#"["webhook#*"]"#,
        r"[endpoints]",
        r#"["endpoint#*"]"#,
        r#"["letter#*"]"#,
    ];
    let is_narrowed = |grant: &&str| {
        grant.contains("/index/inbox")
            || allowed.iter().any(|keys| {
                grant.contains(&format!(
                    r#"{{"ForAllValues:StringLike": {{"dynamodb:LeadingKeys": {keys}}}}}"#
                ))
            })
    };
    let granted: Vec<&str> =
        role.split("              - ").filter(|statement| statement.contains("dynamodb:")).collect();
    assert_eq!(granted.len(), allowed.len() + 3, "also the index of webhooks, and the limits: {granted:?}");
    let is_of_limits = |grant: &&&str| {
        grant.contains("dynamodb:UpdateItem")
            || grant.contains(r#"{"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [limits]}}"#)
    };
    let wide = granted.iter().filter(|grant| !is_narrowed(grant) && !is_of_limits(grant));
    none("grants that open more", &wide.map(|grant| (*grant).to_owned()).collect::<Vec<_>>());
    let writes = ["PutItem", "DeleteItem", "SendMessage", "ReceiveMessage", "BatchWriteItem"];
    none(
        "grants that change something",
        &writes.map(str::to_owned).into_iter().filter(|call| role.contains(call)).collect::<Vec<_>>(),
    );
}

/// A function that handles orders records of which one it dead-letters a message, and may write nothing else there.
#[test]
fn a_function_may_write_records_of_dead_letters_and_no_limit() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let puts: Vec<&str> = template
        .lines()
        .filter(|line| line.contains("dynamodb:PutItem") && line.contains("LimitsTable.Arn"))
        .collect();
    assert_eq!(puts.len(), template.matches("LETTERS_TABLE_NAME").count() - 1, "explain-order only reads");
    let narrow = r#"Condition: {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["letter#*"]}}"#;
    none(
        "wide grants",
        &puts.iter().filter(|line| !line.contains(narrow)).map(|line| (*line).to_owned()).collect::<Vec<_>>(),
    );
}

#[test]
fn only_operators_functions_may_scan_a_table() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let roles = template.split("\n\n").filter(|block| block.contains("dynamodb:Scan"));
    let names: Vec<&str> = roles.filter_map(|role| role.trim().lines().next()).collect();
    assert_eq!(names, ["RebuildViewsRole:", "ReplayEventsRole:"]);
}

/// Live tracking has an API of its own, and posts to its connections alone.
#[test]
fn only_live_tracking_may_post_to_connections_and_to_those_of_its_own_api() {
    let template = std::fs::read_to_string(root().join("template.yaml")).unwrap();
    let roles = template.split("\n\n").filter(|block| block.contains("execute-api:ManageConnections"));
    let names: Vec<&str> = roles.clone().filter_map(|role| role.trim().lines().next()).collect();
    assert_eq!(names, ["FollowOrdersRole:", "PushUpdatesRole:"]);
    let narrow = ":${LiveApi}/live/*/@connections/*\n";
    let grants = roles.flat_map(|role| role.split("              - ").skip(1));
    let wide =
        grants.filter(|grant| grant.contains("execute-api:") && !format!("{grant}\n").contains(narrow));
    none("grants on other connections", &wide.map(str::to_owned).collect::<Vec<_>>());
}
