//! Receivers of outgoing webhooks, on free ports of this machine: two with the official library of Standard Webhooks, in
//! Python and Node, and one that accepts calls and answers only when the test allows it.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A secret that the shop supplies, so that both sides know it before the first call.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A receiver as a shop would write it: a process, killed when this is dropped.
pub(crate) struct Receiver {
    process: Child,
    /// The process ends when its input is closed, so also when the test is killed.
    _input: ChildStdin,
    port: u64,
    received: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    /// In Python. It refuses its first calls with 503.
    pub(crate) fn python(refuse_first: u32) -> Self {
        let python = format!("{}/bin/python", tests::variable("CONVEYOR_RECEIVERS"));
        Self::start(&python, "receiver.py", refuse_first)
    }

    /// In Node. It refuses its first calls with 503.
    pub(crate) fn node(refuse_first: u32) -> Self {
        Self::start("node", "receiver.cjs", refuse_first)
    }

    fn start(program: &str, file: &str, refuse_first: u32) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("receivers").join(file);
        let mut process = Command::new(program)
            .arg(file)
            .env("NODE_PATH", format!("{}/node_modules", tests::variable("CONVEYOR_RECEIVERS")))
            .env("WEBHOOK_SECRET", SECRET)
            .env("REFUSE_FIRST", refuse_first.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let input = process.stdin.take().expect("its input");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let first: Value =
            serde_json::from_str(&lines.next().expect("a line").expect("a text")).expect("JSON");
        let received: Arc<Mutex<Vec<Value>>> = Arc::default();
        let log = Arc::clone(&received);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                log.lock().expect("no panic").push(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Self { process, _input: input, port: first["port"].as_u64().expect("a port"), received }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// The calls so far, each with `verified`, `id`, `type`, `data` and whether it was `refused`.
    pub(crate) fn received(&self) -> Vec<Value> {
        self.received.lock().expect("no panic").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Accepts calls, and does not answer them until the test allows it.
pub(crate) struct Silent {
    port: u16,
    answers: Arc<AtomicBool>,
    ids: Arc<Mutex<Vec<String>>>,
}

impl Silent {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let (answers, ids) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let silent = Self { port, answers: Arc::clone(&answers), ids: Arc::clone(&ids) };
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let (answers, ids) = (Arc::clone(&answers), Arc::clone(&ids));
                // A caller that disconnects or is killed is no failure of the test.
                std::thread::spawn(move || serve(caller, &answers, &ids).ok());
            }
        });
        silent
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// Answers every call from now on.
    pub(crate) fn answer(&self) {
        self.answers.store(true, Ordering::SeqCst);
    }

    /// The `webhook-id` of each call, in order of arrival.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.ids.lock().expect("no panic").clone()
    }
}

fn serve(mut caller: TcpStream, answers: &AtomicBool, ids: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut from = BufReader::new(caller.try_clone()?);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let line = line.trim();
        if let Some(value) = line.strip_prefix("webhook-id: ") {
            value.clone_into(&mut id);
        }
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().map_err(std::io::Error::other)?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;
    let is_answered = answers.load(Ordering::SeqCst);
    ids.lock().map_err(|_| std::io::Error::other("another call broke"))?.push(id);
    if is_answered {
        caller.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
    } else {
        // Until the caller times out.
        from.read_to_end(&mut body)?;
    }
    Ok(())
}
