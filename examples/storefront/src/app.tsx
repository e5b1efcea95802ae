// The frame of the shop: where one can go, the basket, who is signed in.

import { useEffect, useState } from "preact/hooks";
import { useBasket } from "./basket";
import { forgetAttempt } from "./checkout";
import { Account } from "./pages/account";
import { BasketPage } from "./pages/basket";
import { Checkout } from "./pages/checkout";
import { OrderPage } from "./pages/order";
import { Orders } from "./pages/orders";
import { ProductPage, Products } from "./pages/products";
import { Page } from "./parts";
import { to, useRoute } from "./route";
import { session } from "./session";
import { settings } from "./settings";

export function App() {
  const [, draw] = useState(0);
  useEffect(() => session().watch(() => draw((n) => n + 1)), []);
  const someone = session().person();
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <header>
        <a class="brand" href={to()}>
          {settings().name}
        </a>
        {someone && <Places email={someone.email} />}
      </header>
      {someone ? <Content /> : <Account />}
    </>
  );
}

function Places({ email }: { email: string }) {
  const { lines } = useBasket();
  const pieces = lines.reduce((sum, line) => sum + line.quantity, 0);
  const [place] = useRoute();
  const current = (name?: string) => (place === name ? "page" : undefined);
  return (
    <>
      <nav aria-label="Shop">
        <a href={to()} aria-current={current()}>
          Products
        </a>
        <a href={to("orders")} aria-current={current("orders")}>
          Your orders
        </a>
        <a href={to("basket")} aria-current={current("basket")}>
          Basket{" "}
          <span class="pieces">
            {pieces} <span class="hidden">pieces</span>
          </span>
        </a>
      </nav>
      <span class="who" title={email}>
        {email}
      </span>
      <button type="button" class="link" onClick={leave}>
        Sign out
      </button>
    </>
  );
}

function leave() {
  forgetAttempt();
  void session().signOut();
}

function skip(event: Event) {
  event.preventDefault();
  document.querySelector<HTMLElement>("h1")?.focus();
}

function Content() {
  const [place, id] = useRoute();
  switch (place) {
    case undefined:
      return <Products />;
    case "tags":
      return <Products tag={id} key={id} />;
    case "products":
      return <ProductPage sku={id ?? ""} key={id} />;
    case "basket":
      return <BasketPage />;
    case "checkout":
      return <Checkout />;
    case "orders":
      return id ? <OrderPage id={id} key={id} /> : <Orders />;
    default:
      return (
        <Page title="No such page">
          <p>
            The address leads nowhere. <a href={to()}>See the products</a>.
          </p>
        </Page>
      );
  }
}
