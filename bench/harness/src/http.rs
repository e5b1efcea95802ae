//! The least of an HTTP/1.1 server: enough for the clients of the functions, on threads, so that an answer waits for nothing.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request, with its body in memory.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header, by its name in lower case; empty if there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn of(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: vec![("content-type", content_type.to_owned())], body: body.into() }
    }
}

/// Answers requests; `None` closes the connection.
pub(crate) type Handler = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// A server on a free port of this machine. It stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start(handler: Arc<Handler>, tls: Option<Arc<rustls::ServerConfig>>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let stopped = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stopped);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if ends.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { return };
                let (handler, tls) = (Arc::clone(&handler), tls.clone());
                std::thread::spawn(move || connection(stream, &handler, tls));
            }
        });
        Ok(Self { address, stopped })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts. If that fails, it waits until the program ends, which harms nothing.
        drop(TcpStream::connect(self.address));
    }
}

/// Serves one connection until its client closes it. A client that is ended in the middle of a request is no error.
fn connection(stream: TcpStream, handler: &Arc<Handler>, tls: Option<Arc<rustls::ServerConfig>>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(config) = tls else { return exchange(stream, handler) };
    if let Ok(session) = rustls::ServerConnection::new(config) {
        exchange(rustls::StreamOwned::new(session, stream), handler);
    }
}

fn exchange(stream: impl Read + Write, handler: &Arc<Handler>) {
    let mut stream = BufReader::new(stream);
    while let Ok(Some(request)) = read(&mut stream) {
        let Some(answer) = handler(&request) else { return };
        if write(stream.get_mut(), &answer).is_err() {
            return;
        }
    }
}

/// The next request; `None` at the end of the connection.
pub(crate) fn read(stream: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let mut request = Request {
        method: words.next().unwrap_or_default().to_owned(),
        path: words.next().unwrap_or_default().to_owned(),
        ..Request::default()
    };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    if request.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
        request.body = read_chunks(stream)?;
    } else {
        let length = request.header("content-length").parse().unwrap_or(0);
        request.body = vec![0; length];
        stream.read_exact(&mut request.body)?;
    }
    Ok(Some(request))
}

fn read_chunks(stream: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(io::Error::other)?;
        let start = body.len();
        body.resize(start + size, 0);
        stream.read_exact(&mut body[start..])?;
        let mut end = String::new();
        stream.read_line(&mut end)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// One write: a client that waits for the rest of an answer would measure our packets.
pub(crate) fn write(stream: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} OK\r\ncontent-length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        head.extend([name, ": ", value.as_str(), "\r\n"]);
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&answer.body);
    stream.write_all(&bytes)?;
    stream.flush()
}

#[cfg(test)]
mod tests;
