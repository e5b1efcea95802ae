//! End to end: the deployed stack as its users meet it. Everything is done over the public HTTP contract and with
//! signed webhooks, and seen through it, through the payment provider's API, and through the emulator's windows on
//! queues, mail and tables. Nothing here knows a function's code.
//!
//! Each test makes products and stock of its own, so that all may run at once ([`shop::Shop::open`]); those that break
//! something on purpose, or fill the queues, have the stack to themselves ([`shop::Shop::alone`]). Waiting is asking
//! again, up to a bound, and a test that waited in vain says for what, and what it saw last. No test asserts a time.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "what a test and its hands meet unexpectedly fails the test"
)]
#![expect(clippy::print_stderr, reason = "the long tests say how far they are, and how fast it went")]

mod access;
mod api;
mod bodies;
mod callbacks;
mod cancelling;
mod crashes;
mod dead_letters;
mod elsewhere;
mod emulator;
mod ending;
mod ends;
mod expiring;
mod foreign;
mod functions;
mod grants;
mod inbox;
mod many;
mod money;
mod once;
mod parcels;
mod probe;
mod published;
mod races;
mod receivers;
mod refunding;
mod senders;
mod shop;
mod slow;
mod stripe;
mod tables;
mod untimely;
mod wait;
mod webhooks_in;
