// What the library needs from the page that uses it, and what it gives back. `browser.ts` has the browser's own half.

/** How a page learns of changes now: by pushes, not yet, or by asking every 15 s because the socket fails. Show it. */
export type Mode = "live" | "connecting" | "polling";

/** Why something is not shown, or not as it is now. */
export interface Trouble {
  /** `not_found`: no such order, or another customer's. `forbidden`: only staff follow the board. `unread`: the last reading failed. */
  code: "not_found" | "forbidden" | "unread";
  detail: string;
  /** What the port threw. */
  error?: unknown;
}

/** The least that the page of an order has: the body of `GET /orders/{order_id}`. */
export interface PageLike {
  sequence: number;
}

/** The least that a line of the board has: a line of `GET /orders?open=true`. */
export interface LineLike {
  order_id: string;
  updated_at: string;
}

export interface OrderState<Page> {
  mode: Mode;
  /** The newest page, which stays while it is read again; undefined until the first. */
  page: Page | undefined;
  trouble: Trouble | undefined;
}

export interface BoardState<Line> {
  mode: Mode;
  /** New lines first, then as the list has them; undefined until the first list. */
  lines: Line[] | undefined;
  /** The cursor of the list that was read last: there are more lines than these. */
  next: string | null;
  trouble: Trouble | undefined;
}

export interface Board<Line> {
  items: Line[];
  next: string | null;
}

export interface Ticket {
  ticket: string;
  /** Seconds until the token expires with which the ticket was issued: the connection ends with it. Get a token that lasts over a minute. */
  tokenSeconds?: number;
}

/** The part of a browser's `WebSocket` that is used. */
export type Socket = Pick<WebSocket, "onopen" | "onmessage" | "onclose" | "send" | "close">;

/** All effects. What rejects is tried again later, and nothing is thrown at the page. */
export interface Ports<Page extends PageLike, Line extends LineLike> {
  /** `POST /live/tickets`. */
  ticket(signal: AbortSignal): Promise<Ticket>;
  /** Begins a connection with the ticket. Its first event is later. */
  open(ticket: string): Socket;
  /** `GET /orders/{order_id}`. */
  read(order: string, signal: AbortSignal): Promise<Page>;
  /** `GET /orders?open=true`, as many pages of it as are shown. */
  readBoard(signal: AbortSignal): Promise<Board<Line>>;
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls once, after milliseconds. Returns what prevents it. */
  after(milliseconds: number, run: () => void): () => void;
  /** From 0, below 1. */
  random(): number;
  isVisible(): boolean;
  /** Calls whenever `isVisible` may have changed. Returns what ends that. */
  watchVisible(changed: () => void): () => void;
  /** There was no connection, because of this. The next try is later; the mode says what that means for the page. */
  failed(error: unknown): void;
}
