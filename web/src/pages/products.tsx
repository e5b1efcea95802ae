// Products and their stock.

import { Fragment } from "preact";
import { useState } from "preact/hooks";
import { call, get, Problem } from "../api";
import { intentKey } from "../intent";
import { useLoad } from "../load";
import { money } from "../money";
import { Action } from "../parts/action";
import { More, useList } from "../parts/list";
import { Page, Section } from "../parts/page";
import { Status } from "../parts/show";
import { Empty, Show } from "../parts/states";
import { Table } from "../parts/table";
import { productBody, productFields, wholeNumber } from "../product-form";
import { go, to } from "../route";
import { may } from "../session";
import type { Product as Shape, Stock } from "../shapes";

export function Products() {
  const [text, setText] = useState("");
  const list = useList<Shape>(`/products?limit=100${text && `&q=${encodeURIComponent(text)}`}`, "slow");
  return (
    <Page
      title="Products"
      topic="slow"
      actions={
        <Action
          label="Add a product"
          submit="Add it"
          isPrimary
          fields={[
            { name: "sku", label: "SKU", hint: "Letters, digits and hyphens, as in TEA-01. It never changes.", maxLength: 64 },
            ...productFields(),
            { name: "on_hand", label: "Pieces on hand", type: "number", value: "0", check: wholeNumber },
          ]}
          run={() => async (values) => {
            const sku = (values["sku"] ?? "").trim();
            await refuseExisting(sku);
            await call("PUT", `/products/${encodeURIComponent(sku)}`, { body: productBody(values) });
            await call("PUT", `/stock/${encodeURIComponent(sku)}`, { body: { on_hand: Number(values["on_hand"]) } });
            list.reload();
            go("products", sku);
            return `${sku} is added, and can be sold within moments.`;
          }}
        />
      }
    >
      <form
        class="row"
        role="search"
        aria-label="Products"
        onSubmit={(event) => {
          event.preventDefault();
          setText(String(new FormData(event.currentTarget).get("q") ?? "").trim());
        }}
      >
        <p class="field">
          <label for="find">Find products</label>
          <input id="find" name="q" type="search" maxLength={100} autocomplete="off" spellcheck={false} />
        </p>
        <div class="buttons">
          <button type="submit">Find</button>
        </div>
      </form>
      <Show of={list}>
        {({ items, next }) => (
          <>
            {items.length === 0 ? (
              <Empty>{text ? "No product matches." : "There is no product yet."}</Empty>
            ) : (
              <Table
                caption="Products, by SKU"
                rows={items}
                id={(product) => product.sku}
                columns={[
                  { name: "SKU", cell: (product) => <a class="id" href={to("products", product.sku)}>{product.sku}</a> },
                  { name: "Name", cell: (product) => product.name },
                  { name: "Tags", cell: (product) => product.tags?.join(", ") },
                  { name: "Price", isNumber: true, cell: (product) => money(product.price, product.currency) },
                  { name: "State", cell: (product) => <Status of={product.active ? "active" : "inactive"} /> },
                ]}
              />
            )}
            <More of={list} next={next} />
          </>
        )}
      </Show>
    </Page>
  );
}

/** An add must not change a product that exists already. */
async function refuseExisting(sku: string): Promise<void> {
  try {
    await get(`/products/${encodeURIComponent(sku)}`);
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return;
    throw error;
  }
  throw new Problem(409, "There is such a product already", `Open ${sku} to change it`);
}

interface WithStock {
  product: Shape;
  stock: Stock | undefined;
}

