// What the shop sells.

import { useRef, useState } from "preact/hooks";
import { readList } from "../api";
import { add } from "../basket";
import { useLoad } from "../load";
import { money } from "../money";
import { Page, Show } from "../parts";
import { to } from "../route";
import type { Product } from "../shapes";

/** Every product that can be ordered. A shop with thousands shows them page by page, or by its own categories. */
async function products(signal: AbortSignal): Promise<Product[]> {
  const { items } = await readList<Product>("/products?limit=100", Infinity, signal);
  return items.filter((product) => product.active);
}

export function Products() {
  const list = useLoad("products", products);
  const [said, setSaid] = useState("");
  const count = useRef(0);
  const put = (product: Product) => {
    count.current += 1;
    setSaid(add(product) ?? `${product.name} is in your basket.`);
  };
  return (
    <Page title="Products">
      {/* A new key each time, so that the same words are said again. */}
      <p class="said" role="status">
        <span key={count.current}>{said}</span> {said && <a href={to("basket")}>See the basket</a>}
      </p>
      <Show of={list}>
        {(found) =>
          found.length === 0 ? (
            <p class="quiet">There is nothing to buy yet.</p>
          ) : (
            <ul class="products">
              {found.map((product) => (
                <li key={product.sku}>
                  <span class="picture" aria-hidden="true">
                    {[...product.name][0]}
                  </span>
                  <h2>{product.name}</h2>
                  <p class="price">{money(product.price, product.currency)}</p>
                  <button type="button" onClick={() => put(product)}>
                    Add to basket <span class="hidden">{product.name}</span>
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </Page>
  );
}
