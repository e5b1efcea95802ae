// The customer's own orders, newest first.

import { useState } from "preact/hooks";
import { readList } from "../api";
import { useLoad } from "../load";
import { money } from "../money";
import { Page, Show, Status, When } from "../parts";
import { to } from "../route";
import type { OrderSummary } from "../shapes";

/** The list is not live; the page of each order is. */
const EVERY_SECONDS = 10;

export function Orders() {
  const [pages, setPages] = useState(1);
  const list = useLoad(`orders ${pages}`, (signal) => readList<OrderSummary>("/orders?limit=20", pages, signal), EVERY_SECONDS);
  return (
    <Page title="Your orders">
      <Show of={list}>
        {({ items, next }) => (
          <>
            {items.length === 0 && (
              <p class="quiet">
                None yet. <a href={to()}>See the products</a>.
              </p>
            )}
            <ul class="orders">
              {items.map((order) => (
                <li key={order.order_id}>
                  <a href={to("orders", order.order_id)}>{order.number}</a>
                  <Status of={order.status} />
                  <span class="quiet">
                    <When at={order.placed_at} />
                  </span>
                  <span class="price">{money(order.total, order.currency)}</span>
                </li>
              ))}
            </ul>
            {next && (
              <button type="button" onClick={() => setPages(pages + 1)}>
                More
              </button>
            )}
          </>
        )}
      </Show>
    </Page>
  );
}
