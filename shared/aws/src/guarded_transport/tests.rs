//! Calls to receivers on this machine, by names whose addresses change between two lookups.

use super::*;
use outbound::NameError;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Names that return the next list of addresses at each lookup; the last list is repeated.
struct Changing(Mutex<Vec<Vec<&'static str>>>, AtomicUsize);

impl Changing {
    fn new(answers: &[&[&'static str]]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|answer| answer.to_vec()).collect();
        Arc::new(Self(Mutex::new(answers), AtomicUsize::new(0)))
    }

    fn lookups(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Names for Changing {
    async fn addresses(&self, _: &str) -> Result<Vec<IpAddr>, NameError> {
        self.1.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.0.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop() } else { answers.last().cloned() };
        Ok(answer.unwrap().iter().map(|address| address.parse().unwrap()).collect())
    }
}

fn call(url: &str) -> Call {
    Call {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![("webhook-id".to_owned(), "msg_1".to_owned())],
        body: b"{}".to_vec(),
        timeout: Duration::from_secs(5),
    }
}

/// Starts a receiver that sends this answer on each connection. Returns its port and its count of connections.
async fn receiver(answer: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let mut head = [0; 1024];
                let read = socket.read(&mut head).await.unwrap_or(0);
                if read > 0 && socket.write_all(&answer).await.is_ok() {
                    // Held open, so that a client that expects more has to wait.
                    let _more = socket.read(&mut head).await;
                }
            });
        }
    });
    (port, seen)
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nretry-after: 7\r\n\r\nok";

#[tokio::test]
async fn a_name_that_resolves_differently_after_the_check_reaches_nothing_private() {
    let (port, seen) = receiver(OK.to_vec()).await;
    // Public when it is registered, loopback when it is called.
    let names = Changing::new(&[&["203.0.114.7"], &["127.0.0.1"]]);
    assert!(names.addresses("hooks.example").await.unwrap().into_iter().all(|a| Networks::Public.admits(a)));
    let transport = GuardedTransport::new(names.clone(), Networks::Public);
    let url = format!("http://hooks.example:{port}/");
    let refused = transport.send(call(&url)).await;
    assert!(matches!(refused, Err(CallError::Invalid(_))), "{refused:?}");
    assert_eq!(seen.load(Ordering::SeqCst), 0);
    assert_eq!(names.lookups(), 2);
}

#[tokio::test]
async fn the_call_connects_to_the_checked_address_after_one_lookup() {
    let (port, seen) = receiver(OK.to_vec()).await;
    // A second lookup before the connection would lead to an address without a listener.
    let names = Changing::new(&[&["127.0.0.1"], &["127.9.9.9"]]);
    let transport = GuardedTransport::new(names.clone(), Networks::Any);
    let answer = transport.send(call(&format!("http://hooks.example:{port}/"))).await.unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (200, Some("7")));
    assert_eq!((seen.load(Ordering::SeqCst), names.lookups()), (1, 1));
}

#[tokio::test]
async fn one_private_address_among_public_ones_is_enough_to_refuse() {
    let names = Changing::new(&[&["1.1.1.1", "10.0.0.1"]]);
    let refused = GuardedTransport::new(names, Networks::Public).send(call("https://hooks.example/")).await;
    assert!(matches!(refused, Err(CallError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn a_host_that_is_an_address_is_checked_in_any_notation() {
    let (port, seen) = receiver(OK.to_vec()).await;
    let transport = GuardedTransport::new(Arc::new(crate::addresses::SystemNames), Networks::Public);
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "localhost",
        "localhost.",
        "0.0.0.0",
    ] {
        let refused = transport.send(call(&format!("http://{host}:{port}/"))).await;
        assert!(
            matches!(refused, Err(CallError::Invalid(_) | CallError::Connection(_))),
            "{host}: {refused:?}"
        );
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (private, followed) = receiver(OK.to_vec()).await;
    let redirect =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{private}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = receiver(redirect.into_bytes()).await;
    let transport = GuardedTransport::new(Changing::new(&[&["127.0.0.1"]]), Networks::Any);
    let answer = transport.send(call(&format!("http://hooks.example:{port}/"))).await.unwrap();
    assert_eq!((answer.status, followed.load(Ordering::SeqCst)), (302, 0));
}

#[tokio::test]
async fn an_endless_answer_is_cut_off_and_its_status_counts() {
    let mut endless = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec();
    endless.resize(1024 * 1024, b'x');
    let (port, _) = receiver(endless).await;
    let transport = GuardedTransport::new(Changing::new(&[&["127.0.0.1"]]), Networks::Any);
    let answer = transport.send(call(&format!("http://hooks.example:{port}/"))).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    // An endless head is no answer.
    let mut head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    head.resize(1024 * 1024, b'x');
    let (port, _) = receiver(head).await;
    assert!(transport.send(call(&format!("http://hooks.example:{port}/"))).await.is_err());
}

#[tokio::test]
async fn a_call_without_an_answer_times_out() {
    let (port, _) = receiver(Vec::new()).await;
    let transport = GuardedTransport::new(Changing::new(&[&["127.0.0.1"]]), Networks::Any);
    let timeout = Duration::from_millis(200);
    let hanging = Call { timeout, ..call(&format!("http://hooks.example:{port}/")) };
    assert_eq!(transport.send(hanging).await, Err(CallError::TimedOut(timeout)));
}
