// The sign-in library, with issuers that answer as each fact needs. Signing in at the pool itself is tested in the browser.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { bundle, storage } from "./bundle.mjs";

const { Pool, Session, SignInError } = await bundle(`export * from "../../examples/sign-in/src"`);

const KEY = "test.refresh-token";
const stored = new Map();
globalThis.sessionStorage = storage(stored);

const jwt = (claims) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;
const granted = (more = {}) => ({ access: jwt({ sub: "s-1", groups: ["admin"] }), seconds: 3600, ...more });

/** An issuer whose answers the test gives. */
function issuer() {
  const asked = [];
  const answers = [];
  const asks = (what) => (token) =>
    new Promise((resolve, reject) => {
      asked.push(`${what} ${token}`);
      answers.push({ resolve, reject });
    });
  return { asked, answers, renew: asks("renew"), revoke: asks("revoke") };
}

beforeEach(() => stored.clear());

test("the access token is in memory and the refresh token in the storage, under the page's own name", () => {
  const session = new Session(issuer(), KEY);
  session.begin(granted({ refresh: "r-1", id: jwt({ email: "ada@shop.example" }) }));
  assert.deepEqual([...stored], [[KEY, "r-1"]]);
  assert.equal(session.person().email, "ada@shop.example");
  assert.deepEqual(session.person().claims.groups, ["admin"]);
});

test("two pages of one origin have two sessions", async () => {
  const [shop, desk] = [new Session(issuer(), "shop"), new Session(issuer(), "desk")];
  shop.begin(granted({ refresh: "r-shop" }));
  assert.equal(await desk.resume(), false);
  assert.equal(desk.person(), undefined);
});

test("a token that lasts is used again, and requests at the same time share one refresh of one that ends", async () => {
  const from = issuer();
  const session = new Session(from, KEY);
  session.begin(granted({ refresh: "r-1" }));
  await session.token();
  assert.deepEqual(from.asked, []);
  session.begin(granted({ seconds: 59 }));
  const both = Promise.all([session.token(), session.token()]);
  from.answers[0].resolve(granted({ access: jwt({ sub: "s-2" }), refresh: "r-2" }));
  const [one, other] = await both;
  assert.equal(one, other);
  assert.deepEqual(from.asked, ["renew r-1"]);
  assert.equal(stored.get(KEY), "r-2");
});

test("whoever signs out while a refresh is under way stays signed out", async () => {
  const from = issuer();
  const session = new Session(from, KEY);
  session.begin(granted({ refresh: "r-1" }));
  const refreshed = session.refresh();
  const out = session.signOut();
  from.answers[0].resolve(granted({ refresh: "r-2" }));
  await assert.rejects(refreshed, SignInError);
  from.answers[1].resolve();
  await out;
  assert.deepEqual(from.asked, ["renew r-1", "revoke r-1"]);
  assert.equal(session.person(), undefined);
  assert.equal(stored.size, 0);
});

test("an issuer that is out ends no session, and a refusal ends it", async (t) => {
  t.mock.method(console, "warn", () => {});
  const from = issuer();
  const session = new Session(from, KEY);
  stored.set(KEY, "r-1");
  const first = session.resume();
  from.answers[0].reject(new Error("no answer"));
  assert.equal(await first, false);
  assert.equal(stored.get(KEY), "r-1");
  const second = session.resume();
  from.answers[1].reject(new SignInError("NotAuthorizedException", "ended"));
  assert.equal(await second, false);
  assert.equal(stored.size, 0);
});

test("the page hears of each sign-in and sign-out, until it stops to watch", async () => {
  const session = new Session(issuer(), KEY);
  let heard = 0;
  const end = session.watch(() => (heard += 1));
  session.begin(granted());
  await session.signOut();
  assert.equal(heard, 2);
  end();
  session.begin(granted());
  assert.equal(heard, 2);
});

let server;
let pool;
let answer;
let request;

before(async () => {
  server = createServer((got, reply) => {
    let body = "";
    got.on("data", (part) => (body += part));
    got.on("end", () => {
      request = { target: got.headers["x-amz-target"], body: JSON.parse(body) };
      reply.writeHead(answer.status, { "content-type": "application/x-amz-json-1.1" }).end(JSON.stringify(answer.body));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  pool = new Pool(`http://127.0.0.1:${server.address().port}`, "client-1");
});

after(() => server.close());

test("each refusal of the pool is said in words for the person, and keeps its code", async () => {
  const refusals = [
    [() => pool.signIn("a@b.example", "x"), "NotAuthorizedException", /address or the password is wrong/],
    [() => pool.signIn("a@b.example", "x"), "UserNotConfirmedException", /not confirmed/],
    [() => pool.signUp("a@b.example", "x"), "UsernameExistsException", /There is an account/],
    [() => pool.signUp("a@b.example", "x"), "InvalidPasswordException", /At least 12 characters/],
    [() => pool.signUp("a@b.example", "x"), "NotAuthorizedException", /does not let people sign up/],
    [() => pool.confirm("a@b.example", "1"), "CodeMismatchException", /code is wrong/],
    [() => pool.confirm("a@b.example", "1"), "ExpiredCodeException", /request another/],
    [() => pool.confirm("a@b.example", "1"), "NotAuthorizedException", /confirmed already/],
    [() => pool.resendCode("a@b.example"), "LimitExceededException", /wait a while/],
    [() => pool.requestReset("a@b.example"), "InvalidParameterException", /not confirmed/],
    [() => pool.reset("a@b.example", "1", "x"), "SomethingNew", /text of the pool/],
  ];
  for (const [act, code, words] of refusals) {
    answer = { status: 400, body: { __type: `prefix#${code}`, message: "text of the pool" } };
    await assert.rejects(act, (error) => error instanceof SignInError && error.code === code && words.test(error.message));
    assert.equal(request.body.ClientId, "client-1");
  }
});

test("a sign-up says whether a code is awaited", async () => {
  answer = { status: 200, body: { UserConfirmed: false, UserSub: "s-1" } };
  assert.deepEqual(await pool.signUp("a@b.example", "Long-password-1"), { isConfirmed: false });
  assert.equal(request.target, "AWSCognitoIdentityProviderService.SignUp");
  assert.deepEqual(request.body.UserAttributes, [{ Name: "email", Value: "a@b.example" }]);
});

test("a challenge that a page cannot answer is said, not taken for a sign-in", async () => {
  answer = { status: 200, body: { ChallengeName: "SOFTWARE_TOKEN_MFA", Session: "x" } };
  await assert.rejects(pool.signIn("a@b.example", "x"), /SOFTWARE_TOKEN_MFA/);
});

test("a pool that is out, or that is not reached, refuses nobody", async () => {
  answer = { status: 503, body: {} };
  for (const out of [pool, new Pool("http://127.0.0.1:9", "client-1")]) {
    await assert.rejects(out.renew("r-1"), (error) => !(error instanceof SignInError) && /again/.test(error.message));
  }
});
