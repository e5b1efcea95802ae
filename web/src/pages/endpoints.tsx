// The shop's systems that receive webhooks.

import { call, get } from "../api";
import { intentKey } from "../intent";
import { useLoad } from "../load";
import { Action } from "../parts/action";
import { Page } from "../parts/page";
import { Status, When, words } from "../parts/show";
import { Empty, Show } from "../parts/states";
import { Table } from "../parts/table";
import { to } from "../route";
import type { Endpoint } from "../shapes";
import { useState } from "preact/hooks";

export function Endpoints() {
  const list = useLoad("endpoints", (signal) => get<{ items: Endpoint[] }>("/webhook-endpoints", signal), "slow");
  const [secret, setSecret] = useState<string>();
  return (
    <Page
      title="Webhooks out"
      topic="slow"
      actions={
        list.data && (
          <Action
            needs="admin"
            label="Add an endpoint"
            submit="Add it"
            fields={[
              { name: "url", label: "Address", type: "url", hint: "https, on a public address." },
              { name: "description", label: "What it is", isOptional: true, maxLength: 200 },
              { name: "event_types", label: "Types", hint: "Separated by commas; empty means all.", isOptional: true },
            ]}
            run={() => {
              // By the moment at which the form was opened: nothing that the page shows grows with each endpoint for ever.
              const key = intentKey("endpoint", "new", Date.now());
              return async (values) => {
                const types = (values["event_types"] ?? "").split(",").map((type) => type.trim()).filter(Boolean);
                const body: Record<string, unknown> = { url: values["url"] };
                if (values["description"]) body["description"] = values["description"];
                if (types.length > 0) body["event_types"] = types;
                const made = await call<Endpoint>("POST", "/webhook-endpoints", { body, key });
                setSecret(made.secret);
                list.reload();
                return "The endpoint is added.";
              };
            }}
          />
        )
      }
    >
      {secret && (
        <div class="box warn">
          The endpoint’s secret, shown this once: <code>{secret}</code>{" "}
          <button type="button" class="small" onClick={() => setSecret(undefined)}>
            I have stored it
          </button>
        </div>
      )}
      <Show of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>No system of the shop receives webhooks.</Empty>
          ) : (
            <Table
              caption="Webhook endpoints"
              rows={items}
              id={(endpoint) => endpoint.id}
              columns={[
                { name: "Endpoint", cell: (endpoint) => <a href={to("endpoints", endpoint.id)}>{endpoint.description || endpoint.url}</a> },
                { name: "Address", cell: (endpoint) => <span class="long">{endpoint.url}</span> },
                {
                  name: "State",
                  cell: (endpoint) => (
                    <>
                      <Status of={endpoint.enabled ? "enabled" : "disabled"} /> {words(endpoint.disabled_because ?? "")}
                    </>
                  ),
                },
                { name: "Types", cell: (endpoint) => (endpoint.event_types.includes("*") ? "all" : endpoint.event_types.join(", ")) },
                { name: "Added", cell: (endpoint) => <When at={endpoint.created_at} /> },
              ]}
            />
          )
        }
      </Show>
    </Page>
  );
}
