// The shell: one socket, one timer and the readings of everything that a page follows. It decides nothing: `reduce.ts` does.

import type { BoardState, LineLike, OrderState, PageLike, Ports, Socket } from "./ports";
import { BOARD, followFrame, readFrame } from "./protocol";
import { reduce } from "./reduce";
import { begin, boardState, type Effect, type Event, orderState, type State, wakeAt } from "./state";

/** One callback, and what it was called with last. */
interface Listener {
  topic: string;
  call: (state: never) => void;
  shown: object | undefined;
}

/** A connection that is being made, or open. */
interface Held {
  control: AbortController;
  socket: Socket | undefined;
}

/** Longer than this a browser's timer cannot wait. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class LiveClient<Page extends PageLike, Line extends LineLike> {
  private state: State;
  private readonly queue: Event[] = [];
  private isRunning = false;
  private isClosed = false;
  private readonly listeners = new Set<Listener>();
  private readonly connections = new Map<number, Held>();
  private readonly readings = new Map<number, AbortController>();
  private cancelTimer: () => void = () => {};
  private readonly endVisible: () => void;

  constructor(private readonly ports: Ports<Page, Line>) {
    this.state = begin(ports.isVisible(), ports.now());
    this.endVisible = ports.watchVisible(() => this.happen({ type: "visible", isVisible: ports.isVisible() }));
  }

  /** Follows an order: calls at once with what is known, then after each change, until the returned function is called. */
  follow(order: string, onState: (state: OrderState<Page>) => void): () => void {
    return this.listen(order, onState);
  }

  /** Follows the lines of all open orders; for staff. */
  followBoard(onState: (state: BoardState<Line>) => void): () => void {
    return this.listen(BOARD, onState);
  }

  /** Reads an order, or "board", by `GET` now: what the caller just did is then seen even if the socket is slow. */
  refresh(topic: string): void {
    this.happen({ type: "refresh", topic });
  }

  /** Ends everything. A client that is closed follows nothing more. */
  close(): void {
    this.listeners.clear();
    this.happen({ type: "end" });
    this.isClosed = true;
    this.endVisible();
  }

  private listen(topic: string, call: Listener["call"]): () => void {
    if (this.isClosed) return () => {};
    const listener: Listener = { topic, call, shown: undefined };
    this.listeners.add(listener);
    this.happen({ type: "follow", topic });
    return () => {
      if (!this.listeners.delete(listener)) return;
      if (![...this.listeners].some((other) => other.topic === topic)) this.happen({ type: "unfollow", topic });
    };
  }

  /** Takes an event, and those that its effects and its listeners cause. */
  private happen(event: Event): void {
    if (this.isClosed) return;
    this.queue.push(event);
    if (this.isRunning) return;
    this.isRunning = true;
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      const { state, effects } = reduce(this.state, next, { now: this.ports.now(), random: this.ports.random() });
      this.state = state;
      for (const effect of effects) this.perform(effect);
      if (this.queue.length === 0) this.show();
    }
    this.isRunning = false;
    this.setTimer();
  }

  private setTimer(): void {
    this.cancelTimer();
    const at = wakeAt(this.state);
    if (at === Infinity) return void (this.cancelTimer = () => {});
    const wait = Math.min(LONGEST_TIMER, Math.max(0, Math.ceil(at - this.ports.now())));
    this.cancelTimer = this.ports.after(wait, () => this.happen({ type: "tick" }));
  }

  /** Calls those for whom something changed. */
  private show(): void {
    for (const listener of this.listeners) {
      const state = listener.topic === BOARD ? boardState(this.state) : orderState(this.state, listener.topic);
      if (!state || (listener.shown && isSame(state, listener.shown))) continue;
      listener.shown = state;
      try {
        (listener.call as (state: object) => void)(state);
      } catch (error) {
        // A page that fails in its callback must not stop the others; it gets its error as an uncaught one.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  private perform(effect: Effect): void {
    switch (effect.type) {
      case "open":
        return void this.open(effect.connection);
      case "close": {
        const held = this.connections.get(effect.connection);
        if (held) this.drop(effect.connection, held);
        return;
      }
      case "send":
        this.connections.get(effect.connection)?.socket?.send(followFrame(effect.topic, effect.after));
        return;
      case "read":
        return void this.read(effect.topic, effect.request);
      case "abort":
        this.readings.get(effect.request)?.abort();
        this.readings.delete(effect.request);
        return;
    }
  }

  private async open(connection: number): Promise<void> {
    const held: Held = { control: new AbortController(), socket: undefined };
    this.connections.set(connection, held);
    const closed = () => {
      // After `drop` the state has done without this connection already.
      if (this.connections.get(connection) !== held) return;
      this.drop(connection, held);
      this.happen({ type: "closed", connection });
    };
    try {
      const { ticket, tokenSeconds } = await this.ports.ticket(held.control.signal);
      if (held.control.signal.aborted) return;
      const socket = this.ports.open(ticket);
      held.socket = socket;
      socket.onopen = () => this.happen({ type: "opened", connection, tokenSeconds });
      socket.onmessage = ({ data }) => {
        const frame = readFrame(data);
        if (frame) this.happen({ type: "frame", connection, frame });
      };
      socket.onclose = closed;
    } catch (error) {
      if (!held.control.signal.aborted) this.ports.failed(error);
      closed();
    }
  }

  private drop(connection: number, { control, socket }: Held): void {
    this.connections.delete(connection);
    control.abort();
    if (!socket) return;
    Object.assign(socket, { onopen: null, onmessage: null, onclose: null });
    socket.close();
  }

  private async read(topic: string, request: number): Promise<void> {
    const control = new AbortController();
    this.readings.set(request, control);
    let event: Event;
    try {
      event =
        topic === BOARD
          ? { type: "listed", request, board: await this.ports.readBoard(control.signal) }
          : { type: "read", topic, request, page: await this.ports.read(topic, control.signal) };
    } catch (error) {
      event = { type: "unread", topic, request, error };
    }
    if (this.readings.delete(request)) this.happen(event);
  }
}

/** Whether both have the same values. */
function isSame(one: object, other: object): boolean {
  const fields = Object.entries(one);
  return fields.every(([name, value]) => (other as Record<string, unknown>)[name] === value);
}
