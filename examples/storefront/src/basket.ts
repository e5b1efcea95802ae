// The basket. It is kept in this browser, and all its tabs share it.

import { useEffect, useState } from "preact/hooks";
import { MOST } from "./shop";

export interface Line {
  sku: string;
  name: string;
  quantity: number;
  /** As it was when it was put in. The API prices the order. */
  price: number;
  currency: string;
}

export interface Basket {
  /** New with each basket. It becomes the idempotency key of the order, so that one basket is one order. */
  id: string;
  lines: Line[];
}

const STORED = "shop.basket";
const CHANGED = "shop-basket";

export function basket(): Basket {
  const stored = localStorage.getItem(STORED);
  return stored ? (JSON.parse(stored) as Basket) : { id: crypto.randomUUID(), lines: [] };
}

export function useBasket(): Basket {
  const [shown, setShown] = useState(basket);
  useEffect(() => {
    const changed = () => setShown(basket());
    addEventListener(CHANGED, changed);
    // Of the other tabs.
    addEventListener("storage", changed);
    return () => {
      removeEventListener(CHANGED, changed);
      removeEventListener("storage", changed);
    };
  }, []);
  return shown;
}

/** Puts more pieces in. An order has one currency, so a product of another one is refused, in words. */
export function add(product: Omit<Line, "quantity">, pieces = 1): string | undefined {
  const { id, lines } = basket();
  const currency = lines[0]?.currency ?? product.currency;
  if (currency !== product.currency) return `Your basket is in ${currency}. Order it first, then the products in ${product.currency}.`;
  const { sku, name, price } = product;
  const before = lines.find((line) => line.sku === sku)?.quantity ?? 0;
  if (before + pieces > MOST) return `At most ${MOST} of one product.`;
  const line = { sku, name, price, currency, quantity: before + pieces };
  store({ id, lines: before ? lines.map((it) => (it.sku === sku ? line : it)) : [...lines, line] });
  return undefined;
}

/** 0 takes the line out. */
export function setQuantity(sku: string, quantity: number): void {
  const { id, lines } = basket();
  const changed = lines.map((line) => (line.sku === sku ? { ...line, quantity: Math.min(quantity, MOST) } : line));
  store({ id, lines: changed.filter((line) => line.quantity > 0) });
}

/** Gives the lines the prices that the shop has now. */
export function reprice(prices: { sku: string; unit_price: number }[]): void {
  const { id, lines } = basket();
  const now = new Map(prices.map(({ sku, unit_price }) => [sku, unit_price]));
  store({ id, lines: lines.map((line) => ({ ...line, price: now.get(line.sku) ?? line.price })) });
}

/** Ends the basket with this id, once it is ordered. Another one stays. */
export function end(id: string): void {
  if (basket().id === id) store(undefined);
}

export function total(lines: Line[]): number {
  return lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
}

function store(changed: Basket | undefined): void {
  if (changed) localStorage.setItem(STORED, JSON.stringify(changed));
  else localStorage.removeItem(STORED);
  dispatchEvent(new Event(CHANGED));
}
