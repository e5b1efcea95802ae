// Values that the page reads and writes, without a browser: amounts, guesses of a search, idempotency keys, the axis of time.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bundle } from "./bundle.mjs";

const CURRENCIES = { EUR: { exponent: 2, step: 1 }, JPY: { exponent: 0, step: 1 }, KWD: { exponent: 3, step: 10 } };

globalThis.document = { baseURI: "https://api.example/console/index.html" };
globalThis.fetch = async () => Response.json({ stack: "shop", currencies: CURRENCIES, groups: {}, sign_in: null });

const page = await bundle(`
  export * from "./money"; export * from "./intent"; export { API, loadSettings } from "./settings";
  export { guesses } from "./pages/search"; export { merged } from "./pages/order-axis"; export { inOrder } from "./pages/needs";`);
await page.loadSettings();

/** Numbers that differ in each run; a failure names the one. */
const some = (count, most) => Array.from({ length: count }, () => Math.floor(Math.random() ** 3 * most));

test("an amount that is written is read as the same amount, in every currency", () => {
  for (const currency of Object.keys(CURRENCIES)) {
    for (const amount of [0, 1, 9, 10, 99, 100, 101, 999, 1000, ...some(2000, 999_999_999_999)]) {
      assert.equal(page.minor(page.plain(amount, currency), currency), amount, `${amount} ${currency}`);
    }
  }
});

test("amounts have the decimals of their currency, and groups of three", () => {
  for (const [amount, currency, text] of [
    [1250, "EUR", "12.50 EUR"],
    [5, "EUR", "0.05 EUR"],
    [123456789, "EUR", "1\u202f234\u202f567.89 EUR"],
    [5000, "JPY", "5\u202f000 JPY"],
    [5010, "KWD", "5.010 KWD"],
    [-250, "EUR", "−2.50 EUR"],
    [7, "XXX", "7 minor units XXX"],
  ]) {
    assert.equal(page.money(amount, currency), text);
  }
});

test("what is no amount of the currency is refused, and nothing is rounded", () => {
  for (const [text, currency] of [
    ["", "EUR"], ["1.234", "EUR"], ["1.5", "JPY"], ["-1", "EUR"], ["1e3", "EUR"], ["1 000", "EUR"], ["1.2.3", "EUR"], [".5", "EUR"],
    ["9999999999999", "EUR"], ["Infinity", "EUR"],
  ]) {
    assert.equal(page.minor(text, currency), undefined, text);
  }
  assert.equal(page.minor(" 2,5 ", "EUR"), 250);
});

test("a search guesses what was typed", () => {
  for (const [typed, fields] of [
    ["a@b.example", ["email"]],
    ["2026-01-31", ["day"]],
    ["K7QD-3M9X-TAK", ["number", "tracking_code", "sku"]],
    ["k7qd 3m9x tak", ["number", "tracking_code", "sku"]],
    ["TEA-01", ["sku", "tracking_code"]],
    ["JD014600003828", ["sku", "tracking_code"]],
    ["5f3c1a2e-0000-4000-8000-000000000001", ["customer"]],
  ]) {
    assert.deepEqual(page.guesses(typed), fields, typed);
  }
});

test("an intent has one key, and the next intent another", () => {
  assert.equal(page.intentKey("refund", "o1", 0), page.intentKey("refund", "o1", 0));
  const others = [page.intentKey("refund", "o1", 0), page.intentKey("refund", "o1", 1), page.intentKey("refund", "o2", 0), page.intentKey("adjust", "o1", 0)];
  assert.equal(new Set(others).size, others.length);
  assert.ok(others.every((key) => /^[\x21-\x7e]{1,255}$/.test(key)));
});

test("the axis keeps every event in causal order, and every other mark by its time", () => {
  const at = (seconds) => new Date(Date.UTC(2026, 0, 2) + seconds * 1000).toISOString();
  for (let run = 0; run < 300; run += 1) {
    const times = (count) => some(count, 100).map(at);
    const events = times(8).map((time, n) => ({ id: `orders/o/${n}`, service: "orders", type: "E", time, cause: "", detail: {} }));
    const notices = times(5).map((time, n) => ({ about: `n${n}`, channel: "email", outcome: "sent", at: time }));
    const marks = page.merged({ events, notices, webhooks: [], deliveries: [], letters: [] });
    assert.equal(marks.length, 13);
    const kept = marks.filter((mark) => mark.lane === "orders").map((mark) => mark.id);
    assert.deepEqual(kept, events.map((event) => event.id));
    const others = marks.filter((mark) => mark.lane === "notices").map((mark) => mark.time);
    assert.deepEqual(others, [...others].sort());
  }
});

test("what needs a person is sorted by its deadline, and what has none comes after it, the oldest first", () => {
  const row = (id, at, since) => ({ id, ...(at ? { at } : {}), since });
  const rows = [
    row("old", undefined, "2026-01-01T00:00:00Z"),
    row("late", "2026-02-01T00:00:00Z", "2026-01-05T00:00:00Z"),
    row("undated", undefined, undefined),
    row("soon", "2026-01-09T00:00:00Z", "2026-01-08T00:00:00Z"),
    row("older", "2026-02-01T00:00:00Z", "2026-01-04T00:00:00Z"),
  ];
  const expected = ["soon", "older", "late", "undated", "old"];
  assert.deepEqual(page.inOrder(rows).map(({ id }) => id), expected);
  assert.deepEqual(page.inOrder(rows.toReversed()).map(({ id }) => id), expected);
});

test("the API is one folder above the page, whatever its prefix", () => {
  assert.equal(page.API, "https://api.example/");
});
