// The authorization code flow with PKCE, against an issuer that checks it.

import assert from "node:assert/strict";
import { createVerify } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { issuer } from "../oidc.mjs";
import { bundle, storage } from "./bundle.mjs";

const { CodeFlow, Session, SignInError } = await bundle(`export * from "../../examples/sign-in/src"`);

const PAGE = "https://api.example/console/index.html";
const [KEY, LEAVING] = ["test.refresh-token", "test.leaving"];
const stored = new Map();
globalThis.sessionStorage = storage(stored);

let at;
let flow;
before(async () => {
  at = await issuer({ clientId: "console", redirectUris: [PAGE], claims: { sub: "s-1", email: "olga@shop.example", groups: ["admin"] } });
  flow = new CodeFlow(at.client, PAGE, LEAVING);
});
after(() => at.stop());
beforeEach(() => {
  stored.clear();
  at.deny(false);
});

/** What the browser does: it goes to the issuer, which sends it back. */
async function visited(address) {
  const answer = await fetch(address, { redirect: "manual" });
  assert.equal(answer.status, 302);
  return new URL(answer.headers.get("location"));
}

const refusedAs = (code) => (error) => error instanceof SignInError && error.code === code;

test("a return with a code begins a session with tokens of the issuer, at the place where the person was", async () => {
  const address = await flow.leave("#/orders/o1");
  assert.equal(new URL(address).searchParams.get("audience"), "shop", "a parameter of the address is kept");
  const { grant, place } = await flow.arrive(await visited(address));
  assert.equal(place, "#/orders/o1");
  const [head, payload, signature] = grant.access.split(".");
  assert.ok(createVerify("RSA-SHA256").update(`${head}.${payload}`).verify(at.publicKey, signature, "base64url"));
  const session = new Session(flow, KEY);
  session.begin(grant);
  assert.equal(session.person().email, "olga@shop.example");
  assert.deepEqual([...stored.keys()], [KEY], "nothing is left of the way");
});

test("no secret leaves before the return: the address has the digest of the verifier, and each sign-in its own", async () => {
  const one = await flow.leave("");
  const { verifier, state } = JSON.parse(stored.get(LEAVING));
  assert.ok(!one.includes(verifier) && one.includes(state));
  const other = await flow.leave("");
  assert.notEqual(new URL(one).searchParams.get("code_challenge"), new URL(other).searchParams.get("code_challenge"));
  assert.notEqual(new URL(one).searchParams.get("state"), new URL(other).searchParams.get("state"));
});

test("a return is taken once, and only in the tab that left", async () => {
  const back = await visited(await flow.leave(""));
  await flow.arrive(back);
  await assert.rejects(flow.arrive(back), refusedAs("State"), "again");
  const foreign = await visited(await flow.leave(""));
  stored.clear();
  await assert.rejects(flow.arrive(foreign), refusedAs("State"), "another tab");
  const before = at.seen.filter((request) => request === "POST /token").length;
  await flow.leave("");
  foreign.searchParams.set("state", "forged");
  await assert.rejects(flow.arrive(foreign), refusedAs("State"), "a state of nobody");
  assert.equal(at.seen.filter((request) => request === "POST /token").length, before, "the code is not sent on");
});

test("the issuer refuses a code without its verifier", async () => {
  const back = await visited(await flow.leave(""));
  stored.set(LEAVING, JSON.stringify({ ...JSON.parse(stored.get(LEAVING)), verifier: "another" }));
  await assert.rejects(flow.arrive(back), refusedAs("invalid_grant"));
});

test("a refusal at the issuer is said in words", async () => {
  at.deny(true);
  const back = await visited(await flow.leave(""));
  await assert.rejects(flow.arrive(back), (error) => refusedAs("access_denied")(error) && /may not sign in/.test(error.message));
});

test("an address that is no return is left alone", async () => {
  assert.equal(await flow.arrive(new URL(PAGE)), undefined);
  assert.equal(await flow.arrive(new URL(`${PAGE}?code=1`)), undefined);
});

test("a refresh rotates the token of the tab, and a sign-out revokes it", async () => {
  const session = new Session(flow, KEY);
  session.begin((await flow.arrive(await visited(await flow.leave("")))).grant);
  const first = stored.get(KEY);
  await session.refresh();
  assert.notEqual(stored.get(KEY), first);
  const last = stored.get(KEY);
  assert.ok(at.refreshTokens.has(last));
  await session.signOut();
  assert.ok(!at.refreshTokens.has(last));
  stored.set(KEY, last);
  assert.equal(await session.resume(), false);
  assert.equal(stored.size, 0, "a session that the issuer ended is forgotten");
});

test("an issuer that is not reached ends no session", async () => {
  const away = new CodeFlow({ ...at.client, token_url: "http://127.0.0.1:9/token" }, PAGE, LEAVING);
  await assert.rejects(away.renew("r-1"), (error) => !(error instanceof SignInError) && /again/.test(error.message));
});
