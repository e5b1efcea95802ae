// Loading what a page shows: the first time, again on demand, and whenever what it follows may have changed.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Problem } from "./api";
import { follow, type Topic } from "./follow";

export interface Loaded<T> {
  /** What was loaded last. It stays while it is loaded again, and when that fails. */
  data: T | undefined;
  problem: Problem | undefined;
  isLoading: boolean;
  reload: () => void;
}

/** Loads by `load`, anew whenever `what` changes. A slower answer to an earlier question is dropped. */
export function useLoad<T>(what: string, load: (signal: AbortSignal) => Promise<T>, topic?: Topic): Loaded<T> {
  const [data, setData] = useState<{ what: string; value: T }>();
  const [problem, setProblem] = useState<{ what: string; value: Problem }>();
  const [isLoading, setLoading] = useState(true);
  const running = useRef<AbortController>(undefined);
  /** Something changed while a question was open: its answer may be of before. */
  const isStale = useRef(false);
  const latest = useRef(load);
  latest.current = load;

  const start = useCallback(
    (isFirst: boolean) => {
      // A question that is still open is not asked twice at once, unless it is another one.
      isStale.current = running.current !== undefined && !isFirst;
      if (isStale.current) return;
      running.current?.abort();
      const control = new AbortController();
      running.current = control;
      setLoading(true);
      latest.current(control.signal).then(
        (value) => {
          if (control.signal.aborted) return;
          running.current = undefined;
          setData({ what, value });
          setProblem(undefined);
          setLoading(false);
          if (isStale.current) start(false);
        },
        (error: unknown) => {
          if (control.signal.aborted) return;
          running.current = undefined;
          setProblem({ what, value: asProblem(error) });
          setLoading(false);
        },
      );
    },
    [what],
  );

  useEffect(() => {
    start(true);
    return () => {
      running.current?.abort();
      running.current = undefined;
    };
  }, [start]);

  const topicKey = JSON.stringify(topic ?? null);
  useEffect(() => {
    if (!topic) return;
    return follow(topic, () => start(false));
  }, [topicKey, start]);

  const reload = useCallback(() => start(true), [start]);
  return {
    data: data?.what === what ? data.value : undefined,
    problem: problem?.what === what ? problem.value : undefined,
    isLoading,
    reload,
  };
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new Problem(0, "This did not work", text);
}
