// Takes the pictures of docs/console/ and docs/storefront/ from the real pages of the running stack: `make screenshots`.

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { open, signIn, start, stop, visit } from "./tests/browser.mjs";
import { asCustomer, CARDS, orderOf, put, says, toCheckout, typeCard } from "./tests/shop.mjs";
import { allocated, bankReports, call, deadLetter, fresh, people, place, status, until } from "./tests/stack.mjs";

const FOLDER = new URL("../docs/", import.meta.url).pathname;
const LARGEST = 150 * 1024;

for (const of of ["console", "storefront"]) mkdirSync(join(FOLDER, of), { recursive: true });
await start();
const order = await anEventfulShop();
for (const [name, options, hash] of [
  ["needs-a-person", {}, "#/"],
  ["order", { colorScheme: "dark" }, `#/orders/${order.id}`],
  ["orders-narrow", { viewport: { width: 360, height: 720 } }, "#/search"],
]) {
  const { page, done } = await open({ viewport: { width: 1100, height: 740 }, ...options });
  await signIn(page, people.admin);
  await visit(page, hash);
  await page.waitForLoadState("networkidle");
  await page.waitForFunction(() => !document.querySelector(".spinner"));
  await shoot(page, `console/${name}`);
  await done();
}
await theShop();
await stop();

async function shoot(page, name) {
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  console.log(`${path}: ${statSync(path).size} bytes`);
  if (statSync(path).size > LARGEST) throw new Error(`${name} is larger than ${LARGEST} bytes`);
}

/** What a customer sees on the way to a parcel. */
async function theShop() {
  const { page, done } = await asCustomer({ viewport: { width: 1100, height: 740 } });
  await put(page, "Mug, stoneware");
  await page.getByRole("heading", { name: "Sencha, 100 g" }).waitFor();
  await shoot(page, "storefront/products");
  await toCheckout(page);
  await typeCard(page, CARDS.good);
  await page.getByRole("button", { name: "Pay", exact: true }).scrollIntoViewIfNeeded();
  await shoot(page, "storefront/checkout");
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  const bought = await orderOf(page);
  await says(page, "Being packed");
  await until("the shipment is to pack", async () => (await call("GET", `/shipments/${bought}`)).body?.state === "requested");
  await call("POST", `/shipments/${bought}/dispatch`, { carrier: "DHL", tracking_code: `JD0146${fresh()}` });
  await says(page, "On its way");
  await shoot(page, "storefront/order");
  await done();
}

/** An order with a part refunded, a webhook that failed, and one dead letter, so that there is something to see. */
async function anEventfulShop() {
  const [shown, offline] = await Promise.all([allocated(), place({ method: "elsewhere:bank" }), allocated(), allocated()]);
  await call("POST", `/orders/${shown.id}/refunds`, { amount: 250, reason: "a scratched tin" }, { key: `shot-${shown.id}` });
  await call("POST", `/shipments/${shown.id}/dispatch`, { carrier: "DHL", tracking_code: `JD0146${fresh()}` });
  await status(shown.id, "shipped");
  await until("the payment has begun", async () => (await call("GET", `/orders/${offline.id}/payment`)).status === 200);
  await bankReports({ order_id: offline.id, amount: 1, currency: "EUR", reference: `R-${fresh()}` });
  const { events } = (await call("GET", `/orders/${shown.id}/events`)).body;
  await deadLetter("TAKE_PAYMENT", JSON.stringify(events[0]));
  await new Promise((resolve) => setTimeout(resolve, 2000));
  return shown;
}
