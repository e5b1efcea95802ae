// How long pages of the console take from a reload to their first row, and what the functions asked of DynamoDB meanwhile: called by
// `make bench-console`, which counts by a proxy. Prints JSON.

import { open, signIn, start, stop, visit } from "./tests/browser.mjs";
import { people } from "./tests/stack.mjs";

const ROUNDS = Number(process.env.CONVEYOR_ROUNDS);
const counted = async () => (await fetch(process.env.CONVEYOR_COUNTS)).json();

await start();
const { page, done } = await open();
await signIn(page, people.admin);
const opened = { name: "open orders", milliseconds: [], counted: [], rows: 0 };
await visit(page, "#/search");
await firstRow();
for (let round = 0; round < ROUNDS; round += 1) {
  await page.waitForLoadState("networkidle");
  await counted();
  const began = performance.now();
  await page.reload({ waitUntil: "commit" });
  await firstRow();
  opened.milliseconds.push(performance.now() - began);
  opened.counted.push(await counted());
}
opened.rows = await page.locator("main tbody tr").count();
const found = { name: "a search that every order matches", milliseconds: [], counted: [], rows: 0 };
for (let round = 0; round < ROUNDS; round += 1) {
  await visit(page, "#/health");
  await page.getByRole("heading", { name: "Health" }).waitFor();
  await page.waitForLoadState("networkidle");
  await counted();
  await page.getByRole("searchbox").fill("TEA-01");
  const began = performance.now();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Found orders" }).waitFor();
  await firstRow();
  found.milliseconds.push(performance.now() - began);
  found.counted.push(await counted());
  found.rows = await page.locator("main tbody tr").count();
}
console.log(JSON.stringify([opened, found]));
await done();
await stop();

function firstRow() {
  return page.locator("main tbody tr").first().waitFor();
}
