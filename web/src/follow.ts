// How a page learns of changes. Orders and the board are followed by live tracking, over one socket for the whole console, which polls
// while the socket fails. Everything else is asked for again after some seconds while the page is visible.

import { useEffect, useState } from "preact/hooks";
import { type BoardState, browserPorts, LiveClient, type Mode, type OrderState, type Trouble } from "../../examples/live/src/index";
import { call, get, Problem, readList } from "./api";
import { person, secondsLeft, watchSession } from "./session";
import { settings } from "./settings";
import type { OrderPage, OrderSummary } from "./shapes";

/** Seconds between two questions, for what no socket reports. */
const EVERY = { soon: 10, slow: 30 } as const;
/** A list that depends on orders is read at most so often, in milliseconds, and once more so much later: its view may be behind. */
const PACE = 5000;

/** `board`: whatever depends on any order. */
export type Topic = "board" | keyof typeof EVERY;

/** Calls `onChange` whenever the topic may have changed, until the returned function is called. */
export function follow(topic: Topic, onChange: () => void): () => void {
  return topic === "board" ? followLines(onChange) : ask(EVERY[topic], onChange);
}

/** The order by live tracking; undefined at first. */
export function useOrder(id: string): OrderState<OrderPage> | undefined {
  const [state, setState] = useState<{ id: string; of: OrderState<OrderPage> }>();
  useEffect(() => live().follow(id, (of) => setState({ id, of })), [id]);
  return state?.id === id ? state.of : undefined;
}

/** The lines of the board, for as many pages of its list as were asked for. */
export function useBoard() {
  const [state, setState] = useState<BoardState<OrderSummary>>();
  useEffect(() => {
    const stop = live().followBoard(setState);
    return () => {
      stop();
      pages = 1;
    };
  }, []);
  const reload = () => live().refresh("board");
  return {
    data: state?.lines && { items: state.lines, next: state.next },
    problem: state?.trouble && problemOf(state.trouble),
    isLoading: !state?.lines,
    reload,
    more: () => {
      pages += 1;
      reload();
    },
  };
}

/** How fresh a topic is, in words. */
export function useFreshness(topic: Topic | { order: string }): string {
  const [mode, setMode] = useState<Mode>();
  useEffect(() => {
    const show = (state: { mode: Mode }) => setMode(state.mode);
    if (topic === "board") return live().followBoard(show);
    return typeof topic === "object" ? live().follow(topic.order, show) : undefined;
  }, [JSON.stringify(topic)]);
  if (topic === "soon" || topic === "slow") return `updates every ${EVERY[topic]} s`;
  return { live: "live", connecting: "connecting…", polling: "no live connection: updates every 15 s" }[mode ?? "connecting"];
}

// ── live tracking ──

let client: LiveClient<OrderPage, OrderSummary> | undefined;
/** How many pages of the board's list are read. */
let pages = 1;

/** The one client of this tab and person: it ends when they sign out. */
function live(): LiveClient<OrderPage, OrderSummary> {
  if (client) return client;
  const unwatch = watchSession(() => {
    if (person()) return;
    unwatch();
    client?.close();
    client = undefined;
  });
  client = new LiveClient(
    browserPorts<OrderPage, OrderSummary>({
      liveUrl: settings().live_url,
      ticket: async (signal) => {
        const { ticket } = await call<{ ticket: string }>("POST", "/live/tickets", { signal });
        return { ticket, tokenSeconds: secondsLeft() };
      },
      read: (order, signal) => get<OrderPage>(`/orders/${order}`, signal),
      readBoard: (signal) => readList<OrderSummary>("/orders?open=true&limit=50", pages, signal),
    }),
  );
  return client;
}

function problemOf({ code, detail, error }: Trouble): Problem {
  if (error instanceof Problem) return error;
  return new Problem(code === "unread" ? 0 : 403, "This could not be read", detail);
}

function followLines(onChange: () => void): () => void {
  let lines: OrderSummary[] | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isNews = false;
  const look = () => {
    timer = undefined;
    onChange();
    if (isNews) timer = setTimeout(look, PACE);
    isNews = false;
  };
  const stop = live().followBoard((state) => {
    // The first lines are no news to a page that loads by itself.
    const isFirst = lines === undefined;
    if (state.lines === lines) return;
    lines = state.lines;
    if (isFirst) return;
    isNews = true;
    if (!timer) look();
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

// ── asking again ──

function ask(seconds: number, onChange: () => void): () => void {
  const look = () => {
    if (document.visibilityState === "visible") onChange();
  };
  const timer = setInterval(look, seconds * 1000);
  // A page that was in the background is out of date when it is seen again.
  document.addEventListener("visibilitychange", look);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
