//! The loop of every step: read the stream, decide, append; and if somebody was first, read and decide again.

use crate::{Aggregate, AppendError, EventStore, History, StoreError, StreamId};
use events::{Cause, Envelope};
use resilience::{BackOff, Clock, Failure, RandomJitter};

/// How often a step decides anew before the message is given back to its queue.
const TRIES: u32 = 8;

/// What a step came to.
#[derive(Debug, Clone)]
pub enum Decided<A> {
    /// The event was appended; the history includes it.
    Appended(History<A>),
    /// The effect was there already.
    Nothing(History<A>),
}

impl<A> Decided<A> {
    /// The stream as it stands now.
    pub fn history(self) -> History<A> {
        match self {
            Self::Appended(history) | Self::Nothing(history) => history,
        }
    }
}

/// Why a step came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum StepError<E> {
    /// `decide` refused the command.
    #[error("the command was refused")]
    Refused(E),
    /// The table's own failure, or too many others were first.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<StepError<Failure>> for Failure {
    fn from(error: StepError<Failure>) -> Self {
        match error {
            StepError::Refused(failure) => failure,
            StepError::Store(error) => error.into(),
        }
    }
}

/// Runs `decide` on the folded stream until its event is appended, or it says nothing.
///
/// `decide` is pure. It answers `Ok(None)` when the command has already had its effect: that is what makes a
/// redelivered message harmless. The append is fenced by the sequence, so a late zombie cannot write.
pub async fn append_decided<A: Aggregate, E>(
    store: &dyn EventStore,
    stream: &StreamId,
    cause: &Cause,
    clock: &dyn Clock,
    decide: impl Fn(&A) -> Result<Option<A::Event>, E> + Send + Sync,
) -> Result<Decided<A>, StepError<E>> {
    for attempt in 1..=TRIES {
        let mut history = store.history::<A>(stream).await?;
        let Some(event) = decide(&history.state).map_err(StepError::Refused)? else {
            return Ok(Decided::Nothing(history));
        };
        let envelope = Envelope::wrap(stream.subject(), history.next(), clock.now(), cause, &event);
        match store.append(stream, &envelope).await {
            Ok(()) => {
                tracing::info!(
                    event.id = %envelope.id,
                    event.type = envelope.event_type,
                    event.cause = %envelope.causationid,
                    "appended {}", envelope.event_type,
                );
                history.state.evolve(&event, &envelope);
                history.envelopes.push(envelope);
                return Ok(Decided::Appended(history));
            }
            Err(AppendError::Conflict) => {
                clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
            }
            Err(AppendError::Store(error)) => return Err(error.into()),
        }
    }
    Err(StoreError::Unavailable(format!("others were first at {stream} {TRIES} times")).into())
}
