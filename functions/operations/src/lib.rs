//! Operations: what those who run the stack need beside the order's way.

mod health;

pub use health::Health;
