// Sends stored events to one consumer again: plan → confirm → progress → cancel. docs/operations/replay.md says when.

import { call } from "../api";
import type { Values } from "../parts/action";
import { LongRun, type Work } from "../parts/long-run";
import { Page } from "../parts/page";
import { duration, When } from "../parts/show";
import { Table } from "../parts/table";
import type { Replayed } from "../shapes";

const SERVICES = ["orders", "payments", "inventory", "shipping", "catalog"];
const CONSUMERS = [
  "track-order", "take-payment", "allocate-stock", "ship-order", "notify-customer", "plan-deliveries", "copy-prices",
];

interface Tally {
  events: number;
  byType: Record<string, number>;
  last: Replayed;
}

const REPLAY: Work<Tally> = {
  fields: [
    { name: "service", label: "Events of", type: "select", options: SERVICES },
    { name: "to", label: "To", type: "select", options: CONSUMERS },
    { name: "subjects", label: "Orders", hint: "Ids, separated by spaces. Or a time:", isOptional: true },
    { name: "since", label: "Since (your time)", type: "datetime-local", isOptional: true },
    { name: "until", label: "Until (your time)", type: "datetime-local", isOptional: true },
  ],
  async part(values, isReal, cursor, before) {
    const body = { ...requestOf(values), do: isReal ? "send" : "plan", ...(cursor ? { cursor } : {}) };
    const last: Replayed = await call("POST", "/operations/replay-events", { body });
    const byType = { ...before?.byType };
    for (const [type, count] of Object.entries(last.by_type)) byType[type] = (byType[type] ?? 0) + count;
    const tally = { events: (before?.events ?? 0) + last.events, byType, last };
    return { tally, cursor: last.cursor, wait: last.continue_in_seconds };
  },
  size: (planned) => planned.events,
  done: (tally) => tally.events,
  start: (planned) => `Send ${planned.events} events`,
  titles: { planning: "Planning", running: "Sending", over: "Sent" },
  show: (title, tally) => <Outcome title={title} tally={tally} />,
};

export function Replay() {
  return (
    <Page title="Replays">
      <p class="quiet">
        A consumer that missed events, or lost what it had stored, gets them again. What an event has led to already is not repeated.
      </p>
      <LongRun work={REPLAY} />
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

function requestOf(values: Values): Record<string, unknown> {
  const request: Record<string, unknown> = { service: values["service"], to: values["to"] };
  const subjects = (values["subjects"] ?? "").split(/[\s,]+/).filter(Boolean);
  if (subjects.length > 0) request["subjects"] = subjects;
  for (const name of ["since", "until"]) {
    const value = values[name];
    if (value) request[name] = new Date(value).toISOString();
  }
  return request;
}
