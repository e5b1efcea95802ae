// Signing in at the user pool, and the token of the person who signed in.
//
// The access token is in memory alone; the refresh token is in sessionStorage, so that a reload of this tab does not sign out. The
// pool is called as Cognito's own clients do: a POST whose target is a header.

import { settings } from "./settings";

const STORED = "conveyor.refresh-token";
/** A token that ends within this many seconds is refreshed before it is used. */
const EARLY_SECONDS = 60;

export interface Person {
  email: string;
  subject: string;
  isAdmin: boolean;
  isViewer: boolean;
}

interface Tokens {
  access: string;
  endsAt: number;
  person: Person;
}

interface PoolAnswer {
  AuthenticationResult?: { AccessToken: string; IdToken?: string; RefreshToken?: string; ExpiresIn: number };
  ChallengeName?: string;
  Session?: string;
  ChallengeParameters?: Record<string, string>;
}

/** What a sign-in leads to: a person, or a new password that the pool wants first. */
export type SignedIn = { kind: "done" } | { kind: "new-password"; email: string; session: string };

/** A refusal of the pool, in words for the person. */
export class SignInError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

let tokens: Tokens | undefined;
let refreshing: Promise<string> | undefined;
const watchers = new Set<() => void>();

export function person(): Person | undefined {
  return tokens?.person;
}

/** Calls `changed` whenever someone signed in or out. Returns what ends that. */
export function watchSession(changed: () => void): () => void {
  watchers.add(changed);
  return () => watchers.delete(changed);
}

export async function signIn(email: string, password: string): Promise<SignedIn> {
  const answer = await pool("InitiateAuth", {
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId: client(),
    AuthParameters: { USERNAME: email, PASSWORD: password },
  });
  return accept(answer, email);
}

/** Answers the pool's challenge to someone who was invited with a temporary password. */
export async function chooseFirstPassword(email: string, session: string, password: string): Promise<SignedIn> {
  const answer = await pool("RespondToAuthChallenge", {
    ChallengeName: "NEW_PASSWORD_REQUIRED",
    ClientId: client(),
    Session: session,
    ChallengeResponses: { USERNAME: email, NEW_PASSWORD: password },
  });
  return accept(answer, email);
}

export async function requestReset(email: string): Promise<void> {
  await pool("ForgotPassword", { ClientId: client(), Username: email });
}

export async function reset(email: string, code: string, password: string): Promise<void> {
  await pool("ConfirmForgotPassword", {
    ClientId: client(),
    Username: email,
    ConfirmationCode: code,
    Password: password,
  });
}

/** Takes up the session of this tab after a reload. False if there is none, or if it has ended. */
export async function resume(): Promise<boolean> {
  if (!sessionStorage.getItem(STORED)) return false;
  try {
    await refresh();
    return true;
  } catch (error) {
    // A pool that does not answer ends no session: the person may try again.
    if (error instanceof SignInError) sessionStorage.removeItem(STORED);
    return false;
  }
}

/** A token that is valid now. Without a session this tab signs out. */
export async function token(): Promise<string> {
  if (tokens && tokens.endsAt - EARLY_SECONDS > Date.now() / 1000) return tokens.access;
  return refresh();
}

/** Seconds until the token expires that `token` gave last. */
export function secondsLeft(): number {
  return tokens ? tokens.endsAt - Date.now() / 1000 : 0;
}

/** Gets another token. Requests at the same time share one refresh. */
export function refresh(): Promise<string> {
  refreshing ??= renewed().finally(() => {
    refreshing = undefined;
  });
  return refreshing;
}

export async function signOut(): Promise<void> {
  const stored = sessionStorage.getItem(STORED);
  forget();
  if (!stored) return;
  try {
    await pool("RevokeToken", { ClientId: client(), Token: stored });
  } catch (error) {
    // This tab has forgotten it; the pool ends it by itself later.
    console.warn("the refresh token was not revoked", error);
  }
}

function forget(): void {
  sessionStorage.removeItem(STORED);
  tokens = undefined;
  changed();
}

async function renewed(): Promise<string> {
  const stored = sessionStorage.getItem(STORED);
  if (!stored) {
    forget();
    throw new SignInError("NoSession", "You are signed out.");
  }
  try {
    const answer = await pool("InitiateAuth", {
      AuthFlow: "REFRESH_TOKEN_AUTH",
      ClientId: client(),
      AuthParameters: { REFRESH_TOKEN: stored },
    });
    accept(answer, tokens?.person.email ?? "");
    return tokens!.access;
  } catch (error) {
    if (error instanceof SignInError) forget();
    throw error;
  }
}

function accept(answer: PoolAnswer, email: string): SignedIn {
  if (answer.ChallengeName === "NEW_PASSWORD_REQUIRED" && answer.Session) {
    return { kind: "new-password", email, session: answer.Session };
  }
  const result = answer.AuthenticationResult;
  if (!result) {
    throw new SignInError("Challenge", `The user pool asks for ${answer.ChallengeName ?? "more"}, which the console cannot do.`);
  }
  const claims = payload(result.AccessToken);
  const { claim, admin, viewer } = settings().groups;
  const groups: unknown[] = Array.isArray(claims[claim]) ? (claims[claim] as unknown[]) : [];
  const named = result.IdToken ? payload(result.IdToken)["email"] : undefined;
  tokens = {
    access: result.AccessToken,
    endsAt: Date.now() / 1000 + result.ExpiresIn,
    person: {
      email: typeof named === "string" ? named : email,
      subject: String(claims["sub"] ?? ""),
      isAdmin: groups.includes(admin),
      isViewer: groups.includes(viewer),
    },
  };
  if (result.RefreshToken) sessionStorage.setItem(STORED, result.RefreshToken);
  changed();
  return { kind: "done" };
}

function changed(): void {
  for (const watcher of watchers) watcher();
}

function client(): string {
  return settings().sign_in?.client_id ?? "";
}

/** The claims of a token. Only for what the page shows: the API decides by the token that it verifies. */
function payload(jwt: string): Record<string, unknown> {
  const part = (jwt.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
  const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
}

const WORDS: Record<string, string> = {
  NotAuthorizedException: "The address or the password is wrong.",
  UserNotFoundException: "The address or the password is wrong.",
  PasswordResetRequiredException: "This password was reset: use “Forgot password”.",
  UserNotConfirmedException: "This account is not confirmed yet.",
  CodeMismatchException: "The code is wrong.",
  ExpiredCodeException: "The code has expired: request another.",
  TooManyRequestsException: "Too many attempts: wait a while.",
  LimitExceededException: "Too many attempts: wait a while.",
};

async function pool(action: string, body: unknown): Promise<PoolAnswer> {
  const endpoint = settings().sign_in?.endpoint ?? "";
  let answer: Response;
  try {
    answer = await fetch(`${endpoint}/`, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `AWSCognitoIdentityProviderService.${action}`,
      },
      body: JSON.stringify(body),
      credentials: "omit",
    });
  } catch {
    throw new Error("The user pool does not answer. Check the connection, then try again.");
  }
  const text = await answer.text();
  const parsed = (text ? JSON.parse(text) : {}) as PoolAnswer & { __type?: string; message?: string; Message?: string };
  if (answer.ok) return parsed;
  const code = (parsed.__type ?? "Unknown").split("#").pop() ?? "Unknown";
  if (answer.status >= 500) throw new Error("The user pool is out. Try again in a moment.");
  throw new SignInError(code, WORDS[code] ?? parsed.message ?? parsed.Message ?? code);
}
