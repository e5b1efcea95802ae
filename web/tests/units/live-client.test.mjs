// The library's shell: what it makes of its ports, and what a page gets.

import assert from "node:assert/strict";
import { test } from "node:test";
import { live } from "./live-library.mjs";

/** Ports whose time the test lets pass, and whose sockets it holds. */
class Page {
  time = 0;
  timers = new Set();
  sockets = [];
  tickets = 0;
  readings = [];
  failures = [];
  isVisible = true;
  refusesTickets = false;

  constructor() {
    this.client = new live.LiveClient({
      ticket: async () => {
        this.tickets += 1;
        if (this.refusesTickets) throw new Error("429");
        return { ticket: `ticket-${this.tickets}`, tokenSeconds: 3600 };
      },
      open: (ticket) => {
        const socket = { ticket, sent: [], isClosed: false, send: (text) => socket.sent.push(JSON.parse(text)), close: () => (socket.isClosed = true) };
        this.sockets.push(socket);
        return socket;
      },
      read: (order, signal) => this.reading(order, signal),
      readBoard: (signal) => this.reading("board", signal),
      now: () => this.time,
      after: (wait, run) => {
        const timer = { at: this.time + wait, run };
        this.timers.add(timer);
        return () => this.timers.delete(timer);
      },
      random: () => 0.5,
      isVisible: () => this.isVisible,
      watchVisible: (changed) => {
        this.seen = changed;
        return () => (this.seen = undefined);
      },
      failed: (error) => this.failures.push(error.message),
    });
  }

  reading(topic, signal) {
    return new Promise((resolve, reject) => this.readings.push({ topic, signal, resolve, reject }));
  }

  async pass(seconds) {
    const end = this.time + seconds * 1000;
    await settled();
    for (;;) {
      const next = [...this.timers].sort((one, other) => one.at - other.at)[0];
      if (!next || next.at > end) break;
      this.timers.delete(next);
      this.time = next.at;
      next.run();
      await settled();
    }
    this.time = end;
  }

  get socket() {
    return this.sockets.at(-1);
  }

  async connect() {
    await settled();
    this.socket.onopen({});
  }

