// The decisions of live tracking: what happened, in which state, and what is done next. Pure: the time and chance are parameters.
//
// Each event is taken first, then everything that is due goes on. So a late `tick`, after the machine slept, is an event like any.

import { withFrame, withList } from "./board";
import { BOARD, type Frame } from "./protocol";
import { type Effect, type Event, isWanted, newTopic, nextFrameAt, type State, type Topic } from "./state";
import * as timing from "./timing";

/** The time, and a number from 0 below 1. */
export interface Moment {
  now: number;
  random: number;
}

/** A state that is being changed: a copy of the one before. */
interface Turn extends Moment {
  state: State;
  effects: Effect[];
}

export function reduce(before: State, event: Event, moment: Moment): { state: State; effects: Effect[] } {
  const topics = Object.fromEntries(Object.entries(before.topics).map(([id, topic]) => [id, { ...topic }]));
  const turn: Turn = { ...moment, state: { ...before, topics }, effects: [] };
  take(turn, event);
  goOn(turn);
  return { state: turn.state, effects: turn.effects };
}

function take(turn: Turn, event: Event): void {
  const { state, now } = turn;
  switch (event.type) {
    case "follow":
      return follow(turn, event.topic);
    case "unfollow":
      return unfollow(turn, event.topic);
    case "refresh": {
      const topic = state.topics[event.topic];
      if (topic) topic.readAt = now;
      return;
    }
    case "opened":
      return opened(turn, event.connection, event.tokenSeconds);
    case "closed":
      if (isCurrent(state, event.connection)) fail(turn);
      return;
    case "frame":
      if (isCurrent(state, event.connection)) receive(turn, event.frame);
      return;
    case "read": {
      const topic = finished(turn, event.topic, event.request);
      if (!topic) return;
      accept(topic, event.page.sequence, event.page, now);
      if (topic.isFollowed && topic.known > topic.sequence) topic.readAt = Math.min(topic.readAt, now + timing.READ_AGAIN);
      return;
    }
    case "listed": {
      const askedAt = state.topics[BOARD]?.reading?.since;
      const topic = finished(turn, BOARD, event.request);
      if (topic && askedAt !== undefined) topic.board = withList(topic.board, event.board, askedAt);
      return;
    }
    case "unread": {
      const topic = state.topics[event.topic];
      if (topic?.reading?.request === event.request) unread(turn, topic, event.error);
      return;
    }
    case "visible":
      return see(turn, event.isVisible);
    case "tick":
      return;
    case "end":
      for (const id of Object.keys(state.topics)) unfollow(turn, id);
      return rest(turn);
  }
}

// ── what is followed ──

function follow({ state, now }: Turn, id: string): void {
  if (state.topics[id]) return;
  const topic = newTopic(now);
  const { connection } = state;
  if (connection.is === "open") topic.beatAt = now;
  // The first answer of a good connection has the whole order.
  if (id !== BOARD && connection.is === "open" && connection.answeredAt !== undefined) topic.readAt = now + timing.POLL_EVERY;
  state.topics[id] = topic;
}

function unfollow(turn: Turn, id: string): void {
  const topic = turn.state.topics[id];
  if (topic?.reading) turn.effects.push({ type: "abort", request: topic.reading.request });
  delete turn.state.topics[id];
}

function see({ state, now }: Turn, isVisible: boolean): void {
  if (isVisible === (state.hiddenSince === undefined)) return;
  state.hiddenSince = isVisible ? undefined : now;
  if (!isVisible) return;
  if (state.connection.is === "waiting") state.connection = { is: "waiting", until: now };
  for (const [id, topic] of Object.entries(state.topics)) {
    if (state.connection.is === "open") topic.beatAt = now;
    if (state.connection.is !== "open" || id === BOARD) topic.readAt = now;
  }
}

// ── frames and pages ──

