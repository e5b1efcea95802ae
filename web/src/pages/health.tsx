// How each dependency answers: providers, streams, queues, tables.

import { get } from "../api";
import { useLoad } from "../load";
import { Page, Section } from "../parts/page";
import { Ago, duration, Status, When } from "../parts/show";
import { Show } from "../parts/states";
import { Table } from "../parts/table";
import { to } from "../route";
import { settings } from "../settings";
import type { Readiness } from "../shapes";

export function Health() {
  const health = useLoad("health", (signal) => get<Readiness>("/health/ready", signal), "slow");
  return (
    <Page title="Health" extra={health.data && <Status of={health.data.status} />} topic="slow">
      <Show of={health}>
        {(it) => (
          <>
            {it.because.length > 0 && (
              <div class="box warn" role="status">
                <strong>Needs a look:</strong> {it.because.join(", ")}.
              </div>
            )}
            <dl class="facts">
              <dt>Checked</dt>
              <dd>
                <When at={it.checked_at} />
              </dd>
              <dt>Stack</dt>
              <dd>
                {it.stack} {it.version}, build <code>{it.build}</code>, deploy <code>{it.deploy}</code>, console {settings().version}
              </dd>
            </dl>
            <Section title="Providers">
              <Table
                caption="Circuit breakers of the providers"
                rows={it.breakers}
                id={(breaker) => breaker.provider}
                columns={[
                  { name: "Provider", cell: (breaker) => breaker.provider },
                  { name: "Breaker", cell: (breaker) => <Status of={breaker.state} label={breaker.state === "open" ? "open: out" : breaker.state} /> },
                  { name: "Out since", cell: (breaker) => <Ago at={breaker.since} /> },
                  { name: "Next probe", cell: (breaker) => <Ago at={breaker.next_probe} /> },
                ]}
              />
            </Section>
            <Section title="Queues">
              <Table
                caption="Queues of the functions"
                rows={it.queues}
                id={(queue) => queue.function}
                columns={[
                  { name: "Function", cell: (queue) => <a href={to("letters", queue.function)}>{queue.function}</a> },
                  { name: "State", cell: (queue) => <Status of={queue.state} /> },
                  { name: "Waiting", isNumber: true, cell: (queue) => queue.waiting ?? "–" },
                  { name: "Being handled", isNumber: true, cell: (queue) => queue.hidden ?? "–" },
                  { name: "Oldest", isNumber: true, cell: (queue) => (queue.oldest_seconds == null ? "–" : duration(queue.oldest_seconds)) },
                ]}
              />
            </Section>
            <Section title="Streams">
              <Table
                caption="Streams of the tables and their readers"
                rows={it.streams.flatMap((stream) => stream.readers.map((reader) => ({ stream, reader })))}
                id={({ stream, reader }) => `${stream.table} ${reader.function}`}
                columns={[
                  { name: "Table", cell: ({ stream }) => stream.table },
                  { name: "Heartbeat", isNumber: true, cell: ({ stream }) => seconds(stream.heartbeat_age_seconds) },
                  { name: "Reader", cell: ({ reader }) => reader.function },
                  { name: "Read", isNumber: true, cell: ({ reader }) => seconds(reader.read_age_seconds) },
                  { name: "Lag", isNumber: true, cell: ({ reader }) => (reader.lag_ms === null ? "–" : `${reader.lag_ms} ms`) },
                ]}
              />
            </Section>
            <Section title="Dependencies">
              <Table
                caption="Tables and metrics"
                rows={it.dependencies}
                id={(dependency) => dependency.name}
                columns={[
                  { name: "Name", cell: (dependency) => dependency.name },
                  { name: "State", cell: (dependency) => <Status of={dependency.state} /> },
                  { name: "Answered in", isNumber: true, cell: (dependency) => `${dependency.latency_ms} ms` },
                  { name: "Reason", cell: (dependency) => dependency.reason ?? "–" },
                ]}
              />
            </Section>
          </>
        )}
      </Show>
    </Page>
  );
}

function seconds(value: number | null): string {
  return value === null ? "–" : `${duration(value)} ago`;
}
