// What a customer does in the shop, on the deployed stack: from the sign-up to the parcel.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start, stop, visit } from "./browser.mjs";
import { asCustomer, CARDS, charges, codeOf, customer, enter, fillAddress, openShop, orderOf, ordersOf, payBy, put, says, someone, toCheckout, typeCard } from "./shop.mjs";
import { bankReports, call, fresh, place, status, until } from "./stack.mjs";

before(start);
after(stop);

const cut = (page) =>
  page.route(
    (url) => url.pathname.endsWith("/orders"),
    async (route) => {
      if (route.request().method() !== "POST") return route.continue();
      // It reaches the API, and its answer is lost.
      await route.fetch();
      await route.abort();
    },
  );

test("someone signs up, confirms the address by the code of the mail, and places the first order", async () => {
  const { page, done } = await openShop();
  const { email, password } = someone();
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Confirm your address" }).waitFor();
  await page.getByLabel("Code from the mail").fill("000000");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "The code is wrong." }).waitFor();
  await page.getByLabel("Code from the mail").fill(await codeOf(email));
  await page.keyboard.press("Enter");
  await toCheckout(page);
  assert.equal(await page.getByLabel("Email").inputValue(), email);
  const order = await payBy(page, CARDS.good);
  await says(page, "Being packed");
  assert.deepEqual(await charges(order), [950]);
  await page.getByRole("link", { name: "Your orders" }).click();
  await page.getByRole("listitem").filter({ hasText: "Being packed" }).waitFor();
  await page.getByRole("link", { name: /Basket/ }).click();
  await page.getByText("It is empty.").waitFor();
  await done();
});

test("the page of an order moves by itself until the parcel is delivered", async () => {
  const { page, done } = await asCustomer();
  await toCheckout(page);
  const order = await payBy(page, CARDS.good);
  await page.getByText("Live", { exact: true }).waitFor();
  await says(page, "Being packed");
  await until("the shipment is to pack", async () => (await call("GET", `/shipments/${order}`)).body?.state === "requested");
  const code = `JD0146${fresh()}`;
  await call("POST", `/shipments/${order}/dispatch`, { carrier: "DHL", tracking_code: code });
  await says(page, "On its way");
  await page.getByText(code).waitFor();
  await call("POST", `/shipments/${order}/deliver`);
  await says(page, "Delivered");
  assert.equal(await page.locator(".steps .done").count(), 5);
  assert.equal(await page.getByRole("button", { name: "Cancel the order" }).count(), 0);
  await done();
});

test("without a socket the page says so, and moves all the same", async () => {
  const { context, page, done } = await asCustomer();
  await context.routeWebSocket(/./, (socket) => socket.close());
  await toCheckout(page);
  await payBy(page, CARDS.good);
  await page.getByText("Not live").waitFor({ timeout: 60_000 });
  await says(page, "Being packed");
  await done();
});

test("a card that is declined charges nothing, and the products go back into the basket", async () => {
  const { page, done } = await asCustomer();
  await toCheckout(page);
  const order = await payBy(page, CARDS.declined);
  await says(page, "Payment failed");
  await page.getByText("The bank declined the card.").waitFor();
  assert.deepEqual(await charges(order), []);
  await page.getByRole("button", { name: "Order it again" }).click();
  await fillAddress(page);
  assert.notEqual(await payBy(page, CARDS.good), order);
  await says(page, "Being packed");
  await done();
});

test("3-D Secure: the order waits, the bank is asked, and the order goes on", async () => {
  const { page, who, done } = await asCustomer();
  await toCheckout(page);
  const order = await payBy(page, CARDS.secure);
  await says(page, "Your bank asks you");
  // It waits for the customer, also in another visit.
  await page.reload();
  await page.getByRole("button", { name: "Confirm with your bank" }).click();
  await page.getByRole("button", { name: "Complete authentication" }).click();
  await says(page, "Being packed");
  assert.deepEqual(await charges(order), [950]);
  assert.equal((await ordersOf(who)).length, 1);
  await done();
});

test("3-D Secure that fails charges nothing, and the order says why", async () => {
  const { page, done } = await asCustomer();
  await toCheckout(page);
  const order = await payBy(page, CARDS.secure);
  await page.getByRole("button", { name: "Confirm with your bank" }).click({ timeout: 60_000 });
  await page.getByRole("button", { name: "Fail authentication" }).click();
  await says(page, "Payment failed");
  await page.getByText("The bank could not confirm that it was you.").waitFor();
  assert.deepEqual(await charges(order), []);
  await done();
});

