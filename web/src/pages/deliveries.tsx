// One endpoint: its health, its deliveries, and what a person can do about them.

import { useState } from "preact/hooks";
import { call, get } from "../api";
import { intentKey } from "../intent";
import { useLoad } from "../load";
import { Action } from "../parts/action";
import { Bulk } from "../parts/bulk";
import { More, useList } from "../parts/list";
import { Page, Section } from "../parts/page";
import { Status, When, words } from "../parts/show";
import { Empty, Show } from "../parts/states";
import { Table } from "../parts/table";
import { go } from "../route";
import type { Delivery, Endpoint } from "../shapes";
import { Redeliver } from "./order-webhooks";

const STATUSES = ["pending", "delivered", "exhausted", "ended"];

export function Deliveries({ endpoint: id }: { endpoint: string }) {
  const [status, setStatus] = useState("");
  const endpoint = useLoad(id, (signal) => get<Endpoint>(`/webhook-endpoints/${encodeURIComponent(id)}`, signal), "soon");
  const query = status ? `?status=${status}&limit=50` : "?limit=50";
  const list = useList<Delivery>(`/webhook-endpoints/${encodeURIComponent(id)}/deliveries${query}`, "soon");
  const it = endpoint.data;
  return (
    <Page
      title={it?.description || "Webhook endpoint"}
      extra={it && <Status of={it.enabled ? "enabled" : "disabled"} />}
      topic="soon"
      actions={it && <EndpointActions it={it} newest={list.data?.items[0]?.id ?? "none"} reload={() => (endpoint.reload(), list.reload())} />}
    >
      <Show of={endpoint}>{(found) => <Facts it={found} />}</Show>
      <Section title="Deliveries of 30 days">
        <div class="filters">
          <label>
            Status{" "}
            <select value={status} onChange={(event) => setStatus(event.currentTarget.value)}>
              <option value="">any</option>
              {STATUSES.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
        </div>
        <Show of={list}>
          {({ items, next }) => (
            <>
              {status === "exhausted" && items.length > 0 && (
                <Bulk
                  label={`Send these ${items.length} again`}
                  plan={`${items.length} webhooks are sent again, the oldest first, each with the whole schedule of retries.`}
                  rows={items.map((delivery) => delivery.id).reverse()}
                  each={async (delivery, signal) => {
                    await call("POST", `/webhook-endpoints/${id}/deliveries/${encodeURIComponent(delivery)}/redeliver`, { signal });
                  }}
                  done={list.reload}
                />
              )}
              {items.length === 0 ? (
                <Empty>There is no {status} delivery.</Empty>
              ) : (
                <Table
                  caption="Deliveries, newest first"
                  rows={items}
                  id={(delivery) => delivery.id}
                  columns={[
                    { name: "Planned", cell: (delivery) => <When at={delivery.created_at} /> },
                    { name: "Type", cell: (delivery) => delivery.event_type },
                    {
                      name: "Status",
                      cell: (delivery) => (
                        <>
                          <Status of={delivery.status} /> {words(delivery.ended_because ?? "")}
                        </>
                      ),
                    },
                    { name: "Attempts", cell: (delivery) => <Attempts of={delivery} /> },
                    { name: "Next", cell: (delivery) => <Redeliver endpoint={id} delivery={delivery} reload={list.reload} /> },
                  ]}
                />
              )}
              <More of={list} next={next} />
            </>
          )}
        </Show>
      </Section>
    </Page>
  );
}

function Attempts({ of }: { of: Delivery }) {
  const last = of.attempts.at(-1);
  if (!last) return <>none yet</>;
  return (
    <>
      {of.attempted}, last <When at={last.at} />: {last.status ?? words(last.error ?? "no answer")} in {last.latency_ms} ms
    </>
  );
}

function Facts({ it }: { it: Endpoint }) {
  return (
    <dl class="facts">
      <dt>Address</dt>
      <dd class="long">{it.url}</dd>
      <dt>Types</dt>
      <dd>{it.event_types.includes("*") ? "all" : it.event_types.join(", ")}</dd>
      {it.disabled_because && (
        <>
          <dt>Disabled</dt>
          <dd>
            {words(it.disabled_because)} <When at={it.disabled_at} />
          </dd>
        </>
      )}
      {it.health && it.health.failures_in_a_row > 0 && (
        <>
          <dt>Failing</dt>
          <dd>
            {it.health.failures_in_a_row} in a row since <When at={it.health.failing_since} />
            {it.health.paused_until && (
              <>
                , next probe <When at={it.health.paused_until} />
              </>
            )}
          </dd>
        </>
      )}
    </dl>
  );
}

function EndpointActions({ it, newest, reload }: { it: Endpoint; newest: string; reload: () => void }) {
  const path = `/webhook-endpoints/${encodeURIComponent(it.id)}`;
  return (
    <>
      <Action
        needs="admin"
        label={it.enabled ? "Disable" : "Enable"}
        title={it.enabled ? "Disable the endpoint" : "Enable the endpoint"}
        submit={it.enabled ? "Disable it" : "Enable it"}
        isPrimary={!it.enabled}
        run={() => async () => {
          await call("PATCH", path, { body: { enabled: !it.enabled } });
          reload();
          return it.enabled ? "The endpoint is disabled." : "The endpoint is enabled.";
        }}
      >
        <p>{it.enabled ? "It gets no webhooks until it is enabled again." : "It gets the webhooks of events from now on; earlier ones can be sent again."}</p>
      </Action>
      <Action
        needs="admin"
        label="Test"
        title="Send a test"
        submit="Send it"
        run={() => {
          const key = intentKey("test", it.id, newest);
          return async () => {
            await call("POST", `${path}/test`, { key });
            setTimeout(reload, 1500);
            return "A webhook of the type webhook.test is on its way.";
          };
        }}
      >
        <p>The endpoint gets one webhook of the type webhook.test.</p>
      </Action>
      <Action
        needs="admin"
        label="Delete"
        title="Delete the endpoint"
        submit="Delete it"
        isDanger
        run={() => async () => {
          await call("DELETE", path);
          go("endpoints");
          return "The endpoint is deleted.";
        }}
      >
        <p>Its pending deliveries end. This cannot be undone.</p>
      </Action>
    </>
  );
}
