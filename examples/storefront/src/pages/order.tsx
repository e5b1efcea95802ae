// One order as it moves: it follows by itself, and says whether it is live.

import { useRef, useState } from "preact/hooks";
import { call, get, Problem } from "../api";
import { add, basket } from "../basket";
import { confirmWithBank } from "../card";
import { useOrder } from "../live";
import { asError, useLoad } from "../load";
import { money } from "../money";
import { Failure, Page, Status, Waiting, When } from "../parts";
import { go, to } from "../route";
import { ACCOUNT } from "../shop";
import type { Order, Payment, Product } from "../shapes";

/** The way of an order, by the status with which each step is done. */
const STEPS: [name: string, status: string][] = [
  ["Placed", "placed"],
  ["Paid", "paid"],
  ["Being packed", "allocated"],
  ["On its way", "shipped"],
  ["Delivered", "delivered"],
];
/** Until it is handed over. The API decides the race with the parcel. */
const CAN_BE_CANCELLED = ["placed", "payment_action_required", "paid", "allocated"];
const WAITS_FOR_MONEY = ["placed", "payment_action_required"];
const MODES = { live: "Live", connecting: "Connecting…", polling: "Not live: asks every 15 s" };

/** Why a payment failed, by the API's words. */
const CAUSES: Record<string, string> = {
  card_declined: "The bank declined the card.",
  insufficient_funds: "There is not enough money on the card.",
  expired_card: "The card has expired.",
  incorrect_details: "The details of the card are not right.",
  authentication_failed: "The bank could not confirm that it was you.",
  try_again: "The payment did not go through. Try again.",
};

export function OrderPage({ id }: { id: string }) {
  const { mode, page: order, trouble, refresh } = useOrder(id);
  const live = <span class={`mode ${mode}`}>{MODES[mode]}</span>;
  if (!order) {
    return (
      <Page title="Your order" extra={live}>
        {trouble?.code === "not_found" ? (
          <p role="alert">
            You have no such order. <a href={to("orders")}>See your orders</a>.
          </p>
        ) : trouble ? (
          <Failure error={asError(trouble.error ?? trouble.detail)} retry={refresh} />
        ) : (
          <Waiting />
        )}
      </Page>
    );
  }
  return (
    <Page title={`Order ${order.number}`} extra={live}>
      <p class="now" role="status">
        <Status of={order.status} />
      </p>
      {trouble && <Failure error={asError(trouble.error ?? trouble.detail)} retry={refresh} />}
      {order.status === "payment_action_required" && <BankStep order={order} refresh={refresh} />}
      {WAITS_FOR_MONEY.includes(order.status) && <Transfer order={order} />}
      {order.status === "payment_failed" && <PaymentFailed order={order} />}
      <Steps order={order} />
      {order.shipment.tracking_code && (
        <p>
          Parcel: {order.shipment.carrier}, <code>{order.shipment.tracking_code}</code>
        </p>
      )}
      <Items order={order} />
      {CAN_BE_CANCELLED.includes(order.status) && <Cancel order={order} refresh={refresh} />}
    </Page>
  );
}

function Steps({ order }: { order: Order }) {
  const times = STEPS.map(([, status]) => order.timeline.find((entry) => entry.status === status)?.time);
  const next = times.findIndex((time) => time === undefined);
  // An order that has left its way moves on no more, so nothing is next.
  const isOnItsWay = [...CAN_BE_CANCELLED, "shipped"].includes(order.status);
  return (
    <ol class="steps" aria-label="How far it is">
      {STEPS.map(([name], place) => (
        <li key={name} class={times[place] ? "done" : ""} aria-current={isOnItsWay && place === next ? "step" : undefined}>
          <strong>{name}</strong>
          {times[place] && <When at={times[place]} />}
        </li>
      ))}
    </ol>
  );
}

/** The products of its items, in their order. */
function productsOf(order: Order, signal?: AbortSignal): Promise<Product[]> {
  return Promise.all(order.items.map(({ sku }) => get<Product>(`/products/${encodeURIComponent(sku)}`, signal)));
}

function Items({ order }: { order: Order }) {
  const products = useLoad(`products of ${order.order_id}`, (signal) => productsOf(order, signal));
  const name = (sku: string) => products.data?.find((product) => product.sku === sku)?.name ?? sku;
  const { captured, refunded } = order.payment;
  return (
    <>
      <ul class="lines">
        {order.items.map((item) => (
          <li key={item.sku}>
            <span class="name">{name(item.sku)}</span>
            <span>× {item.quantity}</span>
            <span class="price">{money(item.unit_price * item.quantity, order.currency)}</span>
          </li>
        ))}
      </ul>
      <p class="total">
        Together <strong>{money(order.total, order.currency)}</strong>
        {captured > 0 && <span class="quiet"> {money(captured, order.currency)} paid</span>}
        {refunded > 0 && <span class="quiet"> {money(refunded, order.currency)} refunded</span>}
      </p>
    </>
  );
}

