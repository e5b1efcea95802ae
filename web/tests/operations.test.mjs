// Dead letters, webhooks in and out, replays, products.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, signIn, start, stop, visit } from "./browser.mjs";
import { allocated, bankReports, call, deadLetter, fresh, people, place, status, until } from "./stack.mjs";

let orders;

before(async () => {
  await start();
  orders = await Promise.all([allocated(), allocated()]);
});
after(stop);

async function staff() {
  const window = await open();
  await signIn(window.page, people.admin);
  return window;
}

test("a dead letter is read and requeued", async () => {
  const order = orders[0];
  const { body } = await call("GET", `/orders/${order.id}/events`);
  const id = await deadLetter("TAKE_PAYMENT", JSON.stringify(body.events[0]));
  const { page, done } = await staff();
  await page.getByRole("link", { name: "take-payment", exact: true }).first().click();
  await page.getByRole("heading", { name: "Dead letters of take-payment" }).waitFor();
  const row = page.getByRole("row").filter({ has: page.getByLabel(`Choose ${id.slice(0, 8)}`) });
  await row.getByText("OrderPlaced").waitFor();
  await row.getByRole("checkbox").check();
  await page.getByRole("button", { name: "Requeue 1" }).click();
  await page.getByLabel("Reason").fill("the provider is back");
  await page.keyboard.press("Enter");
  await page.getByText("1 requeued.").waitFor();
  await until("the dead letter is gone", async () => {
    const list = await call("POST", "/operations/redrive-dead-letters", { function: "take-payment", do: "list" });
    return list.status === 200 && !list.body.letters.some((letter) => letter.id === id);
  });
  await done();
});

test("a webhook that failed is replayed, and the replay is recorded", async () => {
  const order = await place({ method: "elsewhere:bank" });
  await until("the payment has begun", async () => (await call("GET", `/orders/${order.id}/payment`)).status === 200);
  const id = await bankReports({ order_id: order.id, amount: 1, currency: "EUR", reference: `R-${fresh()}` });
  await until("the webhook failed", async () => (await call("GET", `/webhooks/inbox/${encodeURIComponent(id)}`)).body?.status === "failed");
  const { page, done } = await staff();
  await visit(page, `#/orders/${order.id}`);
  const row = page.getByRole("region", { name: "Webhooks in" }).getByRole("row").filter({ hasText: "failed" });
  await row.getByRole("button", { name: "Replay" }).click();
  await page.getByRole("button", { name: "Apply it again" }).click();
  await page.getByText("The webhook is being applied again.").waitFor();
  const replays = async () => (await call("GET", `/webhooks/inbox/${encodeURIComponent(id)}`)).body.replays.length;
  await until("the replay is recorded", async () => (await replays()) === 1);
  await row.getByRole("link").first().click();
  await page.getByText("Replays").waitFor();
  await done();
});

test("what is said of a product outlives a change of its price, and a change of another person is not undone", async () => {
  const sku = `SAID-${fresh().toUpperCase()}`;
  const said = {
    name: `Sencha ${sku}`,
    price: 100,
    currency: "EUR",
    weight_grams: 5,
    description: "First flush.\nTwo minutes at 70 °C.",
    images: ["https://pictures.example/front.png", "https://pictures.example/back.png"],
    attributes: [{ name: "Origin", value: "Uji: Japan" }],
    tags: ["green", "tea"],
    tax_class: "food",
  };
  await call("PUT", `/products/${sku}`, said);
  const now = async () => (await call("GET", `/products/${sku}`)).body;
  const { page, done } = await staff();
  await visit(page, "#/products");
  await page.getByLabel("Find products").fill(sku.toLowerCase());
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: sku }).click();
  await page.getByText("Two minutes").waitFor();
  await page.getByRole("button", { name: "Change the product" }).click();
  await page.getByLabel("Price").fill("2.00");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The product is changed").waitFor();
  assert.deepEqual(await now(), { sku, ...said, price: 200, active: true, image: said.images[0], version: 2 });
  await page.getByRole("button", { name: "Change the product" }).click();
  await call("PUT", `/products/${sku}`, { ...said, description: "Sold out soon." });
  await page.getByLabel("Price").fill("3.00");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("The version has changed").waitFor();
  assert.equal((await now()).description, "Sold out soon.");
  await page.keyboard.press("Escape");
  await page.getByText("Sold out soon.").waitFor();
  await page.getByRole("button", { name: "Take off sale" }).click();
  await page.getByRole("button", { name: "Take it off" }).click();
  await page.getByText("The product is off sale.").waitFor();
  assert.equal((await now()).active, false);
  await done();
});

