// What a person does with an order, on the deployed stack.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, signIn, start, stop, violations, visit } from "./browser.mjs";
import { allocated, call, fresh, people, status, until } from "./stack.mjs";

/** Orders that are to pack. They are placed together, because each waits seconds for the payment provider. */
let orders;
const MARKUP = `<img src=x onerror="document.title='taken'">`;

before(async () => {
  await start();
  const names = Array.from({ length: 8 }, (_, n) => (n === 7 ? MARKUP : undefined));
  orders = await Promise.all(names.map((name) => allocated(name ? { name } : {})));
});
after(stop);

async function staff(options) {
  const window = await open(options);
  await signIn(window.page, people.admin);
  return window;
}

const refunds = async (id) => (await call("GET", `/orders/${id}/explanation`)).body.events.filter((it) => it.type === "RefundRequested");

test("an order is found by the customer's address, and the page says what it waits for", async () => {
  const order = orders[0];
  const { page, done } = await staff();
  await page.keyboard.press("/");
  await page.keyboard.type(order.email);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: order.number }).click();
  await page.getByRole("heading", { name: `Order ${order.number}` }).waitFor();
  await page.getByRole("region", { name: "Waits for" }).getByText("dispatch").first().waitFor();
  for (const event of ["OrderPlaced", "OrderPaid", "InventoryUpdated", "ShipmentRequested"]) {
    await page.getByRole("listitem").filter({ hasText: event }).first().waitFor();
  }
  assert.ok(!page.url().includes("@"), "no address in the address of the page");
  assert.match(await page.locator("time").first().getAttribute("title"), /Z \(UTC\)$/);
  await done();
});

test("an order is found by its number, its SKU and its id", async () => {
  const order = orders[0];
  const { page, done } = await staff();
  for (const typed of [order.number.toLowerCase().replaceAll("-", " "), "TEA-01", order.id]) {
    await page.keyboard.press("/");
    await page.keyboard.type(typed);
    await page.keyboard.press("Enter");
    await page.getByText(order.number).first().waitFor();
    await visit(page, "#/health");
    await page.getByRole("heading", { name: "Health" }).waitFor();
  }
  await done();
});

test("Enter pressed twice refunds once", async () => {
  const order = orders[1];
  const { page, done } = await staff();
  await visit(page, `#/orders/${order.id}`);
  await page.getByRole("button", { name: "Refund", exact: true }).click();
  await page.getByLabel("Amount in EUR").fill("2,50");
  await page.getByLabel("Reason").fill("a scratched tin");
  await page.getByLabel("Amount in EUR").focus();
  await page.evaluate(() => {
    // Faster than any keyboard: twice before the page draws anything.
    const form = document.querySelector("dialog form");
    form.requestSubmit();
    form.requestSubmit();
  });
  await page.keyboard.press("Enter");
  await page.getByText("A refund of 2.50 EUR is requested.").waitFor();
  await page.getByRole("listitem").filter({ hasText: "PaymentRefunded" }).first().waitFor();
  assert.equal((await refunds(order.id)).length, 1);
  assert.equal((await call("GET", `/orders/${order.id}/payment`)).body.refunded, 250);
  await done();
});

test("the same refund in two tabs is one refund", async () => {
  const order = orders[2];
  const one = await staff();
  const other = await staff();
  for (const { page } of [one, other]) {
    await visit(page, `#/orders/${order.id}`);
    await page.getByRole("button", { name: "Refund", exact: true }).click();
    await page.getByLabel("Amount in EUR").fill("1.00");
    await page.getByLabel("Reason").fill("late");
  }
  await Promise.all([one, other].map(({ page }) => page.keyboard.press("Tab").then(() => page.evaluate(() => document.querySelector("dialog form").requestSubmit()))));
  for (const { page } of [one, other]) await page.getByText("A refund of 1.00 EUR is requested.").waitFor();
  assert.equal((await refunds(order.id)).length, 1);
  // A later refund is another intent.
  await one.page.getByRole("listitem").filter({ hasText: "PaymentRefunded" }).first().waitFor();
  await one.page.getByRole("button", { name: "Refund", exact: true }).click();
  await one.page.getByLabel("Amount in EUR").fill("1.00");
  await one.page.getByLabel("Reason").fill("again");
  await one.page.keyboard.press("Tab");
  await one.page.keyboard.press("Enter");
  await until("the second refund", async () => (await refunds(order.id)).length === 2);
  await one.done();
  await other.done();
});

