//! The Lambda side of every function: settings, HTTP, sockets, queue and stream batches, schedules, commands, logs, metrics,
//! spans.
//!
//! A step implements one of six traits: [`http::Endpoint`], [`websocket::Socket`], [`queue::Consumer`], [`stream::Reader`],
//! [`schedule::Task`] or [`command::Command`]. Its `main` reads settings, makes adapters and hands the step to the matching `run`. Nothing here
//! knows an AWS service; what a runner needs of one (a queue, a counter) is a port.

pub mod build;
pub mod command;
pub mod correlation;
pub mod cursor;
pub mod heartbeat;
pub mod hints;
pub mod http;
pub mod letters;
mod members;
mod outcomes;
pub mod panics;
pub mod probe;
pub mod queue;
pub mod replayed;
pub mod schedule;
pub mod settings;
pub mod stream;
pub mod telemetry;
mod time_left;
pub mod traces;
pub mod websocket;

pub use probe::Probe;
pub use settings::{Settings, SettingsError};

use telemetry::Metrics;

/// Why a function could not start or went down.
pub type Error = lambda_runtime::Error;

/// Begins a function's start: sets up the logs, also of panics, and returns the settings, ready to be read.
pub fn start(function: &'static str) -> Settings {
    let mut settings = Settings::from_environment().of(function);
    let level = settings.optional("LOG_LEVEL").unwrap_or_else(|| "info".to_owned());
    let stack = settings.optional("STACK_NAME").unwrap_or_default();
    let written = [("all", Metrics::All), ("alarms", Metrics::OfAlarms)];
    let metrics = settings.one_of("METRICS", &written, Metrics::All);
    telemetry::start(function, &stack, &level, metrics);
    panics::log_locations();
    settings
}
