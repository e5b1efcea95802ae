//! Calls to receivers on this machine, by names that change their minds.

use super::*;
use outbound::NameError;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Names whose addresses change with each question; the last answer stays.
struct Fickle(Mutex<Vec<Vec<&'static str>>>, AtomicUsize);

impl Fickle {
    fn new(answers: &[&[&'static str]]) -> Arc<Self> {
        let answers = answers.iter().rev().map(|answer| answer.to_vec()).collect();
        Arc::new(Self(Mutex::new(answers), AtomicUsize::new(0)))
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Names for Fickle {
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

/// A receiver that gives this answer to each connection; its port, and how many connections there were.
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
                    // Held open, so that a client that waits for more waits.
                    let _more = socket.read(&mut head).await;
                }
            });
        }
    });
    (port, seen)
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nretry-after: 7\r\n\r\nok";

#[tokio::test]
async fn a_name_that_changes_its_mind_after_the_check_reaches_nothing_private() {
    let (port, seen) = receiver(OK.to_vec()).await;
    // Public when it is registered, the machine itself when it is called.
    let names = Fickle::new(&[&["203.0.114.7"], &["127.0.0.1"]]);
    assert!(names.addresses("hooks.example").await.unwrap().into_iter().all(|a| Networks::Public.admits(a)));
    let transport = StrangersTransport::new(names.clone(), Networks::Public);
    let url = format!("http://hooks.example:{port}/");
    let refused = transport.send(call(&url)).await;
    assert!(matches!(refused, Err(CallError::Unsound(_))), "{refused:?}");
    assert_eq!(seen.load(Ordering::SeqCst), 0);
    assert_eq!(names.asked(), 2);
}

#[tokio::test]
async fn the_connection_is_made_to_the_address_that_was_judged_and_the_name_is_asked_once() {
    let (port, seen) = receiver(OK.to_vec()).await;
    // Who asks a second time before connecting would be sent to where nobody listens.
    let names = Fickle::new(&[&["127.0.0.1"], &["127.9.9.9"]]);
    let transport = StrangersTransport::new(names.clone(), Networks::Any);
    let answer = transport.send(call(&format!("http://hooks.example:{port}/"))).await.unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (200, Some("7")));
    assert_eq!((seen.load(Ordering::SeqCst), names.asked()), (1, 1));
}

#[tokio::test]
async fn one_private_address_among_public_ones_is_enough_to_refuse() {
    let names = Fickle::new(&[&["1.1.1.1", "10.0.0.1"]]);
    let refused = StrangersTransport::new(names, Networks::Public).send(call("https://hooks.example/")).await;
    assert!(matches!(refused, Err(CallError::Unsound(_))), "{refused:?}");
}

#[tokio::test]
async fn an_address_as_text_is_judged_too_in_whatever_form() {
    let (port, seen) = receiver(OK.to_vec()).await;
    let transport = StrangersTransport::new(Arc::new(crate::addresses::SystemNames), Networks::Public);
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
            matches!(refused, Err(CallError::Unsound(_) | CallError::Connection(_))),
            "{host}: {refused:?}"
        );
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let (private, followed) = receiver(OK.to_vec()).await;
    let redirect =
        format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{private}/\r\ncontent-length: 0\r\n\r\n");
    let (port, _) = receiver(redirect.into_bytes()).await;
    let transport = StrangersTransport::new(Fickle::new(&[&["127.0.0.1"]]), Networks::Any);
    let answer = transport.send(call(&format!("http://hooks.example:{port}/"))).await.unwrap();
    assert_eq!((answer.status, followed.load(Ordering::SeqCst)), (302, 0));
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_and_its_status_counts() {
    let mut endless = b"HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n".to_vec();
    endless.resize(1024 * 1024, b'x');
    let (port, _) = receiver(endless).await;
    let transport = StrangersTransport::new(Fickle::new(&[&["127.0.0.1"]]), Networks::Any);
    let answer = transport.send(call(&format!("http://hooks.example:{port}/"))).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    // A head without end is none.
    let mut head = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    head.resize(1024 * 1024, b'x');
    let (port, _) = receiver(head).await;
    assert!(transport.send(call(&format!("http://hooks.example:{port}/"))).await.is_err());
}

#[tokio::test]
async fn a_receiver_that_accepts_and_never_answers_is_given_up_in_time() {
    let (port, _) = receiver(Vec::new()).await;
    let transport = StrangersTransport::new(Fickle::new(&[&["127.0.0.1"]]), Networks::Any);
    let timeout = Duration::from_millis(200);
    let hanging = Call { timeout, ..call(&format!("http://hooks.example:{port}/")) };
    assert_eq!(transport.send(hanging).await, Err(CallError::TimedOut(timeout)));
}
