// The HTTP API, called with the token of the customer who signed in.

import { session } from "./session";
import { address } from "./settings";
import type { Page } from "./shapes";

/** An answer that is no success. `status` 0: there was no answer, and what the request did is unknown. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: { pointer: string; detail: string }[] = [],
    /** As docs/http-api.md lists them, without `urn:conveyor:problem:`. */
    readonly kind = "",
    /** The whole body, for what a kind of problem has beside these. */
    readonly body: Record<string, unknown> = {},
  ) {
    super(detail || title);
  }

  /** The effect is unknown, or the request may still succeed: repeat it unchanged. */
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

/** The first pages of a list. The path has a query. */
export async function readList<T>(path: string, pages: number, signal: AbortSignal): Promise<Page<T>> {
  const items: T[] = [];
  let next: string | null = "";
  for (let page = 0; page < pages && next !== null; page += 1) {
    const list: Page<T> = await get(`${path}${next && `&cursor=${encodeURIComponent(next)}`}`, signal);
    items.push(...list.items);
    next = list.next;
  }
  return { items, next };
}

/** Throws a `Problem`, the session's own error, or the reason of an aborted signal. */
export async function call<T>(method: string, path: string, extras: Extras = {}): Promise<T> {
  let answer = await send(method, path, extras, await session().token());
  // A request that was refused with 401 had no effect, so it is sent once more with a new token.
  if (answer.status === 401) answer = await send(method, path, extras, await session().refresh());
  const text = await answer.text();
  const body = parsed(text);
  if (answer.ok) return body as T;
  const problem = (body ?? {}) as { type?: string; title?: string; detail?: string; message?: string; errors?: [] };
  const title = problem.title ?? problem.message ?? `The shop answered ${answer.status}`;
  const kind = problem.type?.split(":").pop();
  throw new Problem(answer.status, title, problem.detail ?? "", problem.errors ?? [], kind, { ...problem });
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