test("an order by transfer shows the reference to use, and is paid when the bank reports it", async () => {
  const { page, done } = await asCustomer();
  await toCheckout(page);
  await page.getByLabel("By bank transfer").check();
  await page.getByRole("button", { name: "Order", exact: true }).click();
  const order = await orderOf(page);
  const { number } = (await call("GET", `/orders/${order}`)).body;
  await page.locator(".reference").getByText(number).waitFor();
  await until("the payment has begun", async () => (await call("GET", `/orders/${order}/payment`)).status === 200);
  await bankReports({ order_id: order, amount: 950, currency: "EUR", reference: `R-${fresh()}` });
  await says(page, "Being packed");
  assert.equal(await page.locator(".reference").count(), 0);
  await done();
});

test("Enter pressed twice pays once", async () => {
  const { page, who, done } = await asCustomer();
  await toCheckout(page);
  await typeCard(page, CARDS.good);
  await page.getByRole("button", { name: "Pay", exact: true }).focus();
  await page.evaluate(() => {
    // Faster than any keyboard: twice before the page draws anything.
    const form = document.querySelector("form.checkout");
    form.requestSubmit();
    form.requestSubmit();
  });
  await page.keyboard.press("Enter");
  const order = await orderOf(page);
  await status(order, "allocated");
  assert.equal((await ordersOf(who)).length, 1);
  assert.deepEqual(await charges(order), [950]);
  await done();
});

test("an order whose answer was lost is sent again as it was, also after a reload: one order and one charge", async () => {
  const { page, who, done } = await asCustomer();
  await cut(page);
  await toCheckout(page);
  await typeCard(page, CARDS.good);
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "The shop does not answer" }).waitFor();
  await page.unrouteAll();
  await page.reload();
  const order = await orderOf(page);
  await status(order, "allocated");
  assert.equal((await ordersOf(who)).length, 1);
  assert.deepEqual(await charges(order), [950]);
  await done();
});

test("a basket whose answer was lost with its tab is one order, and the next basket is another", async () => {
  const { page, tab, who, done } = await asCustomer();
  await cut(page);
  await toCheckout(page);
  await typeCard(page, CARDS.good);
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "The shop does not answer" }).waitFor();
  await page.close();
  const other = await tab();
  await enter(other, who);
  await visit(other, "#/checkout");
  await fillAddress(other);
  await typeCard(other, CARDS.good);
  await other.getByRole("button", { name: "Pay", exact: true }).click();
  await other.getByRole("alert").filter({ hasText: "This basket was ordered already." }).waitFor();
  assert.equal((await ordersOf(who)).length, 1);
  await visit(other, "#/");
  await toCheckout(other);
  await payBy(other, CARDS.good);
  await says(other, "Being packed");
  await done();
});

test("a refusal of a repeated order is said at the form", async () => {
  const { page, done } = await asCustomer();
  await toCheckout(page);
  await typeCard(page, CARDS.good);
  const orders = (url) => url.pathname.endsWith("/orders");
  await page.route(orders, (route) => (route.request().method() === "POST" ? route.abort() : route.continue()));
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "The shop does not answer" }).waitFor();
  await page.unrouteAll();
  const refusal = { status: 422, title: "Not for sale", detail: "TEA-01 is not sold any more" };
  await page.route(orders, (route) => (route.request().method() === "POST" ? route.fulfill({ status: 422, json: refusal }) : route.continue()));
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByLabel("Street and number").waitFor();
  await page.getByRole("alert").filter({ hasText: "TEA-01 is not sold any more" }).waitFor();
  await done();
});

