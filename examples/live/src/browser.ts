// The ports that a browser has by itself: sockets, timers, chance, visibility.

import type { LineLike, PageLike, Ports } from "./ports";

export interface BrowserOptions<Page extends PageLike, Line extends LineLike>
  extends Pick<Ports<Page, Line>, "ticket" | "read">,
    Partial<Pick<Ports<Page, Line>, "readBoard">> {
  /** The stack's output `LiveUrl`, as in `wss://….amazonaws.com/live`. */
  liveUrl: string;
}

/** All ports, from those that call the HTTP API. */
export function browserPorts<Page extends PageLike, Line extends LineLike>(
  options: BrowserOptions<Page, Line>,
): Ports<Page, Line> {
  return {
    ticket: options.ticket,
    read: options.read,
    readBoard: options.readBoard ?? (() => Promise.reject(new Error("this page has no board"))),
    open: (ticket) => new WebSocket(`${options.liveUrl}?ticket=${encodeURIComponent(ticket)}`),
    now: steadily(Date.now),
    after: (milliseconds, run) => {
      const timer = setTimeout(run, milliseconds);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    isVisible: () => document.visibilityState === "visible",
    watchVisible: (changed) => {
      document.addEventListener("visibilitychange", changed);
      return () => document.removeEventListener("visibilitychange", changed);
    },
    failed: (error) => console.warn("no live connection", error),
  };
}

/** Goes on while the machine sleeps, which `performance.now` does not, and stands still while the clock is set back. */
export function steadily(wall: () => number): () => number {
  let last = wall();
  let behind = 0;
  return () => {
    const now = wall() + behind;
    if (now < last) behind += last - now;
    last = Math.max(last, now);
    return last;
  };
}
