// The library's reducer: whatever a network does, a page ends equal to `GET`, and soon.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { live } from "./live-library.mjs";
import { GOOD, World } from "./live-world.mjs";

const { BOARD, boardState, orderState } = live;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const ORDERS = ["a", "b", "c", "large"];

/** How many worlds; more for a search. */
const RUNS = Number(process.env.CONVEYOR_LIVE_RUNS ?? 600);
/** A delay, a reading and a handshake: what a bound of the rules does not count. */
const SLACK = 400;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("move"), order: fc.constantFrom(...ORDERS) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("pass"), time: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 1, max: 400_000 })) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut"), isNoticed: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("network"),
      lost: fc.constantFrom(0, 20, 60),
      doubled: fc.constantFrom(0, 50),
      delay: fc.constantFrom(50, 900, 9000),
      refuses: fc.boolean(),
      isBlack: fc.constantFrom(false, false, true),
      blocksPushes: fc.boolean(),
      readsFail: fc.constantFrom(false, false, true),
      readsHang: fc.constantFrom(false, false, true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("visible"), isVisible: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("unfollow", "follow", "refresh"), topic: fc.constantFrom(...ORDERS, BOARD) }) },
);
const tape = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 20, maxLength: 60 });

/** A world whose chances are those of a tape. */
function worldOf(chances) {
  let place = 0;
  const chance = () => chances[place++ % chances.length];
  const world = new World({ chance, random: () => chance() / 100 });
  for (const id of ORDERS) world.place(id, { isLarge: id === "large" });
  return world;
}

function act(world, one) {
  switch (one.do) {
    case "move":
      return world.hasEnded(one.order) ? undefined : world.move(one.order);
    case "pass":
      return world.pass(one.time);
    case "cut":
      return world.cut(one.isNoticed);
    case "network":
      world.network = { ...one };
      return;
    case "visible":
      return world.happen({ type: "visible", isVisible: one.isVisible });
    case "follow":
      return world.follow(one.topic);
    default:
      return world.happen({ type: one.do, topic: one.topic });
  }
}

test("after any losses, duplicates, reorders, cuts and failures, pages and board end equal to GET, and live", () => {
  let [followed, polled] = [0, 0];
  fc.assert(
    fc.property(tape, fc.array(step, { minLength: 5, maxLength: 40 }), (chances, steps) => {
      const world = worldOf(chances);
      for (const topic of [...ORDERS, BOARD]) world.follow(topic);
      for (const one of steps) act(world, one);
      if (world.state.isPolling) polled += 1;
      world.network = { ...GOOD };
      world.happen({ type: "visible", isVisible: true });
      for (const topic of [...ORDERS, BOARD]) if (!world.state.topics[topic]) world.follow(topic);
      world.pass(5 * MINUTE + SLACK);
      for (const id of ORDERS) assert.deepEqual(orderState(world.state, id).page, world.page(id));
      assert.deepEqual(boardState(world.state).lines, world.list());
      world.pass(10 * SECOND);
      for (const topic of [...ORDERS, BOARD]) assert.equal(world.mode(topic), "live");
      followed += world.log.pushes;
    }),
    { numRuns: RUNS },
  );
  assert.ok(followed > RUNS && polled > RUNS / 10, `${followed} frames, ${polled} times polling: the worlds were too quiet`);
});

test("the socket cut at each event of an order: no gap, no duplicate, and the last page is that of GET", () => {
  for (let at = 0; at < 8; at += 1) {
    for (const isNoticed of [true, false]) {
      const world = new World();
      world.place("a");
      world.follow("a");
      world.pass(SECOND);
      for (let n = 1; n < 8; n += 1) {
        world.move("a");
        if (n === at) world.cut(isNoticed);
        world.pass(2 * SECOND);
      }
      world.pass(15 * SECOND);
      assert.ok(world.isRight("a"), `cut at ${at}, noticed: ${isNoticed}`);
      assert.equal(world.mode("a"), "live");
    }
  }
});

/** A page that is live, whose last change was `ago`. */
function liveFor(ago, random) {
  const world = new World({ random: () => random });
  world.place("a");
  world.follow("a");
  world.follow(BOARD);
  world.pass(SECOND);
  world.move("a");
  world.pass(SECOND);
  assert.equal(world.mode("a"), "live");
  world.pass(ago);
  return world;
}

const moments = fc.record({ ago: fc.integer({ min: 0, max: 2 * 60 * MINUTE }), random: fc.double({ min: 0, max: 0.99, noNaN: true }) });

