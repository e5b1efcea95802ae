// Live tracking for a page: see the README beside `src`.

export { browserPorts, type BrowserOptions } from "./browser";
export { LiveClient } from "./client";
export type { Board, BoardState, LineLike, Mode, OrderState, PageLike, Ports, Socket, Ticket, Trouble } from "./ports";
