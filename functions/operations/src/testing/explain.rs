//! Orders with events in every service, and requests to `explain-order`.

use super::World;
use crate::{ExplainOrder, InboxSource, LastsAtMost, Queue};
use event_store::{EventStore, Memory, StreamId};
use events::{Cause, Envelope, EventId, Sequence, ServiceEvent};
use outbound::Depth;
use resilience::Clock as _;
use runtime::Settings;
use runtime::http::{Endpoint as _, Problem, Request};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use testkit::{FixedGauge, Gate, Gated, RequestBuilder as _, order_id, request};

/// A minute for each status, and a tenth for the first: no two are equal.
pub(crate) fn lasts() -> LastsAtMost {
    let seconds = |name: &str| match name {
        "UNPAID_DEADLINE_SECONDS" => "60",
        "PAID_DEADLINE_SECONDS" => "120",
        "ALLOCATED_DEADLINE_SECONDS" => "180",
        "CANCELLING_DEADLINE_SECONDS" => "240",
        "SHIPPED_DEADLINE_SECONDS" => "300",
        _ => "360",
    };
    let mut settings = Settings::from_lookup(move |name| Some(seconds(name).to_owned()));
    LastsAtMost::from_settings(&mut settings)
}

impl World {
    /// Every call to a table passes the gate. The dead letters of `take-payment` hold two messages.
    pub(crate) fn explain_order(&self, gate: &Arc<dyn Gate>) -> ExplainOrder {
        let gated = |table: &Arc<Memory>| Gated::new(gate.clone(), table.clone());
        let stream = |table: &Arc<Memory>| -> Arc<dyn EventStore> { table.clone() };
        let index = |table: &Arc<Memory>| {
            Arc::new(table.index(webhooks::inbox::INDEX_ATTRIBUTE, webhooks::inbox::ORDER_ATTRIBUTE))
        };
        let depth = |waiting| Arc::new(FixedGauge(Depth { waiting, hidden: 0 }));
        let queue = |function: &str, waiting| Queue {
            function: function.to_owned(),
            name: format!("shop-{function}"),
            gauge: depth(waiting),
        };
        ExplainOrder {
            streams: [&self.orders, &self.payments, &self.inventory, &self.shipping].map(stream).into(),
            sources: InboxSource::all(
                &(gated(&self.payments), index(&self.payments)),
                &(gated(&self.shipping), index(&self.shipping)),
            ),
            callbacks: gated(&self.callbacks),
            notifications: gated(&self.notifications),
            letters: gated(&self.records_of_letters),
            dead_letters: vec![queue("take-payment", 2), queue("ship-order", 0)],
            lasts: lasts(),
            clock: self.clock.clone(),
        }
    }

    pub(crate) async fn explain(&self, gate: &Arc<dyn Gate>, request: Request) -> Result<Value, Problem> {
        let reply = self.explain_order(gate).answer(request).await?;
        assert_eq!(reply.status, 200);
        Ok(serde_json::from_str(&reply.body).unwrap())
    }

    /// Appends an event of the first order, a second after the one before, and returns it.
    pub(crate) async fn then<E: ServiceEvent>(
        &self,
        table: &Memory,
        cause: &str,
        event: impl Into<E>,
    ) -> Envelope {
        self.clock.advance(Duration::from_secs(1));
        let (id, stream) = (order_id(1), StreamId::order(&order_id(1)));
        let next = Sequence::after(u32::try_from(table.read(&stream).await.unwrap().len()).unwrap());
        let cause = Cause { id: EventId::try_from(cause).unwrap(), traceparent: None, actor: None };
        let envelope = Envelope::wrap(id.as_str(), next, self.clock.now(), &cause, &event.into());
        table.append(&stream, &envelope).await.unwrap();
        envelope
    }
}

/// An admin's request for the explanation of the n-th order.
pub(crate) fn explanation(n: u64) -> Request {
    request("GET /orders/{order_id}/explanation").by_admin().path("order_id", order_id(n).as_str())
}
