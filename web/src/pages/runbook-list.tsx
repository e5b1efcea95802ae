// The remedies that are no action on one thing: two commands that run here, and what a person does elsewhere.

import { call } from "../api";
import { Counts, LongRun, type Work } from "../parts/long-run";
import { Page, Section } from "../parts/page";
import { settings } from "../settings";
import type { Rebuilt, Reconciled } from "../shapes";
import { RUNBOOKS, type Runbook } from "./runbooks";

const RECONCILE: Work<Reconciled> = {
  fields: [{ name: "since", label: "Since (your time)", type: "datetime-local", hint: "At most 30 days ago." }],
  async part(values, isReal, cursor, before) {
    const since = new Date(values["since"] ?? "").toISOString();
    const body = { since, do: isReal ? "fetch" : "plan", ...(cursor ? { after: cursor } : {}) };
    const part: Reconciled = await call("POST", "/operations/reconcile-stripe", { body });
    const sum = (name: "found" | "new" | "known" | "refused") => (before?.[name] ?? 0) + part[name];
    const tally = { ...part, found: sum("found"), new: sum("new"), known: sum("known"), refused: sum("refused") };
    return { tally, cursor: part.next };
  },
  size: (planned) => planned.found - planned.refused,
  done: (tally) => tally.found - tally.refused,
  start: (planned) => `Fetch ${planned.found - planned.refused} events`,
  titles: { planning: "Planning", running: "Fetching", over: "Fetched" },
  show: (title, tally) => (
    <Counts
      title={title}
      counts={[
        ["events that Stripe could not deliver", tally.found],
        ...(tally.do === "plan" ? [] : ([["new here", tally.new], ["known already", tally.known]] as [string, number][])),
        ["of another kind, which are left alone", tally.refused],
      ]}
    />
  ),
};

const SUMMED = ["orders", "same", "missing", "behind", "different", "written", "not_findable", "items_written", "unreadable"] as const;

const REBUILD: Work<Rebuilt> = {
  fields: [],
  async part(_, isReal, cursor, before) {
    const body = { do: isReal ? "build" : "compare", ...(cursor ? { cursor } : {}) };
    const part: Rebuilt = await call("POST", "/operations/rebuild-views", { body });
    const tally = { ...part };
    for (const name of SUMMED) tally[name] += before?.[name] ?? 0;
    // A part that read nothing in its time is repeated.
    return { tally, cursor: part.done ? null : (part.cursor ?? cursor ?? "") };
  },
  size: (planned) => wrong(planned),
  done: (tally) => tally.written,
  start: (planned) => `Write ${wrong(planned)} again`,
  titles: { planning: "Comparing", running: "Writing", over: "Written" },
  show: (title, tally) => (
    <Counts
      title={title}
      counts={[
        ["orders compared", tally.orders],
        ["views right", tally.same],
        ["missing", tally.missing],
        ["behind", tally.behind],
        ["wrong", tally.different],
        ["not found by a search", tally.not_findable],
        ["unreadable", tally.unreadable],
        ["views written", tally.written],
        ["look-up items written", tally.items_written],
      ]}
    />
  ),
};

const wrong = (tally: Rebuilt) => tally.missing + tally.behind + tally.different + tally.not_findable;

export function Runbooks() {
  return (
    <Page title="Runbooks">
      <p class="quiet">What no other page of the console does. The first two run here; the others say what to do, and where.</p>
      <Section title="Fetch what Stripe could not deliver">
        <p>
          After an outage that was longer than Stripe retries. Events that are missing are put into Webhooks in, and applied as if they
          had been delivered. It happens by itself every hour for the last three days.
        </p>
        <LongRun work={RECONCILE} />
      </Section>
      <Section title="Write views of orders again">
        <p>
          Lists and searches read views, which follow from the orders’ events. The plan compares each view with them, and reads every
          order. What is right is not written.
        </p>
        <LongRun work={REBUILD} />
      </Section>
      {RUNBOOKS.map((runbook) => (
        <Steps of={runbook} key={runbook.title} />
      ))}
    </Page>
  );
}

function Steps({ of: { title, when, steps, commands = [], links = [] } }: { of: Runbook }) {
  return (
    <Section title={title}>
      <p class="quiet">{when}</p>
      <ol>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {commands.map((command) => (
        <pre tabIndex={0} key={command}>
          {command.replaceAll("{stack}", settings().stack)}
        </pre>
      ))}
      {links.map(([label, address]) => (
        <p key={address}>
          <a href={address} target="_blank" rel="noreferrer">
            {label}
          </a>
        </p>
      ))}
    </Section>
  );
}
