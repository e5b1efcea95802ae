//! One process of a program, driven as Lambda drives it: Lambda's Runtime API on a port of its own.

use crate::http::{Answer, Handler, Request, Server};
use crate::plan::{Subject, Trigger};
use crate::process;
use serde_json::Value;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The longest that a start or an invocation may take. valgrind takes fifty times as long as the processor.
const PATIENCE: Duration = Duration::from_mins(1);
/// How much of a program's output is kept for an error's text.
const KEPT: usize = 2000;

/// What the program reported.
enum Report {
    Next,
    Answered(Instant, Vec<u8>),
    Failed(Vec<u8>),
}

/// What both sides of the Runtime API share.
struct Shared {
    reports: Sender<Report>,
    events: Mutex<Receiver<String>>,
    /// When the last event was handed over.
    sent: Mutex<Instant>,
}

/// The program's output, counted.
#[derive(Default)]
struct Output {
    bytes: u64,
    last: Vec<u8>,
}

/// A running process. It ends when this is dropped.
pub(crate) struct Session {
    child: Child,
    _runtime: Server,
    reports: Receiver<Report>,
    events: Sender<String>,
    shared: Arc<Shared>,
    output: Arc<Mutex<Output>>,
    trigger: Trigger,
}

/// How long a start or an invocation took, and its time on a processor.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Took {
    pub(crate) wall: u64,
    pub(crate) cpu: u64,
}

impl Session {
    /// Starts the program, behind `wrapper` (valgrind) if there is one, and waits until it asks for an event.
    pub(crate) fn start(
        subject: &Subject,
        environment: &[(&str, &str)],
        endpoint: &str,
        wrapper: &[String],
    ) -> Result<(Self, Took), String> {
        let (reported, reports) = channel();
        let (events, received) = channel();
        let sent = Mutex::new(Instant::now());
        let shared = Arc::new(Shared { reports: reported, events: Mutex::new(received), sent });
        let serving = Arc::clone(&shared);
        let handler: Arc<Handler> = Arc::new(move |request: &Request| serve(&serving, request));
        let runtime = Server::start(handler, None).map_err(|error| format!("no port is free: {error}"))?;
        let words: Vec<&String> = wrapper.iter().chain(&subject.command).collect();
        let (program, arguments) = words.split_first().ok_or("the plan has no program")?;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(lambda(&subject.name))
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address.to_string())
            .env("AWS_ENDPOINT_URL", endpoint)
            .envs(
                subject
                    .environment
                    .iter()
                    .map(|(name, value)| (name, value.replace("${endpoint}", endpoint))),
            )
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let began = Instant::now();
        let mut child = command.spawn().map_err(|error| format!("{program} does not start: {error}"))?;
        let output = Arc::new(Mutex::new(Output::default()));
        drain(child.stdout.take(), &output);
        drain(child.stderr.take(), &output);
        let session =
            Self { child, _runtime: runtime, reports, events, shared, output, trigger: subject.trigger };
        session.await_next()?;
        let wall = nanos(began.elapsed());
        Ok((session.checked()?, wall)).map(|(session, wall)| {
            let cpu = process::settled_cpu(session.pid());
            (session, Took { wall, cpu })
        })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has the program handle one event, and returns the time until its answer.
    pub(crate) fn invoke(&self, event: String) -> Result<u64, String> {
        self.events.send(event).map_err(|_| self.complaint("it closed its connection"))?;
        let (answered, body) = match self.report()? {
            Report::Answered(at, body) => (at, body),
            Report::Failed(body) => return Err(self.complaint(&String::from_utf8_lossy(&body))),
            Report::Next => return Err(self.complaint("it asked for an event before it had answered one")),
        };
        self.await_next()?;
        check(self.trigger, &body).map_err(|reason| self.complaint(&reason))?;
        let sent = *self.shared.sent.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(nanos(answered.saturating_duration_since(sent)))
    }

    /// The same, with its time on a processor: for one invocation, since the process has to be idle around it.
    pub(crate) fn invoke_alone(&self, event: String) -> Result<Took, String> {
        let before = process::settled_cpu(self.pid());
        let wall = self.invoke(event)?;
        Ok(Took { wall, cpu: process::settled_cpu(self.pid()).saturating_sub(before) })
    }

