// Loading what a page shows.

import { useCallback, useEffect, useState } from "preact/hooks";

export interface Loaded<T> {
  data: T | undefined;
  error: Error | undefined;
  reload: () => void;
}

/** Loads anew whenever `what` changes, and every so often while the page is visible. An answer to an earlier question is dropped. */
export function useLoad<T>(what: string, load: (signal: AbortSignal) => Promise<T>, everySeconds?: number): Loaded<T> {
  const [round, setRound] = useState(0);
  const [state, setState] = useState<{ of: string; data?: T; error?: Error }>({ of: what });
  useEffect(() => {
    const control = new AbortController();
    setState((before) => (before.of === what && before.data !== undefined ? { of: what, data: before.data } : { of: what }));
    load(control.signal).then(
      (data) => control.signal.aborted || setState({ of: what, data }),
      (error: unknown) => control.signal.aborted || setState((before) => ({ ...before, error: asError(error) })),
    );
    return () => control.abort();
  }, [what, round]);
  useEffect(() => {
    if (everySeconds === undefined) return;
    const timer = setInterval(() => document.visibilityState === "visible" && setRound((n) => n + 1), everySeconds * 1000);
    return () => clearInterval(timer);
  }, [everySeconds]);
  const isOfNow = state.of === what;
  return {
    data: isOfNow ? state.data : undefined,
    error: isOfNow ? state.error : undefined,
    reload: useCallback(() => setRound((n) => n + 1), []),
  };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
