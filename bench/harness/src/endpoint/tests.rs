//! What is asked for is counted by kind, and what no happy sample asks for is reported.

use super::*;

fn request(target: &str, body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: vec![("x-amz-target".to_owned(), target.to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

#[test]
fn requests_are_counted_by_kind_with_their_units() {
    let endpoint = Endpoint::default();
    let item = json!({"Item": {"pk": {"S": "x".repeat(2000)}}}).to_string();
    assert_eq!(endpoint.answer(&request("DynamoDB_20120810.PutItem", &item)).status, 200);
    endpoint.answer(&request("DynamoDB_20120810.PutItem", &item));
    let counts = endpoint.take_counts();
    assert_eq!(counts.requests, BTreeMap::from([("DynamoDB PutItem".to_owned(), 2)]));
    assert_eq!((counts.write_units, counts.unhappy), (4, None));
    assert_eq!(endpoint.take_counts(), Counts::default());
}

#[test]
fn a_dead_letter_is_unhappy() {
    let endpoint = Endpoint::default();
    endpoint.answer(&request("AmazonSQS.SendMessage", r#"{"MessageAttributes":{"reason":{}}}"#));
    assert!(endpoint.take_counts().unhappy.is_some_and(|reason| reason.contains("dead-lettered")));
}

#[test]
fn an_operation_that_is_not_known_is_refused_and_reported() {
    let endpoint = Endpoint::default();
    assert_eq!(endpoint.answer(&request("DynamoDB_20120810.Scan", "{}")).status, 400);
    assert!(endpoint.take_counts().unhappy.is_some_and(|reason| reason.contains("DynamoDB Scan")));
}

#[test]
fn every_entry_of_a_batch_is_accepted() {
    let body = "Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=0&PublishBatchRequestEntries.member.2.Id=1";
    let answer = Endpoint::default().answer(&request("", body));
    let text = String::from_utf8(answer.body).expect("XML");
    assert_eq!(text.matches("<member>").count(), 2, "{text}");
}
