//! Gateway requests: any event, the caller, the query and the form of a problem.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may be blunt outside of its test functions too"
)]

use lambda_http::Body;
use runtime::http::{Endpoint, FieldError, Problem, Reply, Request, Role, Server, parse_sample};
use serde_json::{Value, json};
use std::sync::Arc;
use testkit::{Log, RequestBuilder as _, bearer, request};

/// Answers with what it received.
struct Mirror;

#[async_trait::async_trait]
impl Endpoint for Mirror {
    async fn answer(&self, request: Request) -> Result<Reply, Problem> {
        let body = json!({
            "route": request.route,
            "id": request.in_path("order_id"),
            "limit": request.query.get("limit"),
            "subject": request.caller.as_ref().map(|caller| &caller.customer.subject),
            "admin": request.caller.as_ref().is_some_and(|caller| caller.role == Role::Admin),
            "body": String::from_utf8_lossy(&request.body),
            "actor": request.cause.actor.as_ref().map(events::Actor::as_str),
            "traceparent": request.cause.traceparent.map(|traceparent| traceparent.to_string()),
        });
        Ok(Reply::json(200, &body))
    }
}

fn gateway(claims: Option<Value>) -> Value {
    let mut request = json!({
        "version": "2.0", "routeKey": "GET /orders/{order_id}", "rawPath": "/orders/o-1", "rawQueryString": "limit=2",
        "headers": {"X-Any": "thing", "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        "queryStringParameters": {"limit": "2"}, "pathParameters": {"order_id": "o-1"},
        "requestContext": {
            "accountId": "1", "apiId": "a", "domainName": "d", "domainPrefix": "d", "requestId": "r", "stage": "$default",
            "routeKey": "GET /orders/{order_id}", "time": "t", "timeEpoch": 0,
            "http": {"method": "GET", "path": "/orders/o-1", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "u"}
        },
        "isBase64Encoded": false
    });
    if let Some(claims) = claims {
        let mut token = claims.clone();
        token["cognito:groups"] = json!(["admin", "staff"]);
        request["headers"]["authorization"] = json!(bearer(&token));
        request["requestContext"]["authorizer"] = json!({"jwt": {"claims": claims, "scopes": null}});
    }
    request
}

fn claims() -> Value {
    json!({"iss": "https://issuer", "sub": "s-1", "token_use": "access", "cognito:groups": "[admin staff]"})
}

fn guarded() -> Server {
    Server { access: Some(testkit::access()), limiter: None, endpoint: Arc::new(Mirror) }
}

async fn answer(server: &Server, request: &Value) -> (u16, Value, lambda_http::http::HeaderMap) {
    let response = server.serve(parse_sample(&request.to_string()).unwrap()).await;
    let (parts, body) = response.into_parts();
    let Body::Text(body) = body else { panic!("a text was expected") };
    (parts.status.as_u16(), serde_json::from_str(&body).unwrap(), parts.headers)
}

#[tokio::test]
async fn a_request_is_read_as_the_gateway_sends_it() {
    let server = guarded();
    let (status, seen, _) = answer(&server, &gateway(Some(claims()))).await;
    assert_eq!(status, 200);
    for (name, expected) in [
        ("route", json!("GET /orders/{order_id}")),
        ("id", json!("o-1")),
        ("limit", json!("2")),
        ("subject", json!("s-1")),
        ("admin", json!(true)),
        ("actor", json!("s-1")),
        ("traceparent", json!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")),
    ] {
        assert_eq!(seen[name], expected, "{name}");
    }
}

#[tokio::test]
async fn an_encoded_body_arrives_as_its_bytes() {
    let mut request = gateway(None);
    request["body"] = json!("eyJhIjogNjE0LjB9");
    request["isBase64Encoded"] = json!(true);
    let (_, seen, _) = answer(&Server::open(Mirror), &request).await;
    assert_eq!(seen["body"], r#"{"a": 614.0}"#);
}

/// The gateway writes one group with a space and two groups alike. In the token itself they differ.
#[tokio::test]
async fn the_groups_are_those_of_the_token() {
    let server = guarded();
    for (groups, written, admin) in [
        (json!(["admin", "staff"]), "[admin staff]", true),
        (json!(["EU admin"]), "[EU admin]", false),
        (json!(["EU", "admin"]), "[EU admin]", true),
        (json!(["emea,admin"]), "[emea,admin]", false),
        (json!("admin"), "admin", false),
    ] {
        let mut claims = claims();
        claims["cognito:groups"] = json!(written);
        let mut request = gateway(Some(claims.clone()));
        claims["cognito:groups"] = groups.clone();
        request["headers"]["authorization"] = json!(bearer(&claims));
        assert_eq!(answer(&server, &request).await.1["admin"], json!(admin), "{groups}");
    }
    let mut request = gateway(Some(claims()));
    for header in [Value::Null, json!("Bearer redacted")] {
        request["headers"]["authorization"] = header;
        assert_eq!(answer(&server, &request).await.1["admin"], json!(false), "no token, no group");
    }
}

/// Each of these made the conversion of `lambda_http` panic, so the gateway answered 502.
#[tokio::test]
async fn a_request_that_no_uri_can_hold_is_answered() {
    let server = Server::open(Mirror);
    let answer_with = async |at: &str, value: Value| {
        let mut request = gateway(None);
        *request.pointer_mut(at).unwrap() = value;
        answer(&server, &request).await
    };
    for (query, limit) in [
        (r#"limit=2&name="tea""#, json!("2")),
        ("limit=<2>", json!("<2>")),
        ("limit=a b\u{e9}\u{1f375}", json!("a b\u{e9}\u{1f375}")),
        ("limit=%zz%", json!("%zz%")),
        ("limit=2\0\n", json!("2\0\n")),
        ("limit=%22%3C+", json!("\"< ")),
        ("limit", json!("")),
        ("&&=&", Value::Null),
        (&format!("limit={}", "x".repeat(70_000)), json!("x".repeat(70_000))),
    ] {
        let (status, seen, _) = answer_with("/rawQueryString", json!(query)).await;
        assert_eq!((status, &seen["limit"]), (200, &limit), "{query}");
    }
    for (at, value) in [
        ("/rawPath", json!("no path <\"\\")),
        ("/rawPath", json!("")),
        ("/requestContext/domainName", json!("no host/<")),
        ("/requestContext/stage", json!("<\" ")),
        ("/requestContext/http/method", json!("NO METHOD")),
        ("/headers", json!({"host": "a b<\"", "x-forwarded-proto": "?"})),
        ("/headers", json!({"no name": "x", "": "y", "x-any": "a\nb", "x": "\u{ffff}"})),
    ] {
        assert_eq!(answer_with(at, value.clone()).await.0, 200, "{at} {value}");
    }
    let mut request = gateway(None);
    request["body"] = json!("no base64 !");
    request["isBase64Encoded"] = json!(true);
    assert_eq!(answer(&server, &request).await.0, 400);
}

/// Every field of the event, missing or of any other kind: Conveyor answers.
#[tokio::test]
async fn an_event_with_an_odd_or_missing_field_is_answered() {
    fn pointers(at: &str, value: &Value, into: &mut Vec<String>) {
        into.push(at.to_owned());
        for (name, inner) in value.as_object().into_iter().flatten() {
            pointers(&format!("{at}/{}", name.replace('/', "~1")), inner, into);
        }
    }
    let guarded = guarded();
    let mut full = gateway(Some(claims()));
    full["body"] = json!("{}");
    full["cookies"] = json!(["a=b"]);
    full["stageVariables"] = json!({"a": "b"});
    let mut at = Vec::new();
    pointers("", &full, &mut at);
    let odd = [
        json!(null),
        json!(true),
        json!(-1.5),
        json!(""),
        json!("\u{ffff}\0<\""),
        json!([]),
        json!([[1], {}]),
        json!({}),
        json!({"": [null]}),
    ];
    for server in [&guarded, &Server::open(Mirror)] {
        for pointer in &at {
            for value in &odd {
                let mut event = full.clone();
                *event.pointer_mut(pointer).unwrap() = value.clone();
                let status = answer(server, &event).await.0;
                assert!((200..500).contains(&status), "{status}: {pointer} {value}");
            }
            if let Some((parent, name)) = pointer.rsplit_once('/') {
                let mut event = full.clone();
                event.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(&name.replace("~1", "/"));
                let status = answer(server, &event).await.0;
                assert!((200..500).contains(&status), "{status}: without {pointer}");
            }
        }
    }
    let deep = format!(r#"{{"body": {}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for text in [r#"{"body": "\ud800"}"#, &deep, "1", "[]"] {
        let response = guarded.serve(parse_sample(text).unwrap()).await;
        assert_eq!(response.status(), 400, "{}", text.chars().take(40).collect::<String>());
    }
}

#[test]
fn an_unknown_query_parameter_of_a_list_is_named() {
    let known = ["limit", "cursor"];
    for (query, named) in [
        (&[("limit", "1"), ("email", "a@b.example")] as &[(&str, &str)], Some("email")),
        (&[("email", "")], Some("email")),
        (&[("Limit", "1")], Some("Limit")),
        (&[("", "1")], Some("")),
        (&[("limit", ""), ("cursor", "")], None),
        (&[], None),
    ] {
        let list = query.iter().fold(request("GET /parcels"), |list, (name, value)| list.query(name, value));
        let problem = list.query_has_only(&known).err();
        assert_eq!(
            problem.as_ref().map(|problem| (problem.status, problem.kind)),
            named.map(|_| (400, "unknown-query-parameter"))
        );
        if let (Some(problem), Some(named)) = (problem, named) {
            assert!(problem.detail.contains(&format!("no parameter {named};")), "{}", problem.detail);
        }
    }
    let long = request("GET /parcels").query(&"x".repeat(5000), "1");
    assert!(long.query_has_only(&known).unwrap_err().detail.len() < 200);
    assert_eq!(request("GET /parcels").query("limit", "").number_in_query("limit", 20, 1, 100), Ok(20));
}

#[tokio::test]
async fn without_a_valid_token_the_answer_is_401() {
    let server = guarded();
    let mut id_token = claims();
    id_token["token_use"] = json!("id");
    for claims in [None, Some(id_token), Some(json!({"sub": "s-1", "token_use": "access"}))] {
        let (status, problem, headers) = answer(&server, &gateway(claims)).await;
        assert_eq!(status, 401);
        assert_eq!(problem["type"], "urn:conveyor:problem:unauthorized");
        assert_eq!(headers["content-type"], "application/problem+json");
    }
}

#[test]
fn a_text_is_bounded_not_blank_and_without_control_characters() {
    for text in ["é", "ééé", " a "] {
        assert_eq!(FieldError::text("/name", text, 3), None, "{text:?}");
    }
    let error = FieldError::at("/name", "1 to 3 characters, no control characters");
    for text in ["", "  ", "éééé", "a\n", "a\u{fffe}", "\u{ffff}"] {
        assert_eq!(FieldError::text("/name", text, 3).as_ref(), Some(&error), "{text:?}");
    }
}

#[test]
fn a_text_of_several_lines_may_have_line_breaks_and_tabs() {
    for text in ["a\nb", "a\r\n", "\ta"] {
        assert_eq!(FieldError::lines("/reason", text, 3), None, "{text:?}");
    }
    for text in ["", "\n\n", "a\nbb", "a\0", "a\u{1b}", "a\u{85}", "a\u{ffff}"] {
        assert!(FieldError::lines("/reason", text, 3).is_some(), "{text:?}");
    }
}

#[tokio::test]
async fn the_lines_of_a_request_have_the_id_that_its_answer_shows_and_its_trace() {
    for (claims, message) in [(Some(claims()), "answered"), (None, "refused")] {
        let log = Log::of("mirror", "info");
        answer(&guarded(), &gateway(claims)).await;
        let line = log.lines().into_iter().find(|line| line["message"] == message).unwrap();
        assert_eq!(
            (line["request_id"].as_str(), line["trace_id"].as_str()),
            (Some("r"), Some("4bf92f3577b34da6a3ce929d0e0e4736")),
            "{line}"
        );
    }
}

#[test]
fn a_viewer_suffices_where_something_is_shown_and_the_role_of_the_route_where_it_is_changed() {
    let roles = [Role::Customer, Role::Viewer, Role::Staff, Role::Admin];
    for (route, needed, least) in [
        ("GET /shipments", Role::Staff, Role::Viewer),
        ("GET /webhooks/inbox", Role::Admin, Role::Viewer),
        ("POST /shipments/{order_id}/dispatch", Role::Staff, Role::Staff),
        ("PUT /stock/{sku}", Role::Staff, Role::Staff),
        ("PATCH /webhook-endpoints/{endpoint_id}", Role::Admin, Role::Admin),
        ("DELETE /webhook-endpoints/{endpoint_id}", Role::Admin, Role::Admin),
    ] {
        for role in roles {
            let refused = request(route).by_role(role).to_change(needed).err().map(|problem| problem.status);
            assert_eq!(refused, (role < least).then_some(403), "{route} by {role:?}");
            let refused = request(route).by_role(role).at_least(needed).err().map(|problem| problem.status);
            assert_eq!(refused, (role < needed).then_some(403), "exactly {route} by {role:?}");
        }
    }
    assert_eq!(request("GET /shipments").to_change(Role::Staff).unwrap_err().status, 401);
}

/// Answers bytes that are no text.
struct Picture;

#[async_trait::async_trait]
impl Endpoint for Picture {
    async fn answer(&self, _: Request) -> Result<Reply, Problem> {
        Ok(Reply::bytes(200, "image/png", &[0x89, 0xff]).with("cache-control", "immutable"))
    }
}

#[tokio::test]
async fn the_bytes_of_a_file_are_sent_as_they_are_and_kept_as_long_as_the_function_says() {
    let response = Server::open(Picture).serve(parse_sample(&gateway(None).to_string()).unwrap()).await;
    let cached: Vec<_> = response.headers().get_all("cache-control").iter().collect();
    assert_eq!(cached, ["immutable"]);
    assert_eq!(response.headers()["content-type"], "image/png");
    let Body::Binary(bytes) = response.into_body() else { panic!("bytes were expected") };
    assert_eq!(bytes, [0x89, 0xff]);
}