test("what is typed wrongly is said beside the field, and nothing is sent", async () => {
  const order = orders[3];
  const { page, done } = await staff();
  await visit(page, `#/orders/${order.id}`);
  await page.getByRole("button", { name: "Refund", exact: true }).click();
  await page.getByLabel("Amount in EUR").fill("1000");
  await page.keyboard.press("Enter");
  await page.getByText("At most 19.00 EUR, and more than nothing.").waitFor();
  await page.getByText("This is needed.").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  assert.equal((await refunds(order.id)).length, 0);
  await done();
});

test("an order is opened and dispatched by the keyboard alone, with the focus visible at each step", async () => {
  const order = orders[4];
  const { page, done } = await staff();
  const seen = async () => {
    const [name, width] = await page.evaluate(() => {
      const it = document.activeElement;
      return [`${it.tagName} ${it.textContent.slice(0, 30)}`, getComputedStyle(it).outlineWidth];
    });
    assert.ok(parseFloat(width) >= 2, `the focus on ${name} is not visible`);
  };
  const tabTo = async (wanted) => {
    for (let n = 0; n < 60; n += 1) {
      await page.keyboard.press("Tab");
      await seen();
      if (await page.evaluate((text) => document.activeElement.textContent.trim() === text, wanted)) return;
    }
    assert.fail(`${wanted} is not reached by Tab`);
  };
  await page.keyboard.press("/");
  await seen();
  await page.keyboard.type(order.number);
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: order.number }).waitFor();
  await tabTo(order.number);
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Dispatch" }).waitFor();
  await tabTo("Dispatch");
  await page.keyboard.press("Enter");
  // What is typed before the form is open goes nowhere, and no person is so fast.
  await page.waitForFunction(() => document.activeElement.tagName === "INPUT");
  await page.keyboard.type("DHL");
  await page.keyboard.press("Tab");
  await seen();
  await page.keyboard.type(`KB-${fresh()}`);
  await page.keyboard.press("Enter");
  await page.getByText("The parcel is recorded as handed over.").waitFor();
  await status(order.id, "shipped");
  await page.locator(".heading").getByText("shipped").waitFor();
  await done();
});

test("a mistyped code is corrected, and an order is cancelled with its reason", async () => {
  const [shipped, unwanted] = [orders[5], orders[6]];
  await call("POST", `/shipments/${shipped.id}/dispatch`, { carrier: "DHL", tracking_code: `WR-${fresh()}` });
  await status(shipped.id, "shipped");
  const { page, done } = await staff();
  await visit(page, `#/orders/${shipped.id}`);
  await page.getByRole("button", { name: "Correct the code" }).click();
  const code = `RI-${fresh()}`;
  await page.getByRole("textbox", { name: "Tracking code" }).fill(code);
  await page.keyboard.press("Enter");
  await page.getByRole("region", { name: "Parcel" }).getByText(code).waitFor();
  await visit(page, `#/orders/${unwanted.id}`);
  await page.getByRole("button", { name: "Cancel the order" }).first().click();
  await page.getByLabel("Reason").fill("ordered twice");
  await page.getByRole("dialog").getByRole("button", { name: "Cancel the order" }).click();
  await status(unwanted.id, "cancelled");
  await page.getByRole("listitem").filter({ hasText: "ordered twice" }).first().waitFor();
  await done();
});

test("a name with markup stays text", async () => {
  const order = orders[7];
  const { page, done } = await staff();
  await visit(page, `#/orders/${order.id}`);
  await page.getByText(MARKUP).waitFor();
  assert.equal(await page.locator("img").count(), 0);
  assert.notEqual(await page.title(), "taken");
  await done();
});

test("an API that does not answer is said, and the page recovers", async () => {
  const { page, context, done } = await staff();
  await context.route("**/products?**", (route) => route.abort());
  await visit(page, "#/products");
  await page.getByRole("alert").filter({ hasText: "The API does not answer" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await context.unroute("**/products?**");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("link", { name: "TEA-01" }).waitFor();
  await done();
});
