//! What a failure means for its message, how long to wait before the next try, how much time is left, a circuit breaker, and
//! hourly limits.
//!
//! Every step returns `Result<(), Failure>` to its runner, and the runner only obeys. The clock and the jitter are
//! parameters, so that tests and simulations control time and randomness.

mod back_off;
pub mod circuit;
mod clock;
pub mod deadline;
mod failure;
pub mod hourly;

pub use back_off::{BackOff, Jitter, NoJitter, RandomJitter};
pub use clock::{Clock, FixedClock, SystemClock};
pub use deadline::Deadline;
pub use failure::Failure;
pub use hourly::{Available, HourlyLimit};