  receive(frame) {
    this.socket.onmessage({ data: JSON.stringify(frame) });
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const order = (sequence, id = "a") => ({ type: "order", order: id, sequence, page: { sequence, status: `status ${sequence}` } });

test("a page is shown from the first reading on, then from frames, and each state once", async () => {
  const page = new Page();
  const shown = [];
  page.client.follow("a", (state) => shown.push([state.mode, state.page?.sequence]));
  await page.connect();
  page.readings[0].resolve({ sequence: 1 });
  await settled();
  assert.deepEqual(page.socket.sent, [{ action: "follow", order: "a", after: 0 }]);
  page.receive(order(2));
  page.receive(order(2));
  page.receive(order(1));
  page.receive({ type: "news" });
  assert.deepEqual(shown, [["connecting", undefined], ["connecting", 1], ["live", 2]]);
});

test("everything that is followed shares one socket, and the last who leaves ends the topic", async () => {
  const page = new Page();
  const [one, other, board] = [[], [], []];
  const stopOne = page.client.follow("a", (state) => one.push(state.page?.sequence));
  await page.connect();
  page.receive(order(1));
  const stopOther = page.client.follow("a", (state) => other.push(state.page?.sequence));
  assert.deepEqual(other, [1], "what is known is given at once");
  page.client.follow("b", () => {});
  page.client.followBoard((state) => board.push(state.lines?.map((line) => line.order_id)));
  assert.deepEqual(page.socket.sent.map((frame) => frame.order), ["a", "b", "board"]);
  page.receive({ type: "current", order: "board" });
  page.readings.find((reading) => reading.topic === "board").resolve({ items: [{ order_id: "x", updated_at: "2026-01-01T00:00:00Z" }], next: null });
  await settled();
  page.receive({ type: "board", order: "y", sequence: 1, summary: { order_id: "y", updated_at: "2026-01-01T00:00:01Z" } });
  assert.deepEqual(board.at(-1), ["y", "x"]);
  stopOne();
  page.receive(order(2));
  assert.deepEqual([one.at(-1), other.at(-1)], [1, 2]);
  stopOther();
  stopOther();
  page.receive(order(3));
  assert.equal(other.at(-1), 2);
  assert.equal(page.sockets.length, 1);
});

test("a ticket that is refused is a failure: three of them, and the page says that it polls", async () => {
  const page = new Page();
  page.refusesTickets = true;
  const modes = [];
  page.client.follow("a", ({ mode }) => mode !== modes.at(-1) && modes.push(mode));
  await page.pass(15);
  assert.deepEqual(modes, ["connecting", "polling"]);
  assert.equal(page.sockets.length, 0);
  assert.deepEqual(page.failures.slice(0, 3), ["429", "429", "429"]);
  page.refusesTickets = false;
  while (page.sockets.length === 0) await page.pass(1);
  await page.connect();
  page.receive(order(1));
  assert.equal(modes.at(-1), "live");
});

test("each handshake has a ticket of its own, and a socket that is given up is closed, and what it sends is ignored", async () => {
  const page = new Page();
  const shown = [];
  page.client.follow("a", (state) => shown.push(state.page?.sequence));
  await page.connect();
  const first = page.socket;
  const late = first.onmessage;
  await page.pass(6.5);
  assert.equal(first.isClosed, true, "no answer within 5 s");
  assert.equal(page.sockets.length, 2);
  assert.notEqual(page.socket.ticket, first.ticket);
  assert.equal(first.onmessage, null);
  late({ data: JSON.stringify(order(9)) });
  assert.deepEqual(shown, [undefined]);
});

test("a reading that failed is said with its reason, and one that is not wanted any more is aborted", async () => {
  const page = new Page();
  let state;
  const stop = page.client.follow("a", (it) => (state = it));
  await settled();
  page.readings[0].reject(new Error("the API does not answer"));
  await settled();
  assert.deepEqual([state.trouble.code, state.trouble.detail], ["unread", "the API does not answer"]);
  page.client.refresh("a");
  await settled();
  assert.equal(page.readings.length, 2);
  page.readings[1].resolve({ sequence: 1 });
  await settled();
  assert.equal(state.trouble, undefined);
  page.client.refresh("a");
  stop();
  assert.equal(page.readings[2].signal.aborted, true);
});

test("a page that fails in its callback stops neither the client nor the others", async () => {
  const page = new Page();
  const uncaught = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => uncaught.push(error.message));
  let shown;
  page.client.follow("a", () => {
    throw new Error("the page's own");
  });
  page.client.follow("a", (state) => (shown = state.page));
  await page.connect();
  page.receive(order(1));
  await settled();
  process.removeAllListeners("uncaughtException");
  for (const listener of listeners) process.on("uncaughtException", listener);
  assert.equal(shown.sequence, 1);
  assert.ok(uncaught.length > 0 && uncaught.every((message) => message === "the page's own"));
});

test("a client that is closed holds nothing: no socket, timer, reading or watcher", async () => {
  const page = new Page();
  page.client.follow("a", () => {});
  await page.connect();
  page.client.followBoard(() => {});
  await settled();
  page.client.close();
  assert.equal(page.socket.isClosed, true);
  assert.ok(page.readings.every((reading) => reading.signal.aborted));
  assert.equal(page.timers.size, 0);
  assert.equal(page.seen, undefined);
  page.client.follow("b", () => assert.fail("it is closed"));
  await page.pass(60);
  assert.equal(page.sockets.length, 1);
});

test("a ticket that arrives after its time opens no connection", async () => {
  const page = new Page();
  page.client.follow("a", () => {});
  page.client.close();
  await settled();
  assert.equal(page.tickets, 1);
  assert.equal(page.sockets.length, 0);
});

test("time goes on with the machine's clock and never back", () => {
  let wall = 1000;
  const now = live.steadily(() => wall);
  assert.deepEqual([now(), (wall = 5000, now()), (wall = 2000, now()), (wall = 2500, now()), (wall = 9000, now())], [1000, 5000, 5000, 5500, 12000]);
});
