//! End to end: the deployed stack, through its public HTTP API and signed webhooks alone. The results are read from the
//! API, from the payment provider's API, and from the emulator's queues, mail and tables. No test uses a function's code.
//!
//! Each test creates its own products and stock, so that tests can run at once ([`stack::Stack::shared`]). A test that
//! breaks something on purpose, or fills the queues, runs alone ([`stack::Stack::exclusive`]). A test waits by polling, up
//! to a bound; a test that times out reports what it waited for and what it saw last. No test asserts a duration.

#![expect(clippy::expect_used, clippy::panic, reason = "anything unexpected fails the test")]
#![expect(clippy::print_stderr, reason = "the long tests print their progress and speed")]

mod access;
mod api;
mod callbacks;
mod canary;
mod cancelling;
mod changed_limits;
mod crashes;
mod dead_letters;
mod disputes;
mod emulator;
mod ends;
mod erasure;
mod expected_end;
mod expiring;
mod explanation;
mod functions;
mod grants;
mod heartbeats;
mod idempotency;
mod inbox;
mod incoming_webhooks;
mod invalid_requests;
mod late_webhooks;
mod live;
mod many_orders;
mod offline_payments;
mod parcels;
mod payments;
mod races;
mod readiness;
mod receivers;
mod refunding;
mod replays;
mod roles;
mod search;
mod slow_provider;
mod stack;
mod streams;
mod stripe;
mod tables;
mod topic_listener;
mod traces;
mod wait;
mod webhook_senders;
