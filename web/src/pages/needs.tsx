// What needs a person, over everything: orders, dead letters, webhooks in and out, providers. Each row says why, since when, what
// happens by itself, and what to do next. Nothing is counted by a scan: each list reads an index.

import type { ComponentChildren } from "preact";
import { call, get, Problem } from "../api";
import { useLoad } from "../load";
import { money } from "../money";
import { Page } from "../parts/page";
import { Ago, Attention, OrderLink, Status, words } from "../parts/show";
import { Empty, Loading, ProblemBox } from "../parts/states";
import { Table } from "../parts/table";
import { to } from "../route";
import { may } from "../session";
import type { Endpoint, OrderSummary, Page as ListPage, Readiness, WebhookSummary } from "../shapes";

interface Row {
  id: string;
  what: ComponentChildren;
  why: ComponentChildren;
  since: string | undefined;
  itself: ComponentChildren;
  /** When that happens: the deadline of a person who wants to be earlier. */
  at?: string | undefined;
  next: ComponentChildren;
}

/** Rows with a deadline first, the earliest at the top; then those without, the oldest at the top. */
export function inOrder<R extends Pick<Row, "at" | "since">>(rows: R[]): R[] {
  const last = "\uffff";
  return rows.toSorted(
    (one, other) => (one.at ?? last).localeCompare(other.at ?? last) || (one.since ?? "").localeCompare(other.since ?? ""),
  );
}

const NOTHING = "Nothing.";
/** Why an attention is raised, what happens without a person, and what a person does: docs/operations/alarms/attention-*.md. */
const ATTENTIONS: Record<string, [why: string, itself: string, next: string]> = {
  refund_failed: ["A refund failed after the last automatic attempt.", NOTHING, "Request the refund again"],
  void_failed: ["The carrier did not void the label.", NOTHING, "Request the void again"],
  disputed: ["The customer disputes the payment at the bank.", "The bank decides without evidence.", "See the dispute"],
  inquiry: ["The bank asks about the payment.", "It becomes a dispute.", "See the inquiry"],
  delivery_failed: ["The parcel was not delivered or comes back.", "A later scan may end it.", "Record what became of it"],
  scanned_after_cancel: ["A parcel moves although its order ended.", NOTHING, "Find the parcel"],
  refunded_unshipped: ["All money was refunded before it was sent.", "The shipment is held.", "Release it or cancel"],
  stuck: ["It made no progress until its deadline.", "It goes on if what it waits for comes.", "See what it waits for"],
};

/** What an order does by itself at its deadline. */
const DUE: Record<NonNullable<OrderSummary["due"]>["what"], string> = {
  evidence: "Evidence is due:",
  expiry: "It expires:",
  stuck: "It is recorded as stuck:",
};

export function NeedsAPerson() {
  const orders = useLoad("attention", (signal) =>
    call<ListPage<OrderSummary>>("POST", "/orders/search", { body: { attention: "any" }, signal }), "board");
  const isAdmin = may("admin");
  const letters = useLoad(`letters-${isAdmin}`, (signal) => (isAdmin ? countLetters(signal) : Promise.resolve([])), "slow");
  const endpoints = useLoad("endpoints", (signal) => get<{ items: Endpoint[] }>("/webhook-endpoints", signal), "slow");
  const failed = useLoad("failed", (signal) => inbox("failed", signal), "slow");
  const parked = useLoad("parked", (signal) => inbox("parked", signal), "slow");
  const health = useLoad("health", (signal) => get<Readiness>("/health/ready", signal), "slow");

  const parts = [orders, letters, endpoints, failed, parked, health];
  const problems = parts.map((part) => part.problem).filter((problem) => problem instanceof Problem);
  const denied = problems.find((problem) => problem.isDenied);
  const others = problems.filter((problem) => !problem.isDenied);
  const rows = inOrder<Row>([
    ...(orders.data?.items ?? []).map(ofOrder),
    ...(health.data?.breakers ?? []).filter((breaker) => breaker.state === "open").map(ofBreaker),
    ...(letters.data ?? []).map(ofLetters),
    ...(endpoints.data?.items ?? []).filter((endpoint) => !endpoint.enabled && endpoint.disabled_because !== "admin").map(ofEndpoint),
    ...(failed.data?.items ?? []).map(ofWebhook),
    ...(parked.data?.items ?? []).map(ofWebhook),
  ]);
  const isLoading = parts.some((part) => part.isLoading && part.data === undefined && !part.problem);
  const more = orders.data?.next != null || failed.data?.next != null || parked.data?.next != null;

  return (
    <Page title="Needs a person" topic="board">
      {denied && <ProblemBox problem={denied} />}
      {others.map((problem, n) => (
        <ProblemBox problem={problem} key={n} isStale={rows.length > 0} />
      ))}
      {rows.length > 0 && (
        <Table
          caption="What needs a person: the nearest deadline first, then the oldest"
          rows={rows}
          id={(row) => row.id}
          columns={[
            { name: "What", cell: (row) => row.what },
            { name: "Why", cell: (row) => row.why },
            { name: "Since", cell: (row) => <Ago at={row.since} /> },
            { name: "By itself", cell: (row) => <Itself row={row} /> },
            { name: "Next", cell: (row) => row.next },
          ]}
        />
      )}
      {isLoading && <Loading />}
      {!isLoading && rows.length === 0 && problems.length === 0 && (
        <Empty>Nothing needs a person. Orders, webhooks and queues go on by themselves.</Empty>
      )}
      {more && (
        <p class="quiet">
          These are the newest of each kind. All of them: <a href={to("search")}>orders</a>, <a href={to("inbox")}>webhooks in</a>.
        </p>
      )}
      {!isAdmin && <p class="quiet">Dead letters are shown to admins alone, because looking at them holds them.</p>}
    </Page>
  );
}

