//! The twin of a WebSocket gateway: open connections with the frames that were posted to them.

use async_trait::async_trait;
use outbound::{LARGEST_FRAME, SocketError, Sockets};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Connections in memory. One that was not opened, or was closed, is gone.
#[derive(Debug, Default)]
pub struct MemorySockets(Mutex<Gateway>);

#[derive(Debug, Default)]
struct Gateway {
    open: BTreeSet<String>,
    posted: Vec<(String, String)>,
    closed: Vec<String>,
    gone: Vec<String>,
}

impl MemorySockets {
    /// Opens a connection.
    pub fn open(&self, connection: &str) {
        self.gateway().open.insert(connection.to_owned());
    }

    /// The client leaves without a word.
    pub fn leave(&self, connection: &str) {
        self.gateway().open.remove(connection);
    }

    /// Whether a connection is open.
    pub fn is_open(&self, connection: &str) -> bool {
        self.gateway().open.contains(connection)
    }

    /// Every frame that was posted to an open connection, oldest first, each with its connection.
    pub fn posted(&self) -> Vec<(String, String)> {
        self.gateway().posted.clone()
    }

    /// Takes the frames so far.
    pub fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.gateway().posted)
    }

    /// The connections that we closed, oldest first.
    pub fn closed(&self) -> Vec<String> {
        self.gateway().closed.clone()
    }

    /// The connections that a call found gone: one entry a call.
    pub fn found_gone(&self) -> Vec<String> {
        self.gateway().gone.clone()
    }

    fn gateway(&self) -> MutexGuard<'_, Gateway> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gateway {
    fn check(&mut self, connection: &str) -> Result<(), SocketError> {
        if self.open.contains(connection) {
            return Ok(());
        }
        self.gone.push(connection.to_owned());
        Err(SocketError::Gone)
    }
}

#[async_trait]
impl Sockets for MemorySockets {
    async fn post(&self, connection: &str, frame: &str) -> Result<(), SocketError> {
        let mut gateway = self.gateway();
        gateway.check(connection)?;
        if frame.len() > LARGEST_FRAME {
            return Err(SocketError::Unavailable(format!("a frame of {} bytes is too large", frame.len())));
        }
        gateway.posted.push((connection.to_owned(), frame.to_owned()));
        Ok(())
    }

    async fn close(&self, connection: &str) -> Result<(), SocketError> {
        let mut gateway = self.gateway();
        gateway.check(connection)?;
        gateway.open.remove(connection);
        gateway.closed.push(connection.to_owned());
        Ok(())
    }
}
