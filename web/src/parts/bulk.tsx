// One action on many things: plan → confirm → progress → cancel. Each thing is a request of its own, so a run that is cancelled has
// done a part of them whole, and says which part.

import { useEffect, useRef, useState } from "preact/hooks";
import { asProblem } from "../load";
import { may } from "../session";

export function Bulk({
  label,
  plan,
  rows,
  each,
  done,
}: {
  label: string;
  plan: string;
  rows: string[];
  each: (row: string, signal: AbortSignal) => Promise<void>;
  done: () => void;
}) {
  const [stage, setStage] = useState<"idle" | "planned" | "running" | "over">("idle");
  const [planned, setPlanned] = useState<string[]>([]);
  const [count, setCount] = useState(0);
  const [failures, setFailures] = useState<string[]>([]);
  const control = useRef<AbortController>(undefined);
  useEffect(() => () => control.current?.abort(), []);
  if (!may("admin")) return null;

  async function run() {
    const stopped = new AbortController();
    control.current = stopped;
    setStage("running");
    setCount(0);
    setFailures([]);
    for (const row of planned) {
      if (stopped.signal.aborted) break;
      try {
        await each(row, stopped.signal);
      } catch (error) {
        if (stopped.signal.aborted) break;
        setFailures((before) => [...before, `${row}: ${asProblem(error).message}`]);
      }
      setCount((n) => n + 1);
    }
    setStage("over");
    done();
  }

  if (stage === "idle") {
    return (
      <p>
        <button
          type="button"
          onClick={() => {
            setPlanned(rows);
            setStage("planned");
          }}
        >
          {label}
        </button>
      </p>
    );
  }
  return (
    <div class="box bulk" role="group" aria-label={label}>
      {stage === "planned" && (
        <>
          <p>{plan}</p>
          <div class="buttons">
            <button type="button" class="primary" onClick={() => void run()}>
              Start
            </button>
            <button type="button" onClick={() => setStage("idle")}>
              Back
            </button>
          </div>
        </>
      )}
      {stage !== "planned" && (
        <>
          <Progress of={count} all={planned.length} />
          {failures.length > 0 && (
            <ul class="error">
              {failures.map((failure) => (
                <li key={failure}>{failure}</li>
              ))}
            </ul>
          )}
          {stage === "running" ? (
            <button type="button" onClick={() => control.current?.abort()}>
              Cancel
            </button>
          ) : (
            <button type="button" onClick={() => setStage("idle")}>
              Close
            </button>
          )}
        </>
      )}
    </div>
  );
}

export function Progress({ of: count, all }: { of: number; all: number }) {
  return (
    <p role="status">
      <progress value={count} max={Math.max(all, 1)} aria-label="Progress" /> {count} of {all}
    </p>
  );
}
