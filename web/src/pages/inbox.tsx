// Received webhooks, and what became of each.

import { useState } from "preact/hooks";
import { call } from "../api";
import { Bulk } from "../parts/bulk";
import { More, useList } from "../parts/list";
import { Page } from "../parts/page";
import { Status, When } from "../parts/show";
import { Empty, Show } from "../parts/states";
import { Table } from "../parts/table";
import { go, to } from "../route";
import type { WebhookSummary } from "../shapes";
import { ReplayWebhook } from "./order-webhooks";

const STATUSES = ["failed", "parked", "received", "applied", "already_known", "ignored"];
const SOURCES = ["stripe", "easypost", "standard-payments", "standard-parcels"];

export function Inbox({ status }: { status: string }) {
  const [source, setSource] = useState("");
  const query = [status && `status=${status}`, source && `source=${source}`, "limit=50"].filter(Boolean).join("&");
  const list = useList<WebhookSummary>(`/webhooks/inbox?${query}`, "slow");
  return (
    <Page title="Webhooks in" topic="slow">
      <div class="filters">
        <label>
          Status{" "}
          <select value={status} onChange={(event) => go("inbox", ...(event.currentTarget.value ? ["status", event.currentTarget.value] : []))}>
            <option value="">any</option>
            {STATUSES.map((it) => (
              <option key={it}>{it}</option>
            ))}
          </select>
        </label>
        <label>
          Source{" "}
          <select value={source} onChange={(event) => setSource(event.currentTarget.value)}>
            <option value="">any</option>
            {SOURCES.map((it) => (
              <option key={it}>{it}</option>
            ))}
          </select>
        </label>
      </div>
      <Show of={list}>
        {({ items, next }) => (
          <>
            {(status === "failed" || status === "parked") && items.length > 0 && (
              <Bulk
                label={`Replay these ${items.length}`}
                plan={`${items.length} webhooks are applied again, the oldest first. What they have led to is not repeated.`}
                rows={[...items].reverse().map((item) => item.id)}
                each={async (id, signal) => {
                  await call("POST", `/webhooks/inbox/${encodeURIComponent(id)}/replay`, { signal });
                }}
                done={list.reload}
              />
            )}
            {items.length === 0 ? (
              <Empty>No webhook {status && `is ${status}`} here. They are kept for 30 days.</Empty>
            ) : (
              <Table
                caption="Received webhooks, newest first"
                rows={items}
                id={(webhook) => webhook.id}
                columns={[
                  { name: "Received", cell: (webhook) => <When at={webhook.received_at} /> },
                  { name: "Type", cell: (webhook) => <a href={to("inbox", webhook.id)}>{webhook.type}</a> },
                  { name: "Source", cell: (webhook) => webhook.source },
                  { name: "Status", cell: (webhook) => <Status of={webhook.status} /> },
                  {
                    name: "Why",
                    cell: (webhook) => webhook.reason ?? webhook.waits_under ?? (webhook.led_to?.length ? `${webhook.led_to.length} events` : "–"),
                  },
                  { name: "Next", cell: (webhook) => <ReplayWebhook id={webhook.id} status={webhook.status} reload={list.reload} /> },
                ]}
              />
            )}
            <More of={list} next={next} />
          </>
        )}
      </Show>
    </Page>
  );
}
