//! What the gateway sends becomes what a socket is asked, and a socket's answers become the gateway's.

use super::*;
use std::sync::Mutex;

/// A socket that notes what it is asked. It knows one ticket.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

fn holder() -> Holder {
    Holder { caller: "customer#1".to_owned(), of_shop: false, until: "2026-01-02T03:04:05Z".parse().unwrap() }
}

impl Notes {
    fn note(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

#[async_trait]
impl Socket for Notes {
    async fn admit(&self, ticket: &str) -> Result<Option<Holder>, Failure> {
        self.note(format!("admit {ticket}"));
        Ok((ticket == "t1").then(holder))
    }

    async fn open(&self, connection: &Connection) -> Result<bool, Failure> {
        self.note(format!("open {}", connection.id));
        Ok(connection.id != "sixth")
    }

    async fn receive(&self, connection: &Connection, frame: &str) -> Result<(), Failure> {
        self.note(format!("receive {} {frame}", connection.id));
        match frame {
            "out" => Err(Failure::retry("the table is out")),
            "panic" => panic!("a defect"),
            _ => Ok(()),
        }
    }

    async fn closed(&self, connection: &Connection) -> Result<(), Failure> {
        self.note(format!("closed {} of {:?}", connection.id, connection.holder));
        Ok(())
    }
}

async fn ask(event: Value) -> (Result<Value, Failure>, Vec<String>) {
    let notes = Notes::default();
    let answer = work(&notes, &Event::parse_sample(&event.to_string()).unwrap()).await;
    (answer, notes.0.into_inner().unwrap())
}

fn event(kind: &str, connection: &str, body: &Value) -> Value {
    let authorizer = holder().context();
    json!({
        "requestContext": {"eventType": kind, "connectionId": connection, "authorizer": authorizer},
        "body": body,
    })
}

fn handshake(ticket: &str) -> Value {
    json!({"type": "REQUEST", "methodArn": "arn:1/live/$connect", "queryStringParameters": {"ticket": ticket}})
}

#[tokio::test]
async fn a_valid_ticket_is_allowed_with_its_holder_as_texts() {
    let (answer, asked) = ask(handshake("t1")).await;
    let answer = answer.unwrap();
    let statement = &answer["policyDocument"]["Statement"][0];
    assert_eq!(
        (&statement["Effect"], &statement["Resource"]),
        (&json!("Allow"), &json!("arn:1/live/$connect"))
    );
    let context = json!({"caller": "customer#1", "admin": "false", "until": "2026-01-02T03:04:05Z"});
    assert_eq!(answer["context"], context);
    assert_eq!(asked, ["admit t1"]);
}

#[tokio::test]
async fn another_ticket_is_denied_and_so_is_none() {
    let mut without = handshake("");
    without.as_object_mut().unwrap().remove("queryStringParameters");
    for event in [handshake("t2"), without, handshake("")] {
        let answer = ask(event).await.0.unwrap();
        assert_eq!(answer["policyDocument"]["Statement"][0]["Effect"], "Deny");
        assert_eq!(answer["context"], json!({}));
    }
}

#[tokio::test]
async fn the_events_of_a_connection_reach_the_socket_with_their_holder() {
    assert_eq!(
        ask(event("CONNECT", "c1", &Value::Null)).await,
        (Ok(status(200)), vec!["open c1".to_owned()])
    );
    let (answer, asked) = ask(event("MESSAGE", "c1", &json!("{}"))).await;
    assert_eq!((answer, asked), (Ok(status(200)), vec!["receive c1 {}".to_owned()]));
    let (answer, asked) = ask(event("DISCONNECT", "c1", &Value::Null)).await;
    assert_eq!((answer, asked), (Ok(status(200)), vec![format!("closed c1 of {:?}", holder())]));
}

#[tokio::test]
async fn a_refused_connection_is_answered_with_429() {
    assert_eq!(ask(event("CONNECT", "sixth", &Value::Null)).await.0, Ok(status(429)));
}

#[tokio::test]
async fn a_failure_and_a_panic_fail_the_invocation() {
    assert_eq!(ask(event("MESSAGE", "c1", &json!("out"))).await.0, Err(Failure::retry("the table is out")));
    assert!(ask(event("MESSAGE", "c1", &json!("panic"))).await.0.unwrap_err().reason().contains("panicked"));
}

#[tokio::test]
async fn an_odd_event_is_refused_and_asks_the_socket_nothing() {
    let sound = event("MESSAGE", "c1", &json!("{}"));
    let odd = [
        ("/requestContext/eventType", json!("OTHER")),
        ("/requestContext/eventType", json!(1)),
        ("/requestContext/connectionId", json!(["c1"])),
        ("/requestContext/authorizer", json!("caller")),
        ("/requestContext/authorizer/caller", json!("")),
        ("/requestContext/authorizer/admin", json!("yes")),
        ("/requestContext/authorizer/admin", json!(true)),
        ("/requestContext/authorizer/until", json!("later")),
        ("/requestContext", json!([])),
    ];
    for (pointer, value) in odd {
        let mut event = sound.clone();
        *event.pointer_mut(pointer).unwrap() = value;
        let (answer, asked) = ask(event).await;
        assert_eq!((answer, asked), (Ok(status(400)), vec![]), "{pointer}");
    }
    for event in [json!([]), json!(1), json!({}), json!({"type": "REQUEST", "methodArn": 1})] {
        assert_eq!(ask(event).await, (Ok(status(400)), vec![]));
    }
}

#[test]
fn an_event_is_not_shown() {
    let event = Event::parse_sample(&handshake("secret").to_string()).unwrap();
    assert!(!format!("{event:?}").contains("secret"));
}
