//! What a failure means for the message that met it, how long to wait before the next try, and whether it is worth one.
//!
//! Every step answers its runner with `Result<(), Failure>`; the runner obeys and adds nothing. The clock and
//! the jitter are parameters, so that tests and simulations own time and chance.

mod back_off;
pub mod circuit;
mod clock;
mod failure;

pub use back_off::{BackOff, Jitter, NoJitter, RandomJitter};
pub use clock::{Clock, FixedClock, SystemClock};
pub use failure::Failure;
