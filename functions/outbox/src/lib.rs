//! Outbox: the one function that publishes. Every event of every service goes from its table's stream to the
//! service's topic, and a step never publishes by itself: there is no dual write to get wrong.

mod publish;

pub use publish::PublishEvents;
