//! What a harness provides: the ports of the steps, and the few settings that differ between the harnesses.

use event_store::{Counters, Documents, EventScan, EventStore, Memory, Pages, RateMarks, Redaction};
use events::{Provider, Service};
use orders::Deadlines;
use outbound::{
    BatchStore, DeadLetterQueue, Functions, Mailer, Names, RandomBytes, Sockets, Texter, Topic, Transport,
    WorkQueue,
};
use resilience::{Clock, FixedClock, Jitter, NoJitter};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use testkit::{
    FixedNames, MailBox, MemoryBatches, MemoryFunctions, MemoryLetters, MemorySockets, MemoryWork, Receivers,
    ShopDoor, now,
};

/// The tables of the template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The event table of a service that publishes events.
    Of(Service),
    /// The read model of orders.
    OrderViews,
    /// The messages that were sent to customers.
    Notifications,
    /// The shop's endpoints and the deliveries to them.
    Callbacks,
    /// The tickets and followers of live tracking.
    Live,
}

/// A table with all its ports.
pub trait TablePort: EventStore + Redaction + Documents + Counters {}

impl<T: EventStore + Redaction + Documents + Counters> TablePort for T {}

/// The ports that a harness provides. A step takes only the ports that it needs.
pub trait Ports {
    /// The settings in which the harnesses differ.
    fn options(&self) -> Options;

    /// The clock of the harness.
    fn clock(&self) -> Arc<dyn Clock>;

    /// A table.
    fn table(&self, table: Table) -> Arc<dyn TablePort>;

    /// A global secondary index of a table, with these key attributes.
    fn index(&self, table: Table, partition: &'static str, order: &'static str) -> Arc<dyn Pages>;

    /// The HTTP transport to Stripe.
    fn stripe(&self) -> Arc<dyn Transport>;

    /// The HTTP transport to EasyPost.
    fn easypost(&self) -> Arc<dyn Transport>;

    /// The ports that only some functions need.
    fn channels(&self) -> Channels;
}

/// The settings in which the harnesses differ.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The stack's name: part of idempotency keys and of the metadata at Stripe.
    pub stack: &'static str,
    /// The shipping provider of the stack.
    pub carrier: Provider,
    /// The secret that Stripe and EasyPost sign their webhooks with.
    pub webhook_secret: &'static str,
    /// The time in which an offline payment must arrive.
    pub pay_offline_within: Duration,
    /// The wait before a failed refund is requested again.
    pub refund_again_after: Duration,
    /// The time that each order status may last.
    pub deadlines: Deadlines,
}

/// The ports of the functions that publish events, notify customers, call the shop's endpoints, or redrive or replay messages.
#[derive(Clone)]
pub struct Channels {
    /// The topics, by service.
    pub topics: BTreeMap<Service, Arc<dyn Topic>>,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// Text messages.
    pub texter: Arc<dyn Texter>,
    /// The delivery queue, which is also the queue that dead letters are requeued to.
    pub work: Arc<dyn WorkQueue>,
    /// The HTTP transport to the endpoints of webhooks.
    pub endpoints: Arc<dyn Transport>,
    /// The HTTP transport to the shop's own public door.
    pub door: Arc<dyn Transport>,
    /// The names of their hosts.
    pub names: Arc<dyn Names>,
    /// The random bytes of their secrets.
    pub random: Arc<dyn RandomBytes>,
    /// The jitter of the waits between attempts.
    pub jitter: Arc<dyn Jitter>,
    /// The dead-letter queue of `take-payment`.
    pub dead_letters: Arc<dyn DeadLetterQueue>,
    /// The batches that stream readers could not take.
    pub batches: Arc<dyn BatchStore>,
    /// The stream readers, as an operator's command invokes them.
    pub functions: Arc<dyn Functions>,
    /// The connections of live tracking.
    pub sockets: Arc<dyn Sockets>,
    /// The counts of their frames.
    pub frames: Arc<dyn RateMarks>,
    /// The records of dead letters.
    pub letter_records: Arc<dyn Documents>,
    /// All events of each service, as an operator's command reads them.
    pub scans: BTreeMap<Service, Arc<dyn EventScan>>,
}

impl Default for Channels {
    /// Twins that nothing reads: for a harness that runs none of these functions.
    fn default() -> Self {
        let mail = Arc::new(MailBox::default());
        Self {
            topics: BTreeMap::new(),
            mailer: mail.clone(),
            texter: mail,
            work: Arc::new(MemoryWork::default()),
            endpoints: Arc::new(Receivers::default()),
            door: Arc::new(ShopDoor::default()),
            names: Arc::new(FixedNames::default()),
            random: Arc::new(SameBytes),
            jitter: Arc::new(NoJitter),
            dead_letters: Arc::new(MemoryLetters::new(Arc::new(FixedClock::at(now())))),
            batches: Arc::new(MemoryBatches::default()),
            functions: Arc::new(MemoryFunctions::default()),
            sockets: Arc::new(MemorySockets::default()),
            frames: Arc::new(Memory::default()),
            letter_records: Arc::new(Memory::default()),
            scans: BTreeMap::new(),
        }
    }
}

/// The same bytes each time, so that the secrets of two runs are equal.
struct SameBytes;

impl RandomBytes for SameBytes {
    fn bytes(&self) -> Option<[u8; 32]> {
        Some([7; 32])
    }
}
