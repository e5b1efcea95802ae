//! The twin of a dead-letter queue: it hides what is in hand until that is given back or held for too long, and lets go
//! of a letter only by the receipt of the last time that it was taken.

use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{DeadLetterQueue, DeadLetteredBy, Letter, MOST_AT_ONCE, QueueError};
use resilience::Clock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A dead-letter queue, by a clock.
pub struct MemoryLetters {
    clock: Arc<dyn Clock>,
    lying: Mutex<Vec<Lying>>,
    /// Whether it refuses every call.
    pub is_out: AtomicBool,
}

struct Lying {
    letter: Letter,
    taken: u32,
    /// Hidden until then.
    seen_from: Timestamp,
}

impl MemoryLetters {
    /// An empty one.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, lying: Mutex::default(), is_out: AtomicBool::new(false) }
    }

    /// Sets a message aside and gives back the letter's id: the n-th to be set aside has the n-th id.
    pub fn add(&self, body: &str, dead_lettered_by: DeadLetteredBy) -> String {
        let now = self.clock.now();
        let mut lying = self.lying();
        let id = format!("00000000-0000-4000-8000-{:012}", lying.len() + 1);
        let (receipt, since) = (String::new(), Some(now));
        let letter = Letter { id: id.clone(), receipt, body: body.to_owned(), since, dead_lettered_by };
        lying.push(Lying { letter, taken: 0, seen_from: now });
        id
    }

    /// What lies there, in hand or not: ids and bodies.
    pub fn all(&self) -> Vec<(String, String)> {
        self.lying().iter().map(|it| (it.letter.id.clone(), it.letter.body.clone())).collect()
    }

    /// How many are in flight, so hidden from other takers.
    pub fn in_flight(&self) -> usize {
        let now = self.clock.now();
        self.lying().iter().filter(|it| it.seen_from > now).count()
    }

    fn lying(&self) -> MutexGuard<'_, Vec<Lying>> {
        self.lying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self) -> Result<(), QueueError> {
        if self.is_out.load(Ordering::SeqCst) { Err(QueueError("out".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl DeadLetterQueue for MemoryLetters {
    async fn take(&self, most: usize, hold: Duration) -> Result<Vec<Letter>, QueueError> {
        self.answer()?;
        let now = self.clock.now();
        let mut lying = self.lying();
        let seen = lying.iter_mut().filter(|it| it.seen_from <= now).take(most.clamp(1, MOST_AT_ONCE));
        let taken = seen.map(|it| {
            it.taken += 1;
            it.seen_from = now.checked_add(hold).unwrap_or(Timestamp::MAX);
            it.letter.receipt = format!("{}/{}", it.letter.id, it.taken);
            it.letter.clone()
        });
        Ok(taken.collect())
    }

    async fn release(&self, receipts: &[String]) -> Result<(), QueueError> {
        self.answer()?;
        let now = self.clock.now();
        for it in self.lying().iter_mut().filter(|it| receipts.contains(&it.letter.receipt)) {
            it.seen_from = now;
        }
        Ok(())
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.answer()?;
        self.lying().retain(|it| it.letter.receipt != receipt);
        Ok(())
    }
}
