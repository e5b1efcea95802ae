// One order, whole: what it waits for, what a person can do, its money and parcels, and everything that happened on one time axis.

import { useEffect } from "preact/hooks";
import { get, Problem } from "../api";
import { useOrder } from "../follow";
import { useLoad } from "../load";
import { money } from "../money";
import { Page, Section } from "../parts/page";
import { Ago, Attention, Status, When, words } from "../parts/show";
import { Empty, Show } from "../parts/states";
import { Table } from "../parts/table";
import { to } from "../route";
import type { Explanation, OrderPage, ShipmentPage } from "../shapes";
import { Erase, OrderActions, RefundRetries } from "./order-actions";
import { Axis } from "./order-axis";
import { OrderDeliveries, OrderWebhooks } from "./order-webhooks";

export interface Everything {
  page: OrderPage;
  explained: Explanation;
  shipment: ShipmentPage | undefined;
}

export function Order({ id }: { id: string }) {
  // What the page shows beside the order, such as webhooks and dead letters, is in no push: that is asked for again.
  const order = useLoad(id, (signal) => everything(id, signal), "slow");
  const pushed = useOrder(id)?.page;
  const read = order.data?.page;
  const page = pushed && pushed.sequence > (read?.sequence ?? 0) ? pushed : read;
  const isBehind = page !== read && read !== undefined && !order.isLoading && !order.problem;
  useEffect(() => {
    if (isBehind) order.reload();
  }, [isBehind]);
  return (
    <Page
      title={page ? `Order ${page.number}` : "Order"}
      extra={
        page && (
          <>
            <Status of={page.status} />
            {page.attention.map((attention) => (
              <Attention of={attention} key={attention} />
            ))}
          </>
        )
      }
      topic={{ order: id }}
    >
      <Show of={order}>{(all) => <Body all={{ ...all, page: page ?? all.page }} reload={order.reload} />}</Show>
    </Page>
  );
}

async function everything(id: string, signal: AbortSignal): Promise<Everything> {
  const [page, explained, shipment] = await Promise.all([
    get<OrderPage>(`/orders/${id}`, signal),
    get<Explanation>(`/orders/${id}/explanation`, signal),
    get<ShipmentPage>(`/shipments/${id}`, signal).catch((error: unknown) => {
      // An order that was not allocated yet has no shipment.
      if (error instanceof Problem && error.status === 404) return undefined;
      throw error;
    }),
  ]);
  return { page, explained, shipment };
}

function Body({ all, reload }: { all: Everything; reload: () => void }) {
  const { page, explained } = all;
  return (
    <>
      {explained.missing && (
        <div class="box warn" role="status">
          <strong>Not everything could be read:</strong> {explained.missing.join("; ")}.
        </div>
      )}
      <OrderActions all={all} reload={reload} />
      <div class="columns">
        <Waiting explained={explained} />
        <Money all={all} reload={reload} />
        <Parcel all={all} />
      </div>
      <Section title="What has happened">
        <Axis explained={explained} />
      </Section>
      {explained.letters.length > 0 && <OrderLetters explained={explained} />}
      {explained.webhooks.length > 0 && <OrderWebhooks webhooks={explained.webhooks} reload={reload} />}
      {explained.deliveries.length > 0 && <OrderDeliveries deliveries={explained.deliveries} reload={reload} />}
      <Section title="Details">
        <dl class="facts">
          <dt>Id</dt>
          <dd>
            <code>{page.order_id}</code>
          </dd>
          <dt>Placed</dt>
          <dd>
            <When at={page.placed_at} />
          </dd>
          <dt>Customer</dt>
          <dd>
            <code>{customerOf(explained) ?? "unknown"}</code> <Erase all={all} reload={reload} />
          </dd>
        </dl>
      </Section>
    </>
  );
}

/** The subject of the customer: who placed the order. */
export function customerOf(explained: Explanation): string | undefined {
  return explained.events.find((event) => event.type === "OrderPlaced")?.actor;
}

