// What a person can do with an order. Every action is safe to try: what the order's state forbids is answered 409 and changes nothing.

import { call } from "../api";
import { intentKey } from "../intent";
import { minor, money, plain } from "../money";
import { Action, type Field } from "../parts/action";
import { may } from "../session";
import { settings } from "../settings";
import type { Explanation } from "../shapes";
import { customerOf, refundsUnderWay, type Everything } from "./order";

const CANCELLABLE = new Set(["placed", "payment_action_required", "paid", "allocated"]);
const CARRIER: Field = { name: "carrier", label: "Carrier", maxLength: 64 };
const CODE: Field = { name: "tracking_code", label: "Tracking code", maxLength: 64 };
const REASON: Field = { name: "reason", label: "Reason", type: "textarea", maxLength: 200 };

export function OrderActions({ all, reload }: { all: Everything; reload: () => void }) {
  if (!may("staff")) return null;
  const { page, explained, shipment } = all;
  const id = page.order_id;
  const state = shipment?.state ?? "absent";
  const hasLeft = ["shipped", "delivered", "returned_to_sender"].includes(state);
  const isToPack = state === "requested" || state === "labelled";
  /** An action without a key: the API does it once by the order's own state. */
  const post = (path: string, done: string) => () => async (values: Record<string, string>) => {
    const body = Object.fromEntries(Object.entries(values).filter(([, value]) => value.trim() !== ""));
    await call("POST", path, { body });
    reload();
    return done;
  };
  return (
    <div class="actions" role="group" aria-label="Actions">
      {state === "labelled" && (
        <Action
          label="Dispatch"
          submit="It was handed over"
          isPrimary
          run={post(`/shipments/${id}/dispatch`, "The parcel is recorded as handed over.")}
        >
          <p>The parcel leaves with its label’s code, {shipment?.label?.tracking_code}.</p>
        </Action>
      )}
      {state === "requested" && (
        <Action
          label="Dispatch"
          submit="It was handed over"
          isPrimary
          fields={[CARRIER, CODE]}
          run={post(`/shipments/${id}/dispatch`, "The parcel is recorded as handed over.")}
        >
          <p>Record that the parcel was handed over to the carrier. The customer gets a message, and the stock is taken off.</p>
        </Action>
      )}
      {state === "held" && (
        <Action
          label="Release"
          submit="Send it nevertheless"
          isPrimary
          run={post(`/shipments/${id}/release`, "The shipment may be sent.")}
        >
          <p>All money was refunded in the provider’s dashboard. Release the shipment if the goods are to be sent nevertheless.</p>
        </Action>
      )}
      <Refund all={all} reload={reload} />
      {state === "shipped" && (
        <Action
          label="Correct the code"
          title="Correct the tracking code"
          submit="Correct it"
          fields={[
            { ...CARRIER, value: shipment?.parcel?.carrier ?? "" },
            { ...CODE, value: shipment?.parcel?.tracking_code ?? "" },
          ]}
          run={post(`/shipments/${id}/tracking`, "The code is corrected.")}
        >
          <p>The correction is recorded with both codes and with you. What the carrier reported under the right code is applied.</p>
        </Action>
      )}
      {(state === "shipped" || state === "returned_to_sender") && (
        <Action label="Delivered" title="Record the delivery" submit="It arrived" run={post(`/shipments/${id}/deliver`, "The delivery is recorded.")}>
          <p>Only if the parcel arrived and no scan says so.</p>
        </Action>
      )}
      {hasLeft && (
        <Action
          label="Returned"
          title="Record the return"
          submit="It is back"
          fields={[{ name: "restock", label: "The goods can be sold again", type: "checkbox", value: "true" }]}
          run={() => async (values) => {
            await call("POST", `/shipments/${id}/return`, { body: { restock: values["restock"] === "true" } });
            reload();
            return "The return is recorded; the money follows.";
          }}
        >
          <p>The parcel is at the warehouse again. The refund follows by itself, unless the shop decides by hand.</p>
        </Action>
      )}
      {explained.attention.includes("scanned_after_cancel") && (
        <Action
          label="Settle the parcel"
          title="Say what became of the parcel"
          submit="Record it"
          isPrimary
          fields={[{ name: "outcome", label: "What became of it", type: "select", options: ["came_back", "kept", "lost"] }]}
          run={() => async ({ outcome }) => {
            await call("POST", `/shipments/${id}/stray`, { body: { outcome } });
            reload();
            return "What became of the parcel is recorded.";
          }}
        >
          <p>
            It was scanned although the order had ended. This moves no stock: take what left out of it by hand, and add what is
            returned.
          </p>
        </Action>
      )}
      {explained.attention.includes("void_failed") && (
        <Action label="Void the label" submit="Request it again" run={post(`/shipments/${id}/void`, "The void is requested again.")}>
          <p>Ask the carrier first why it refused.</p>
        </Action>
      )}
      {isToPack && (
        <Action
          label="Cannot be shipped"
          submit="End the shipment"
          isDanger
          fields={[REASON]}
          run={post(`/shipments/${id}/fail`, "The shipment has ended; the money is refunded.")}
        >
          <p>The shipment ends, the stock is released and everything is refunded. This cannot be undone.</p>
        </Action>
      )}
      {CANCELLABLE.has(page.status) && (
        <Action
          label="Cancel the order"
          submit="Cancel the order"
          isDanger
          fields={[{ ...REASON, isOptional: true }]}
          run={post(`/orders/${id}/cancel`, "The cancellation is requested. Shipping decides whether it is in time.")}
        >
          <p>If the parcel has not left, the stock is released and everything is refunded. This cannot be undone.</p>
        </Action>
      )}
    </div>
  );
}

