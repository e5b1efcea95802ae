//! A call waits as long as the function may run, and reads what it reports when it fails.

use super::*;
use crate::testing::clients_of;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Longer than the time of an attempt of any other call.
const A_WHILE: Duration = Duration::from_millis(5_500);

#[tokio::test]
async fn a_function_that_runs_longer_than_other_calls_may_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 20_000];
        let read = stream.read(&mut request).await.unwrap();
        tokio::time::sleep(A_WHILE).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 13\r\n\r\n{\"done\":true}")
            .await
            .unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let functions = clients_of(&url).functions("shop");
    let answer = functions.ask("rebuild-views", r#"{"do":"compare"}"#).await;
    assert_eq!(answer, Ok(r#"{"done":true}"#.to_owned()));
    let request = served.await.unwrap();
    assert!(request.starts_with("POST /2015-03-31/functions/shop-rebuild-views/invocations"), "{request}");
}

#[test]
fn a_functions_error_is_its_message_or_its_kind() {
    let payload = br#"{"errorType": "Failure", "errorMessage": "the topic is out"}"#;
    assert_eq!(failure("Unhandled", payload), "the topic is out");
    assert_eq!(failure("Unhandled", b"no JSON"), "Unhandled");
    assert_eq!(failure("Unhandled", b""), "Unhandled");
}
