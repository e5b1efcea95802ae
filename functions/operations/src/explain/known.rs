//! What the events of an order show, as far as the explanation needs it: the fold of all of them in causal order. Pure.

use events::{
    Amount, Attention, CatalogEvent, DisputeOutcome, Envelope, Event, EventId, InventoryEvent, OrderPlaced,
    OrderStatus, OrdersEvent, PaymentsEvent, Provider, RefundCause, RefundId, Service, ShippingEvent,
    offline_sender,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A refund, and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RefundState {
    /// The provider is to make it.
    Requested,
    /// It failed, and payments requests it again after a wait.
    WaitsForAnother,
    /// It is made; or another one replaces it; or it failed permanently, which is an attention.
    Over,
}

/// A dispute that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenDispute {
    pub(super) since: Timestamp,
    pub(super) evidence_due_by: Option<Timestamp>,
}

/// The fold.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) pay_by: Timestamp,
    pub(super) placed_at: Timestamp,
    /// The sender that reports the payment, if it is offline.
    pub(super) offline_sender: Option<String>,
    /// The status, and since when the order has it.
    pub(super) status: OrderStatus,
    pub(super) status_since: Timestamp,
    /// Each attention that holds, and since when.
    pub(super) attention: BTreeMap<Attention, Timestamp>,
    /// When an event of each type happened last.
    last: BTreeMap<&'static str, Timestamp>,
    /// When the status, or what the order owes, changed last.
    pub(super) moved_at: Timestamp,
    pub(super) refunds: BTreeMap<RefundId, (RefundState, Timestamp)>,
    /// The refunds that were made outside of Conveyor. One that fails there is not the shop's debt.
    foreign: BTreeSet<RefundId>,
    captured: Option<Amount>,
    /// What is not with us any more: by refund, and by lost dispute.
    paid_out: BTreeMap<RefundId, Amount>,
    lost: BTreeMap<String, Amount>,
    /// Whether a refund that Conveyor itself decided on was requested.
    pub(super) is_compensated: bool,
    pub(super) disputes: BTreeMap<String, OpenDispute>,
    pub(super) provider: Option<Provider>,
    /// The shipment is held since then.
    pub(super) held_since: Option<Timestamp>,
    pub(super) restocks: bool,
    /// The payment at its provider.
    pub(super) intent: Option<String>,
    /// Since when events of a service are missing in the order's own history.
    pub(super) unrecorded: BTreeMap<Service, Timestamp>,
    /// Carrier and code of each parcel that was ever the order's.
    pub(super) parcels: BTreeSet<(String, String)>,
}

impl Known {
    /// Nothing but that the order is placed.
    pub(super) fn new(placed: &OrderPlaced, at: Timestamp) -> Self {
        Self {
            pay_by: placed.pay_by,
            placed_at: at,
            offline_sender: offline_sender(&placed.payment_method).map(str::to_owned),
            status: OrderStatus::Placed,
            status_since: at,
            attention: BTreeMap::new(),
            last: BTreeMap::new(),
            moved_at: at,
            refunds: BTreeMap::new(),
            foreign: BTreeSet::new(),
            captured: None,
            paid_out: BTreeMap::new(),
            lost: BTreeMap::new(),
            is_compensated: false,
            disputes: BTreeMap::new(),
            provider: None,
            held_since: None,
            restocks: false,
            intent: None,
            unrecorded: BTreeMap::new(),
            parcels: BTreeSet::new(),
        }
    }

    /// Notes the events of other services that orders has not recorded yet. Its record of an event names the event as its cause.
    pub(super) fn compare(&mut self, events: &[Envelope]) {
        let (of_orders, others): (Vec<_>, Vec<_>) =
            events.iter().partition(|envelope| envelope.service() == Ok(Service::Orders));
        let recorded: BTreeSet<&EventId> = of_orders.iter().map(|envelope| &envelope.causationid).collect();
        for envelope in others.into_iter().filter(|envelope| !recorded.contains(&envelope.id)) {
            if let Ok(service) = envelope.service() {
                let since = self.unrecorded.entry(service).or_insert(envelope.time);
                *since = envelope.time.min(*since);
            }
        }
    }

