//! The sweep acts on every overdue order once, by the order's stream and not by the index.

mod deadlines;
mod index;
mod objective;
