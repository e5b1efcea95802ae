// One received webhook: its verdict, what it led to, its body as received.

import { get } from "../api";
import { useLoad } from "../load";
import { Page, Section } from "../parts/page";
import { Status, When } from "../parts/show";
import { Show } from "../parts/states";
import { to } from "../route";
import type { WebhookPage } from "../shapes";
import { ReplayWebhook } from "./order-webhooks";

export function Webhook({ id }: { id: string }) {
  const webhook = useLoad(id, (signal) => get<WebhookPage>(`/webhooks/inbox/${encodeURIComponent(id)}`, signal), "soon");
  return (
    <Page
      title={webhook.data?.type ?? "Webhook"}
      extra={webhook.data && <Status of={webhook.data.status} />}
      topic="soon"
      actions={webhook.data && <ReplayWebhook id={id} status={webhook.data.status} reload={webhook.reload} />}
    >
      <Show of={webhook}>
        {(it) => (
          <>
            <dl class="facts">
              <dt>Id</dt>
              <dd>
                <code>{it.id}</code>
              </dd>
              <dt>Received</dt>
              <dd>
                <When at={it.received_at} /> from {it.source}, by {it.came_by}
              </dd>
              {it.reason && (
                <>
                  <dt>Reason</dt>
                  <dd>{it.reason}</dd>
                </>
              )}
              {it.waits_under && (
                <>
                  <dt>Waits under</dt>
                  <dd>
                    <code>{it.waits_under}</code>
                  </dd>
                </>
              )}
              {it.led_to && it.led_to.length > 0 && (
                <>
                  <dt>Led to</dt>
                  <dd>
                    <ul>
                      {it.led_to.map((event) => (
                        <li key={event}>
                          <code>{event}</code> {orderOf(event) && <a href={to("orders", orderOf(event)!)}>Open the order</a>}
                        </li>
                      ))}
                    </ul>
                  </dd>
                </>
              )}
              {it.replays.length > 0 && (
                <>
                  <dt>Replays</dt>
                  <dd>
                    <ul>
                      {it.replays.map((replay) => (
                        <li key={replay.asked_at}>
                          <When at={replay.asked_at} /> by <code>{replay.asked_by.subject.slice(0, 8)}</code>
                        </li>
                      ))}
                    </ul>
                  </dd>
                </>
              )}
            </dl>
            <Section title="Body">
              <pre tabIndex={0} aria-label="The body as received">
                {it.body === null ? "erased" : JSON.stringify(it.body, null, 2)}
              </pre>
            </Section>
            <Section title="Headers">
              <dl class="facts">
                {Object.entries(it.headers).map(([name, value]) => (
                  <>
                    <dt key={name}>{name}</dt>
                    <dd>
                      <code>{value}</code>
                    </dd>
                  </>
                ))}
              </dl>
            </Section>
          </>
        )}
      </Show>
    </Page>
  );
}

/** The order in an event's id, `payments/<order>/2`. */
function orderOf(event: string): string | undefined {
  return /^[a-z]+\/([0-9a-f]{32})\/\d+$/.exec(event)?.[1];
}
