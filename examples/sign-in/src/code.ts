// The pages of an issuer: authorization code with PKCE (RFC 6749, RFC 7636). The client has no secret.
//
// The page leaves for the issuer and is loaded anew at the return. What it has to remember meanwhile is in sessionStorage: the
// verifier, which proves that the code was asked for by this tab, and the state, which proves that the return answers it.

import { SignInError } from "./errors";
import type { Grant, Issuer } from "./session";

/** The client at the issuer, and the issuer's addresses. */
export interface Client {
  client_id: string;
  /** May have parameters of its own, for example `?audience=shop`. */
  authorize_url: string;
  token_url: string;
  /** RFC 7009. Without it a refresh token ends by itself. */
  revoke_url?: string | null;
  /** For example `openid email`; some issuers give a refresh token for `offline_access` alone. */
  scopes: string;
}

/** What a return leads to: tokens, and the place in the page where the person had been. */
export interface Returned {
  grant: Grant;
  place: string;
}

interface Leaving {
  state: string;
  verifier: string;
  place: string;
}

interface TokenAnswer {
  access_token?: string;
  id_token?: string;
  refresh_token?: string;
  expires_in?: number;
  error?: string;
  error_description?: string;
}

/** If an issuer does not say how long a token is valid. */
const SHORT_SECONDS = 300;

export class CodeFlow implements Issuer {
  /**
   * `returnTo` is the page's own address without query and fragment, as it is registered at the issuer. `stored` is the name in
   * sessionStorage of what this tab remembers while it is away.
   */
  constructor(
    private readonly client: Client,
    private readonly returnTo: string,
    private readonly stored: string,
  ) {}

  /** The address to go to. `place` is given back at the return. */
  async leave(place: string): Promise<string> {
    const leaving: Leaving = { state: random(), verifier: random(), place };
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(leaving.verifier));
    const address = new URL(this.client.authorize_url);
    for (const [name, value] of Object.entries({
      response_type: "code",
      client_id: this.client.client_id,
      redirect_uri: this.returnTo,
      scope: this.client.scopes,
      state: leaving.state,
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: "S256",
    })) {
      address.searchParams.set(name, value);
    }
    sessionStorage.setItem(this.stored, JSON.stringify(leaving));
    return address.href;
  }

  /** Exchanges the code of the address for tokens. `undefined` if the address is no return. A return is taken once. */
  async arrive(address: URL): Promise<Returned | undefined> {
    const answer = address.searchParams;
    if (!answer.has("state") || !(answer.has("code") || answer.has("error"))) return undefined;
    const leaving = this.#left();
    if (leaving?.state !== answer.get("state")) {
      throw new SignInError("State", "This sign-in was not begun in this tab, or it was taken up already. Sign in again.");
    }
    const error = answer.get("error");
    if (error) throw new SignInError(error, WORDS[error] ?? refusal(answer.get("error_description") ?? error));
    const grant = await this.#grant({
      grant_type: "authorization_code",
      code: answer.get("code") ?? "",
      redirect_uri: this.returnTo,
      code_verifier: leaving.verifier,
    });
    return { grant, place: leaving.place };
  }

  renew(refreshToken: string): Promise<Grant> {
    return this.#grant({ grant_type: "refresh_token", refresh_token: refreshToken });
  }

  async revoke(refreshToken: string): Promise<void> {
    if (!this.client.revoke_url) return;
    const answer = await this.#post(this.client.revoke_url, { token: refreshToken, token_type_hint: "refresh_token" });
    if (!answer.ok) throw new Error(`the issuer answered ${answer.status}`);
  }

  #left(): Leaving | undefined {
    const text = sessionStorage.getItem(this.stored);
    sessionStorage.removeItem(this.stored);
    return text ? (JSON.parse(text) as Leaving) : undefined;
  }

  async #grant(parameters: Record<string, string>): Promise<Grant> {
    const answer = await this.#post(this.client.token_url, parameters);
    if (answer.status >= 500 || answer.status === 429) throw new Error("The issuer is out. Try again in a moment.");
    const text = await answer.text();
    const body = (text ? JSON.parse(text) : {}) as TokenAnswer;
    if (answer.ok && body.access_token) {
      const { access_token: access, id_token: id, refresh_token: refresh, expires_in: seconds = SHORT_SECONDS } = body;
      return { access, id, refresh, seconds };
    }
    const code = body.error ?? "Unknown";
    throw new SignInError(code, WORDS[code] ?? refusal(body.error_description ?? code));
  }

  async #post(address: string, parameters: Record<string, string>): Promise<Response> {
    try {
      return await fetch(address, {
        method: "POST",
        body: new URLSearchParams({ client_id: this.client.client_id, ...parameters }),
        credentials: "omit",
      });
    } catch {
      throw new Error("The issuer does not answer. Check the connection, then try again.");
    }
  }
}

const WORDS: Record<string, string> = {
  access_denied: "The sign-in was ended, or this account may not sign in here.",
  invalid_grant: "The sign-in has expired: sign in again.",
  temporarily_unavailable: "The issuer is out. Try again in a moment.",
};

const refusal = (text: string) => `The issuer refused the sign-in: ${text}`;

/** 256 bits. */
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