test("every socket refused from now on: the page polls and says so within 15 s, is right then, and is live again by itself", () => {
  fc.assert(
    fc.property(moments, fc.constantFrom("refuses", "isBlack"), ({ ago, random }, how) => {
      const world = liveFor(ago, random);
      world.network[how] = true;
      world.cut(true);
      world.move("a");
      // Three refusals take 3 s with the waits between them; without an answer the page waits 10 s before it says so.
      world.pass(how === "refuses" ? 4 * SECOND : 11 * SECOND);
      assert.deepEqual([world.mode("a"), world.mode(BOARD)], ["polling", "polling"]);
      world.pass(5 * SECOND);
      for (let n = 0; n < 4; n += 1) {
        world.pass(15 * SECOND + SLACK);
        assert.ok(world.isRight("a"), "what happened 15 s ago is shown");
        assert.equal(world.mode("a"), "polling");
        world.move("a");
      }
      const before = world.log.readings;
      world.pass(10 * MINUTE);
      assert.ok(world.log.readings - before <= 2 * (10 * 4 + 1), "each is read every 15 s at most");
      assert.ok(world.log.opened < 40 + ago / MINUTE, `${world.log.opened} tries`);
      world.network = { ...GOOD };
      world.pass(MINUTE + 10 * SECOND);
      assert.deepEqual([world.mode("a"), world.mode(BOARD)], ["live", "live"]);
      assert.ok(world.isRight("a"));
    }),
    { numRuns: 200 },
  );
});

test("a lost push is found within 15 s if the order had just moved, and within 5 minutes whenever it is lost", () => {
  const lost = fc.constantFrom("blocksPushes", "isBlack");
  fc.assert(
    fc.property(moments, lost, fc.integer({ min: 0, max: 9 * SECOND }), ({ ago, random }, how, soon) => {
      const first = liveFor(0, random);
      first.network[how] = true;
      first.pass(soon);
      first.move("a");
      first.pass(15 * SECOND + SLACK);
      assert.ok(first.isRight("a"), `${soon} ms after the last change`);

      const later = liveFor(ago, random);
      later.network[how] = true;
      later.move("a");
      later.pass(5 * MINUTE);
      assert.ok(later.isRight("a"), `${ago} ms after the last change`);
    }),
    { numRuns: 300 },
  );
});

test("a frame that is older than what was asked for is no answer", () => {
  const world = liveFor(0, 0.5);
  world.happen({ type: "unfollow", topic: BOARD });
  const old = world.page("a");
  world.move("a");
  world.pass(SECOND);
  world.network.isBlack = true;
  world.pass(9.5 * SECOND);
  assert.ok(world.state.topics.a.asked, "a heartbeat is under way");
  world.happen({ type: "frame", connection: world.state.connection.id, frame: { type: "order", order: "a", sequence: old.sequence, page: old } });
  world.network = { ...GOOD };
  world.pass(6 * SECOND);
  assert.equal(world.log.opened, 2);
});

test("a page that was announced and could not be read is read over the next connection too", () => {
  const world = new World();
  world.place("large", { isLarge: true });
  world.follow("large");
  world.pass(20 * SECOND);
  world.network = { ...GOOD, readsHang: true };
  world.move("large");
  world.pass(SECOND);
  world.network.refuses = true;
  world.cut(true);
  // The reading is given up, and the connection is back before the next one.
  world.pass(10.5 * SECOND);
  world.network = { ...GOOD };
  world.pass(5 * SECOND);
  assert.equal(world.mode("large"), "live");
  world.pass(20 * SECOND);
  assert.ok(world.isRight("large"));
});

test("a line of the board that was lost is right after a minute, also without its end", () => {
  const world = liveFor(0, 0.5);
  world.network.blocksPushes = true;
  while (!world.hasEnded("a")) world.move("a");
  world.place("b");
  world.pass(MINUTE + SLACK);
  assert.deepEqual(boardState(world.state).lines, world.list());
});

test("a hundred orders followed at once stay within the frames of a connection, and all become live", () => {
  fc.assert(
    fc.property(tape, fc.constantFrom(50, 900, 2000), (chances, delay) => {
      const world = worldOf(chances);
      const ids = Array.from({ length: 100 }, (_, n) => `order-${n}`);
      for (const id of ids) world.place(id);
      // Handshakes, and frames that the network holds back and sends together.
      world.network.delay = delay;
      for (const id of ids) world.follow(id);
      world.pass(4 * MINUTE);
      assert.ok(ids.every((id) => world.mode(id) === "live" && world.isRight(id)));
    }),
    { numRuns: 4 },
  );
});

