// The shop as the tests use it: its customers, its pages, and what the payment provider has charged.

import { open } from "./browser.mjs";
import { call, fresh, until, variable } from "./stack.mjs";
import { bundle } from "./units/bundle.mjs";

const { Pool } = await bundle(`export * from "../../examples/sign-in/src"`);

export const SHOP = variable("CONVEYOR_SHOP_URL");
const STRIPE = variable("STRIPE_API_URL");
const EMULATOR = variable("AWS_ENDPOINT_URL");

/** Card numbers, by what the payment provider does with them. */
export const CARDS = { good: "4242424242424242", declined: "4000000000000341", secure: "4000002760003184" };

/** Where pictures of products are: one pixel each, but for those whose name says that they are gone. Every customer sees the products of all tests. */
export const PICTURES = "https://pictures.example";
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

export const openShop = ({ prepare, ...options } = {}) =>
  open({
    at: SHOP,
    admitted: [STRIPE, PICTURES],
    ...options,
    async prepare(page) {
      await page.route(`${PICTURES}/**`, (route) =>
        route.fulfill(route.request().url().includes("gone") ? { status: 404 } : { body: Buffer.from(PIXEL, "base64"), contentType: "image/png" }),
      );
      await prepare?.(page);
    },
  });

export const someone = () => ({ email: `lin-${fresh()}@customer.example`, password: `Aa1-${fresh()}-${fresh()}` });

/** A customer of their own, with an access token. */
export async function customer() {
  const { endpoint, client_id } = (await (await fetch(`${SHOP}/settings.json`)).json()).sign_in;
  const [pool, who] = [new Pool(endpoint, client_id), someone()];
  await pool.signUp(who.email, who.password);
  await pool.confirm(who.email, await codeOf(who.email));
  const { grant } = await pool.signIn(who.email, who.password);
  return { ...who, token: grant.access };
}

/** The code of the newest mail to this address. */
export function codeOf(email) {
  return until(`a mail with a code to ${email}`, async () => {
    const { messages } = await (await fetch(`${EMULATOR}/_ministack/ses/messages`)).json();
    const mails = Object.values(messages).flat().filter((mail) => mail.To.includes(email));
    return mails.map((mail) => /\b\d{6}\b/.exec(mail.BodyText || mail.BodyHtml)?.[0]).filter(Boolean).pop();
  });
}

export async function enter(page, { email, password }) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
}

/** Opens the shop as a new customer. */
export async function asCustomer(options) {
  const who = await customer();
  const window = await openShop(options);
  await enter(window.page, who);
  return { ...window, who };
}

export async function put(page, name = "Sencha, 100 g") {
  await page.getByRole("button", { name: `Add to basket ${name}` }).click();
}

/** To the checkout with one product, and all but the payment filled in. */
export async function toCheckout(page, name) {
  await put(page, name);
  await page.getByRole("link", { name: "See the basket" }).click();
  await page.getByRole("link", { name: "Check out" }).click();
  await fillAddress(page);
}

export async function fillAddress(page, name = "Lin Example") {
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Street and number").fill("Bahnhofstrasse 1");
  await page.getByLabel("Postal code").fill("8001");
  await page.getByLabel("City").fill("Zürich");
  await page.getByLabel("Country").selectOption("CH");
}

/** Types as a person does: the form moves to its next field by itself. */
export async function typeCard(page, number) {
  await page.getByPlaceholder("number").pressSequentially(number);
  await page.keyboard.type("12");
  await page.keyboard.type("34");
  await page.keyboard.type("123");
}

/** Pays by this card, and returns the id of the order whose page opens. */
export async function payBy(page, number) {
  await typeCard(page, number);
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  return orderOf(page);
}

export async function orderOf(page) {
  await page.getByRole("heading", { name: /^Order [0-9A-Z-]+$/ }).waitFor();
  return /#\/orders\/(\w+)/.exec(page.url())[1];
}

export const says = (page, words) => page.locator(".now").getByText(words, { exact: true }).waitFor({ timeout: 60_000 });

/** The list follows the events within moments, so it is asked until it has one. */
export function ordersOf(who) {
  return until("the customer has an order", async () => {
    const { items } = (await call("GET", "/orders", undefined, { token: who.token })).body;
    return items.length > 0 && items;
  });
}

/** What the provider has taken for an order: one amount for each intent that took any. An intent takes once. */
export async function charges(order) {
  const { events } = (await call("GET", `/orders/${order}/explanation`)).body;
  const key = Buffer.from(`${variable("STRIPE_API_KEY")}:`).toString("base64");
  const amounts = [];
  for (const { detail } of events.filter((event) => event.type === "PaymentRequested")) {
    const answer = await fetch(`${STRIPE}/v1/payment_intents/${detail.intent_id}`, { headers: { authorization: `Basic ${key}` } });
    const { amount_received } = await answer.json();
    if (amount_received > 0) amounts.push(amount_received);
  }
  return amounts;
}
