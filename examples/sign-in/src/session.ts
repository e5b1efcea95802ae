// The session of one tab: who is signed in, and a token that is valid now.
//
// The access token is in memory alone; the refresh token is in sessionStorage, so that a reload of this tab does not sign out.

import { SignInError } from "./errors";

/** A token that ends within this many seconds is refreshed before it is used. */
const EARLY_SECONDS = 60;

/** What an issuer grants. Without a new refresh token the old one stays valid. */
export interface Grant {
  access: string;
  id?: string | undefined;
  refresh?: string | undefined;
  /** How long the access token is valid, in seconds. */
  seconds: number;
}

/** Who signs the tokens: a user pool, or an issuer with an authorization endpoint. */
export interface Issuer {
  /** Rejects with a `SignInError` if the session has ended, with another error if there was no answer. */
  renew(refreshToken: string): Promise<Grant>;
  revoke(refreshToken: string): Promise<void>;
}

export interface Person {
  email: string;
  subject: string;
  /** Of the access token. Only for what a page shows: the API decides by the token that it verifies. */
  claims: Record<string, unknown>;
}

interface Tokens {
  access: string;
  endsAt: number;
  person: Person;
}

export class Session {
  #tokens: Tokens | undefined;
  #renewing: Promise<string> | undefined;
  readonly #watchers = new Set<() => void>();

  /** `stored` is the name in sessionStorage. Pages of one origin that sign in apart from each other need names of their own. */
  constructor(
    private readonly issuer: Issuer,
    private readonly stored: string,
  ) {}

  person(): Person | undefined {
    return this.#tokens?.person;
  }

  /** Calls `changed` whenever someone signed in or out. Returns what ends that. */
  watch(changed: () => void): () => void {
    this.#watchers.add(changed);
    return () => this.#watchers.delete(changed);
  }

  /** Begins the session of the person to whom this was granted. `email` is shown if the issuer names none. */
  begin(grant: Grant, email = ""): void {
    const claims = payload(grant.access);
    const named = (grant.id ? payload(grant.id) : claims)["email"];
    this.#tokens = {
      access: grant.access,
      endsAt: Date.now() / 1000 + grant.seconds,
      person: { email: typeof named === "string" ? named : email, subject: String(claims["sub"] ?? ""), claims },
    };
    if (grant.refresh) sessionStorage.setItem(this.stored, grant.refresh);
    this.#changed();
  }

  /** Takes up the session of this tab after a reload. False if there is none, or if it has ended. */
  async resume(): Promise<boolean> {
    if (!sessionStorage.getItem(this.stored)) return false;
    try {
      await this.refresh();
      return true;
    } catch (error) {
      // An issuer that does not answer ends no session: the person may try again.
      if (!(error instanceof SignInError)) console.warn("the session was not taken up", error);
      return false;
    }
  }

  /** A token that is valid now. Without a session this tab signs out. */
  async token(): Promise<string> {
    if (this.#tokens && this.#tokens.endsAt - EARLY_SECONDS > Date.now() / 1000) return this.#tokens.access;
    return this.refresh();
  }

  /** Seconds until the token expires that `token` gave last. */
  secondsLeft(): number {
    return this.#tokens ? this.#tokens.endsAt - Date.now() / 1000 : 0;
  }

  /** Gets another token. Requests at the same time share one refresh. */
  refresh(): Promise<string> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async signOut(): Promise<void> {
    const refreshToken = sessionStorage.getItem(this.stored);
    this.#forget();
    if (!refreshToken) return;
    try {
      await this.issuer.revoke(refreshToken);
    } catch (error) {
      // This tab has forgotten it; the issuer ends it by itself later.
      console.warn("the refresh token was not revoked", error);
    }
  }

  async #renew(): Promise<string> {
    const refreshToken = sessionStorage.getItem(this.stored);
    if (!refreshToken) {
      this.#forget();
      throw new SignInError("NoSession", "You are signed out.");
    }
    let grant: Grant;
    try {
      grant = await this.issuer.renew(refreshToken);
    } catch (error) {
      if (error instanceof SignInError && this.#isOf(refreshToken)) this.#forget();
      throw error;
    }
    // Whoever signed out meanwhile stays signed out.
    if (!this.#isOf(refreshToken)) throw new SignInError("NoSession", "You are signed out.");
    this.begin(grant, this.#tokens?.person.email);
    return grant.access;
  }

  #isOf(refreshToken: string): boolean {
    return sessionStorage.getItem(this.stored) === refreshToken;
  }

  #forget(): void {
    sessionStorage.removeItem(this.stored);
    this.#tokens = undefined;
    this.#changed();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** The claims of a token. */
function payload(jwt: string): Record<string, unknown> {
  const part = (jwt.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
  const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}