test("a quiet connection is never silent for 10 minutes, and returns before 2 hours and before its token expires", () => {
  for (const tokenSeconds of [undefined, 3600, 90, 20]) {
    const world = new World({ random: () => 0.99 });
    world.tokenSeconds = tokenSeconds;
    world.place("a");
    world.follow("a");
    let [sent, sentAt, opened, openedAt] = [0, world.now, 1, world.now];
    world.pass(5 * 60 * MINUTE, () => {
      assert.ok(world.now - sentAt < 10 * MINUTE);
      if (world.log.frames > sent) [sent, sentAt] = [world.log.frames, world.now];
      if (world.log.opened === opened) return;
      const lasted = world.now - openedAt;
      assert.ok(lasted < Math.min(2 * 60 * MINUTE, Math.max(tokenSeconds ?? Infinity, 61) * SECOND), `${lasted} ms`);
      assert.ok(lasted >= MINUTE, "a token that expires soon is no reason to return at once");
      [opened, openedAt] = [world.log.opened, world.now];
    });
    assert.ok(opened > 2);
    assert.equal(world.state.failures, 0);
  }
});

test("a hidden tab gives its connection up and reads nothing; seen again it is right at once", () => {
  const world = liveFor(0, 0.5);
  world.happen({ type: "visible", isVisible: false });
  world.pass(2 * MINUTE);
  assert.equal(world.held.size, 0);
  const before = { ...world.log };
  world.move("a");
  world.pass(60 * MINUTE);
  assert.deepEqual({ ...world.log, pushes: 0 }, { ...before, pushes: 0 });
  world.happen({ type: "visible", isVisible: true });
  world.pass(SECOND);
  assert.ok(world.isRight("a"));
  assert.equal(world.mode("a"), "live");
  assert.deepEqual(boardState(world.state).lines, world.list());
});

test("what nobody follows any more costs nothing, and the next page finds the connection open", () => {
  const world = liveFor(0, 0.5);
  world.place("b");
  world.happen({ type: "unfollow", topic: "a" });
  world.happen({ type: "unfollow", topic: BOARD });
  world.pass(5 * SECOND);
  world.follow("b");
  world.pass(SECOND);
  assert.equal(world.log.opened, 1);
  assert.equal(world.mode("b"), "live");
  world.happen({ type: "unfollow", topic: "b" });
  world.pass(MINUTE);
  assert.equal(world.held.size, 0);
  assert.equal(live.wakeAt(world.state), Infinity);
});

test("a refused order is not asked for again, and says why", () => {
  const world = new World();
  world.place("a");
  world.follow("foreign");
  world.follow("a");
  world.pass(SECOND);
  assert.equal(orderState(world.state, "foreign").trouble.code, "not_found");
  const before = world.log.readings;
  world.cut(true);
  world.pass(60 * MINUTE);
  assert.equal(world.mode("a"), "live");
  assert.ok(world.log.readings - before < 5);
  world.happen({ type: "frame", connection: world.state.connection.id, frame: { type: "error", code: "forbidden", order: undefined, detail: "no" } });
  assert.equal(world.state.topics[BOARD], undefined);
});

test("frames of the server are read as they are, and what is not known is ignored", () => {
  const read = (value) => live.readFrame(JSON.stringify(value));
  assert.deepEqual(read({ type: "current", order: "board" }), { type: "current", order: "board", sequence: 0 });
  assert.deepEqual(read({ type: "order", order: "a", sequence: 2, page: { sequence: 2 }, more: 1 }), { type: "order", order: "a", sequence: 2, page: { sequence: 2 } });
  for (const value of [{}, [], null, 7, { type: "news" }, { type: "order", order: "a", sequence: "2", page: {} }, { type: "order", order: "a", sequence: 2 },
    { type: "current", order: "a" }, { type: "board", order: "a", sequence: 1 }, { message: "Internal server error", connectionId: "c" }]) {
    assert.equal(read(value), undefined, JSON.stringify(value));
  }
  for (const text of ["", "{", undefined, new ArrayBuffer(1)]) assert.equal(live.readFrame(text), undefined);
});

test("heartbeats are 10, 30 and 60 seconds after the last change, then every 290", () => {
  const beats = [];
  for (let now = 0; beats.length < 5; ) beats.push((now = live.nextBeat(0, now)));
  assert.deepEqual(beats, [10, 30, 60, 350, 640].map((seconds) => seconds * SECOND));
});
