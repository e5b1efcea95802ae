// Live tracking of the orders that are shown: one connection for the whole page.

import { useEffect, useState } from "preact/hooks";
import { browserPorts, LiveClient, type LineLike, type OrderState, type Ticket } from "../../live/src";
import { call, get } from "./api";
import { session } from "./session";
import { settings } from "./settings";
import type { Order } from "./shapes";

let client: LiveClient<Order, LineLike> | undefined;

function opened(): LiveClient<Order, LineLike> {
  if (client) return client;
  // It ends with the session, also with one that ends by itself: the next customer of this tab gets a connection of their own.
  const unwatch = session().watch(() => {
    if (session().person()) return;
    unwatch();
    client?.close();
    client = undefined;
  });
  client = new LiveClient(
    browserPorts<Order, LineLike>({
      liveUrl: settings().live_url,
      ticket: async (signal) => ({ ...(await call<Ticket>("POST", "/live/tickets", { signal })), tokenSeconds: session().secondsLeft() }),
      read: (order, signal) => get<Order>(`/orders/${order}`, signal),
    }),
  );
  return client;
}

/** The order as it moves, and whether it is live. */
export function useOrder(id: string): OrderState<Order> & { refresh: () => void } {
  const [state, setState] = useState<OrderState<Order>>({ mode: "connecting", page: undefined, trouble: undefined });
  useEffect(() => opened().follow(id, setState), [id]);
  return { ...state, refresh: () => opened().refresh(id) };
}
