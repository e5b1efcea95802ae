// Long work in bounded parts: plan → confirm → progress → cancel. Each request is one part and says where the next begins, so a run
// that is cancelled has done a part of it whole, and running it again does the rest.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api";
import { asProblem } from "../load";
import { may } from "../session";
import { FieldInput, type Field, type Values } from "./action";
import { ProblemBox } from "./states";

/** What one request did, added to what those before it did. */
export interface Part<T> {
  tally: T;
  /** Where the next request begins; `null` if nothing is left. */
  cursor: string | null;
  /** Seconds to wait before the next one. */
  wait?: number;
}

export interface Work<T> {
  /** The fields of the plan. */
  fields: Field[];
  /** One request, which changes something only if `isReal`. `before` is what the requests before it did. */
  part: (values: Values, isReal: boolean, cursor: string | null, before: T | undefined) => Promise<Part<T>>;
  /** How much there is to do. Nothing: there is no button to start it. */
  size: (planned: T) => number;
  /** How much of the plan is done, for the bar. */
  done: (tally: T) => number;
  /** The button that starts it. */
  start: (planned: T) => string;
  show: (title: string, tally: T) => ComponentChildren;
  titles: { planning: string; running: string; over: string };
}

type Stage = "form" | "planning" | "planned" | "running" | "over";

export function LongRun<T>({ work }: { work: Work<T> }) {
  const [values, setValues] = useState<Values>({});
  const [planned, setPlanned] = useState<T>();
  const [done, setDone] = useState<T>();
  const [stage, setStage] = useState<Stage>("form");
  const [problem, setProblem] = useState<Problem>();
  const control = useRef<AbortController>(undefined);
  useEffect(() => () => control.current?.abort(), []);
  const isBusy = stage === "planning" || stage === "running";

  /** Runs until nothing is left, or until it is cancelled. */
  async function run(of: Values, isReal: boolean, show: (tally: T) => void): Promise<boolean> {
    const stopped = new AbortController();
    control.current = stopped;
    setProblem(undefined);
    let [cursor, tally]: [string | null, T | undefined] = [null, undefined];
    try {
      do {
        const part: Part<T> = await work.part(of, isReal, cursor, tally);
        ({ cursor, tally } = part);
        show(part.tally);
        if (cursor && part.wait) await pause(part.wait, stopped.signal);
      } while (cursor !== null && !stopped.signal.aborted);
      return !stopped.signal.aborted;
    } catch (error) {
      if (!stopped.signal.aborted) setProblem(asProblem(error));
      return false;
    }
  }

  async function plan(data: FormData) {
    const of = Object.fromEntries(work.fields.map(({ name }) => [name, String(data.get(name) ?? "").trim()]));
    setValues(of);
    setPlanned(undefined);
    setDone(undefined);
    setStage("planning");
    setStage((await run(of, false, setPlanned)) ? "planned" : "form");
  }

  async function start() {
    setStage("running");
    await run(values, true, setDone);
    setStage("over");
  }

  const isStartable = planned !== undefined && work.size(planned) > 0;
  return (
    <>
      {!may("admin") && <p class="box denied">This needs the admin group.</p>}
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void plan(new FormData(event.currentTarget));
        }}
      >
        {work.fields.map((field) => (
          <FieldInput field={field} key={field.name} />
        ))}
        <div class="buttons">
          <button type="submit" class="primary" aria-disabled={isBusy || !may("admin")}>
            Plan
          </button>
        </div>
      </form>
      {problem && <ProblemBox problem={problem} />}
      {planned && work.show(stage === "planning" ? work.titles.planning : "Plan", planned)}
      {stage === "planned" && planned && (
        <div class="buttons">
          <button type="button" class="primary" aria-disabled={!isStartable} onClick={() => isStartable && void start()}>
            {work.start(planned)}
          </button>
        </div>
      )}
      {isBusy && (
        <div class="buttons">
          <progress
            aria-label="Progress"
            max={stage === "running" && planned ? work.size(planned) : undefined}
            value={stage === "running" ? (done ? work.done(done) : 0) : undefined}
          />
          <button type="button" onClick={() => control.current?.abort()}>
            Cancel
          </button>
        </div>
      )}
      {done && work.show(stage === "running" ? work.titles.running : work.titles.over, done)}
    </>
  );
}

/** Counts as one sentence, under a heading with the first of them. No landmark: a page may have several. */
export function Counts({ title, counts }: { title: string; counts: [name: string, count: number][] }) {
  return (
    <div role="group" aria-label={title} aria-live="polite">
      <h3>
        {title} <span class="count">{counts[0]?.[1]}</span>
      </h3>
      <p>{counts.map(([name, count]) => `${count} ${name}`).join(", ")}.</p>
    </div>
  );
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, seconds * 1000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
