//! The twin of a dead-letter queue. It hides a taken letter until the letter is released or its hold expires, and deletes
//! a letter only by the receipt of the last take.

use async_trait::async_trait;
use jiff::Timestamp;
use outbound::{DeadLetterQueue, DeadLetteredBy, Letter, MOST_AT_ONCE, QueueError};
use resilience::Clock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A dead-letter queue in memory.
pub struct MemoryLetters {
    clock: Arc<dyn Clock>,
    letters: Mutex<Vec<Stored>>,
    /// Whether it refuses every call.
    pub is_out: AtomicBool,
}

struct Stored {
    letter: Letter,
    /// How often the letter was taken.
    taken: u32,
    /// The letter is hidden until this moment.
    visible_at: Timestamp,
}

impl MemoryLetters {
    /// An empty queue.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, letters: Mutex::default(), is_out: AtomicBool::new(false) }
    }

    /// Dead-letters a message and returns the letter's id: the n-th letter has the n-th id.
    pub fn add(&self, body: &str, dead_lettered_by: DeadLetteredBy) -> String {
        let now = self.clock.now();
        let mut letters = self.letters();
        let id = format!("00000000-0000-4000-8000-{:012}", letters.len() + 1);
        let (receipt, since) = (String::new(), Some(now));
        let is_ours = matches!(dead_lettered_by, DeadLetteredBy::Function { .. });
        let message_id = is_ours.then(|| format!("message-{}", letters.len() + 1));
        let letter =
            Letter { id: id.clone(), receipt, body: body.to_owned(), message_id, since, dead_lettered_by };
        letters.push(Stored { letter, taken: 0, visible_at: now });
        id
    }

    /// The ids and bodies of all letters, in flight or not.
    pub fn all(&self) -> Vec<(String, String)> {
        self.letters().iter().map(|it| (it.letter.id.clone(), it.letter.body.clone())).collect()
    }

    /// How many are in flight, so hidden from other takers.
    pub fn in_flight(&self) -> usize {
        let now = self.clock.now();
        self.letters().iter().filter(|it| it.visible_at > now).count()
    }

    fn letters(&self) -> MutexGuard<'_, Vec<Stored>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut letters = self.letters();
        let visible = letters.iter_mut().filter(|it| it.visible_at <= now).take(most.clamp(1, MOST_AT_ONCE));
        let taken = visible.map(|it| {
            it.taken += 1;
            it.visible_at = now.checked_add(hold).unwrap_or(Timestamp::MAX);
            it.letter.receipt = format!("{}/{}", it.letter.id, it.taken);
            it.letter.clone()
        });
        Ok(taken.collect())
    }

    async fn release(&self, receipts: &[String]) -> Result<(), QueueError> {
        self.answer()?;
        let now = self.clock.now();
        for it in self.letters().iter_mut().filter(|it| receipts.contains(&it.letter.receipt)) {
            it.visible_at = now;
        }
        Ok(())
    }

    async fn delete(&self, receipt: &str) -> Result<(), QueueError> {
        self.answer()?;
        self.letters().retain(|it| it.letter.receipt != receipt);
        Ok(())
    }
}
