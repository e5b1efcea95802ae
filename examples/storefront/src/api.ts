// The HTTP API, called with the token of the customer who signed in.

import { session } from "./session";
import { address } from "./settings";

/** An answer that is no success. `status` 0: there was no answer, and what the request did is unknown. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: { pointer: string; detail: string }[] = [],
  ) {
    super(detail || title);
  }

  /** The request may have had its effect, or will have it later: it is repeated as it was. */
  get isOpen(): boolean {
    return this.status === 0 || this.status === 401 || this.status === 429 || this.status >= 500;
  }
}

export interface Extras {
  body?: unknown;
  key?: string;
  signal?: AbortSignal;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => call<T>("GET", path, signal ? { signal } : {});

/** Throws a `Problem`, the session's own error, or the reason of an aborted signal. */
export async function call<T>(method: string, path: string, extras: Extras = {}): Promise<T> {
  let answer = await send(method, path, extras, await session().token());
  // A request that was refused with 401 had no effect, so it is sent once more with a new token.
  if (answer.status === 401) answer = await send(method, path, extras, await session().refresh());
  const text = await answer.text();
  const body = parsed(text);
  if (answer.ok) return body as T;
  const problem = (body ?? {}) as { title?: string; detail?: string; message?: string; errors?: [] };
  const title = problem.title ?? problem.message ?? `The shop answered ${answer.status}`;
  throw new Problem(answer.status, title, problem.detail ?? "", problem.errors ?? []);
}

async function send(method: string, path: string, extras: Extras, token: string): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (extras.body !== undefined) headers["content-type"] = "application/json";
  if (extras.key !== undefined) headers["idempotency-key"] = extras.key;
  const body = extras.body === undefined ? null : JSON.stringify(extras.body);
  try {
    return await fetch(address(path), { method, headers, body, signal: extras.signal ?? null, credentials: "omit", cache: "no-store" });
  } catch {
    if (extras.signal?.aborted) throw extras.signal.reason;
    throw new Problem(0, "The shop does not answer", "Check the connection, then try again: repeating it is harmless.");
  }
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
