// The webhooks of an order: those that came in, and those that went to the shop's endpoints.

import { call } from "../api";
import { Action } from "../parts/action";
import { Section } from "../parts/page";
import { Status, When } from "../parts/show";
import { Table } from "../parts/table";
import { to } from "../route";
import type { OrderDelivery, WebhookSummary } from "../shapes";

export function OrderWebhooks({ webhooks, reload }: { webhooks: WebhookSummary[]; reload: () => void }) {
  return (
    <Section title="Webhooks in" count={webhooks.length}>
      <Table
        caption="Webhooks received for this order"
        rows={webhooks}
        id={(webhook) => webhook.id}
        columns={[
          { name: "Received", cell: (webhook) => <When at={webhook.received_at} /> },
          { name: "Webhook", cell: (webhook) => <a href={to("inbox", webhook.id)}>{webhook.type}</a> },
          { name: "Status", cell: (webhook) => <Status of={webhook.status} /> },
          { name: "Reason", cell: (webhook) => webhook.reason ?? "–" },
          { name: "Next", cell: (webhook) => <ReplayWebhook id={webhook.id} status={webhook.status} reload={reload} /> },
        ]}
      />
    </Section>
  );
}

/** Replays a webhook that was not applied. The API records who asked, and repeats no effect. */
export function ReplayWebhook({ id, status, reload }: { id: string; status: string; reload: () => void }) {
  if (status !== "failed" && status !== "parked") return <>–</>;
  return (
    <Action
      needs="admin"
      label="Replay"
      title="Replay the webhook"
      submit="Apply it again"
      isSmall
      run={() => async () => {
        await call("POST", `/webhooks/inbox/${encodeURIComponent(id)}/replay`);
        setTimeout(reload, 1500);
        return "The webhook is being applied again.";
      }}
    >
      <p>It is applied again as it was received. What it has led to already is not repeated, and the replay is recorded with you.</p>
    </Action>
  );
}

export function OrderDeliveries({ deliveries, reload }: { deliveries: OrderDelivery[]; reload: () => void }) {
  return (
    <Section title="Webhooks out" count={deliveries.length}>
      <Table
        caption="Webhooks to the shop's endpoints"
        rows={deliveries}
        id={(delivery) => `${delivery.endpoint} ${delivery.id}`}
        columns={[
          { name: "Planned", cell: (delivery) => <When at={delivery.created_at} /> },
          { name: "Type", cell: (delivery) => delivery.event_type },
          { name: "Endpoint", cell: (delivery) => <a href={to("endpoints", delivery.endpoint)}>{delivery.endpoint.slice(0, 11)}</a> },
          { name: "Status", cell: (delivery) => <Status of={delivery.status} /> },
          {
            name: "Attempts",
            cell: (delivery) =>
              delivery.attempted === 0 ? "none yet" : `${delivery.attempted}, last: ${outcome(delivery.last_outcome)}`,
          },
          { name: "Next", cell: (delivery) => <Redeliver endpoint={delivery.endpoint} delivery={delivery} reload={reload} /> },
        ]}
      />
    </Section>
  );
}

function outcome(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value ?? "–");
}

export function Redeliver({
  endpoint,
  delivery,
  reload,
}: {
  endpoint: string;
  delivery: { id: string; status: string; next_attempt_at?: string | null };
  reload: () => void;
}) {
  if (delivery.status === "pending") {
    return delivery.next_attempt_at ? (
      <>
        next attempt <When at={delivery.next_attempt_at} />
      </>
    ) : (
      <>–</>
    );
  }
  return (
    <Action
      needs="admin"
      label="Send again"
      title="Send the webhook again"
      submit="Send it now"
      isSmall
      run={() => async () => {
        await call("POST", `/webhook-endpoints/${endpoint}/deliveries/${encodeURIComponent(delivery.id)}/redeliver`);
        setTimeout(reload, 1500);
        return "It is sent at once, with the whole schedule of retries.";
      }}
    >
      <p>The endpoint gets it under the same id, so it can tell that it has it.</p>
    </Action>
  );
}
