//! Live tracking: who follows an order, and what they are sent. `docs/live.md` is its contract with clients.
//!
//! The socket is a hint, the stream is the truth. What is sent is always the whole order as its stream has it, under the place of
//! its last event, so a client keeps what is newest: a duplicate, late or reordered frame changes nothing, and a lost one is
//! replaced by the next, or by the answer to the next `follow`.
//!
//! The table of live tracking holds, under no name of a person:
//! - `ticket#<hash>` / `ticket`: who may open a connection, for a minute.
//! - `order#<id>` or `board` / `connection#<id>`: a follower.
//! - `customer#<digest>` / `connection#<id>#<topic>`: what a caller's connections follow. It bounds their number, and finds what to
//!   delete once one is gone.
//! - `connection#<id>` / `frames`: how many frames a connection has sent.

mod follow;
mod followers;
mod frames;
mod issue;
mod push;
#[cfg(test)]
mod testing;

pub use follow::FollowOrders;
pub use followers::Followers;
pub use issue::IssueTicket;
pub use push::PushUpdates;
