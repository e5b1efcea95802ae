// Every page in light and dark, narrow and magnified: no violation of axe, nothing beside the screen, no request to another origin.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, signIn, start, stop, violations, visit } from "./browser.mjs";
import { allocated, call, CONSOLE, deadLetter, people } from "./stack.mjs";

let pages;

before(async () => {
  await start();
  const order = await allocated();
  await deadLetter("ALLOCATE_STOCK", "no event");
  const webhook = (await call("GET", "/webhooks/inbox?limit=1")).body.items[0].id;
  pages = [
    ["#/", "Needs a person"],
    ["#/search", "Open orders"],
    [`#/orders/${order.id}`, `Order ${order.number}`],
    ["#/shipments", "To pack"],
    ["#/products", "Products"],
    ["#/products/TEA-01", "Sencha, 100 g"],
    ["#/inbox", "Webhooks in"],
    [`#/inbox/${encodeURIComponent(webhook)}`, undefined],
    ["#/endpoints", "Webhooks out"],
    ["#/letters", "Dead letters"],
    ["#/letters/allocate-stock", "Dead letters of allocate-stock"],
    ["#/replay", "Replays"],
    ["#/health", "Health"],
    ["#/runbooks", "Runbooks"],
    ["#/nowhere", "No such page"],
  ];
});
after(stop);

async function everyPage(options, look) {
  const { page, done } = await open(options);
  await signIn(page, people.admin);
  for (const [hash, heading] of pages) {
    await visit(page, hash);
    await page.getByRole("heading", { level: 1, ...(heading ? { name: heading } : {}) }).waitFor();
    await page.waitForFunction(() => !document.querySelector(".spinner"));
    await look(page, hash);
  }
  await done();
}

/** 360 pixels, and half of 1280: what a window shows that is magnified to 200 %. */
const NARROW = [360, 640];

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds no violation on any page in ${colorScheme}, and no page is wider than a narrow screen`, async () => {
    await everyPage({ colorScheme }, async (page, hash) => {
      assert.deepEqual(await violations(page), [], hash);
      for (const width of colorScheme === "light" ? NARROW : []) {
        await page.setViewportSize({ width, height: 740 });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.ok(over <= 0, `${hash} is ${over} pixels too wide at ${width}`);
      }
      await page.setViewportSize({ width: 1280, height: 800 });
    });
  });
}

test("the choice of light or dark is kept", async () => {
  const { page, done } = await open({ colorScheme: "light" });
  await signIn(page, people.admin);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByLabel("Appearance").selectOption("dark");
  assert.notEqual(await ground(), light);
  await page.reload();
  await page.getByRole("navigation").waitFor();
  assert.notEqual(await ground(), light);
  await done();
});

test("the page comes with a strict policy, and its assets are kept for ever", async () => {
  const page = await fetch(CONSOLE);
  assert.equal(page.status, 200);
  assert.ok(page.url.endsWith("/console/index.html"), page.url);
  const policy = page.headers.get("content-security-policy");
  assert.ok(policy.includes("default-src 'none'") && policy.includes("frame-ancestors 'none'"), policy);
  assert.ok(!policy.includes("unsafe-"), policy);
  const live = process.env.CONVEYOR_LIVE_URL;
  assert.match(policy, new RegExp(`connect-src 'self' \\S+ ${new URL(live).origin};`));
  assert.equal((await (await fetch(new URL("settings.json", page.url))).json()).live_url, live);
  assert.equal(page.headers.get("cache-control"), "no-store");
  assert.equal(page.headers.get("cross-origin-opener-policy"), "same-origin");
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
  const html = await page.text();
  const script = new URL(/src="(.*?\.js)"/.exec(html)[1], page.url);
  const asset = await fetch(script, { headers: { "accept-encoding": "gzip" } });
  assert.equal(asset.headers.get("content-encoding"), "gzip");
  assert.match(asset.headers.get("cache-control"), /immutable/);
  assert.match(asset.headers.get("content-type"), /javascript/);
});