test("the connection ends with the session, and the next customer of the tab follows their own order", async () => {
  const { page, who, done } = await asCustomer();
  const [first, other] = [await place({ token: who.token }), await customer()];
  const second = await place({ token: other.token });
  await visit(page, `#/orders/${first.id}`);
  await page.getByText("Live", { exact: true }).waitFor();
  // The session ends without the button: the token is refused, and so is another one.
  await page.route((url) => url.pathname.endsWith("/orders"), (route) => route.fulfill({ status: 401, json: {} }));
  await page.evaluate(() => sessionStorage.clear());
  await visit(page, "#/orders");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.unrouteAll();
  await enter(page, other);
  await visit(page, `#/orders/${second.id}`);
  await page.getByRole("heading", { name: `Order ${second.number}` }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await done();
});

test("a list that cannot be read again stays, and the failure is said", async () => {
  const { page, who, done } = await asCustomer();
  const { number } = await place({ token: who.token });
  await ordersOf(who);
  await visit(page, "#/orders");
  await page.getByRole("link", { name: number }).waitFor();
  await page.route((url) => url.pathname.endsWith("/orders"), (route) => route.abort());
  await page.getByRole("alert").filter({ hasText: "The shop does not answer" }).waitFor();
  await page.getByRole("link", { name: number }).waitFor();
  await done();
});

test("one basket in two tabs is one order", async () => {
  const { page, tab, who, done } = await asCustomer();
  const other = await tab();
  await enter(other, who);
  await toCheckout(page);
  await typeCard(page, CARDS.good);
  await visit(other, "#/checkout");
  await fillAddress(other);
  await typeCard(other, CARDS.good);
  await Promise.all([page, other].map((it) => it.evaluate(() => document.querySelector("form.checkout").requestSubmit())));
  const pages = [page, other].map((it) => it.getByRole("heading", { name: /^Order / }).waitFor().then(() => it));
  const order = await orderOf(await Promise.any(pages));
  await status(order, "allocated");
  assert.equal((await ordersOf(who)).length, 1);
  assert.deepEqual(await charges(order), [950]);
  await done();
});

test("an order is cancelled, and what was paid is given back", async () => {
  const { page, done } = await asCustomer();
  await toCheckout(page);
  await payBy(page, CARDS.good);
  await says(page, "Being packed");
  await page.getByRole("button", { name: "Cancel the order" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Cancel the order" }).click();
  await page.getByRole("button", { name: "Cancel it" }).click();
  await says(page, "Cancelled");
  await page.getByText("9.50 refunded").waitFor();
  await done();
});

test("a customer sees their own orders alone", async () => {
  const first = await asCustomer();
  await toCheckout(first.page);
  await first.page.getByLabel("By bank transfer").check();
  await first.page.getByRole("button", { name: "Order", exact: true }).click();
  const order = await orderOf(first.page);
  const other = await asCustomer();
  await visit(other.page, "#/orders");
  await other.page.getByText("None yet.").waitFor();
  await visit(other.page, `#/orders/${order}`);
  await other.page.getByRole("alert").filter({ hasText: "You have no such order." }).waitFor();
  await first.done();
  await other.done();
});

test("a price that changed since the basket was filled orders nothing until the customer has seen it", async () => {
  const sku = `PRICE-${fresh().toUpperCase()}`;
  const product = { name: `Bowl ${sku}`, price: 1000, currency: "EUR" };
  await call("PUT", `/products/${sku}`, product);
  await call("PUT", `/stock/${sku}`, { on_hand: 5 });
  const { page, who, done } = await asCustomer();
  await toCheckout(page, product.name);
  await call("PUT", `/products/${sku}`, { ...product, price: 1100 });
  await until("the price is copied", async () => {
    const shipping_address = { name: "Lin Example", line1: "Bahnhofstrasse 1", city: "Zürich", country: "CH" };
    const body = { items: [{ sku, quantity: 1 }], currency: "EUR", payment_method: "pm_card_visa", contact: { email: who.email }, shipping_address, expected_total: 1 };
    const refused = await call("POST", "/orders", body, { token: who.token, key: `probe-${fresh()}` });
    return refused.body.type === "urn:conveyor:problem:total-changed" && refused.body.total === 1100;
  });
  await typeCard(page, CARDS.good);
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  await page.getByText("A price has changed since you chose.").waitFor();
  await page.getByText("€11.00").waitFor();
  assert.deepEqual((await call("GET", "/orders", undefined, { token: who.token })).body.items, []);
  await page.getByRole("button", { name: "Pay", exact: true }).click();
  const id = await orderOf(page);
  assert.deepEqual((await ordersOf(who)).map((order) => order.order_id), [id]);
  assert.equal((await call("GET", `/orders/${id}`)).body.total, 1100);
  await call("DELETE", `/products/${sku}`);
  await done();
});

test("a product of another currency waits until the basket is ordered", async () => {
  const sku = `YEN-${fresh().toUpperCase()}`;
  await call("PUT", `/products/${sku}`, { name: `Matcha ${sku}`, price: 5000, currency: "JPY" });
  const { page, done } = await asCustomer();
  await page.getByRole("listitem").filter({ hasText: sku }).getByText("¥5,000").waitFor();
  await put(page);
  await put(page, `Matcha ${sku}`);
  await page.getByText("Your basket is in EUR.").waitFor();
  await call("PUT", `/products/${sku}`, { name: `Matcha ${sku}`, price: 5000, currency: "JPY", active: false });
  await done();
});
