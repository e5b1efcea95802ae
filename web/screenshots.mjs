// Takes the pictures of docs/console/ from the real pages of the running stack: `make screenshots`.

import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { open, signIn, start, stop, visit } from "./tests/browser.mjs";
import { allocated, bankReports, call, deadLetter, fresh, people, place, status, until } from "./tests/stack.mjs";

const FOLDER = new URL("../docs/console/", import.meta.url).pathname;
const LARGEST = 150 * 1024;

mkdirSync(FOLDER, { recursive: true });
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
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  console.log(`${path}: ${statSync(path).size} bytes`);
  if (statSync(path).size > LARGEST) throw new Error(`${name} is larger than ${LARGEST} bytes`);
  await done();
}
await stop();

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