    /// Adds the next event.
    pub(super) fn add(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::Catalog(CatalogEvent::ProductChanged(_)) => {}
            Event::Orders(event) => self.add_order(event, at),
            Event::Payments(event) => self.add_payment(event, at),
            Event::Inventory(event) => self.add_stock(event, at),
            Event::Shipping(event) => self.add_parcel(event, at),
        }
    }

    /// When an event of this type happened last; `None` if none did.
    pub(super) fn at<E: events::ServiceEvent>(&self, event_type: &'static str) -> Option<Timestamp> {
        debug_assert!(E::TYPES.contains(&event_type), "no such event: {event_type}");
        self.last.get(event_type).copied()
    }

    /// Whether nothing of the captured money is left: then no refund is owed, also if one failed.
    pub(super) fn has_all_left(&self) -> bool {
        let left = self.paid_out.values().chain(self.lost.values()).copied().fold(Amount::ZERO, Amount::plus);
        self.captured.is_some_and(|captured| captured <= left)
    }

    fn saw(&mut self, event: &impl events::ServiceEvent, at: Timestamp) {
        self.last.insert(event.event_type(), at);
    }

    fn add_order(&mut self, event: &OrdersEvent, at: Timestamp) {
        self.saw(event, at);
        let OrdersEvent::OrderUpdated(updated) = event else { return };
        if updated.status != self.status {
            (self.status, self.status_since, self.moved_at) = (updated.status, at, at);
        }
        self.attention.retain(|attention, _| updated.attention.contains(attention));
        for attention in &updated.attention {
            self.attention.entry(*attention).or_insert(at);
        }
    }

    fn add_payment(&mut self, event: &PaymentsEvent, at: Timestamp) {
        self.saw(event, at);
        match event {
            PaymentsEvent::PaymentRequested(request) => self.intent = Some(request.intent_id.clone()),
            PaymentsEvent::RefundRequested(request) => {
                self.is_compensated |= match request.cause {
                    RefundCause::OutOfStock
                    | RefundCause::ShippingFailed
                    | RefundCause::Cancelled
                    | RefundCause::LateCapture
                    | RefundCause::Returned => true,
                    RefundCause::Goodwill | RefundCause::Foreign => false,
                };
                self.captured = self.captured.max(request.captured);
                if request.cause == RefundCause::Foreign {
                    self.foreign.insert(request.refund_id.clone());
                }
                if let Some(replaced) = &request.instead_of {
                    self.refunds.insert(replaced.clone(), (RefundState::Over, at));
                }
                let is_made = request.amount.is_zero();
                let state = if is_made { RefundState::Over } else { RefundState::Requested };
                self.refunds.insert(request.refund_id.clone(), (state, at));
                self.moved_at = at;
            }
            PaymentsEvent::PaymentRefunded(refunded) => {
                self.paid_out.insert(refunded.refund_id.clone(), refunded.amount);
                self.refunds.insert(refunded.refund_id.clone(), (RefundState::Over, at));
                self.moved_at = at;
            }
            PaymentsEvent::RefundFailed(failed) => {
                if !failed.refused {
                    // The bank sent the money back to us.
                    self.paid_out.remove(&failed.refund_id);
                }
                let is_tried_again = failed.again && !self.foreign.contains(&failed.refund_id);
                let state = if is_tried_again { RefundState::WaitsForAnother } else { RefundState::Over };
                self.refunds.insert(failed.refund_id.clone(), (state, at));
                self.moved_at = at;
            }
            PaymentsEvent::PaymentDisputed(dispute) => match dispute.outcome {
                DisputeOutcome::Opened => {
                    let evidence_due_by = dispute.evidence_due_by;
                    let open = OpenDispute { since: at, evidence_due_by };
                    self.disputes.insert(dispute.dispute_id.clone(), open);
                }
                DisputeOutcome::Won | DisputeOutcome::Lost => {
                    self.disputes.remove(&dispute.dispute_id);
                    if dispute.outcome == DisputeOutcome::Lost {
                        self.lost.insert(dispute.dispute_id.clone(), dispute.amount);
                    }
                }
            },
            PaymentsEvent::OrderPaid(paid) => self.captured = self.captured.max(Some(paid.amount)),
            PaymentsEvent::PaymentActionRequired(_)
            | PaymentsEvent::PaymentFailed(_)
            | PaymentsEvent::PaymentCancellationRequested(_)
            | PaymentsEvent::PaymentCancelled(_)
            | PaymentsEvent::PaymentDataErased(_) => {}
        }
    }

    fn add_stock(&mut self, event: &InventoryEvent, at: Timestamp) {
        self.saw(event, at);
        self.moved_at = at;
    }

    fn add_parcel(&mut self, event: &ShippingEvent, at: Timestamp) {
        self.saw(event, at);
        let mut has = |carrier: &String, code: &String| {
            self.parcels.insert((carrier.clone(), code.clone()));
        };
        match event {
            ShippingEvent::ShipmentRequested(request) => self.provider = Some(request.provider),
            ShippingEvent::LabelPurchased(label) => {
                has(&label.carrier, &label.tracking_code);
                self.moved_at = at;
            }
            ShippingEvent::Shipped(shipped) => has(&shipped.carrier, &shipped.tracking_code),
            ShippingEvent::TrackingCorrected(corrected) => {
                has(&corrected.carrier, &corrected.tracking_code);
                has(&corrected.previous_carrier, &corrected.previous_tracking_code);
            }
            ShippingEvent::LabelVoided(_) => self.moved_at = at,
            ShippingEvent::ShipmentHeld(_) => self.held_since = Some(at),
            ShippingEvent::ShipmentReleased(_) => self.held_since = None,
            ShippingEvent::ReturnReceived(returned) => self.restocks = returned.restock,
            ShippingEvent::ShippingFailed(_)
            | ShippingEvent::ShipmentDataErased(_)
            | ShippingEvent::ShipmentCancelled(_)
            | ShippingEvent::CancellationRejected(_)
            | ShippingEvent::LabelVoidRequested(_)
            | ShippingEvent::LabelVoidFailed(_)
            | ShippingEvent::StrayParcelSettled(_)
            | ShippingEvent::ShipmentTracked(_)
            | ShippingEvent::Delivered(_)
            | ShippingEvent::ReturnedToSender(_) => {}
        }
    }
}
