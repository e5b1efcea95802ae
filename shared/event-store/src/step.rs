//! The loop of every step, with optimistic concurrency: read the stream, decide, append; after a conflict, read and decide
//! again.

use crate::stream::read_event;
use crate::{Aggregate, AppendError, EventStore, History, StoreError, StreamId};
use events::{Cause, Envelope, Traceparent};
use resilience::{BackOff, Clock, Failure, RandomJitter};

/// How often a step decides before its message is retried later.
const TRIES: u32 = 8;

/// The outcome of a step.
#[derive(Debug, Clone)]
pub enum Decided<A> {
    /// The event was appended. The history includes it.
    Appended(History<A>),
    /// Nothing was appended: the command has had its effect already, or has none.
    Nothing(History<A>),
}

impl<A> Decided<A> {
    /// The stream after the step.
    pub fn history(self) -> History<A> {
        match self {
            Self::Appended(history) | Self::Nothing(history) => history,
        }
    }
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError<E> {
    /// `decide` refused the command.
    #[error("the command was refused")]
    Refused(E),
    /// The table failed, or there were too many conflicts with concurrent writers.
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

/// Runs `decide` on the folded stream until its event is appended, or it returns no event.
///
/// Into a stream whose personal data was erased, only redacted events are appended ([`Aggregate::pseudonym`]). The append is
/// fenced by the sequence, so this check and the write are one.
///
/// `decide` is pure. It returns `Ok(None)` if the command has already had its effect, so a redelivered message is harmless.
/// The append is fenced by the sequence, so a process that wakes up late cannot write on an old state.
///
/// # Errors
/// What `decide` returns, or the table's failure. After 8 conflicts: [`StoreError::Unavailable`], so that the caller
/// retries.
pub async fn append_decided<A: Aggregate, E>(
    store: &dyn EventStore,
    stream: &StreamId,
    cause: &Cause,
    clock: &dyn Clock,
    decide: impl Fn(&A) -> Result<Option<A::Event>, E> + Send + Sync,
) -> Result<Decided<A>, StepError<E>> {
    let history = store.history::<A>(stream).await?;
    append_decided_on(history, store, stream, cause, clock, decide).await
}

/// The same for a stream that the step has just read. If another process appended since, the first append conflicts, and the
/// stream is read again.
///
/// # Errors
/// Those of [`append_decided`].
pub async fn append_decided_on<A: Aggregate, E>(
    mut history: History<A>,
    store: &dyn EventStore,
    stream: &StreamId,
    cause: &Cause,
    clock: &dyn Clock,
    decide: impl Fn(&A) -> Result<Option<A::Event>, E> + Send + Sync,
) -> Result<Decided<A>, StepError<E>> {
    for attempt in 1..=TRIES {
        let Some(event) = decide(&history.state).map_err(StepError::Refused)? else {
            return Ok(Decided::Nothing(history));
        };
        let cause = history.cause_in(stream, cause);
        let envelope = Envelope::wrap(stream.subject(), history.next(), clock.now(), &cause, &event);
        let erased = history.state.pseudonym().and_then(|pseudonym| envelope.redacted(pseudonym));
        let (event, envelope) = match erased {
            Some(redacted) => (read_event::<A>(&redacted)?, redacted),
            None => (event, envelope),
        };
        match store.append(stream, &envelope).await {
            Ok(()) => {
                tracing::info!(
                    order.id = stream.of_order(),
                    event.id = %envelope.id,
                    event.cause = %envelope.causationid,
                    trace_id = envelope.traceparent.as_ref().map(Traceparent::trace_id),
                    "appended {}", envelope.event_type,
                );
                history.state.evolve(&event, &envelope);
                history.envelopes.push(envelope);
                return Ok(Decided::Appended(history));
            }
            Err(AppendError::Conflict) => {
                clock.sleep(BackOff::CONFLICT.wait(attempt, &RandomJitter)).await;
                history = store.history::<A>(stream).await?;
            }
            Err(AppendError::Store(error)) => return Err(error.into()),
        }
    }
    Err(StoreError::Unavailable(format!("{TRIES} conflicts with concurrent writers at {stream}")).into())
}
