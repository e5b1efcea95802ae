// Dead letters: messages that a function could not handle. Looking at them holds them for a moment, so each list is asked for.

import { useState } from "preact/hooks";
import { call } from "../api";
import { asProblem, useLoad } from "../load";
import type { Problem } from "../api";
import { Action } from "../parts/action";
import { Progress } from "../parts/bulk";
import { Page } from "../parts/page";
import { When, words } from "../parts/show";
import { Empty, ProblemBox, Show } from "../parts/states";
import { Table } from "../parts/table";
import { to } from "../route";
import type { Letter, Letters as Found, Outcomes } from "../shapes";
import { countLetters } from "./needs";

const COMMAND = "/operations/redrive-dead-letters";
/** As many as one look may hold. */
const MOST = 200;

export function Letters({ of }: { of: string | undefined }) {
  const counts = useLoad("letters", countLetters, "slow");
  return (
    <Page title={of ? `Dead letters of ${of}` : "Dead letters"} topic="slow">
      {of ? (
        <OfFunction name={of} counted={counts.reload} />
      ) : (
        <Show of={counts}>
          {(functions) =>
            functions.length === 0 ? (
              <Empty>No function has dead letters.</Empty>
            ) : (
              <Table
                caption="Functions with dead letters"
                rows={functions}
                id={(row) => row.function}
                columns={[
                  { name: "Function", cell: (row) => <a href={to("letters", row.function)}>{row.function}</a> },
                  { name: "Dead letters", isNumber: true, cell: (row) => row.dead_letters },
                ]}
              />
            )
          }
        </Show>
      )}
    </Page>
  );
}

function OfFunction({ name, counted }: { name: string; counted: () => void }) {
  const list = useLoad(name, (signal) => call<Found>("POST", COMMAND, { body: { function: name, do: "list", limit: MOST }, signal }));
  const [chosen, choose] = useState<Set<string>>(new Set());
  const reload = () => {
    choose(new Set());
    list.reload();
    counted();
  };
  return (
    <Show of={list}>
      {({ letters, more }) => {
        const ids = letters.filter((letter) => chosen.has(letter.id)).map((letter) => letter.id);
        const movable = letters.filter((letter) => ids.includes(letter.id) && letter.can_be_requeued).map((letter) => letter.id);
        return letters.length === 0 ? (
          <Empty>
            {name} has no dead letter that can be seen now. One that was looked at is hidden for up to two minutes.{" "}
            <button type="button" class="small" onClick={reload}>
              Look again
            </button>
          </Empty>
        ) : (
          <>
            <div class="actions" role="group" aria-label="Actions">
              <Move name={name} ids={movable} what="requeue" reload={reload} />
              <Move name={name} ids={ids} what="discard" reload={reload} />
              <span class="quiet">
                {chosen.size} of {letters.length} chosen{more && "; there are more than one look shows"}
              </span>
            </div>
            <Table
              caption={`Dead letters of ${name}`}
              rows={letters}
              id={(letter) => letter.id}
              columns={[
                {
                  name: "Choose",
                  cell: (letter) => (
                    <input
                      type="checkbox"
                      aria-label={`Choose ${letter.id.slice(0, 8)}`}
                      checked={chosen.has(letter.id)}
                      onChange={() => {
                        const next = new Set(chosen);
                        if (!next.delete(letter.id)) next.add(letter.id);
                        choose(next);
                      }}
                    />
                  ),
                },
                { name: "Since", cell: (letter) => <When at={letter.since} /> },
                { name: "About", cell: (letter) => <About letter={letter} /> },
                { name: "Reason", cell: (letter) => letter.reason },
                { name: "What to do", cell: (letter) => <span class="quiet">{letter.explain}</span> },
              ]}
            />
          </>
        );
      }}
    </Show>
  );
}

function About({ letter }: { letter: Letter }) {
  const { subject, type, webhook_id: webhook } = letter.about;
  return (
    <>
      <span class="status plain">{words(letter.kind)}</span> {type}{" "}
      {subject && /^[0-9a-f]{32}$/.test(subject) ? <a href={to("orders", subject)}>order {subject.slice(0, 8)}</a> : subject}
      {webhook && <a href={to("inbox", webhook)}>{webhook}</a>}
    </>
  );
}

/** How many are moved with one request, so that progress shows and a cancelled run stops soon. */
const AT_ONCE = 10;

function Move({ name, ids, what, reload }: { name: string; ids: string[]; what: "requeue" | "discard"; reload: () => void }) {
  const [run, setRun] = useState<{ done: number; all: number; failures: string[]; control: AbortController; isOver: boolean }>();
  const [problem, setProblem] = useState<Problem>();
  const isRequeue = what === "requeue";

  async function move(reason: string): Promise<string> {
    const control = new AbortController();
    const failures: string[] = [];
    let done = 0;
    const draw = (isOver: boolean) => setRun({ done, all: ids.length, failures: [...failures], control, isOver });
    setProblem(undefined);
    draw(false);
    try {
      while (done < ids.length && !control.signal.aborted) {
        const part = ids.slice(done, done + AT_ONCE);
        const body: Record<string, unknown> = { function: name, do: what, ids: part };
        if (reason) body["reason"] = reason;
        const { outcomes } = await call<Outcomes>("POST", COMMAND, { body });
        for (const outcome of outcomes) {
          if (outcome.because) failures.push(`${outcome.id.slice(0, 8)} ${words(outcome.outcome)}: ${outcome.because}`);
        }
        done += part.length;
        draw(false);
      }
    } catch (error) {
      setProblem(asProblem(error));
      throw error;
    } finally {
      draw(true);
    }
    if (failures.length === 0) {
      setRun(undefined);
      reload();
    }
    return `${done - failures.length} ${isRequeue ? "requeued" : "discarded"}.`;
  }

  return (
    <>
      {ids.length > 0 && (!run || run.isOver) && (
        <Action
          needs="admin"
          label={`${isRequeue ? "Requeue" : "Discard"} ${ids.length}`}
          title={`${isRequeue ? "Requeue" : "Discard"} ${ids.length} ${ids.length === 1 ? "dead letter" : "dead letters"}`}
          submit={isRequeue ? "Requeue" : "Discard for ever"}
          isPrimary={isRequeue}
          isDanger={!isRequeue}
          fields={[{ name: "reason", label: "Reason", isOptional: isRequeue, maxLength: 300, hint: "It goes into the log, with you." }]}
          run={() => (values) => move(values["reason"] ?? "")}
        >
          <p>
            {isRequeue
              ? `They are sent to ${name} again. What they have led to already is not repeated.`
              : "They are deleted; one line of the log is all that remains."}
          </p>
        </Action>
      )}
      {run && (
        <div class="box bulk" role="group" aria-label={isRequeue ? "Requeue" : "Discard"}>
          <Progress of={run.done} all={run.all} />
          {!run.isOver && (
            <button type="button" onClick={() => run.control.abort()}>
              Cancel
            </button>
          )}
          {run.failures.length > 0 && (
            <ul class="error">
              {run.failures.map((failure) => (
                <li key={failure}>{failure}</li>
              ))}
            </ul>
          )}
          {problem && <ProblemBox problem={problem} />}
          {run.isOver && (
            <button type="button" onClick={() => (setRun(undefined), reload())}>
              Close
            </button>
          )}
        </div>
      )}
    </>
  );
}

