// Signing in at the pages of an issuer. The stack's own pool has no such pages, so the page is told of an issuer that runs here: its
// settings and its policy are changed on the way. The API does not admit that issuer's tokens; the test looks at what it is sent.

import assert from "node:assert/strict";
import { createVerify } from "node:crypto";
import { after, before, test } from "node:test";
import { open, start, stop, violations } from "./browser.mjs";
import { issuer } from "./oidc.mjs";
import { CONSOLE } from "./stack.mjs";

const PAGE = new URL("console/index.html", CONSOLE.replace(/console.*$/, "")).href;
let at;

before(async () => {
  await start();
  const claims = { sub: "s-1", email: "olga@id.example", "cognito:groups": ["admin"], token_use: "access" };
  at = await issuer({ clientId: "console", redirectUris: [PAGE], claims, asks: true });
});
after(async () => {
  await stop();
  await at.stop();
});

async function prepare(page) {
  await page.route(/\/console\/settings\.json$/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: { ...(await answer.json()), sign_in: { kind: "code", ...at.client } } });
  });
  await page.route(/\/console\/index\.html/, async (route) => {
    const answer = await route.fetch();
    const policy = answer.headers()["content-security-policy"].replace(/connect-src 'self'[^;]*/, `connect-src 'self' ${at.origin}`);
    await route.fulfill({ response: answer, headers: { ...answer.headers(), "content-security-policy": policy } });
  });
}

// A redirect is not changed on the way, so the page is opened at its own address, and the issuer is left by a link.
// Chromium takes a page that was changed on the way for one of the internet, which asks before it may reach this machine.
const opened = () => open({ prepare, admitted: [at.origin], at: PAGE, permissions: ["local-network-access"] });

test("a person signs in at the issuer's page and is back where they were; a reload stays signed in, a sign-out does not", async () => {
  const { page, done } = await opened();
  await page.evaluate(() => (location.hash = "#/health"));
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.deepEqual(await violations(page), []);
  const asked = page.waitForRequest((request) => request.url().includes("/health/ready"));
  await page.getByRole("button", { name: "Go to the sign-in page" }).press("Enter");
  await page.getByRole("link", { name: "Go on as Olga" }).click();
  await page.getByRole("heading", { name: "Health", level: 1 }).waitFor();
  const [head, payload, signature] = (await asked).headers().authorization.replace("Bearer ", "").split(".");
  assert.ok(createVerify("RSA-SHA256").update(`${head}.${payload}`).verify(at.publicKey, signature, "base64url"));
  assert.ok(page.url().endsWith("/console/index.html#/health"), `the code is gone from the address: ${page.url()}`);
  await page.getByText("olga@id.example").waitFor();
  await page.reload();
  await page.getByText("olga@id.example").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.waitForLoadState("networkidle");
  assert.equal(at.refreshTokens.size, 0, "the refresh token is revoked");
  await done();
});

test("a refusal at the issuer, and a return that nobody asked for, are said in words", async () => {
  at.deny(true);
  const { page, done } = await opened();
  await page.getByRole("button", { name: "Go to the sign-in page" }).click();
  await page.getByRole("link", { name: "Go on as Olga" }).click();
  await page.getByRole("alert").filter({ hasText: "may not sign in here" }).waitFor();
  at.deny(false);
  await page.goto(`${PAGE}?code=slipped-in&state=forged`);
  await page.getByRole("alert").filter({ hasText: "was not begun in this tab" }).waitFor();
  assert.equal(await page.getByRole("navigation").count(), 0);
  await done();
});
