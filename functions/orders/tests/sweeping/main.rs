//! What did not happen in time is noticed: once, by the stream and not by the index, for each order by itself.

#![expect(clippy::unwrap_used, reason = "a test may be blunt outside of its test functions too")]

mod deadlines;
mod raised;
mod shop;
mod walking;
