//! Receivers of our webhooks, on free ports of this machine: in Python and Node with the official library of Standard
//! Webhooks, and two that no shop would want, one that never answers and one that does so when it is let.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// A secret that a shop brings along, which both sides know before the first call.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A receiver as a shop would write one: a process of its own, ended when this is dropped.
pub(crate) struct Receiver {
    process: Child,
    /// It ends when this is closed, also when the test is killed.
    _input: ChildStdin,
    port: u64,
    told: Arc<Mutex<Vec<Value>>>,
}

impl Receiver {
    /// In Python. It refuses its first calls.
    pub(crate) fn python(refuse_first: u32) -> Self {
        let python = format!("{}/bin/python", tests::stack("CONVEYOR_RECEIVERS"));
        Self::start(&python, "receiver.py", refuse_first)
    }

    /// In Node. It refuses its first calls.
    pub(crate) fn node(refuse_first: u32) -> Self {
        Self::start("node", "receiver.cjs", refuse_first)
    }

    fn start(program: &str, file: &str, refuse_first: u32) -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("receivers").join(file);
        let mut process = Command::new(program)
            .arg(file)
            .env("NODE_PATH", format!("{}/node_modules", tests::stack("CONVEYOR_RECEIVERS")))
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
        let told: Arc<Mutex<Vec<Value>>> = Arc::default();
        let heard = Arc::clone(&told);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                heard.lock().expect("no panic").push(serde_json::from_str(&line).expect("JSON"));
            }
        });
        Self { process, _input: input, port: first["port"].as_u64().expect("a port"), told }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// What it was told so far, each with `verified`, `id`, `type`, `data` and whether it was `refused`.
    pub(crate) fn told(&self) -> Vec<Value> {
        self.told.lock().expect("no panic").clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Accepts calls and does not answer them until it is let, for as long as the test runs.
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
                // A caller that hangs up, or is killed, is none of the test's business.
                std::thread::spawn(move || serve(caller, &answers, &ids).ok());
            }
        });
        silent
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks", self.port)
    }

    /// From now on it answers.
    pub(crate) fn answer(&self) {
        self.answers.store(true, Ordering::SeqCst);
    }

    /// The `webhook-id` of each call, in the order of their coming.
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
        // Until the caller has lost its patience.
        from.read_to_end(&mut body)?;
    }
    Ok(())
}
