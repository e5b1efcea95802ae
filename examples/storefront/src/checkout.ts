// Placing an order: one basket is one order, however often it is sent.
//
// The basket's id is the idempotency key. Before a request is sent it is stored, and it is repeated as it was until the API has answered:
// after a reload, a lost answer, a second press. A repeat must be the same request, and a card's payment method is new each time the
// form is read; so what is stored is repeated, not made again. Tabs take turns.

import { call, Problem } from "./api";
import { basket, end, reprice, total } from "./basket";
import { session } from "./session";

export interface Details {
  email: string;
  phone: string;
  name: string;
  line1: string;
  line2: string;
  postal_code: string;
  city: string;
  region: string;
  country: string;
}

interface Attempt {
  /** Whose order it is: another customer of this tab must not send it. */
  subject: string;
  key: string;
  body: unknown;
}

/** The basket was ordered already: in another tab, or in one that was closed before the answer came. */
export class AlreadyOrdered extends Error {
  constructor() {
    super("This basket was ordered already. It is among your orders.");
  }
}

/** Nothing was placed, and the basket has the new prices. */
export class TotalChanged extends Error {
  constructor() {
    super("A price has changed since you chose. Nothing was ordered; the new total is below.");
  }
}

const STORED = "shop.attempt";

/** A request that was sent, or is about to be, and has no answer yet. */
export function openAttempt(): Attempt | undefined {
  const stored = sessionStorage.getItem(STORED);
  const attempt = stored ? (JSON.parse(stored) as Attempt) : undefined;
  return attempt?.subject === session().person()?.subject ? attempt : undefined;
}

export function forgetAttempt(): void {
  sessionStorage.removeItem(STORED);
}

/** Places the order of the basket with this id, and returns the order's id. `paymentMethod` is asked once, for the first attempt. */
export function place(id: string, details: Details, paymentMethod: () => Promise<string>): Promise<string> {
  return navigator.locks.request("shop.checkout", async () => {
    if (!openAttempt()) {
      const { id: current, lines } = basket();
      if (current !== id || lines.length === 0) throw new AlreadyOrdered();
      const { email, phone, ...address } = details;
      const body = {
        items: lines.map(({ sku, quantity }) => ({ sku, quantity })),
        currency: lines[0]?.currency,
        // The price may have changed since the product was put into the basket: then nothing is placed, and the page shows the new one.
        expected_total: total(lines),
        payment_method: await paymentMethod(),
        contact: { email, phone },
        shipping_address: address,
      };
      const attempt: Attempt = { subject: session().person()?.subject ?? "", key: id, body };
      sessionStorage.setItem(STORED, JSON.stringify(attempt));
    }
    return send();
  });
}

/** Sends the open attempt once more: its first answer is given again, if there was one. */
export function repeat(): Promise<string> {
  return navigator.locks.request("shop.checkout", send);
}

async function send(): Promise<string> {
  const attempt = openAttempt();
  if (!attempt) throw new AlreadyOrdered();
  try {
    const { order_id } = await call<{ order_id: string }>("POST", "/orders", { body: attempt.body, key: attempt.key });
    forgetAttempt();
    end(attempt.key);
    return order_id;
  } catch (error) {
    // A refusal has placed nothing. After anything else the order may exist.
    if (!(error instanceof Problem) || error.isOpen) throw error;
    forgetAttempt();
    if (error.kind === "total-changed") {
      reprice(error.body["items"] as { sku: string; unit_price: number }[]);
      throw new TotalChanged();
    }
    // Another request had this basket's key: it was sent, and then its tab was closed, or the customer signed out.
    if (error.kind !== "idempotency-key-reused") throw error;
    end(attempt.key);
    throw new AlreadyOrdered();
  }
}
