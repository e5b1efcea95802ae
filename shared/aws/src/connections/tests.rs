//! A connection that is opened during the start carries the first call, and none that is not opened delays or fails the start.

use super::*;
use crate::testing::clients_of;
use event_store::{Documents as _, Key};
use runtime::probe::Started;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A table's endpoint, with the connections and the requests that it has seen.
async fn endpoint() -> (String, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (connections, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let counts = (connections.clone(), requests.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counts.0.fetch_add(1, Ordering::SeqCst);
            let requests = counts.1.clone();
            tokio::spawn(async move {
                let mut bytes = vec![0; 10_000];
                while let Ok(1..) = stream.read(&mut bytes).await {
                    requests.fetch_add(1, Ordering::SeqCst);
                    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            });
        }
    });
    (url, connections, requests)
}

#[tokio::test]
async fn the_first_call_finds_an_open_connection() {
    let (url, connections, requests) = endpoint().await;
    let clients = clients_of(&url);
    let table = clients.table("any");
    open(&clients.http.connector(), clients.needed.urls("us-east-1", Some(&url))).await;
    assert_eq!((connections.load(Ordering::SeqCst), requests.load(Ordering::SeqCst)), (1, 1));
    assert_eq!(table.get(&Key::new("a", "b")).await, Ok(None));
    assert_eq!((connections.load(Ordering::SeqCst), requests.load(Ordering::SeqCst)), (1, 2));
}

#[tokio::test]
async fn nothing_is_opened_without_tls() {
    let (url, connections, _) = endpoint().await;
    let clients = clients_of(&url);
    let _table = clients.table("any");
    let started = Started { function: "any", deploy: String::new(), secrets: vec![] };
    clients.connect(started).await;
    assert_eq!(connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_endpoint_that_hangs_or_refuses_delays_a_start_by_one_second_at_most() {
    let hangs = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let refuses = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let urls = [&hangs, &refuses].map(|listener| format!("https://{}/", listener.local_addr().unwrap()));
    drop(refuses);
    let began = Instant::now();
    open(&clients_of("http://127.0.0.1:9").http.connector(), urls.to_vec()).await;
    assert!(began.elapsed() < OPENS_WITHIN * 2, "{:?}", began.elapsed());
}

#[test]
fn each_table_has_a_connection_and_each_other_service_one() {
    let clients = clients_of("http://127.0.0.1:9");
    let _ = (clients.table("orders"), clients.table("limits"), clients.secrets(), clients.secrets());
    let of = |region| clients.needed.urls(region, None);
    let dynamodb = "https://dynamodb.eu-central-1.amazonaws.com/";
    assert_eq!(
        of("eu-central-1"),
        [dynamodb, dynamodb, "https://secretsmanager.eu-central-1.amazonaws.com/"]
    );
    assert_eq!(of("cn-north-1")[0], "https://dynamodb.cn-north-1.amazonaws.com.cn/");
    assert_eq!(clients.needed.urls("x", Some("https://vpce.example/"))[2], "https://vpce.example/");
}
