// The shell: one socket, one timer and the fetches for everything that a page follows. It decides nothing: `reduce.ts` does.

import type { BoardState, LineLike, OrderState, PageLike, Ports } from "./ports";

export declare class LiveClient<Page extends PageLike, Line extends LineLike> {
  constructor(ports: Ports<Page, Line>);
  /** Follows an order: calls at once with what is known, then after each change, until the returned function is called. */
  follow(order: string, onState: (state: OrderState<Page>) => void): () => void;
  /** Follows the lines of all open orders; for staff. */
  followBoard(onState: (state: BoardState<Line>) => void): () => void;
  /** Reads an order, or "board", by `GET` now: what the caller just did is then seen even if the socket is slow. */
  refresh(topic: string): void;
  /** Ends everything. A client that is closed follows nothing more. */
  close(): void;
}
