// Finding orders by everything that `POST /orders/search` knows; without a question, the open ones. What is searched for is kept in
// memory: it may be a person's address, so it is never in the page's address.

import { useEffect, useRef, useState } from "preact/hooks";
import { call } from "../api";
import { useBoard } from "../follow";
import { asProblem } from "../load";
import type { Problem } from "../api";
import { money } from "../money";
import { FieldInput } from "../parts/action";
import { More } from "../parts/list";
import { Page } from "../parts/page";
import { Attention, OrderLink, Status, When } from "../parts/show";
import { Empty, Loading, ProblemBox, Show } from "../parts/states";
import { Table } from "../parts/table";
import { go } from "../route";
import type { OrderSummary, Page as ListPage } from "../shapes";

const FIELDS = ["email", "number", "tracking_code", "sku", "customer", "day", "attention"] as const;
type FieldName = (typeof FIELDS)[number];
const NAMES: Record<FieldName, string> = {
  email: "Email",
  number: "Order number",
  tracking_code: "Tracking code",
  sku: "SKU",
  customer: "Customer (subject)",
  day: "Day (UTC, as 2026-01-31)",
  attention: "Attention (or “any”)",
};
const STATUSES = [
  "placed", "payment_action_required", "paid", "allocated", "shipped", "delivered", "returned", "payment_failed", "out_of_stock",
  "shipping_failed", "cancelling", "cancelled", "expired",
];
/** How many pages without a match are read before the person is asked. */
const EMPTY_PAGES = 5;

interface Question {
  /** The fields to try, one after the other, until one finds something. */
  fields: FieldName[];
  value: string;
  status: string;
}

let question: Question | undefined;
const watchers = new Set<() => void>();

function ask(asked: Question | undefined) {
  question = asked;
  for (const watcher of watchers) watcher();
}

/** Searches for what was typed into the search of the frame. What it is, is guessed from how it looks. */
export function startSearch(typed: string): void {
  const value = typed.trim();
  if (!value) {
    ask(undefined);
    return go("search");
  }
  if (/^[0-9a-f]{32}$/i.test(value)) return go("orders", value.toLowerCase());
  ask({ fields: guesses(value), value, status: "" });
  go("search");
}

export function guesses(value: string): FieldName[] {
  if (value.includes("@")) return ["email"];
  if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return ["day"];
  if (/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(value)) return ["customer"];
  const isNumber = /^[0-9a-z]{11}$/i.test(value.replace(/[\s-]/g, ""));
  return isNumber ? ["number", "tracking_code", "sku"] : ["sku", "tracking_code"];
}

export function Search() {
  const [, draw] = useState(0);
  useEffect(() => {
    const changed = () => draw((n) => n + 1);
    watchers.add(changed);
    return () => void watchers.delete(changed);
  }, []);
  return (
    <Page title={question ? "Found orders" : "Open orders"} {...(question ? {} : { topic: "board" as const })}>
      <Criteria key={JSON.stringify(question)} />
      {question ? <Results question={question} key={JSON.stringify(question)} /> : <Open />}
    </Page>
  );
}

function Criteria() {
  const form = useRef<HTMLFormElement>(null);
  return (
    <details class="criteria" open={question !== undefined}>
      <summary>Search by one field</summary>
      <form
        ref={form}
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          const data = new FormData(event.currentTarget);
          const value = String(data.get("value") ?? "").trim();
          const field = String(data.get("by")) as FieldName;
          ask(value ? { fields: [field], value, status: String(data.get("status") ?? "") } : undefined);
        }}
      >
        <p class="field">
          <label for="field-by">By</label>
          <select id="field-by" name="by">
            {FIELDS.map((field) => (
              <option value={field} selected={question?.fields[0] === field} key={field}>
                {NAMES[field]}
              </option>
            ))}
          </select>
        </p>
        <FieldInput field={{ name: "value", label: "Value", value: question?.value ?? "", isOptional: true }} />
        <p class="field">
          <label for="field-status">Status</label>
          <select id="field-status" name="status">
            <option value="">any</option>
            {STATUSES.map((status) => (
              <option selected={question?.status === status} key={status}>
                {status}
              </option>
            ))}
          </select>
        </p>
        <div class="buttons">
          <button type="submit" class="primary">
            Search
          </button>
          {question && (
            <button type="button" onClick={() => ask(undefined)}>
              Open orders
            </button>
          )}
        </div>
      </form>
    </details>
  );
}

