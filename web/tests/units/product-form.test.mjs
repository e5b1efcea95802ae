// The form returns a product as it got it: a put replaces the whole product, so what the form loses is lost.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bundle } from "./bundle.mjs";

globalThis.document = { baseURI: "https://api.example/console/index.html" };
globalThis.fetch = async () =>
  Response.json({ stack: "shop", currencies: { EUR: { exponent: 2, step: 1 } }, groups: {}, sign_in: null });

const page = await bundle(`export * from "./product-form"; export { loadSettings } from "./settings";`);
await page.loadSettings();

const WHOLE = {
  sku: "TEA-01",
  name: "Sencha, 250 g",
  price: 1250,
  currency: "EUR",
  weight_grams: 250,
  active: true,
  description: "First flush.\nTwo minutes at 70 °C: no longer.",
  images: ["https://shop.example/front.jpg", "https://shop.example/back.jpg"],
  attributes: [
    { name: "Origin", value: "Uji, Japan" },
    { name: "Steep", value: "2:00 min" },
    { name: " odd", value: "  spaces " },
  ],
  tags: ["black, loose", "green"],
  tax_class: "food",
  version: 3,
};

/** What the form sends of a product, as a browser reads it: its lines end in CR and LF. */
const sent = (product) => {
  const values = page.productFields(product).map(({ name, value }) => [name, (value ?? "").replaceAll("\n", "\r\n")]);
  return page.productBody(Object.fromEntries(values));
};

test("a product that is saved as the form shows it is unchanged", () => {
  const { sku: _sku, active: _active, version: _version, ...said } = WHOLE;
  assert.deepEqual(sent(WHOLE), said);
  assert.equal(sent({ ...WHOLE, weight_grams: 0 }).weight_grams, 0);
  assert.equal(sent({ ...WHOLE, description: " indented\n\nlast " }).description, " indented\n\nlast ");
});

test("an empty field is left out", () => {
  const bare = { ...WHOLE, weight_grams: null, description: null, images: [], attributes: [], tags: [], tax_class: null };
  assert.deepEqual(sent(bare), { name: "Sencha, 250 g", price: 1250, currency: "EUR" });
});

test("a line that is no address or no attribute is refused in the form", () => {
  const check = (name) => page.productFields(WHOLE).find((field) => field.name === name).check;
  assert.equal(check("images")("https://a.example/1\r\n\r\nhttps://a.example/2"), undefined);
  assert.match(check("images")("https://a.example/1\nhttp://a.example/2"), /https/);
  assert.equal(check("attributes")("Origin: Uji\r\nSteep: 2:00"), undefined);
  assert.match(check("attributes")("Origin: Uji\nJapan"), /colon/);
  assert.match(check("attributes")("Origin: "), /colon/);
});
