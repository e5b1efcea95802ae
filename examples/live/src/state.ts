// The state of everything that a page follows, what happens to it, and what it asks of the shell. Times are milliseconds.

import { NO_ROWS, type Rows } from "./board";
import type { Board, BoardState, LineLike, Mode, OrderState, PageLike, Trouble } from "./ports";
import { BOARD, type Frame } from "./protocol";
import { ANSWER_WITHIN, FRAME_EVERY, FRAMES, HIDDEN_FOR, IDLE_FOR, READ_WITHIN, SAY_AFTER } from "./timing";

export interface State {
  connection: Connection;
  /** The number of the last connection or reading. */
  last: number;
  /** Connections in a row that failed. */
  failures: number;
  /** Since when nothing was answered; undefined while the connection is good, and while none is wanted. */
  downSince: number | undefined;
  isPolling: boolean;
  hiddenSince: number | undefined;
  /** Since when nothing is followed. */
  idleSince: number | undefined;
  /** When this connection may send `FRAMES` frames at once again. */
  fullAt: number;
  /** By order, and `board`. */
  topics: Record<string, Topic>;
}

export type Connection =
  /** None is wanted. */
  | { is: "none" }
  /** The last one failed. */
  | { is: "waiting"; until: number }
  | { is: "opening"; id: number; since: number }
  /** `answeredAt`: the first answer, undefined before it. */
  | { is: "open"; id: number; returnAt: number; openedAt: number; answeredAt: number | undefined };

/** One order, or the board. */
export interface Topic {
  /** The largest sequence that is here, with its page. */
  sequence: number;
  page: PageLike | undefined;
  /** The largest sequence of which a frame spoke. */
  known: number;
  board: Rows;
  /** The last change, or when it was followed first. */
  changedAt: number;
  /** When the next frame is due. Infinity without a connection. */
  beatAt: number;
  /** A frame that is not answered yet. */
  asked: { at: number; after: number } | undefined;
  /** This connection follows it: a frame was answered. */
  isFollowed: boolean;
  /** When the next reading is due. */
  readAt: number;
  reading: { request: number; since: number } | undefined;
  /** The server refused it: it is not asked for again. */
  refused: Trouble | undefined;
  /** The last reading failed. */
  unread: Trouble | undefined;
}

export type Event =
  | { type: "follow" | "unfollow" | "refresh"; topic: string }
  | { type: "opened"; connection: number; tokenSeconds?: number | undefined }
  /** Also: there was no ticket, or no handshake. */
  | { type: "closed"; connection: number }
  | { type: "frame"; connection: number; frame: Frame }
  | { type: "read"; topic: string; request: number; page: PageLike }
  | { type: "listed"; request: number; board: Board<LineLike> }
  | { type: "unread"; topic: string; request: number; error: unknown }
  | { type: "visible"; isVisible: boolean }
  | { type: "tick" }
  | { type: "end" };

export type Effect =
  | { type: "open" | "close"; connection: number }
  | { type: "send"; connection: number; topic: string; after: number }
  | { type: "read"; topic: string; request: number }
  | { type: "abort"; request: number };

export function begin(isVisible: boolean, now: number): State {
  return {
    connection: { is: "none" },
    last: 0,
    failures: 0,
    downSince: undefined,
    isPolling: false,
    hiddenSince: isVisible ? undefined : now,
    idleSince: now,
    fullAt: now,
    topics: {},
  };
}

export function newTopic(now: number): Topic {
  return {
    sequence: 0,
    page: undefined,
    known: 0,
    board: NO_ROWS,
    changedAt: now,
    beatAt: Infinity,
    asked: undefined,
    isFollowed: false,
    readAt: now,
    reading: undefined,
    refused: undefined,
    unread: undefined,
  };
}

/** When the connection may send its next frame. */
export function nextFrameAt({ fullAt }: State): number {
  return fullAt - (FRAMES - 1) * FRAME_EVERY;
}

/** Whether a connection and readings are wanted. */
export function isWanted(state: State, now: number): boolean {
  if (state.hiddenSince !== undefined && now >= state.hiddenSince + HIDDEN_FOR) return false;
  return state.idleSince === undefined || (state.connection.is === "open" && now < state.idleSince + IDLE_FOR);
}

/** When the state goes on by itself: the shell sends a `tick` then. */
export function wakeAt(state: State): number {
  const { connection } = state;
  if (connection.is === "none") return Infinity;
  const times: number[] = [];
  if (state.hiddenSince !== undefined) times.push(state.hiddenSince + HIDDEN_FOR);
  if (state.idleSince !== undefined) times.push(state.idleSince + IDLE_FOR);
  if (state.downSince !== undefined && !state.isPolling) times.push(state.downSince + SAY_AFTER);
  if (connection.is === "waiting") times.push(connection.until);
  if (connection.is === "opening") times.push(connection.since + ANSWER_WITHIN);
  if (connection.is === "open") times.push(connection.returnAt);
  const frameAt = nextFrameAt(state);
  for (const topic of Object.values(state.topics)) {
    if (topic.refused) continue;
    times.push(topic.asked ? topic.asked.at + ANSWER_WITHIN : Math.max(topic.beatAt, frameAt));
    times.push(topic.reading ? topic.reading.since + READ_WITHIN : topic.readAt);
  }
  return Math.min(...times);
}

export function modeOf(state: State, topic: Topic): Mode {
  if (topic.isFollowed) return "live";
  return state.isPolling ? "polling" : "connecting";
}

/** What the page shows of an order. */
export function orderState(state: State, order: string): OrderState<PageLike> | undefined {
  const topic = state.topics[order];
  return topic && { mode: modeOf(state, topic), page: topic.page, trouble: topic.refused ?? topic.unread };
}

export function boardState(state: State): BoardState<LineLike> | undefined {
  const topic = state.topics[BOARD];
  if (!topic) return undefined;
  const { lines, next } = topic.board;
  return { mode: modeOf(state, topic), lines, next, trouble: topic.refused ?? topic.unread };
}
