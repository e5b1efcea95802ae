// A list of the API, read page by page: it has as many pages as were asked for, also when it is loaded again.

import { useState } from "preact/hooks";
import { get } from "../api";
import type { Topic } from "../follow";
import { type Loaded, useLoad } from "../load";
import type { Page } from "../shapes";

/** The list at `path`, which has a query, and what asks for one page more. */
export function useList<T>(path: string, topic: Topic): Loaded<Page<T>> & { more: () => void } {
  const [pages, setPages] = useState(1);
  const list = useLoad(`${path} ${pages}`, (signal) => read<T>(path, pages, signal), topic);
  return { ...list, more: () => setPages(pages + 1) };
}

/** Nothing after the last page. */
export function More({ of, next }: { of: { more: () => void }; next: string | null }) {
  if (!next) return null;
  return (
    <button type="button" onClick={of.more}>
      More
    </button>
  );
}

async function read<T>(path: string, pages: number, signal: AbortSignal): Promise<Page<T>> {
  const items: T[] = [];
  let next: string | null = "";
  for (let page = 0; page < pages && next !== null; page += 1) {
    const cursor: string = next && `&cursor=${encodeURIComponent(next)}`;
    const found: Page<T> = await get(`${path}${cursor}`, signal);
    items.push(...found.items);
    next = found.next;
  }
  return { items, next };
}
