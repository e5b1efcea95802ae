//! The payment provider behind a slow line: it does at once what it is asked for, and its answer to the making of an
//! intent is held back until this is dropped. Everything else passes as it comes.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// What is held back.
const MAKES_AN_INTENT: &str = "POST /v1/payment_intents HTTP/1.1";

/// See the module. Once dropped it is a plain line to the provider, for as long as the test runs.
pub(crate) struct SlowProvider {
    address: SocketAddr,
    _held: Sender<()>,
}

impl SlowProvider {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let (held, gate) = channel();
        let gate = Arc::new(Mutex::new(gate));
        std::thread::spawn(move || {
            for caller in listener.incoming().flatten() {
                let gate = Arc::clone(&gate);
                // A caller that hangs up, or is killed, is none of the test's business.
                std::thread::spawn(move || pass(caller, &gate).ok());
            }
        });
        Self { address, _held: held }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Hands one request on, and its answer back.
fn pass(mut caller: TcpStream, gate: &Mutex<Receiver<()>>) -> std::io::Result<()> {
    let mut from = BufReader::new(caller.try_clone()?);
    let mut asked = String::new();
    from.read_line(&mut asked)?;
    // One request a connection: the end of the answer is the end of the stream.
    let mut head = format!("{asked}connection: close\r\n");
    let mut length = 0;
    loop {
        let mut line = String::new();
        from.read_line(&mut line)?;
        head.push_str(&line);
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(std::io::Error::other)?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body)?;

    let provider = tests::stack("STRIPE_API_URL");
    let mut to = TcpStream::connect(provider.trim_start_matches("http://"))?;
    to.write_all(head.as_bytes())?;
    to.write_all(&body)?;
    let mut answer = Vec::new();
    to.read_to_end(&mut answer)?;
    if asked.trim() == MAKES_AN_INTENT {
        // It ends when the sender is dropped: nothing is ever sent.
        gate.lock().map_err(|_| std::io::Error::other("another line broke"))?.recv().ok();
    }
    caller.write_all(&answer)
}
