// Sends stored events to one consumer again: plan → confirm → progress → cancel. docs/operations/replay.md says when.

import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import type { Problem } from "../api";
import { asProblem } from "../load";
import { FieldInput } from "../parts/action";
import { Page } from "../parts/page";
import { duration, When } from "../parts/show";
import { ProblemBox } from "../parts/states";
import { Table } from "../parts/table";
import { person } from "../session";
import type { Replayed } from "../shapes";

const SERVICES = ["orders", "payments", "inventory", "shipping", "catalog"];
const CONSUMERS = [
  "track-order", "take-payment", "allocate-stock", "ship-order", "notify-customer", "plan-deliveries", "copy-prices",
];

type Request = Record<string, unknown>;
interface Tally {
  events: number;
  byType: Record<string, number>;
  last: Replayed;
}

export function Replay() {
  const [request, setRequest] = useState<Request>();
  const [plan, setPlan] = useState<Tally>();
  const [sent, setSent] = useState<Tally>();
  const [stage, setStage] = useState<"form" | "planning" | "planned" | "sending" | "over">("form");
  const [problem, setProblem] = useState<Problem>();
  const control = useRef<AbortController>(undefined);
  useEffect(() => () => control.current?.abort(), []);
  const isBusy = stage === "planning" || stage === "sending";

  /** Runs until nothing is left, or until it is cancelled. Each request is one bounded part. */
  async function run(what: "plan" | "send", of: Request, show: (tally: Tally) => void): Promise<boolean> {
    const stopped = new AbortController();
    control.current = stopped;
    setProblem(undefined);
    const tally = { events: 0, byType: {} as Record<string, number> };
    let cursor: string | null = null;
    try {
      do {
        const body: Request = { ...of, do: what, ...(cursor ? { cursor } : {}) };
        const part: Replayed = await call("POST", "/operations/replay-events", { body });
        tally.events += part.events;
        for (const [type, count] of Object.entries(part.by_type)) tally.byType[type] = (tally.byType[type] ?? 0) + count;
        cursor = part.cursor;
        show({ ...tally, byType: { ...tally.byType }, last: part });
        if (cursor && part.continue_in_seconds > 0) await pause(part.continue_in_seconds, stopped.signal);
      } while (cursor !== null && !stopped.signal.aborted);
      return !stopped.signal.aborted;
    } catch (error) {
      if (!stopped.signal.aborted) setProblem(asProblem(error));
      return false;
    }
  }

  async function makePlan(data: FormData) {
    const of = requestOf(data);
    setRequest(of);
    setPlan(undefined);
    setSent(undefined);
    setStage("planning");
    setStage((await run("plan", of, setPlan)) ? "planned" : "form");
  }

  async function send() {
    setStage("sending");
    await run("send", request!, setSent);
    setStage("over");
  }

  return (
    <Page title="Replays">
      <p class="quiet">
        A consumer that missed events, or lost what it had stored, gets them again. What an event has led to already is not repeated.
      </p>
      {!person()?.isAdmin && <p class="box denied">Replays need the admin group.</p>}
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy) void makePlan(new FormData(event.currentTarget));
        }}
      >
        <FieldInput field={{ name: "service", label: "Events of", type: "select", options: SERVICES }} />
        <FieldInput field={{ name: "to", label: "To", type: "select", options: CONSUMERS }} />
        <FieldInput
          field={{ name: "subjects", label: "Orders", hint: "Ids, separated by spaces. Or a time:", isOptional: true }}
        />
        <FieldInput field={{ name: "since", label: "Since (your time)", type: "datetime-local", isOptional: true }} />
        <FieldInput field={{ name: "until", label: "Until (your time)", type: "datetime-local", isOptional: true }} />
        <div class="buttons">
          <button type="submit" class="primary" aria-disabled={isBusy || !person()?.isAdmin}>
            Plan
          </button>
        </div>
      </form>
      {problem && <ProblemBox problem={problem} />}
      {plan && <Outcome title={stage === "planning" ? "Planning" : "Plan"} tally={plan} />}
      {stage === "planned" && plan && (
        <div class="buttons">
          <button type="button" class="primary" aria-disabled={plan.events === 0} onClick={() => plan.events > 0 && void send()}>
            Send {plan.events} events
          </button>
        </div>
      )}
      {isBusy && (
        <div class="buttons">
          <progress aria-label="Progress" max={stage === "sending" ? plan?.events : undefined} value={stage === "sending" ? (sent?.events ?? 0) : undefined} />
          <button type="button" onClick={() => control.current?.abort()}>
            Cancel
          </button>
        </div>
      )}
      {sent && <Outcome title={stage === "sending" ? "Sending" : "Sent"} tally={sent} />}
    </Page>
  );
}

function Outcome({ title, tally }: { title: string; tally: Tally }) {
  const { last } = tally;
  const left = Object.entries(last.not_subscribed).reduce((sum, [, count]) => sum + count, 0);
  return (
    <section aria-label={title} aria-live="polite">
      <h2>
        {title} <span class="count">{tally.events}</span>
      </h2>
      <p>
        {last.consumer}
        {last.oldest && (
          <>
            {" "}
            From <When at={last.oldest} /> to <When at={last.newest} />.
          </>
        )}
        {left > 0 && <> {left} events are of types that {last.to} does not subscribe to.</>}
        {last.too_old > 0 && <> {last.too_old} are too old for it.</>}
        {last.unreadable > 0 && <> {last.unreadable} cannot be read.</>}
        {last.read_units !== null && <> The reading took {last.read_units} read units.</>}
        {last.continue_in_seconds > 0 && last.cursor && <> It goes on in {duration(last.continue_in_seconds)}.</>}
      </p>
      {tally.events > 0 && (
        <Table
          caption={`${title}: events by type`}
          rows={Object.entries(tally.byType)}
          id={([type]) => type}
          columns={[
            { name: "Type", cell: ([type]) => type },
            { name: "Events", isNumber: true, cell: ([, count]) => count },
          ]}
        />
      )}
    </section>
  );
}

function requestOf(data: FormData): Request {
  const text = (name: string) => String(data.get(name) ?? "").trim();
  const request: Request = { service: text("service"), to: text("to") };
  const subjects = text("subjects").split(/[\s,]+/).filter(Boolean);
  if (subjects.length > 0) request["subjects"] = subjects;
  for (const name of ["since", "until"]) {
    if (text(name)) request[name] = new Date(text(name)).toISOString();
  }
  return request;
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
