// Orders and the board move on the page by themselves: by pushes, and right whatever becomes of the socket.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, signIn, start, stop, visit } from "./browser.mjs";
import { allocated, call, fresh, people, place, status, until } from "./stack.mjs";

/** How many orders are timed on their way to the board; more for a measurement. */
const ORDERS = Number(process.env.CONVEYOR_LIVE_ORDERS ?? 3);

before(start);
after(stop);

/** A page of a person who watches. `network` gets each socket of the page, to do to it what networks do. */
async function watch(hash, network) {
  const prepare = async (page) => {
    if (network) await page.routeWebSocket(/\/live\?ticket=/, network);
  };
  const window = await open({ prepare });
  const { page } = window;
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await signIn(page, people.watcher);
  await visit(page, hash);
  return { ...window, sockets };
}

const says = (page, text, timeout = 30_000) => page.locator(".fresh", { hasText: text }).waitFor({ timeout });

async function dispatch(id) {
  await call("POST", `/shipments/${id}/dispatch`, { carrier: "DHL", tracking_code: `JD0146${fresh()}` });
}

/** The page of the order shows what `GET` answers: the status, and each event once. */
async function equalsGet(page, id) {
  let seen;
  await until("the page equals GET", async () => {
    const [order, explained] = await Promise.all([call("GET", `/orders/${id}`), call("GET", `/orders/${id}/explanation`)]);
    const shown = await page.evaluate(() => ({
      status: document.querySelector(".heading .status")?.textContent,
      marks: Array.from(document.querySelectorAll(".axis > li"), (mark) => mark.id),
    }));
    const events = explained.body.events.map((event) => `mark-${event.id.replace(/[^\w-]/g, "-")}`);
    const twice = shown.marks.filter((mark, n) => shown.marks.indexOf(mark) !== n);
    assert.deepEqual(twice, [], "an event is shown twice");
    seen = { shown: shown.status, status: order.body.status, missing: events.filter((event) => !shown.marks.includes(event)) };
    return shown.status === order.body.status.replaceAll("_", " ") && seen.missing.length === 0;
  }).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(seen)}`);
  });
}

/** The statuses that the heading has shown, in their order. */
async function recordStatuses(page) {
  await page.evaluate(() => {
    window.statuses = [];
    const look = () => {
      const status = document.querySelector(".heading .status")?.textContent;
      if (status && status !== window.statuses.at(-1)) window.statuses.push(status);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    look();
  });
  return () => page.evaluate(() => window.statuses);
}

test("an order that another places is on the board by a push: nothing is loaded", async (t) => {
  const { page, sockets, done } = await watch("#/search");
  await says(page, /^live$/);
  // From here on a line can come over the socket alone.
  await page.route("**/orders?open=true*", (route) => route.abort());
  await page.evaluate(() => {
    window.appeared = {};
    new MutationObserver(() => {
      for (const link of document.querySelectorAll("td a")) window.appeared[link.textContent] ??= Date.now();
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const times = [];
  for (let n = 0; n < ORDERS; n += 1) {
    const began = Date.now();
    const order = await place();
    const at = await until("the order is on the board", () => page.evaluate((number) => window.appeared[number], order.number));
    times.push(at - began);
  }
  times.sort((one, other) => one - other);
  const p95 = times[Math.ceil(times.length * 0.95) - 1];
  t.diagnostic(`from the request to the board, ${ORDERS} orders: 95 % within ${p95} ms, half within ${times[Math.floor((times.length - 1) / 2)]} ms`);
  assert.equal(sockets.length, 1);
  await done();
});

test("an order's page moves from placed to delivered by itself, over the same socket as the board", async () => {
  const { page, sockets, done } = await watch("#/search");
  await says(page, /^live$/);
  const order = await place();
  await visit(page, `#/orders/${order.id}`);
  await says(page, /^live$/);
  const statuses = await recordStatuses(page);
  await status(order.id, "allocated");
  await until("the shipment is to pack", async () => (await call("GET", `/shipments/${order.id}`)).body?.state === "requested");
  await dispatch(order.id);
  await page.locator(".heading .status", { hasText: "shipped" }).waitFor();
  await call("POST", `/shipments/${order.id}/deliver`);
  await page.locator(".heading .status", { hasText: "delivered" }).waitFor();
  await equalsGet(page, order.id);
  const path = ["placed", "paid", "allocated", "shipped", "delivered"];
  const places = (await statuses()).map((shown) => path.indexOf(shown));
  assert.deepEqual(places, [...places].sort((one, other) => one - other), "no older status is shown");
  assert.equal(sockets.length, 1);
  await done();
});

test("a socket that is cut at each event leaves no gap and no duplicate", async () => {
  let cuts = 0;
  let largest = 0;
  let isCutting = true;
  const { page, done } = await watch("#/search", (ours) => {
    const server = ours.connectToServer();
    server.onMessage((text) => {
      const frame = JSON.parse(text);
      if (isCutting && frame.type === "order" && frame.sequence > largest) {
        // The frame is lost with its connection.
        largest = frame.sequence;
        cuts += 1;
        server.close();
        ours.close();
      } else ours.send(text);
    });
  });
  await says(page, /^live$/);
  const order = await place();
  await visit(page, `#/orders/${order.id}`);
  await status(order.id, "allocated");
  await until("the shipment is to pack", async () => (await call("GET", `/shipments/${order.id}`)).body?.state === "requested");
  await dispatch(order.id);
  await status(order.id, "shipped");
  await equalsGet(page, order.id);
  isCutting = false;
  await call("POST", `/shipments/${order.id}/deliver`);
  await status(order.id, "delivered");
  await equalsGet(page, order.id);
  assert.ok(cuts >= 3, `${cuts} cuts`);
  await says(page, /^live$/, 90_000);
  await done();
});

