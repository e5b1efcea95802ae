// The shop without a browser: its amounts, its basket, and what it is built with.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { beforeEach, test } from "node:test";
import { bundle, storage } from "./bundle.mjs";

const kept = new Map();
globalThis.localStorage = storage(kept);
globalThis.dispatchEvent = () => true;
globalThis.document = { baseURI: "https://api.example/shop/index.html" };
const CURRENCIES = { EUR: { exponent: 2, step: 1 }, JPY: { exponent: 0, step: 1 }, KWD: { exponent: 3, step: 10 } };
globalThis.fetch = async () => Response.json({ api: null, currencies: CURRENCIES });

const shop = await bundle(`
  export { money } from "../../examples/storefront/src/money"; export { loadSettings, address } from "../../examples/storefront/src/settings";
  export { add, basket, end, reprice, setQuantity, total } from "../../examples/storefront/src/basket";`);
await shop.loadSettings();

const TEA = { sku: "TEA-01", name: "Sencha", price: 950, currency: "EUR" };

beforeEach(() => kept.clear());

test("an amount has the decimals of its currency, also beyond what a floating point number holds", () => {
  for (const [amount, currency, digits] of [
    [0, "EUR", "0.00"],
    [5, "EUR", "0.05"],
    [123456, "EUR", "1,234.56"],
    [5000, "JPY", "5,000"],
    [5010, "KWD", "5.010"],
    [9007199254740991, "EUR", "90,071,992,547,409.91"],
  ]) {
    assert.ok(shop.money(amount, currency).includes(digits), `${amount} ${currency}: ${shop.money(amount, currency)}`);
  }
  assert.equal(shop.money(7, "XXX"), "7 minor units XXX");
});

test("a basket keeps its id while it changes, and gets another once it is ordered", () => {
  assert.equal(shop.add(TEA), undefined);
  const { id } = shop.basket();
  shop.add(TEA);
  shop.setQuantity("TEA-01", 5);
  assert.deepEqual(shop.basket(), { id, lines: [{ ...TEA, quantity: 5 }] });
  assert.equal(shop.total(shop.basket().lines), 4750);
  shop.end("another");
  assert.equal(shop.basket().id, id);
  shop.end(id);
  assert.deepEqual(shop.basket().lines, []);
  shop.add(TEA);
  assert.notEqual(shop.basket().id, id);
});

test("new prices change the lines that have them, and not the basket's id", () => {
  shop.add(TEA);
  shop.add({ ...TEA, sku: "MUG-01", price: 1490 }, 2);
  const { id } = shop.basket();
  shop.reprice([{ sku: "TEA-01", unit_price: 1000 }, { sku: "GONE-01", unit_price: 1 }]);
  assert.deepEqual(shop.basket().lines.map((line) => line.price), [1000, 1490]);
  assert.deepEqual([shop.basket().id, shop.total(shop.basket().lines)], [id, 3980]);
});

test("a basket has one currency, and a bound", () => {
  shop.add(TEA);
  assert.match(shop.add({ ...TEA, sku: "YEN", currency: "JPY" }), /Your basket is in EUR/);
  shop.setQuantity("TEA-01", 1000);
  assert.match(shop.add(TEA), /At most 99/);
  assert.deepEqual(shop.basket().lines.map((line) => line.quantity), [99]);
  shop.setQuantity("TEA-01", 0);
  assert.deepEqual(shop.basket().lines, []);
});

test("the API is one folder above the page, whatever prefix it has", () => {
  assert.equal(shop.address("/orders").href, "https://api.example/orders");
});

test("the shop names the versions with which the console and it are built", () => {
  const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url)));
  const [console, storefront] = ["../../package.json", "../../../examples/storefront/package.json"].map(read);
  const pinned = { ...console.dependencies, ...console.devDependencies };
  for (const [name, version] of Object.entries({ ...storefront.dependencies, ...storefront.devDependencies })) {
    assert.equal(version, pinned[name], name);
  }
});
