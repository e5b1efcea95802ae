//! A service's own table, as its steps see it, and the one loop that every step runs.
//!
//! [`EventStore`] reads a stream and appends to it; the append is the one conditional write that a step's
//! whole effect consists of. [`Documents`] keeps what stands beside the events (maps, copies, inbox items),
//! [`Counters`] the numbers that must never go below zero (stock), [`Pages`] lists by an index.
//! [`Memory`] is the in-memory twin of all four; the contract suite in `tests/contract` runs on it and on DynamoDB.
//! [`append_decided`] is the loop: read, decide, append, and decide again if somebody was first.

mod counters;
mod documents;
mod error;
mod memory;
mod pages;
mod step;
mod store;
mod stream;

pub use counters::{Counters, Counts, Move, Transaction, TransactionError};
pub use documents::{Document, Documents, Key};
pub use error::{AppendError, StoreError};
pub use memory::{Memory, MemoryIndex, Written};
pub use pages::{Page, Pages, Position, Walk};
pub use step::{Decided, StepError, append_decided};
pub use store::EventStore;
pub use stream::{Aggregate, History, StreamId};