function Refund({ all, reload }: { all: Everything; reload: () => void }) {
  const { page, explained } = all;
  const { captured, refunded } = page.payment;
  const left = captured - refunded - refundsUnderWay(explained);
  if (page.payment.status !== "paid" || left <= 0) return null;
  const step = settings().currencies[page.currency]?.step ?? 1;
  return (
    <Action
      label="Refund"
      title="Refund as goodwill"
      submit="Refund"
      fields={[
        {
          name: "amount",
          label: `Amount in ${page.currency}`,
          type: "number",
          hint: `At most ${money(left, page.currency)}.`,
          check: (value) => {
            const amount = minor(value, page.currency);
            if (amount === undefined) return `An amount such as ${plain(Math.min(left, 1250), page.currency)}.`;
            if (amount < 1 || amount > left) return `At most ${money(left, page.currency)}, and more than nothing.`;
            if (amount % step !== 0 && amount !== left) return `A multiple of ${plain(step, page.currency)}, or everything that is left.`;
            return undefined;
          },
        },
        REASON,
      ]}
      run={() => {
        // Fixed when the form opens: two tabs that show the same refunds send the same key.
        const key = intentKey("refund", page.order_id, refundsSeen(explained));
        return async (values) => {
          const amount = minor(values["amount"] ?? "", page.currency);
          await call("POST", `/orders/${page.order_id}/refunds`, { body: { amount, reason: values["reason"] }, key });
          reload();
          return `A refund of ${money(amount ?? 0, page.currency)} is requested.`;
        };
      }}
    >
      <p>The order stays as it is. The money goes back the way it came.</p>
    </Action>
  );
}

/** How many refunds the page shows. */
function refundsSeen(explained: Explanation): number {
  return explained.events.filter((event) => event.type === "RefundRequested").length;
}

/** Failed refunds that no later one replaced. */
export function RefundRetries({ explained, reload }: { explained: Explanation; reload: () => void }) {
  const failed = new Map<string, number>();
  for (const { type, detail } of explained.events) {
    const id = String(detail["refund_id"] ?? "");
    if (type === "RefundFailed" && !detail["again"]) failed.set(id, Number(detail["amount"] ?? 0));
    if (type === "PaymentRefunded") failed.delete(id);
    if (type === "RefundRequested" && detail["instead_of"]) failed.delete(String(detail["instead_of"]));
  }
  const currency = String(explained.events.find((event) => event.detail["currency"])?.detail["currency"] ?? "");
  return (
    <>
      {[...failed].map(([refund, amount]) => (
        <p key={refund}>
          <span class="status bad">failed</span> A refund of {money(amount, currency)} failed.{" "}
          <Action
            label="Request it again"
            title="Request the refund again"
            submit="Request it again"
            isSmall
            run={() => async () => {
              await call("POST", `/orders/${explained.order_id}/refunds/${encodeURIComponent(refund)}/retry`);
              reload();
              return "The refund is requested again.";
            }}
          >
            <p>Fix first what the provider refused: {money(amount, currency)} are still owed.</p>
          </Action>
        </p>
      ))}
    </>
  );
}

export function Erase({ all, reload }: { all: Everything; reload: () => void }) {
  const customer = customerOf(all.explained);
  if (!customer || all.page.erasure) return null;
  return (
    <Action
      label="Erase"
      needs="admin"
      title="Erase the customer’s personal data"
      isSmall
      submit="Erase it for ever"
      isDanger
      fields={[
        {
          name: "confirm",
          label: "Type ERASE",
          check: (value) => (value.trim() === "ERASE" ? undefined : "Type ERASE in capital letters."),
        },
      ]}
      run={() => async () => {
        const done = await call<{ orders: number }>("POST", `/customers/${encodeURIComponent(customer)}/erase`);
        reload();
        return `The erasure of ${done.orders} orders is requested.`;
      }}
    >
      <p>
        Names, addresses and codes of all orders of this customer are erased in every service. This cannot be undone, and is refused
        while one of them is open.
      </p>
    </Action>
  );
}