    /// Bytes that the program has written to its log.
    pub(crate) fn log_bytes(&self) -> u64 {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// Ends the process with a signal that lets valgrind write its counts.
    pub(crate) fn end(mut self) -> Result<(), String> {
        let ended = Command::new("kill").arg(self.pid().to_string()).status();
        ended.map_err(|error| format!("the process cannot be ended: {error}"))?;
        self.child.wait().map(drop).map_err(|error| format!("the process cannot be ended: {error}"))
    }

    fn checked(mut self) -> Result<Self, String> {
        match self.child.try_wait() {
            Ok(None) => Ok(self),
            _ => Err(self.complaint("it ended")),
        }
    }

    fn await_next(&self) -> Result<(), String> {
        match self.report()? {
            Report::Next => Ok(()),
            Report::Failed(body) => Err(self.complaint(&String::from_utf8_lossy(&body))),
            Report::Answered(..) => Err(self.complaint("it answered twice")),
        }
    }

    fn report(&self) -> Result<Report, String> {
        self.reports.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => self.complaint("it did not report in time"),
            RecvTimeoutError::Disconnected => self.complaint("it closed its connection"),
        })
    }

    fn complaint(&self, reason: &str) -> String {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        format!("{reason}; its last output: {}", String::from_utf8_lossy(&output.last))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to do.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The variables that Lambda sets.
fn lambda(function: &str) -> Vec<(&str, &str)> {
    vec![
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("AWS_LAMBDA_FUNCTION_NAME", function),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "bench"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
}

/// One request to the Runtime API.
fn serve(shared: &Shared, request: &Request) -> Option<Answer> {
    let (_, call) = request.path.split_once("/runtime/").unwrap_or_default();
    if request.method == "GET" {
        shared.reports.send(Report::Next).ok()?;
        let event = shared.events.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()?;
        let mut answer = Answer::of("application/json", event);
        answer.headers.extend([
            ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
            ("lambda-runtime-deadline-ms", deadline()),
            (
                "lambda-runtime-invoked-function-arn",
                "arn:aws:lambda:us-east-1:123456789012:function:bench".to_owned(),
            ),
            (
                "lambda-runtime-trace-id",
                "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned(),
            ),
        ]);
        *shared.sent.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        return Some(answer);
    }
    let report = if call.ends_with("/response") {
        Report::Answered(Instant::now(), request.body.clone())
    } else {
        Report::Failed(request.body.clone())
    };
    shared.reports.send(report).ok()?;
    Some(Answer { status: 202, headers: Vec::new(), body: Vec::new() })
}

#[expect(clippy::disallowed_methods, reason = "an invocation's deadline is a time of this machine")]
fn deadline() -> String {
    let deadline = SystemTime::now() + Duration::from_mins(5);
    deadline.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis()).to_string()
}

/// Reads a program's output, as Lambda does, and counts it.
fn drain(stream: Option<impl Read + Send + 'static>, output: &Arc<Mutex<Output>>) {
    let Some(mut stream) = stream else { return };
    let output = Arc::clone(output);
    std::thread::spawn(move || {
        let mut bytes = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = stream.read(&mut bytes) {
            let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
            output.bytes += u64::try_from(read).unwrap_or(0);
            output.last.extend_from_slice(&bytes[..read]);
            let excess = output.last.len().saturating_sub(KEPT);
            output.last.drain(..excess);
        }
    });
}

/// Whether an answer is that of a happy sample.
fn check(trigger: Trigger, body: &[u8]) -> Result<(), String> {
    let answer: Value =
        serde_json::from_slice(body).map_err(|error| format!("its answer is no JSON: {error}"))?;
    let is_happy = match trigger {
        Trigger::Http => answer["statusCode"].as_u64().is_some_and(|status| (200..300).contains(&status)),
        Trigger::Queue => answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty),
    };
    if is_happy { Ok(()) } else { Err(format!("its answer is not that of a happy sample: {answer}")) }
}

pub(crate) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
