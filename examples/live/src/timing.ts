// Every time and limit of the library, in milliseconds. The rules are in docs/live.md, "What a client must do" and "Limits".

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Heartbeats of an order, after its last change; then one every `BEAT_EVERY`. */
export const BEATS = [10 * SECOND, 30 * SECOND, 60 * SECOND];
export const BEAT_EVERY = 290 * SECOND;
/** A ticket with its handshake, or a heartbeat, that takes longer has failed. */
export const ANSWER_WITHIN = 5 * SECOND;

/** The gateway ends a connection after 2 hours; ours returns earlier, each at its own time: 105 to 115 minutes. */
export const RETURN_AFTER = 110 * MINUTE;
export const RETURN_SPREAD = 5 * MINUTE;
/** How long before its token expires a connection returns, unless it is younger than `YOUNG`. */
export const BEFORE_EXPIRY = 10 * SECOND;
export const YOUNG = MINUTE;

/** After so many failures in a row, or so long without an answer, the page says that it polls. */
export const FAILURES = 3;
export const SAY_AFTER = 10 * SECOND;
/** A connection that failed sooner after its first answer is one more failure in a row. */
export const STABLE_AFTER = 30 * SECOND;
/** The wait for the next connection: it doubles with each failure in a row. */
export const FIRST_WAIT = SECOND;
export const LONGEST_WAIT = MINUTE;

/** How often `GET` reads what no socket follows, and the list of the board while one does. */
export const POLL_EVERY = 15 * SECOND;
export const LIST_EVERY = MINUTE;
/** A reading that takes longer is given up, and made again later. */
export const READ_WITHIN = 10 * SECOND;
/** The next reading, if one did not have what a frame announced. */
export const READ_AGAIN = 5 * SECOND;
/** How far a list may be behind the frames: a line that was known since then stays. */
export const LIST_BEHIND = 10 * SECOND;

/** How long a connection stays open without anything to follow, and in a tab that is hidden. */
export const IDLE_FOR = 30 * SECOND;
export const HIDDEN_FOR = MINUTE;

/** So many frames at once, and one more each `FRAME_EVERY`: half of what the server admits, because a network may delay and bunch. */
export const FRAMES = 30;
export const FRAME_EVERY = 2 * SECOND;

/** The next heartbeat of what changed last at `changedAt`. */
export function nextBeat(changedAt: number, now: number): number {
  const soon = BEATS.find((after) => changedAt + after > now);
  if (soon !== undefined) return changedAt + soon;
  const last = changedAt + BEATS[BEATS.length - 1]!;
  return last + BEAT_EVERY * (Math.floor((now - last) / BEAT_EVERY) + 1);
}

/** The wait after the failure with this number in a row: at least half of it, so that many clients do not return at once. */
export function waitAfter(failures: number, random: number): number {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1));
  return longest * (0.5 + random / 2);
}