export function Product({ sku }: { sku: string }) {
  const path = encodeURIComponent(sku);
  const both = useLoad<WithStock>(sku, async (signal) => {
    const [product, stock] = await Promise.all([
      get<Shape>(`/products/${path}`, signal),
      get<Stock>(`/stock/${path}`, signal).catch((error: unknown) => {
        if (error instanceof Problem && error.status === 404) return undefined;
        throw error;
      }),
    ]);
    return { product, stock };
  }, "slow");
  return (
    <Page title={both.data?.product.name ?? sku} extra={both.data && <Status of={both.data.product.active ? "active" : "inactive"} />} topic="slow">
      <Show of={both}>
        {({ product, stock }) => (
          <>
            <div class="actions" role="group" aria-label="Actions">
              <Action
                label="Change the product"
                submit="Save"
                fields={[
                  ...productFields(product),
                  { name: "active", label: "It is sold", type: "checkbox", value: String(product.active) },
                ]}
                run={() => async (values) => {
                  const body = { ...productBody(values), active: values["active"] === "true" };
                  // Also after a refusal: the next form begins with what another person wrote.
                  await call("PUT", `/products/${path}`, { body, ifMatch: product.version }).finally(both.reload);
                  return "The product is changed. Orders that were placed keep their prices.";
                }}
              />
              {product.active && (
                <Action
                  label="Take off sale"
                  title="Take the product off sale"
                  submit="Take it off"
                  run={() => async () => {
                    await call("DELETE", `/products/${path}`, { ifMatch: product.version }).finally(both.reload);
                    return "The product is off sale.";
                  }}
                >
                  <p>It can no longer be ordered. Orders that were placed are shipped, and a change can sell it again.</p>
                </Action>
              )}
              {stock && <StockActions sku={sku} stock={stock} reload={both.reload} />}
              {!stock && (
                <Action
                  label="Set the stock"
                  submit="Set it"
                  fields={[{ name: "on_hand", label: "Pieces on hand", type: "number", check: wholeNumber }]}
                  run={() => async (values) => {
                    await call("PUT", `/stock/${path}`, { body: { on_hand: Number(values["on_hand"]) } });
                    both.reload();
                    return "The stock is set.";
                  }}
                />
              )}
            </div>
            <div class="columns">
              <Section title="Product">
                <dl class="facts">
                  <dt>SKU</dt>
                  <dd>
                    <code>{product.sku}</code>
                  </dd>
                  <dt>Price</dt>
                  <dd>{money(product.price, product.currency)}</dd>
                  <dt>Weight</dt>
                  <dd>{product.weight_grams ? `${product.weight_grams} g` : <span class="quiet">unknown</span>}</dd>
                  {product.tags?.length ? (
                    <>
                      <dt>Tags</dt>
                      <dd>{product.tags.join(", ")}</dd>
                    </>
                  ) : null}
                  {product.tax_class && (
                    <>
                      <dt>Tax class</dt>
                      <dd>{product.tax_class}</dd>
                    </>
                  )}
                  {product.attributes?.map(({ name, value }) => (
                    <Fragment key={name}>
                      <dt>{name}</dt>
                      <dd>{value}</dd>
                    </Fragment>
                  ))}
                  {product.images?.map((address, place) => (
                    <Fragment key={address}>
                      <dt>Image {place + 1}</dt>
                      <dd>
                        <a href={address} target="_blank" rel="noreferrer">
                          {address}
                        </a>
                      </dd>
                    </Fragment>
                  ))}
                </dl>
                {product.description && <p class="written">{product.description}</p>}
              </Section>
              <Section title="Stock">
                {stock ? (
                  <dl class="facts">
                    <dt>On hand</dt>
                    <dd>{stock.on_hand}</dd>
                    <dt>Allocated</dt>
                    <dd>{stock.allocated} for open orders</dd>
                    <dt>Available</dt>
                    <dd>
                      <strong>{stock.available}</strong> {stock.available === 0 && <span class="status bad">sold out</span>}
                    </dd>
                  </dl>
                ) : (
                  <Empty>No stock is recorded{may("staff") ? ": set it, so that it can be sold" : ""}.</Empty>
                )}
              </Section>
            </div>
          </>
        )}
      </Show>
    </Page>
  );
}

function StockActions({ sku, stock, reload }: { sku: string; stock: Stock; reload: () => void }) {
  const path = `/stock/${encodeURIComponent(sku)}`;
  return (
    <>
      <Action
        label="Adjust the stock"
        submit="Adjust it"
        fields={[
          {
            name: "delta",
            label: "Pieces more (or fewer, as −2)",
            type: "number",
            check: (value) => (/^[+−-]?\d{1,9}$/.test(value.trim()) && number(value) !== 0 ? undefined : "A whole number that is not 0."),
          },
          { name: "reason", label: "Reason", maxLength: 200 },
        ]}
        run={() => {
          const key = intentKey("adjust", sku, stock.version);
          return async (values) => {
            await call("POST", `${path}/adjustments`, { body: { delta: number(values["delta"] ?? ""), reason: values["reason"] }, key });
            reload();
            return "The stock is adjusted.";
          };
        }}
      >
        <p>For what was found, broken or delivered. {stock.available} pieces are available.</p>
      </Action>
      <Action
        label="Set after a count"
        submit="Set it"
        fields={[{ name: "on_hand", label: "Pieces on hand", type: "number", value: String(stock.on_hand), check: wholeNumber }]}
        run={() => {
          const seen = stock.version;
          return async (values) => {
            await call("PUT", path, { body: { on_hand: Number(values["on_hand"]) }, ifMatch: seen });
            reload();
            return "The stock is set.";
          };
        }}
      >
        <p>Refused if orders moved pieces since this page was read: then count again.</p>
      </Action>
    </>
  );
}

function number(text: string): number {
  return Number(text.trim().replace("−", "-"));
}
