//! What goes over the wire to `CodeDeploy` and Lambda, and how their documented answers are read.

use super::*;
use crate::Clients;
use crate::testing::clients_of;
use outbound::NotAnswered;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

type Requests = Arc<Mutex<Vec<String>>>;

/// Clients of an endpoint that gives these answers, one a request, with the requests that it has seen.
async fn endpoint(answers: &'static [(&'static str, &'static str)]) -> (Clients, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Requests::default();
    let seen = requests.clone();
    tokio::spawn(async move {
        for (headers, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 20_000];
            let mut request = String::new();
            while !request.ends_with('}') {
                let read = stream.read(&mut bytes).await.unwrap();
                request.push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
            seen.lock().unwrap().push(request);
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (clients_of(&url), requests)
}

const JSON: &str = "content-type: application/x-amz-json-1.1\r\n";

#[tokio::test]
async fn a_deploy_names_the_function_and_the_version_that_callers_move_to() {
    // As in the API reference of BatchGetDeploymentTargets.
    let (clients, requests) = endpoint(&[
        (JSON, r#"{"targetIds":["shop-take-payment:live"]}"#),
        (
            JSON,
            r#"{"deploymentTargets":[{"deploymentTargetType":"LambdaTarget","lambdaTarget":{"deploymentId":"d-1","targetId":"shop-take-payment:live",
                "status":"InProgress","lambdaFunctionInfo":{"functionName":"shop-take-payment","functionAlias":"live","currentVersion":"6",
                "targetVersion":"7","targetVersionWeight":0.0}}}]}"#,
        ),
    ])
    .await;
    let targets = clients.deploys().targets("d-1").await;
    let target = DeployTarget { function: "shop-take-payment".to_owned(), version: "7".to_owned() };
    assert_eq!(targets, Ok(vec![target]));
    let requests = requests.lock().unwrap();
    assert!(requests[0].contains("CodeDeploy_20141006.ListDeploymentTargets"), "{}", requests[0]);
    assert!(
        requests[1].ends_with(r#"{"deploymentId":"d-1","targetIds":["shop-take-payment:live"]}"#),
        "{}",
        requests[1]
    );
}

#[tokio::test]
async fn a_target_without_a_version_is_an_error() {
    let (clients, _) = endpoint(&[
        (JSON, r#"{"targetIds":["x"]}"#),
        (JSON, r#"{"deploymentTargets":[{"lambdaTarget":{"lambdaFunctionInfo":{"functionName":"shop-take-payment"}}}]}"#),
    ])
    .await;
    assert!(clients.deploys().targets("d-1").await.is_err());
}

#[tokio::test]
async fn a_hook_is_concluded_with_its_verdict() {
    let (clients, requests) = endpoint(&[(JSON, "{}"), (JSON, "{}")]).await;
    clients.deploys().conclude("d-1", "h-1", true).await.unwrap();
    clients.deploys().conclude("d-1", "h-1", false).await.unwrap();
    let requests = requests.lock().unwrap();
    assert!(
        requests[0].ends_with(r#""lifecycleEventHookExecutionId":"h-1","status":"Succeeded"}"#),
        "{}",
        requests[0]
    );
    assert!(requests[1].ends_with(r#""status":"Failed"}"#), "{}", requests[1]);
}

#[tokio::test]
async fn a_version_is_asked_by_its_number_and_its_error_is_one() {
    let (clients, requests) = endpoint(&[
        ("", r#"{"function":"take-payment"}"#),
        ("x-amz-function-error: Unhandled\r\n", r#"{"errorMessage":"a secret cannot be read"}"#),
    ])
    .await;
    let versions = clients.versions();
    let asked = || versions.ask("shop-take-payment", "7", r#"{"probe":1}"#);
    assert_eq!(asked().await.as_deref(), Ok(r#"{"function":"take-payment"}"#));
    assert_eq!(asked().await, Err(NotAnswered::Failed("a secret cannot be read".to_owned())));
    let requests = requests.lock().unwrap();
    assert!(
        requests[0].starts_with("POST /2015-03-31/functions/shop-take-payment/invocations?Qualifier=7"),
        "{}",
        requests[0]
    );
}