function Waiting({ explained }: { explained: Explanation }) {
  return (
    <Section title="Waits for">
      {explained.waiting.length === 0 ? (
        <Empty>Nothing. It is done, or it goes on at once.</Empty>
      ) : (
        <ul class="waits">
          {explained.waiting.map((wait) => (
            <li key={`${wait.for} ${wait.about ?? ""}`}>
              <strong>{words(wait.for)}</strong>
              {wait.about && <> ({words(wait.about)})</>} by {words(wait.of)}
              <div class="quiet">
                since <When at={wait.since} />
                {wait.until && (
                  <>
                    , late <Ago at={wait.until} />
                  </>
                )}
              </div>
            </li>
          ))}
        </ul>
      )}
      {explained.remedies.length > 0 && (
        <>
          <h3>What can be done</h3>
          <ul class="remedies">
            {explained.remedies.map((remedy) => (
              <li key={remedy.by}>
                {remedy.do} <RemedyLink by={remedy.by} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Section>
  );
}

/** Where a remedy is in the console. A request of this order is among the actions above. */
function RemedyLink({ by }: { by: string }) {
  const letters = /FUNCTION=(\S+)/.exec(by)?.[1];
  if (letters) return <a href={to("letters", letters)}>Dead letters of {letters}</a>;
  if (by.startsWith("make replay")) return <a href={to("replay")}>Replay its events</a>;
  const webhook = /\/webhooks\/inbox\/(.+)\/replay$/.exec(by)?.[1];
  if (webhook) return <a href={to("inbox", safelyDecoded(webhook))}>Open the webhook</a>;
  const endpoint = /\/webhook-endpoints\/([^/]+)\//.exec(by)?.[1];
  if (endpoint) return <a href={to("endpoints", endpoint)}>Open the endpoint</a>;
  return by.startsWith("make ") ? <code>{by}</code> : null;
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function Money({ all, reload }: { all: Everything; reload: () => void }) {
  const { page, explained } = all;
  const { captured, refunded } = page.payment;
  const underWay = refundsUnderWay(explained);
  return (
    <Section title="Money">
      <table class="plain">
        <caption class="hidden">Items and total</caption>
        <thead class="hidden">
          <tr>
            <th scope="col">Item</th>
            <th scope="col">Amount</th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((item) => (
            <tr key={item.sku}>
              <td>
                {item.quantity} × <a href={to("products", item.sku)}>{item.sku}</a>
              </td>
              <td class="number">{money(item.unit_price * item.quantity, page.currency)}</td>
            </tr>
          ))}
          <tr class="sum">
            <td>Total</td>
            <td class="number">{money(page.total, page.currency)}</td>
          </tr>
          <tr>
            <td>
              Captured <Status of={page.payment.status} />
            </td>
            <td class="number">{money(captured, page.currency)}</td>
          </tr>
          <tr>
            <td>Refunded</td>
            <td class="number">{money(refunded, page.currency)}</td>
          </tr>
          {underWay > 0 && (
            <tr>
              <td>Refund under way</td>
              <td class="number">{money(underWay, page.currency)}</td>
            </tr>
          )}
        </tbody>
      </table>
      <RefundRetries explained={explained} reload={reload} />
    </Section>
  );
}

/** The sum of the refunds that were requested and neither made nor refused yet. */
export function refundsUnderWay(explained: Explanation): number {
  const open = new Map<string, number>();
  for (const { type, detail } of explained.events) {
    const id = String(detail["refund_id"] ?? "");
    if (type === "RefundRequested") open.set(id, Number(detail["amount"] ?? 0));
    if (type === "PaymentRefunded" || type === "RefundFailed") open.delete(id);
  }
  return [...open.values()].reduce((sum, amount) => sum + amount, 0);
}

function Parcel({ all }: { all: Everything }) {
  const { shipment } = all;
  if (!shipment) {
    return (
      <Section title="Parcel">
        <Empty>There is no shipment yet.</Empty>
      </Section>
    );
  }
  const { address, label, parcel } = shipment;
  return (
    <Section title="Parcel">
      <p>
        <Status of={shipment.state} /> {shipment.reason}
      </p>
      <dl class="facts">
        {parcel && (
          <>
            <dt>Left with</dt>
            <dd>
              {parcel.carrier} <code>{parcel.tracking_code}</code>
            </dd>
            {parcel.last_scan && (
              <>
                <dt>Last scan</dt>
                <dd>
                  {words(parcel.last_scan.status)} <When at={parcel.last_scan.occurred_at} />
                </dd>
              </>
            )}
          </>
        )}
        {label && (
          <>
            <dt>Label</dt>
            <dd>
              {label.carrier} <code>{label.tracking_code}</code> <Status of={label.state === "held" ? "purchased" : label.state} />
            </dd>
          </>
        )}
        <dt>To</dt>
        <dd>
          {address ? (
            <address>
              {[address.name, address.line1, address.line2, [address.postal_code, address.city].filter(Boolean).join(" "), address.region, address.country]
                .filter(Boolean)
                .map((line) => (
                  <div key={line}>{line}</div>
                ))}
              {shipment.phone && <div>{shipment.phone}</div>}
            </address>
          ) : (
            <span class="quiet">erased</span>
          )}
        </dd>
      </dl>
    </Section>
  );
}

function OrderLetters({ explained }: { explained: Explanation }) {
  return (
    <Section title="Dead letters" count={explained.letters.length}>
      <Table
        caption="Dead letters of this order"
        rows={explained.letters}
        id={(letter) => `${letter.at} ${letter.function}`}
        columns={[
          { name: "When", cell: (letter) => <When at={letter.at} /> },
          { name: "Function", cell: (letter) => <a href={to("letters", letter.function)}>{letter.function}</a> },
          { name: "Reason", cell: (letter) => letter.reason },
          {
            name: "There now",
            cell: (letter) => (explained.dead_letters_now[letter.function] ? "perhaps: open the list" : "no, it was moved since"),
          },
        ]}
      />
    </Section>
  );
}