function receive(turn: Turn, frame: Frame): void {
  const { state, now } = turn;
  if (frame.type === "board") {
    const topic = state.topics[BOARD];
    if (!topic) return;
    const board = withFrame(topic.board, frame.order, frame.sequence, frame.summary, now);
    if (board !== topic.board) change(topic, now);
    topic.board = board;
    return;
  }
  if (frame.type === "error") return refuse(turn, frame);
  const topic = state.topics[frame.order];
  if (!topic || topic.refused) return;
  if (frame.type === "order") accept(topic, frame.sequence, frame.page, now);
  // An answer to the frame before this one, or a push that was under way, may be older than what was asked for.
  const isAnswer = topic.asked !== undefined && frame.sequence >= topic.asked.after;
  if (isAnswer) answered(turn, frame.order, topic);
  if (frame.sequence <= topic.known) return;
  // The order has changed, and its page is not in this frame.
  topic.known = frame.sequence;
  topic.readAt = Math.min(topic.readAt, now);
}

/** Keeps the page with the largest sequence. */
function accept(topic: Topic, sequence: number, page: Topic["page"], now: number): void {
  if (sequence <= topic.sequence) return;
  topic.sequence = sequence;
  topic.page = page;
  topic.known = Math.max(topic.known, sequence);
  change(topic, now);
}

function change(topic: Topic, now: number): void {
  topic.changedAt = now;
  // A frame that is due already is not delayed.
  if (topic.beatAt > now && topic.beatAt !== Infinity) topic.beatAt = timing.nextBeat(now, now);
}

function refuse(turn: Turn, { code, order, detail }: Frame & { type: "error" }): void {
  const id = code === "forbidden" ? BOARD : order;
  const topic = id === undefined ? undefined : turn.state.topics[id];
  // Any other error is of a frame that is not answered, so the connection fails soon.
  if (!topic || (code !== "forbidden" && code !== "not_found")) return;
  topic.refused = { code, detail };
  if (topic.reading) turn.effects.push({ type: "abort", request: topic.reading.request });
  Object.assign(topic, { asked: undefined, isFollowed: false, reading: undefined });
  good(turn);
}

function answered(turn: Turn, id: string, topic: Topic): void {
  topic.asked = undefined;
  if (id !== BOARD) topic.unread = undefined;
  if (!topic.isFollowed) {
    topic.isFollowed = true;
    if (id === BOARD) topic.readAt = turn.now; // What the board missed before is in its list alone.
    else if (topic.known <= topic.sequence) topic.readAt = Infinity;
  }
  good(turn);
}

/** The connection does what it is for. */
function good({ state, now }: Turn): void {
  if (state.connection.is !== "open" || state.connection.answeredAt !== undefined) return;
  state.connection = { ...state.connection, answeredAt: now };
  state.downSince = undefined;
  state.isPolling = false;
}

// ── the connection ──

function isCurrent({ connection }: State, id: number): boolean {
  return (connection.is === "opening" || connection.is === "open") && connection.id === id;
}

function opened({ state, now, random }: Turn, id: number, tokenSeconds: number | undefined): void {
  if (state.connection.is !== "opening" || state.connection.id !== id) return;
  const byItself = now + timing.RETURN_AFTER + timing.RETURN_SPREAD * (2 * random - 1);
  const byToken = tokenSeconds === undefined ? Infinity : now + tokenSeconds * 1000 - timing.BEFORE_EXPIRY;
  const returnAt = Math.max(now + timing.YOUNG, Math.min(byItself, byToken));
  state.connection = { is: "open", id, openedAt: now, returnAt, answeredAt: undefined };
  state.fullAt = now;
  for (const topic of Object.values(state.topics)) topic.beatAt = now;
}

function open({ state, effects, now }: Turn): void {
  state.last += 1;
  state.connection = { is: "opening", id: state.last, since: now };
  state.downSince ??= now;
  effects.push({ type: "open", connection: state.last });
}

/** Ends the connection. Nothing is followed until the next; `GET` reads it from `readAt` on. */
function leave({ state, effects }: Turn, readAt: number): void {
  const { connection } = state;
  if (connection.is === "opening" || connection.is === "open") effects.push({ type: "close", connection: connection.id });
  for (const topic of Object.values(state.topics)) {
    if (topic.isFollowed) topic.readAt = Math.min(topic.readAt, readAt);
    Object.assign(topic, { beatAt: Infinity, asked: undefined, isFollowed: false });
  }
}

