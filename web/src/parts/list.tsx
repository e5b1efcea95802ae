// A list of the API, read page by page: it has as many pages as were asked for, also when it is loaded again.

import { useState } from "preact/hooks";
import { readList } from "../api";
import type { Topic } from "../follow";
import { type Loaded, useLoad } from "../load";
import type { Page } from "../shapes";

/** The list at `path`, which has a query, and what asks for one page more. */
export function useList<T>(path: string, topic: Topic): Loaded<Page<T>> & { more: () => void } {
  const [pages, setPages] = useState(1);
  const list = useLoad(`${path} ${pages}`, (signal) => readList<T>(path, pages, signal), topic);
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
