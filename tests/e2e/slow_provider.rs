//! A slow proxy of the payment provider: it forwards every request at once, but holds back the answer to the creation of an
//! intent until this is dropped.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// The request whose answer is held back.
const CREATE_INTENT: &str = "POST /v1/payment_intents HTTP/1.1";

/// See the module. Once dropped, it only forwards, for as long as the test runs.
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
                // A caller that disconnects or is killed is no failure of the test.
                std::thread::spawn(move || forward(caller, &gate).ok());
            }
        });
        Self { address, _held: held }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Forwards one request and its answer.
fn forward(mut caller: TcpStream, gate: &Mutex<Receiver<()>>) -> std::io::Result<()> {
    let mut from = BufReader::new(caller.try_clone()?);
    let mut request = String::new();
    from.read_line(&mut request)?;
    // One request a connection: the end of the answer is the end of the stream.
    let mut head = format!("{request}connection: close\r\n");
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

    let provider = tests::variable("STRIPE_API_URL");
    let mut to = TcpStream::connect(provider.trim_start_matches("http://"))?;
    to.write_all(head.as_bytes())?;
    to.write_all(&body)?;
    let mut answer = Vec::new();
    to.read_to_end(&mut answer)?;
    if request.trim() == CREATE_INTENT {
        // Nothing is ever sent: this returns when the sender is dropped.
        gate.lock().map_err(|_| std::io::Error::other("another connection failed"))?.recv().ok();
    }
    caller.write_all(&answer)
}
