// An issuer of OpenID Connect for the tests: the authorization code flow with PKCE, refresh tokens that rotate, revocation, signed
// tokens. It checks what RFC 6749, 7636 and 7009 have it check. Its sign-in page only has a link back, or with `asks: false` is left at
// once: the person is always the same one.

import { createHash, createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const encoded = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Starts it for one client. `claims` are those of the person. */
export async function issuer({ clientId, redirectUris, claims, asks = false, seconds = 3600 }) {
  const codes = new Map();
  const refreshTokens = new Set();
  const seen = [];
  let denies = false;
  let origin;

  function sign(more) {
    const now = Math.floor(Date.now() / 1000);
    const head = `${encoded({ alg: "RS256", kid: "k1" })}.${encoded({ iss: origin, iat: now, exp: now + seconds, jti: randomUUID(), ...claims, ...more })}`;
    return `${head}.${createSign("RSA-SHA256").update(head).sign(privateKey, "base64url")}`;
  }

  function tokens() {
    const refresh = randomUUID();
    refreshTokens.add(refresh);
    return { access_token: sign({ aud: "shop" }), id_token: sign({ aud: clientId }), refresh_token: refresh, token_type: "Bearer", expires_in: seconds };
  }

  function authorize(query) {
    if (query.get("client_id") !== clientId || !redirectUris.includes(query.get("redirect_uri"))) return { status: 400, body: { error: "invalid_request" } };
    const back = new URL(query.get("redirect_uri"));
    back.searchParams.set("state", query.get("state"));
    if (query.get("response_type") !== "code" || query.get("code_challenge_method") !== "S256") back.searchParams.set("error", "invalid_request");
    else if (denies) back.searchParams.set("error", "access_denied");
    else {
      const code = randomUUID();
      codes.set(code, { challenge: query.get("code_challenge"), redirectUri: query.get("redirect_uri") });
      back.searchParams.set("code", code);
    }
    return asks ? { status: 200, html: `<a href="${back.href.replaceAll("&", "&amp;")}">Go on as Olga</a>` } : { status: 302, location: back.href };
  }

  function token(form) {
    if (form.get("client_id") !== clientId) return { status: 401, body: { error: "invalid_client" } };
    const refused = { status: 400, body: { error: "invalid_grant" } };
    if (form.get("grant_type") === "refresh_token") return refreshTokens.delete(form.get("refresh_token")) ? { status: 200, body: tokens() } : refused;
    const asked = codes.get(form.get("code"));
    codes.delete(form.get("code"));
    const proof = createHash("sha256").update(form.get("code_verifier") ?? "").digest("base64url");
    return asked && asked.challenge === proof && asked.redirectUri === form.get("redirect_uri") ? { status: 200, body: tokens() } : refused;
  }

  function answer(path, query, form) {
    if (path === "/authorize") return authorize(query);
    if (path === "/token") return token(form);
    if (path === "/revoke") return refreshTokens.delete(form.get("token")), { status: 200, body: {} };
    return { status: 404, body: {} };
  }

  const server = createServer((request, reply) => {
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      const { pathname, searchParams } = new URL(request.url, origin);
      seen.push(`${request.method} ${pathname}`);
      const { status, body, html, location } = answer(pathname, searchParams, new URLSearchParams(text));
      const headers = { "content-type": html ? "text/html" : "application/json", "access-control-allow-origin": "*", ...(location ? { location } : {}) };
      reply.writeHead(status, headers).end(html ?? (body === undefined ? "" : JSON.stringify(body)));
    });
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    seen,
    publicKey,
    refreshTokens,
    deny: (does) => (denies = does),
    stop: () => new Promise((stopped) => server.close(stopped)),
    client: { client_id: clientId, authorize_url: `${origin}/authorize?audience=shop`, token_url: `${origin}/token`, revoke_url: `${origin}/revoke`, scopes: "openid email" },
  };
}
