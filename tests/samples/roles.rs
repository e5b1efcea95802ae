//! Who may send what: each row of the table in `docs/access.md`, sent to its function as each caller.

use crate::world::{Outcome, SampleWorld};
use crate::{names_in, root, text_of};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use testkit::bearer;

/// Who placed the order of the samples, and its id.
const OWNER: &str = "customer-1";
const ORDER: &str = "0123456789abcdef0123456789abcdef";

/// What a cell of the table promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum May {
    Yes,
    Own,
    No,
}

struct Row {
    /// Method, path template, and the query if it matters.
    request: String,
    /// By the name of the role.
    may: Vec<(String, May)>,
}

fn cells(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
}

fn document() -> String {
    std::fs::read_to_string(root().join("docs/access.md")).expect("docs/access.md")
}

fn table() -> Vec<Row> {
    let document = document();
    let mut lines = document.lines().skip_while(|line| !line.starts_with("| request |"));
    let callers = cells(lines.next().expect("the table's head"));
    let row = |line: &str| {
        let cells = cells(line);
        let may = |cell: &&str| match *cell {
            "yes" => May::Yes,
            "own" => May::Own,
            "–" => May::No,
            other => panic!("{other} is no promise"),
        };
        let may = callers.iter().zip(&cells).skip(1).map(|(caller, cell)| ((*caller).to_owned(), may(cell)));
        Row { request: cells[0].to_owned(), may: may.collect() }
    };
    lines.skip(1).take_while(|line| line.starts_with('|')).map(row).collect()
}

/// The function of each route, by the tables of what each function may do.
fn functions() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in document().lines().filter(|line| line.starts_with("| `")) {
        let cells = cells(line);
        for trigger in cells.get(1).into_iter().flat_map(|cell| cell.split("<br>")) {
            found.insert(trigger.trim_matches('`').to_owned(), cells[0].to_owned());
        }
    }
    found
}

/// The request as the gateway hands it over, from this caller.
fn sent(request: &str, issuer: &str, subject: &str, role: &str) -> String {
    let (route, query) = request.split_once('?').unwrap_or((request, ""));
    let (method, path) = route.split_once(' ').expect("method and path");
    let in_path: Map<String, Value> = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| (name.to_owned(), json!(if name == "order_id" { ORDER } else { "one" })))
        .collect();
    let in_query: Map<String, Value> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let claims = json!({"iss": issuer, "sub": subject, "token_use": "access", "exp": "1767326645"});
    let mut token = claims.clone();
    token["cognito:groups"] = json!([role]);
    json!({
        "version": "2.0", "routeKey": route, "rawPath": path, "rawQueryString": query,
        "headers": {"authorization": bearer(&token), "content-type": "application/json", "idempotency-key": "k-1"},
        "queryStringParameters": in_query, "pathParameters": in_path, "isBase64Encoded": false,
        "body": if method == "GET" { Value::Null } else { json!("{}") },
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r-1", "stage": "$default",
            "routeKey": route, "time": "02/Jan/2026:03:04:05 +0000", "timeEpoch": 1_767_323_045_000_u64,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "u"},
            "authorizer": {"jwt": {"claims": claims, "scopes": null}},
        },
    })
    .to_string()
}

async fn status(function: &str, request: &str, subject: &str, role: &str) -> u16 {
    let sample = names_in(&root().join("events").join(function))[0].replace(".json", "");
    let sample = format!("{function}/{sample}");
    let world = SampleWorld::before(&sample).await;
    // Each function's sample names the issuer of its own world.
    let issuer = serde_json::from_str::<Value>(&text_of(&sample)).expect("a sample")
        ["requestContext"]["authorizer"]["jwt"]["claims"]["iss"]
        .as_str()
        .unwrap_or_else(|| panic!("{sample} has no token"))
        .to_owned();
    match world.run(function, &sent(request, &issuer, subject, role)).await {
        Outcome::Answered(status, _) => status,
        other => panic!("{request} as {role}: {other}"),
    }
}

#[tokio::test]
async fn each_caller_may_send_what_the_table_of_access_says_and_nothing_else() {
    let (functions, mut wrong, mut sent) = (functions(), Vec::new(), 0);
    for row in table() {
        let route = row.request.split('?').next().unwrap_or_default();
        let function = functions.get(route).unwrap_or_else(|| panic!("{route} has no function"));
        let is_about_an_order =
            row.may.iter().any(|(_, may)| *may == May::Own) && route.contains("{order_id}");
        for (role, may) in &row.may {
            let found = status(function, &row.request, "another", role).await;
            let is_right = match may {
                May::No => found == 403,
                May::Own if is_about_an_order => found == 404,
                May::Yes if is_about_an_order => ![401, 403, 404].contains(&found),
                May::Own | May::Yes => ![401, 403].contains(&found),
            };
            if !is_right {
                wrong.push(format!("{} as {role}: {may:?}, answered {found}", row.request));
            }
            if is_about_an_order {
                let own = status(function, &row.request, OWNER, role).await;
                if [401, 403, 404].contains(&own) {
                    wrong.push(format!("{} as {role} who owns the order: answered {own}", row.request));
                }
            }
            sent += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sent >= 4 * 40, "only {sent} cells were sent");
}
