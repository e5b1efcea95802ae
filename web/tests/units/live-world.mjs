// A shop, its gateway and a network in virtual time, and one page that follows orders by the reducer. The server does what docs/live.md
// says; the network loses, duplicates, delays and cuts what the test chooses. After each step the world checks what always holds.

import assert from "node:assert/strict";
import { live } from "./live-library.mjs";

const { begin, reduce, wakeAt, orderState, boardState, BOARD } = live;

/** The server's limit: so many frames at once, one more each second. */
const SERVER_FRAMES = 60;
/** An order moves so often, then it has ended and leaves the list. */
const EVENTS = 8;
/** How long a reading takes, and how far the list may be behind, in milliseconds. */
const READS_TAKE = 200;
const LIST_BEHIND = 3000;

/** A network without faults. Percentages, and switches. */
export const GOOD = { lost: 0, doubled: 0, delay: 50, refuses: false, isBlack: false, blocksPushes: false, readsFail: false, readsHang: false };

export class World {
  now = 1_000_000;
  network = { ...GOOD };
  /** What happens later: `[time, run]`. */
  later = [];
  /** By id: the times of its events, the first is when it was placed. `isLarge`: its page fits into no frame. */
  orders = new Map();
  /** By connection: what it follows, and when its frames' limit is used up. */
  server = new Map();
  state;
  /** The connections that the page has begun and not closed. */
  held = new Set();
  shown = new Map();
  /** The board's lines as they were shown last. */
  lines;
  log = { frames: 0, readings: 0, opened: 0, pushes: 0 };

  /** `chance` gives numbers from 0 to 99, `random` from 0 below 1. */
  constructor({ chance = () => 50, random = () => 0.5 } = {}) {
    this.chance = chance;
    this.random = random;
    this.state = begin(true, this.now);
  }

  // ── the shop ──

  place(id, { isLarge = false } = {}) {
    this.orders.set(id, { times: [], isLarge });
    this.move(id);
  }

  /** One more event of the order. */
  move(id) {
    const order = this.orders.get(id);
    order.times.push(this.now);
    for (const [connection, { follows }] of this.server) {
      if (this.network.blocksPushes) continue;
      if (follows.has(id)) this.send(connection, this.orderFrame(id));
      if (follows.has(BOARD)) this.send(connection, { type: "board", order: id, sequence: order.times.length, summary: this.line(id) });
    }
  }

  page(id) {
    const { times } = this.orders.get(id);
    return { order_id: id, sequence: times.length, status: `status ${times.length}`, updated_at: iso(times.at(-1)) };
  }

  /** The order's line as it was at a time; undefined before it was placed. */
  line(id, at = this.now) {
    const times = this.orders.get(id).times.filter((time) => time <= at);
    return times.length ? { order_id: id, status: `status ${times.length}`, updated_at: iso(times.at(-1)) } : undefined;
  }

  /** `GET /orders?open=true`, from views that may be behind. */
  list(at = this.now) {
    const isOpen = (line) => line && line.status !== `status ${EVENTS}`;
    return [...this.orders.keys()].map((id) => this.line(id, at)).filter(isOpen);
  }

  hasEnded(id) {
    return this.orders.get(id).times.length >= EVENTS;
  }

  orderFrame(id) {
    const page = this.page(id);
    const { isLarge } = this.orders.get(id);
    return isLarge ? { type: "changed", order: id, sequence: page.sequence } : { type: "order", order: id, sequence: page.sequence, page };
  }

  /** The gateway receives a follow. */
  receive(connection, topic, after) {
    const client = this.server.get(connection);
    if (!client) return;
    client.usedUntil = Math.max(client.usedUntil, this.now) + 1000;
    assert.ok(client.usedUntil - this.now <= SERVER_FRAMES * 1000, "a connection sends more frames than the server admits");
    if (topic !== BOARD && !this.orders.has(topic)) return this.send(connection, { type: "error", code: "not_found", order: topic, detail: "no such order" });
    client.follows.add(topic);
    if (topic === BOARD) return this.send(connection, { type: "current", order: BOARD });
    const { sequence } = this.page(topic);
    this.send(connection, sequence > after ? this.orderFrame(topic) : { type: "current", order: topic, sequence });
  }

  // ── the network ──

  at(delay, run) {
    this.later.push([this.now + delay, run]);
  }

  delay() {
    return 1 + Math.floor((this.chance() * this.network.delay) / 100);
  }

  /** To the page, perhaps not, perhaps twice, perhaps late. */
  send(connection, frame) {
    this.log.pushes += 1;
    const text = JSON.stringify(frame);
    if (this.network.isBlack || this.chance() < this.network.lost) return;
    const copies = this.chance() < this.network.doubled ? 2 : 1;
    for (let n = 0; n < copies; n += 1) {
      this.at(this.delay(), () => this.held.has(connection) && this.happen({ type: "frame", connection, frame: live.readFrame(text) }));
    }
  }

