// The HTTP API of the stack, called with the token of the person who signed in.

import { refresh, token } from "./session";
import { API } from "./settings";
import type { Page } from "./shapes";

/** An answer that is no success. `status` 0: there was no answer, and what the request did is unknown. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly errors: { pointer: string; detail: string }[] = [],
    readonly retryAfter?: number,
  ) {
    super(detail || title);
  }

  get isDenied(): boolean {
    return this.status === 403;
  }
}

export interface Extras {
  body?: unknown;
  /** The idempotency key: see `intent.ts`. */
  key?: string;
  ifMatch?: number;
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

/** Calls the API. Throws a `Problem`, or the reason of an aborted signal. */
export async function call<T>(method: string, path: string, extras: Extras = {}): Promise<T> {
  let answer = await send(method, path, extras, await token());
  // A request that was refused with 401 had no effect, so it is sent once more with a new token.
  if (answer.status === 401) answer = await send(method, path, extras, await refresh());
  if (answer.status === 204) return undefined as T;
  const text = await answer.text();
  const body = parsed(text);
  if (answer.ok) return body as T;
  const problem = (body ?? {}) as { title?: string; detail?: string; message?: string; errors?: [] };
  const wait = Number(answer.headers.get("retry-after"));
  throw new Problem(
    answer.status,
    problem.title ?? problem.message ?? `The API answered ${answer.status}`,
    problem.detail ?? "",
    problem.errors ?? [],
    wait > 0 ? wait : undefined,
  );
}

async function send(method: string, path: string, extras: Extras, access: string): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${access}` };
  if (extras.body !== undefined) headers["content-type"] = "application/json";
  if (extras.key !== undefined) headers["idempotency-key"] = extras.key;
  if (extras.ifMatch !== undefined) headers["if-match"] = `"${extras.ifMatch}"`;
  try {
    return await fetch(new URL(path.replace(/^\//, ""), API), {
      method,
      headers,
      body: extras.body === undefined ? null : JSON.stringify(extras.body),
      signal: extras.signal ?? null,
      credentials: "omit",
      cache: "no-store",
    });
  } catch (error) {
    if (extras.signal?.aborted) throw extras.signal.reason;
    throw new Problem(0, "The API does not answer", "Check the connection. Repeating the request is harmless.");
  }
}

function parsed(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