test("a product is added with its stock, and is sold", async () => {
  const sku = `NEW-${fresh().toUpperCase()}`;
  const { page, done } = await staff();
  await visit(page, "#/products");
  await page.getByRole("button", { name: "Add a product" }).click();
  await page.getByLabel("SKU").fill(sku);
  await page.getByLabel("Name").fill("Hōjicha, 80 g");
  await page.getByLabel("Price").fill("12.50");
  await page.getByLabel("Pieces on hand").fill("7");
  await page.getByRole("button", { name: "Add it" }).click();
  await page.getByRole("heading", { name: "Hōjicha, 80 g" }).waitFor();
  assert.equal((await call("GET", `/products/${sku}`)).body.price, 1250);
  const order = await place({ sku });
  await status(order.id, "allocated");
  await page.reload();
  await page.getByText("2 for open orders").waitFor();
  await page.getByRole("button", { name: "Adjust the stock" }).click();
  await page.getByLabel("Pieces more").fill("-1");
  await page.getByLabel("Reason").fill("broken");
  await page.keyboard.press("Enter");
  await page.getByText("The stock is adjusted.").waitFor();
  assert.equal((await call("GET", `/stock/${sku}`)).body.on_hand, 6);
  await done();
});

test("an endpoint is added, tested and disabled", async () => {
  const { page, done } = await staff();
  await visit(page, "#/endpoints");
  await page.getByRole("button", { name: "Add an endpoint" }).click();
  const name = `the warehouse ${fresh()}`;
  await page.getByLabel("Address").fill("https://127.0.0.1:9/conveyor");
  await page.getByLabel("What it is").fill(name);
  await page.getByLabel("Types").fill("order.expired");
  await page.keyboard.press("Enter");
  await page.getByText("whsec_").waitFor();
  await page.getByRole("link", { name }).click();
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByRole("button", { name: "Send it", exact: true }).click();
  await page.getByRole("cell", { name: "webhook.test" }).waitFor();
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Disable it" }).click();
  await page.locator(".heading").getByText("disabled").waitFor();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.getByRole("heading", { name: "Webhooks out" }).waitFor();
  await done();
});

test("a replay is planned, confirmed and sent, and repeats nothing", async () => {
  const order = orders[1];
  const events = async () => (await call("GET", `/orders/${order.id}/explanation`)).body.events.length;
  const before = await until("the order rests", async () => {
    const count = await events();
    await new Promise((resolve) => setTimeout(resolve, 700));
    return count === (await events()) && count;
  });
  const { page, done } = await staff();
  await visit(page, "#/replay");
  await page.getByLabel("Events of").selectOption("payments");
  await page.getByRole("textbox", { name: "Orders" }).fill(order.id);
  await page.getByRole("button", { name: "Plan" }).click();
  await page.getByRole("button", { name: /^Send \d+ events$/ }).click();
  await page.getByRole("heading", { name: /^Sent \d+/ }).waitFor();
  assert.equal(await events(), before);
  await done();
});

test("the console compares the views of orders with their events, and says how many it would write", async () => {
  const { page, done } = await staff();
  await visit(page, "#/runbooks");
  const section = page.getByRole("region", { name: "Write views of orders again" });
  await section.getByRole("button", { name: "Plan" }).click();
  await section.getByText(/\d+ orders compared, \d+ views right/).waitFor({ timeout: 120_000 });
  const start = section.getByRole("button", { name: /^Write \d+ again$/ });
  // Each part takes 8 s, and the tests before these leave hundreds of orders.
  await start.waitFor({ timeout: 300_000 });
  await done();
});

test("the console counts the events that Stripe could not deliver, and offers to fetch them", async () => {
  const { page, done } = await staff();
  await visit(page, "#/runbooks");
  const section = page.getByRole("region", { name: "Fetch what Stripe could not deliver" });
  const local = new Date(Date.now() - 3_600_000 - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
  await section.getByLabel("Since (your time)").fill(local);
  await section.getByRole("button", { name: "Plan" }).click();
  await section.getByText(/^\d+ events that Stripe could not deliver/).waitFor({ timeout: 60_000 });
  await section.getByRole("button", { name: /^Fetch \d+ events$/ }).waitFor();
  await done();
});