/** 3-D Secure: the secret is asked for when it is used, and kept nowhere. */
function BankStep({ order, refresh }: { order: Order; refresh: () => void }) {
  const [state, setState] = useState<"asked" | "busy" | "done" | Error>("asked");
  const isRunning = useRef(false);
  async function confirm() {
    if (isRunning.current) return;
    isRunning.current = true;
    setState("busy");
    try {
      const { client_secret } = await get<Payment>(`/orders/${order.order_id}/payment`);
      if (client_secret) await confirmWithBank(client_secret);
      setState("done");
    } catch (error) {
      setState(asError(error));
    } finally {
      isRunning.current = false;
      refresh();
    }
  }
  return (
    <div class="box warn">
      <p>
        <strong>Your bank wants to know that it is you.</strong> The order waits until <When at={order.pay_by} />.
      </p>
      {state instanceof Error && <Failure error={state} />}
      {state === "done" ? (
        <Waiting what="Your bank was asked: waiting for its answer" />
      ) : (
        <button type="button" class="primary" aria-disabled={state === "busy"} onClick={() => void confirm()}>
          {state === "busy" ? "One moment…" : "Confirm with your bank"}
        </button>
      )}
    </div>
  );
}

/** What to write on a transfer: only the order itself says that it is paid so. */
function Transfer({ order }: { order: Order }) {
  const events = useLoad(`method ${order.order_id}`, (signal) =>
    get<{ events: { data: { payment_method?: string } }[] }>(`/orders/${order.order_id}/events`, signal),
  );
  if (events.error) return <Failure error={events.error} retry={events.reload} />;
  if (!events.data?.events[0]?.data.payment_method?.startsWith("elsewhere:")) return null;
  return (
    <div class="box">
      <p>
        Transfer <strong>{money(order.total, order.currency)}</strong> to {ACCOUNT}, by <When at={order.pay_by} />.
      </p>
      <p>
        Reference to use: <strong class="reference">{order.number}</strong>
      </p>
    </div>
  );
}

function PaymentFailed({ order }: { order: Order }) {
  const payment = useLoad(`payment ${order.order_id}`, (signal) =>
    get<Payment>(`/orders/${order.order_id}/payment`, signal).catch((error: unknown) => {
      // The provider refused to begin it, so there is none.
      if (error instanceof Problem && error.status === 404) return undefined;
      throw error;
    }),
  );
  const [error, setError] = useState<Error>();
  const isAdding = useRef(false);
  async function again() {
    if (isAdding.current) return;
    isAdding.current = true;
    try {
      const products = await productsOf(order);
      for (const [place, product] of products.entries()) {
        const refusal = add(product, order.items[place]!.quantity);
        if (refusal) throw new Error(refusal);
      }
      go("checkout");
    } catch (failure) {
      setError(asError(failure));
    } finally {
      isAdding.current = false;
    }
  }
  return (
    <div class="box bad">
      <p>
        <strong>The payment failed, and nothing was charged.</strong> {CAUSES[payment.data?.code ?? ""] ?? ""}
      </p>
      {error && <Failure error={error} />}
      {basket().lines.length === 0 && (
        <button type="button" class="primary" onClick={() => void again()}>
          Order it again
        </button>
      )}
    </div>
  );
}

function Cancel({ order, refresh }: { order: Order; refresh: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const isSending = useRef(false);
  const [error, setError] = useState<Error>();
  async function cancel(event: SubmitEvent) {
    event.preventDefault();
    if (isSending.current) return;
    isSending.current = true;
    try {
      await call("POST", `/orders/${order.order_id}/cancel`, { body: {} });
      dialog.current?.close();
    } catch (failure) {
      setError(asError(failure));
    } finally {
      isSending.current = false;
      refresh();
    }
  }
  return (
    <>
      <button type="button" onClick={() => (setError(undefined), dialog.current?.showModal())}>
        Cancel the order
      </button>
      <dialog ref={dialog} aria-labelledby="cancel-title">
        <form onSubmit={cancel}>
          <h2 id="cancel-title">Cancel order {order.number}?</h2>
          <p>What you paid is given back. Once the parcel has left, it is too late.</p>
          {error && <Failure error={error} />}
          <p class="buttons">
            <button type="submit" class="primary">
              Cancel it
            </button>
            <button type="button" onClick={() => dialog.current?.close()}>
              Keep it
            </button>
          </p>
        </form>
      </dialog>
    </>
  );
}