test("frames that are lost, doubled and reordered end in the page of GET, and no older status is shown", async () => {
  let seed = Number(process.env.CONVEYOR_LIVE_SEED ?? Date.now() % 100_000);
  const first = seed;
  const chance = () => (seed = (seed * 48_271) % 2_147_483_647) % 100;
  const count = { lost: 0, doubled: 0, late: 0 };
  const { page, done } = await watch("#/search", (ours) => {
    const server = ours.connectToServer();
    server.onMessage((text) => {
      // Answers to heartbeats too; one that is lost costs the connection.
      const fate = JSON.parse(text).type === "order" ? chance() : 99;
      if (fate < 20) count.lost += 1;
      else if (fate < 40) (count.doubled += 1), ours.send(text), ours.send(text);
      else if (fate < 70) (count.late += 1), setTimeout(() => ours.send(text), 100 + 20 * chance());
      else ours.send(text);
    });
  });
  await says(page, /^live$/);
  const order = await place();
  await visit(page, `#/orders/${order.id}`);
  const statuses = await recordStatuses(page);
  await status(order.id, "allocated");
  await until("the shipment is to pack", async () => (await call("GET", `/shipments/${order.id}`)).body?.state === "requested");
  await dispatch(order.id);
  await status(order.id, "shipped");
  await call("POST", `/shipments/${order.id}/deliver`);
  await status(order.id, "delivered");
  await equalsGet(page, order.id);
  const path = ["placed", "paid", "allocated", "shipped", "delivered"];
  const places = (await statuses()).map((shown) => path.indexOf(shown));
  assert.deepEqual(places, [...places].sort((one, other) => one - other), `an older status was shown (CONVEYOR_LIVE_SEED=${first})`);
  await done();
});

test("without a socket the page says so within 15 s, stays right, and is live again by itself", async () => {
  const order = await allocated();
  const held = new Set();
  let isOut = false;
  const { page, done } = await watch(`#/orders/${order.id}`, (ours) => {
    if (isOut) return ours.close();
    ours.connectToServer();
    held.add(ours);
  });
  await says(page, /^live$/);
  isOut = true;
  for (const socket of held) await socket.close();
  await says(page, "no live connection: updates every 15 s", 15_000);
  await dispatch(order.id);
  await page.locator(".heading .status", { hasText: "shipped" }).waitFor({ timeout: 25_000 });
  await equalsGet(page, order.id);
  await says(page, "no live connection: updates every 15 s");
  isOut = false;
  await says(page, /^live$/, 90_000);
  await call("POST", `/shipments/${order.id}/deliver`);
  await page.locator(".heading .status", { hasText: "delivered" }).waitFor();
  await done();
});

test("pushes that are silently blocked are found by the heartbeat, and nothing is loaded for it", async () => {
  const order = await allocated();
  let isBlocked = false;
  let answers = 0;
  const { page, done } = await watch(`#/orders/${order.id}`, (ours) => {
    const server = ours.connectToServer();
    ours.onMessage((text) => {
      if (isBlocked) answers += 1;
      server.send(text);
    });
    server.onMessage((text) => {
      // What follows a heartbeat within a second is its answer; the order does not move then.
      if (!isBlocked || answers > 0) ours.send(text);
    });
  });
  await says(page, /^live$/);
  const readings = [];
  page.on("request", (request) => answers === 0 && readings.push(new URL(request.url()).pathname));
  isBlocked = true;
  await dispatch(order.id);
  await page.locator(".heading .status", { hasText: "shipped" }).waitFor({ timeout: 60_000 });
  assert.ok(answers > 0, "a heartbeat was sent");
  assert.deepEqual(readings.filter((path) => path.endsWith(`/orders/${order.id}`)), []);
  await says(page, /^live$/);
  await equalsGet(page, order.id);
  await done();
});

test("a ticket opens one connection, and an unknown one none", async () => {
  const { page, sockets, done } = await watch("#/search");
  await says(page, /^live$/);
  const opens = (url) =>
    page.evaluate(
      (to) =>
        new Promise((resolve) => {
          const socket = new WebSocket(to);
          socket.onopen = () => (socket.close(), resolve(true));
          socket.onclose = () => resolve(false);
        }),
      url,
    );
  const [used] = sockets;
  const { ticket } = (await call("POST", "/live/tickets", undefined, { token: process.env.CONVEYOR_VIEWER_TOKEN })).body;
  const unused = used.replace(/ticket=.*/, `ticket=${ticket}`);
  assert.equal(await opens(used), false, "the page's own ticket is used");
  assert.equal(await opens(unused), true);
  assert.equal(await opens(unused), false, "now it is used");
  assert.equal(await opens(used.replace(/ticket=.*/, "ticket=unknown")), false);
  await done();
});
