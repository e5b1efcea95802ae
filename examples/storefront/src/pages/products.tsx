// What the shop sells: all of it, or by a tag or the words of a name.

import { useRef, useState } from "preact/hooks";
import { get, readList } from "../api";
import { add } from "../basket";
import { useLoad } from "../load";
import { money } from "../money";
import { Page, Show } from "../parts";
import { to } from "../route";
import type { Product, WholeProduct } from "../shapes";

/** Every product that can be ordered. A shop with thousands shows them page by page, or by its own categories. */
async function products(query: URLSearchParams, signal: AbortSignal): Promise<Product[]> {
  const { items } = await readList<Product>(`/products?${query}`, Infinity, signal);
  return items.filter((product) => product.active);
}

export function Products({ tag }: { tag?: string | undefined }) {
  const [text, setText] = useState("");
  const query = new URLSearchParams({ limit: "100", ...(tag ? { tag } : {}), ...(text ? { q: text } : {}) });
  const list = useLoad(`products ${query}`, (signal) => products(query, signal));
  const basket = useAdd();
  return (
    <Page title={tag ?? "Products"}>
      <form
        class="find"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setText(String(new FormData(event.currentTarget).get("q") ?? "").trim());
        }}
      >
        <label for="find">Find a product</label>
        <input id="find" name="q" type="search" maxLength={100} autocomplete="off" />
        <button type="submit">Find</button>
        {tag && <a href={to()}>All products</a>}
      </form>
      {basket.said}
      <Show of={list}>
        {(found) =>
          found.length === 0 ? (
            <p class="quiet">{text || tag ? "No product matches." : "There is nothing to buy yet."}</p>
          ) : (
            <ul class="products">
              {found.map((product) => (
                <li key={product.sku}>
                  <Picture of={product.image ?? null} name={product.name} />
                  <h2>
                    <a href={to("products", product.sku)}>{product.name}</a>
                  </h2>
                  <p class="price">{money(product.price, product.currency)}</p>
                  <button type="button" onClick={() => basket.put(product)}>
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

export function ProductPage({ sku }: { sku: string }) {
  const loaded = useLoad(`product ${sku}`, (signal) => get<WholeProduct>(`/products/${encodeURIComponent(sku)}`, signal));
  const basket = useAdd();
  return (
    <Page title={loaded.data?.name ?? "A product"}>
      {basket.said}
      <Show of={loaded}>
        {(product) => (
          <div class="product">
            <div>
              {(product.images?.length ? product.images : [null]).map((address) => (
                <Picture of={address} name={product.name} key={address} />
              ))}
            </div>
            <div>
              <p class="price">{money(product.price, product.currency)}</p>
              {product.active ? (
                <button type="button" class="primary" onClick={() => basket.put(product)}>
                  Add to basket
                </button>
              ) : (
                <p class="quiet">This is no longer sold.</p>
              )}
              {product.description && <p class="written">{product.description}</p>}
              {product.attributes?.length ? (
                <dl>
                  {product.attributes.map(({ name, value }) => (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>{value}</dd>
                    </div>
                  ))}
                </dl>
              ) : null}
              {product.tags?.length ? (
                <p>
                  See also:{" "}
                  {product.tags.map((tag) => (
                    <a class="tag" href={to("tags", tag)} key={tag}>
                      {tag}
                    </a>
                  ))}
                </p>
              ) : null}
            </div>
          </div>
        )}
      </Show>
    </Page>
  );
}

/** Adds a product to the basket, and the message about it. */
function useAdd() {
  const [text, setText] = useState("");
  const count = useRef(0);
  const put = (product: Product) => {
    count.current += 1;
    setText(add(product) ?? `${product.name} is in your basket.`);
  };
  // A new key each time, so that the same words are said again.
  const said = (
    <p class="said" role="status">
      <span key={count.current}>{text}</span> {text && <a href={to("basket")}>See the basket</a>}
    </p>
  );
  return { put, said };
}

/** An image, or the first letter of the name without one that loads. It has no text of its own, because the name is beside it. */
function Picture({ of, name }: { of: string | null; name: string }) {
  const [isBroken, setBroken] = useState(false);
  return (
    <span class="picture" aria-hidden="true">
      {of && !isBroken ? <img src={of} alt="" loading="lazy" referrerpolicy="no-referrer" onError={() => setBroken(true)} /> : [...name][0]}
    </span>
  );
}