function fail(turn: Turn): void {
  const { state, now, random } = turn;
  const { connection } = state;
  const since = connection.is === "open" ? connection.answeredAt : undefined;
  state.failures = since !== undefined && now - since >= timing.STABLE_AFTER ? 1 : state.failures + 1;
  leave(turn, now);
  state.connection = { is: "waiting", until: now + timing.waitAfter(state.failures, random) };
  state.downSince ??= now;
}

/** Nothing is followed, or the tab is hidden: no connection, no reading. */
function rest(turn: Turn): void {
  const { state, effects } = turn;
  leave(turn, Infinity);
  for (const topic of Object.values(state.topics)) {
    if (topic.reading) effects.push({ type: "abort", request: topic.reading.request });
    topic.reading = undefined;
  }
  Object.assign(state, { connection: { is: "none" }, failures: 0, downSince: undefined, isPolling: false });
}

// ── readings ──

/** The topic of a reading that is not given up. */
function finished({ state }: Turn, id: string, request: number): Topic | undefined {
  const topic = state.topics[id];
  if (topic?.reading?.request !== request) return undefined;
  topic.reading = undefined;
  topic.unread = undefined;
  return topic;
}

function unread({ now }: Turn, topic: Topic, error: unknown): void {
  topic.reading = undefined;
  topic.unread = { code: "unread", detail: error instanceof Error ? error.message : String(error), error };
  topic.readAt = now + timing.POLL_EVERY;
}

// ── what is due ──

function goOn(turn: Turn): void {
  const { state, now } = turn;
  const isIdle = Object.values(state.topics).every((topic) => topic.refused);
  state.idleSince = isIdle ? (state.idleSince ?? now) : undefined;
  if (!isWanted(state, now)) return rest(turn);
  connect(turn);
  beat(turn);
  if (state.failures >= timing.FAILURES && state.downSince !== undefined) state.isPolling = true;
  if (state.downSince !== undefined && now >= state.downSince + timing.SAY_AFTER) state.isPolling = true;
  read(turn);
}

function connect(turn: Turn): void {
  const { state, now } = turn;
  const { connection } = state;
  const isUnanswered = ({ asked }: Topic) => asked !== undefined && now >= asked.at + timing.ANSWER_WITHIN;
  switch (connection.is) {
    case "none":
      return open(turn);
    case "waiting":
      return now >= connection.until ? open(turn) : undefined;
    case "opening":
      return now >= connection.since + timing.ANSWER_WITHIN ? fail(turn) : undefined;
    case "open":
      if (Object.values(state.topics).some(isUnanswered)) return fail(turn);
      if (now < connection.returnAt) return;
      state.failures = 0;
      leave(turn, now + timing.POLL_EVERY);
      return open(turn);
  }
}

/** Sends the frames that are due, as many as the connection may send. */
function beat({ state, effects, now }: Turn): void {
  if (state.connection.is !== "open") return;
  const due = Object.entries(state.topics).filter(([, topic]) => !topic.refused && !topic.asked && topic.beatAt <= now);
  due.sort(([, one], [, other]) => one.beatAt - other.beatAt);
  for (const [id, topic] of due) {
    if (now < nextFrameAt(state)) return;
    state.fullAt = Math.max(state.fullAt, now) + timing.FRAME_EVERY;
    topic.asked = { at: now, after: topic.sequence };
    topic.beatAt = timing.nextBeat(topic.changedAt, now);
    effects.push({ type: "send", connection: state.connection.id, topic: id, after: topic.sequence });
  }
}

function read(turn: Turn): void {
  const { state, effects, now } = turn;
  for (const [id, topic] of Object.entries(state.topics)) {
    if (topic.refused) continue;
    if (topic.reading && now >= topic.reading.since + timing.READ_WITHIN) {
      effects.push({ type: "abort", request: topic.reading.request });
      unread(turn, topic, new Error("no answer within 10 seconds"));
    }
    if (topic.reading || topic.readAt > now) continue;
    state.last += 1;
    topic.reading = { request: state.last, since: now };
    topic.readAt = topic.isFollowed ? (id === BOARD ? now + timing.LIST_EVERY : Infinity) : now + timing.POLL_EVERY;
    effects.push({ type: "read", topic: id, request: state.last });
  }
}
