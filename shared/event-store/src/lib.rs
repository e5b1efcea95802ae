//! The ports to a service's own table, and the loop that every step runs over them.
//!
//! - [`EventStore`] reads a stream and appends to it. The append is one conditional write, the whole effect of a step.
//! - [`Documents`] holds the items that are not events: maps, copies, inbox items.
//! - [`Counters`] holds numbers that must never go below zero: stock.
//! - [`Pages`] lists documents by an index.
//! - [`RateMarks`] holds how far each caller has used its limits.
//! - [`Redaction`] erases the personal data of events, in place.
//! - [`EventScan`] reads every event of a table, for an operator.
//!
//! [`Memory`] is the in-memory twin of all seven. The contract suite in `tests/contract` runs on it and on DynamoDB.
//! [`append_decided`] is the loop: read, decide, append; after a conflict with a concurrent writer, again.

mod counters;
mod documents;
mod erasure;
mod error;
pub mod limits;
mod marks;
mod memory;
mod pages;
mod scan;
mod step;
mod store;
mod stream;

pub use counters::{Counters, Counts, Move, Transaction, TransactionError, VERSION};
pub use documents::{Document, Documents, Key};
pub use erasure::{Redaction, erase_stream};
pub use error::{AppendError, StoreError};
pub use marks::{Advance, MarkIs, MarkMove, Marks, RateMarks};
pub use memory::{Memory, MemoryIndex, Written};
pub use pages::{Page, Pages, Position, Walk};
pub use scan::{EventScan, Scanned};
pub use step::{Decided, StepError, append_decided, append_decided_on};
pub use store::EventStore;
pub use stream::{Aggregate, FIRST_EVENT, History, StreamId};
