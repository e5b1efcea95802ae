// The frame of the console: who is signed in, where one can go, the search, light and dark.

import { useEffect, useRef, useState } from "preact/hooks";
import { Deliveries } from "./pages/deliveries";
import { Endpoints } from "./pages/endpoints";
import { Health } from "./pages/health";
import { Inbox } from "./pages/inbox";
import { Letters } from "./pages/letters";
import { NeedsAPerson } from "./pages/needs";
import { Order } from "./pages/order";
import { Product, Products } from "./pages/products";
import { Replay } from "./pages/replay";
import { Runbooks } from "./pages/runbook-list";
import { Search, startSearch } from "./pages/search";
import { Shipments } from "./pages/shipments";
import { SignIn } from "./pages/sign-in";
import { Webhook } from "./pages/webhook";
import { Page } from "./parts/page";
import { Toast } from "./parts/toast";
import { to, useRoute } from "./route";
import { person, signOut, watchSession } from "./session";
import { settings } from "./settings";
import { setTheme, theme, type Theme } from "./theme";

const PLACES: [string[], string][] = [
  [[], "Needs a person"],
  [["search"], "Orders"],
  [["shipments"], "To pack"],
  [["products"], "Products"],
  [["inbox"], "Webhooks in"],
  [["endpoints"], "Webhooks out"],
  [["letters"], "Dead letters"],
  [["replay"], "Replays"],
  [["health"], "Health"],
  [["runbooks"], "Runbooks"],
];

/** `refusal`: why the person is not signed in, at a return from the issuer's pages. */
export function App({ refusal }: { refusal: string }) {
  const [, draw] = useState(0);
  useEffect(() => watchSession(() => draw((n) => n + 1)), []);
  const someone = person();
  if (!someone) return <SignIn refusal={refusal} />;
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the content
      </a>
      <div class="frame">
        <Top email={someone.email} role={someone.role} />
        <Places />
        <Content />
      </div>
      <Toast />
    </>
  );
}

function skip(event: Event) {
  event.preventDefault();
  document.querySelector<HTMLElement>("h1")?.focus();
}

function Top({ email, role }: { email: string; role: string }) {
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select, dialog");
      if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        search.current?.select();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return (
    <header>
      <a class="brand" href={to()}>
        {settings().stack}
      </a>
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          startSearch(search.current?.value ?? "");
        }}
      >
        <input
          ref={search}
          type="search"
          aria-label="Find orders"
          placeholder="Order number, email, tracking code, SKU or day"
          autocomplete="off"
          spellcheck={false}
        />
        <kbd aria-hidden="true" title="Press / to search">
          /
        </kbd>
      </form>
      <ThemeSwitch />
      <span class="who">
        <span class="email">{email}</span> <span class="quiet">{role}</span>
      </span>
      <button type="button" class="small" onClick={() => void signOut()}>
        Sign out
      </button>
    </header>
  );
}

function ThemeSwitch() {
  const [chosen, setChosen] = useState<Theme>(theme());
  return (
    <select
      aria-label="Appearance"
      class="small"
      value={chosen}
      onChange={(event) => {
        const value = event.currentTarget.value as Theme;
        setTheme(value);
        setChosen(value);
      }}
    >
      <option value="system">System</option>
      <option value="light">Light</option>
      <option value="dark">Dark</option>
    </select>
  );
}

function Places() {
  const route = useRoute();
  const current = route[0] === "orders" ? "search" : route[0];
  return (
    <nav aria-label="Pages">
      {PLACES.map(([parts, name]) => (
        <a href={to(...parts)} aria-current={parts[0] === current ? "page" : undefined} key={name}>
          {name}
        </a>
      ))}
    </nav>
  );
}

function Content() {
  const [place, id, more] = useRoute();
  switch (place) {
    case undefined:
      return <NeedsAPerson />;
    case "search":
      return <Search />;
    case "orders":
      return id ? <Order id={id} key={id} /> : <Search />;
    case "shipments":
      return <Shipments />;
    case "products":
      return id ? <Product sku={id} key={id} /> : <Products />;
    case "inbox":
      return id && id !== "status" ? <Webhook id={id} key={id} /> : <Inbox status={more ?? ""} key={more ?? ""} />;
    case "endpoints":
      return id ? <Deliveries endpoint={id} key={id} /> : <Endpoints />;
    case "letters":
      return <Letters of={id} key={id ?? ""} />;
    case "replay":
      return <Replay />;
    case "health":
      return <Health />;
    case "runbooks":
      return <Runbooks />;
    default:
      return (
        <Page title="No such page">
          <p>
            The address leads nowhere. <a href={to()}>What needs a person</a> is the first page.
          </p>
        </Page>
      );
  }
}