  /** Ends all connections; the page notices, or not. */
  cut(isNoticed) {
    for (const connection of this.server.keys()) {
      if (isNoticed) this.at(this.delay(), () => this.closed(connection));
    }
    this.server.clear();
  }

  closed(connection) {
    if (!this.held.delete(connection)) return;
    this.server.delete(connection);
    this.happen({ type: "closed", connection });
  }

  // ── the page ──

  happen(event) {
    const { state, effects } = reduce(this.state, event, { now: this.now, random: this.random() });
    this.state = state;
    for (const effect of effects) this.perform(effect);
    this.check();
  }

  perform(effect) {
    switch (effect.type) {
      case "open": {
        this.held.add(effect.connection);
        assert.equal(this.held.size, 1, "a page has one connection");
        this.log.opened += 1;
        const { connection } = effect;
        const { refuses, isBlack } = this.network;
        if (isBlack) return;
        this.at(this.delay(), () => {
          if (!this.held.has(connection)) return;
          if (refuses) return this.closed(connection);
          this.server.set(connection, { follows: new Set(), usedUntil: 0 });
          this.happen({ type: "opened", connection, tokenSeconds: this.tokenSeconds });
        });
        return;
      }
      case "close":
        this.held.delete(effect.connection);
        this.server.delete(effect.connection);
        return;
      case "send": {
        this.log.frames += 1;
        assert.ok(this.held.has(effect.connection), "a frame is sent over an open connection");
        if (this.network.isBlack || this.chance() < this.network.lost) return;
        this.at(this.delay(), () => this.receive(effect.connection, effect.topic, effect.after));
        return;
      }
      case "read":
        return this.read(effect);
      case "abort":
        return;
    }
  }

  read({ topic, request }) {
    this.log.readings += 1;
    const { readsFail, readsHang } = this.network;
    if (readsHang) return;
    const at = (delay, run) => this.at(delay, () => this.state.topics[topic] && this.happen(run()));
    const half = READS_TAKE / 2;
    if (readsFail || (topic !== BOARD && !this.orders.has(topic))) {
      return at(half, () => ({ type: "unread", topic, request, error: new Error("404") }));
    }
    // The answer is of the middle of the reading.
    this.at(half, () => {
      if (topic === BOARD) {
        const items = this.list(this.now - Math.floor((this.chance() * LIST_BEHIND) / 100));
        return at(half, () => ({ type: "listed", request, board: { items, next: null } }));
      }
      const page = this.page(topic);
      at(half, () => ({ type: "read", topic, request, page }));
    });
  }

  /** What holds after every event. */
  check() {
    assert.ok(wakeAt(this.state) > this.now, "what is due is done at once");
    for (const topic of Object.keys(this.state.topics)) {
      if (topic === BOARD) continue;
      const { page } = orderState(this.state, topic);
      const before = this.shown.get(topic);
      if (page === before) continue;
      assert.ok(page.sequence > (before?.sequence ?? 0), "a page is shown again, or an older one");
      this.shown.set(topic, page);
    }
    this.checkBoard();
  }

  /** A line never gets older, and an order that is open stays. */
  checkBoard() {
    const lines = boardState(this.state)?.lines;
    if (lines === this.lines) return;
    const before = new Map(this.lines?.map((line) => [line.order_id, line]));
    const now = new Map(lines?.map((line) => [line.order_id, line]));
    assert.equal(now.size, lines?.length ?? 0, "an order has two lines");
    for (const [id, line] of lines ? before : []) {
      assert.ok(now.has(id) || this.hasEnded(id), "an open order leaves the board");
      assert.ok(!now.has(id) || now.get(id).updated_at >= line.updated_at, "a line of the board gets older");
    }
    this.lines = lines;
  }

  follow(topic) {
    this.shown.delete(topic);
    this.happen({ type: "follow", topic });
  }

  /** Lets time pass: what is under way arrives, and the page wakes when it asked to. */
  pass(milliseconds, each = () => {}) {
    const end = this.now + milliseconds;
    for (;;) {
      const wake = wakeAt(this.state);
      const next = this.later.reduce((first, one) => (first && first[0] <= one[0] ? first : one), undefined);
      const time = Math.min(wake, next?.[0] ?? Infinity);
      if (time > end) break;
      this.now = Math.max(this.now, Math.ceil(time));
      if (next && next[0] <= wake) {
        this.later.splice(this.later.indexOf(next), 1);
        next[1]();
      } else this.happen({ type: "tick" });
      each();
    }
    this.now = end;
  }

  isRight(id) {
    return orderState(this.state, id)?.page?.sequence === this.page(id).sequence;
  }

  mode(topic) {
    return (topic === BOARD ? boardState(this.state) : orderState(this.state, topic)).mode;
  }
}

function iso(time) {
  return new Date(time).toISOString();
}