function Itself({ row }: { row: Row }) {
  return (
    <>
      {row.itself}
      {row.at && (
        <>
          {" "}
          <strong class="due">
            <Ago at={row.at} />
          </strong>
        </>
      )}
    </>
  );
}

export interface LetterCount {
  function: string;
  dead_letters: number;
}

export async function countLetters(signal: AbortSignal): Promise<LetterCount[]> {
  const answer = await call<{ functions: LetterCount[] }>("POST", "/operations/redrive-dead-letters", { body: { do: "count" }, signal });
  return answer.functions;
}

function inbox(status: string, signal: AbortSignal): Promise<ListPage<WebhookSummary>> {
  return get(`/webhooks/inbox?status=${status}&limit=20`, signal);
}

function ofOrder(order: OrderSummary): Row {
  const known = order.attention.map((attention) => ATTENTIONS[attention]).filter((texts) => texts !== undefined);
  return {
    id: order.order_id,
    what: (
      <>
        <OrderLink id={order.order_id} number={order.number} /> <span class="quiet">{money(order.total, order.currency)}</span>{" "}
        <Status of={order.status} />
      </>
    ),
    why: (
      <>
        {order.attention.map((attention) => (
          <Attention of={attention} key={attention} />
        ))}{" "}
        {known.map(([why]) => why).join(" ")}
      </>
    ),
    since: order.updated_at,
    itself: [...known.map(([, itself]) => itself), order.due ? DUE[order.due.what] : ""]
      .filter((text) => text && (text !== NOTHING || !order.due))
      .join(" "),
    at: order.due?.at,
    next: <a href={to("orders", order.order_id)}>{known[0]?.[2] ?? "Open the order"}</a>,
  };
}

function ofLetters({ function: name, dead_letters: count }: LetterCount): Row {
  return {
    id: `letters-${name}`,
    what: <a href={to("letters", name)}>{name}</a>,
    why: (
      <>
        <span class="status bad">dead letters</span> {count} {count === 1 ? "message" : "messages"} could not be handled.
      </>
    ),
    since: undefined,
    itself: "Nothing. A dead letter is kept for 14 days.",
    next: <a href={to("letters", name)}>Read the reason, then requeue</a>,
  };
}

function ofEndpoint(endpoint: Endpoint): Row {
  return {
    id: endpoint.id,
    what: <a href={to("endpoints", endpoint.id)}>{endpoint.description || endpoint.url}</a>,
    why: (
      <>
        <Status of="disabled" /> {words(endpoint.disabled_because ?? "")}
      </>
    ),
    since: endpoint.disabled_at ?? undefined,
    itself: "Nothing. It gets no webhooks.",
    next: <a href={to("endpoints", endpoint.id)}>Enable it again</a>,
  };
}

function ofWebhook(webhook: WebhookSummary): Row {
  const isParked = webhook.status === "parked";
  return {
    id: webhook.id,
    what: (
      <a class="id" href={to("inbox", webhook.id)}>
        {webhook.type}
      </a>
    ),
    why: (
      <>
        <Status of={webhook.status} /> {isParked ? `No order is known for ${webhook.waits_under ?? "it"} yet.` : webhook.reason}
      </>
    ),
    since: webhook.received_at,
    itself: isParked ? "It is applied once its order is known." : "Nothing.",
    next: <a href={to("inbox", webhook.id)}>{isParked ? "See what it reports" : "Replay it once the reason is gone"}</a>,
  };
}

function ofBreaker(breaker: Readiness["breakers"][number]): Row {
  const isPaused = breaker.next_probe !== undefined && new Date(breaker.next_probe) > new Date();
  return {
    id: `breaker-${breaker.provider}`,
    what: <a href={to("health")}>{breaker.provider}</a>,
    why: (
      <>
        <span class="status bad">out</span> The provider does not answer, and is not called.
      </>
    ),
    since: breaker.since,
    itself: isPaused ? "The next call tests whether it answers:" : "The next call tests whether it answers.",
    at: isPaused ? breaker.next_probe : undefined,
    next: <a href={to("health")}>See what else is late</a>,
  };
}
