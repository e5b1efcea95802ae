//! Outbox: the one function that publishes. It copies every event from its table's stream to its service's topic. No step
//! publishes by itself, so no dual write can fail half-way.

mod publish;

pub use publish::PublishEvents;
