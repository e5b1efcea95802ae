// Signing in: by password, by invitation, after a reset; who may not; what a reload and a sign-out leave.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { open, signIn, start, stop, violations, visit } from "./browser.mjs";
import { bundle, storage } from "./units/bundle.mjs";
import { allocated, call, CONSOLE, fresh, people, status } from "./stack.mjs";

/** What the emulator sends as the code of a reset. */
const RESET_CODE = "654321";
/** What the emulator takes as the code of a sign-up. */
const SIGN_UP_CODE = "123456";

before(start);
after(stop);

test("a wrong password is refused in words, and the right one leads to what needs a person", async () => {
  const { page, done } = await open();
  await page.getByLabel("Email").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("Email").fill(people.admin.email);
  await page.getByLabel("Password", { exact: true }).fill("Wrong-password-1");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "The address or the password is wrong." }).waitFor();
  await page.getByLabel("Password", { exact: true }).fill(people.admin.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Needs a person" }).waitFor();
  await done();
});

test("a reload stays signed in, and a sign-out does not; no access token is stored", async () => {
  const { page, done } = await open();
  await signIn(page, people.admin);
  const stored = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(!stored.includes("eyJ") || stored.includes("refresh-token"), stored);
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), ["conveyor.refresh-token"]);
  assert.equal(await page.evaluate(() => localStorage.length), 0);
  await page.reload();
  await page.getByRole("navigation").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await done();
});

test("someone who was invited chooses a password of their own", async () => {
  const { page, done } = await open();
  await page.getByLabel("Email").fill(people.invited.email);
  await page.getByLabel("Password", { exact: true }).fill(people.invited.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Choose your password" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("New password").fill(`Own-${people.invited.password}`);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  await done();
});

test("a forgotten password is set anew with the code of the mail", async () => {
  const { page, done } = await open();
  const { email, password } = people.forgetful;
  await page.getByRole("button", { name: "Forgot password" }).click();
  await page.getByLabel("Email").fill(email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Code from the mail").fill(RESET_CODE);
  await page.getByLabel("New password").fill(`New-${password}`);
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "The password is changed" }).waitFor();
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(`New-${password}`);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
  await done();
});

test("the library signs a customer up at the pool, with a code, and out again", async () => {
  const stored = new Map();
  globalThis.sessionStorage = storage(stored);
  const { Pool, Session } = await bundle(`export * from "../../examples/sign-in/src"`);
  const { sign_in: way } = await (await fetch(new URL("console/settings.json", CONSOLE.replace(/console.*$/, "")))).json();
  const pool = new Pool(way.endpoint, way.client_id);
  const [email, password] = [`new+${fresh()}@customer.example`, `Aa1-${fresh()}-${fresh()}`];
  assert.deepEqual(await pool.signUp(email, password), { isConfirmed: false });
  await assert.rejects(pool.signUp(email, password), /There is an account/);
  await assert.rejects(pool.signIn(email, password), (error) => error.code === "UserNotConfirmedException");
  await pool.resendCode(email);
  await pool.confirm(email, SIGN_UP_CODE);
  const session = new Session(pool, "shop");
  const done = await pool.signIn(email, password);
  assert.equal(done.kind, "done");
  session.begin(done.grant, email);
  assert.equal(session.person().email, email);
  const token = await session.refresh();
  assert.equal((await call("GET", "/orders", undefined, { token })).status, 200);
  await session.signOut();
  assert.equal(stored.size, 0);
});

test("a customer sees that they may see nothing, and nothing else", async () => {
  const { page, done } = await open();
  await signIn(page, people.customer);
  await page.getByRole("alert").filter({ hasText: "You may not see or do this" }).waitFor();
  assert.equal(await page.getByRole("table").count(), 0);
  assert.deepEqual(await violations(page), []);
  await done();
});

test("a viewer sees orders and changes nothing: there is no action, and the API answers 403", async () => {
  const { page, done } = await open();
  await signIn(page, people.viewer);
  for (const [place, heading] of [["Products", "Products"], ["To pack", "To pack"], ["Health", "Health"], ["Orders", "Open orders"]]) {
    await page.getByRole("navigation").getByRole("link", { name: place, exact: true }).click();
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
    await page.waitForLoadState("networkidle");
    assert.equal(await page.getByRole("alert").count(), 0, place);
    assert.equal(await page.getByRole("button", { name: /Add|Dispatch|Refund/ }).count(), 0, place);
  }
  const token = process.env.CONVEYOR_VIEWER_TOKEN;
  const order = "0".repeat(32);
  for (const [method, path, body] of [
    ["POST", `/orders/${order}/refunds`, { amount: 1, reason: "x" }],
    ["POST", `/orders/${order}/cancel`, {}],
    ["POST", `/shipments/${order}/dispatch`, {}],
    ["PUT", "/products/TEA-01", { name: "x", price: 1, currency: "EUR" }],
    ["PUT", "/stock/TEA-01", { on_hand: 1 }],
    ["POST", "/webhooks/inbox/stripe%3Aevt_1/replay", undefined],
    ["POST", "/webhook-endpoints", { url: "https://shop.example" }],
    ["POST", "/operations/redrive-dead-letters", { do: "count" }],
    ["POST", "/customers/someone/erase", undefined],
  ]) {
    const { status } = await call(method, path, body, { token, key: "viewer" });
    // To a viewer another person's order does not exist, where its owner may cancel it.
    assert.ok([403, ...(path.endsWith("/cancel") ? [404] : [])].includes(status), `${method} ${path}: ${status}`);
  }
  await done();
});

test("staff dispatch and refund, and see no button of an operator; the API answers 403 to what operates the stack", async () => {
  const order = await allocated();
  const { page, done } = await open();
  await signIn(page, people.staff);
  await visit(page, `#/orders/${order.id}`);
  for (const name of ["Dispatch", "Refund", "Cancel the order"]) await page.getByRole("button", { name, exact: true }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Erase" }).count(), 0);
  for (const [hash, heading, button] of [["#/inbox", "Webhooks in", /Replay/], ["#/endpoints", "Webhooks out", /Add an endpoint/]]) {
    await visit(page, hash);
    await page.getByRole("heading", { name: heading, level: 1 }).waitFor();
    await page.waitForLoadState("networkidle");
    assert.equal(await page.getByRole("button", { name: button }).count(), 0, hash);
  }
  await visit(page, "#/letters");
  await page.getByRole("alert").filter({ hasText: "You may not see or do this" }).waitFor();
  await visit(page, `#/orders/${order.id}`);
  await page.getByRole("button", { name: "Dispatch", exact: true }).click();
  await page.getByLabel("Carrier").fill("DHL");
  await page.getByLabel("Tracking code").fill(`ST${fresh()}`);
  await page.keyboard.press("Enter");
  await page.getByText("The parcel is recorded as handed over.").waitFor();
  await status(order.id, "shipped");
  const token = process.env.CONVEYOR_STAFF_TOKEN;
  for (const [method, path, body] of [
    ["POST", "/webhooks/inbox/stripe%3Aevt_1/replay", undefined],
    ["POST", "/webhook-endpoints", { url: "https://shop.example" }],
    ["POST", "/operations/redrive-dead-letters", { do: "count" }],
    ["POST", "/operations/rebuild-views", { do: "plan" }],
    ["POST", "/customers/someone/erase", undefined],
  ]) {
    assert.equal((await call(method, path, body, { token, key: "staff" })).status, 403, `${method} ${path}`);
  }
  await done();
});