function Open() {
  const open = useBoard();
  return (
    <Show of={open}>
      {({ items, next }) => (
        <>
          {items.length === 0 ? <Empty>No order is open.</Empty> : <Orders caption="Open orders" rows={items} />}
          <More of={open} next={next} />
        </>
      )}
    </Show>
  );
}

/** Pages of a search are appended: it is a list that was asked for, and does not change under the person's eyes. */
function Results({ question: asked }: { question: Question }) {
  const [items, setItems] = useState<OrderSummary[]>([]);
  const [field, setField] = useState(asked.fields[0]!);
  const [next, setNext] = useState<string | null>(null);
  const [problem, setProblem] = useState<Problem>();
  const [isBusy, setBusy] = useState(true);
  const control = useRef(new AbortController());

  async function read(by: FieldName, cursor: string | null): Promise<ListPage<OrderSummary>> {
    const found: OrderSummary[] = [];
    for (let empty = 0; ; empty += 1) {
      const body: Record<string, unknown> = { [by]: asked.value };
      if (asked.status) body["status"] = asked.status;
      if (cursor) body["cursor"] = cursor;
      const page = await call<ListPage<OrderSummary>>("POST", "/orders/search", { body, signal: control.current.signal });
      found.push(...page.items);
      cursor = page.next;
      if (cursor === null || found.length > 0 || empty >= EMPTY_PAGES) return { items: found, next: cursor };
    }
  }

  async function first() {
    let last: Problem | undefined;
    for (const by of asked.fields) {
      try {
        const page = await read(by, null);
        setField(by);
        setItems(page.items);
        setNext(page.next);
        last = undefined;
        if (page.items.length > 0) break;
      } catch (error) {
        if (control.current.signal.aborted) return;
        last = asProblem(error);
        // A guess that cannot be such a value is no answer; the next guess may be.
        if (![400, 422].includes(last.status)) break;
      }
    }
    setProblem(last);
    setBusy(false);
  }

  async function further() {
    setBusy(true);
    try {
      const page = await read(field, next);
      setItems((before) => [...before, ...page.items]);
      setNext(page.next);
    } catch (error) {
      if (!control.current.signal.aborted) setProblem(asProblem(error));
    }
    setBusy(false);
  }

  useEffect(() => {
    void first();
    return () => control.current.abort();
  }, []);

  return (
    <>
      {problem && <ProblemBox problem={problem} />}
      {items.length > 0 && (
        <>
          <p class="quiet" role="status">
            {items.length}
            {next ? " so far" : ""} by {NAMES[field].replace(/ \(.*/, "").toLowerCase()} “{asked.value}”
            {asked.status && `, ${asked.status}`}
          </p>
          <Orders caption="Found orders" rows={items} />
        </>
      )}
      {isBusy && <Loading what="Searching" />}
      {!isBusy && !problem && items.length === 0 && (
        <Empty>
          No order {next ? "so far" : "was found"} for “{asked.value}”. Addresses, numbers and codes are compared whole.
        </Empty>
      )}
      {!isBusy && next && (
        <button type="button" onClick={() => void further()}>
          Search further
        </button>
      )}
    </>
  );
}

function Orders({ caption, rows }: { caption: string; rows: OrderSummary[] }) {
  return (
    <Table
      caption={caption}
      rows={rows}
      id={(order) => order.order_id}
      columns={[
        { name: "Order", cell: (order) => <OrderLink id={order.order_id} number={order.number} /> },
        { name: "Status", cell: (order) => <Status of={order.status} /> },
        {
          name: "Attention",
          cell: (order) => (order.attention.length ? order.attention.map((it) => <Attention of={it} key={it} />) : <span class="quiet">–</span>),
        },
        { name: "Total", isNumber: true, cell: (order) => money(order.total, order.currency) },
        { name: "Placed", cell: (order) => <When at={order.placed_at} /> },
        { name: "Changed", cell: (order) => <When at={order.updated_at} /> },
      ]}
    />
  );
}
