// Every page of the shop in light and dark, narrow, by the keyboard, and as its policy has it; and how customers sign in.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start, stop, violations, visit } from "./browser.mjs";
import { asCustomer, CARDS, codeOf, customer, enter, fillAddress, openShop, orderOf, PICTURES, put, says, SHOP, typeCard } from "./shop.mjs";
import { call, fresh } from "./stack.mjs";

const MARKUP = `<img src=x onerror="document.title='taken'">`;

before(start);
after(stop);

/** 360 pixels, and half of 1280: what a window shows that is magnified to 200 %. */
const NARROW = [360, 640];

async function look(page, where, isLight) {
  assert.deepEqual(await violations(page), [], where);
  for (const width of isLight ? NARROW : []) {
    await page.setViewportSize({ width, height: 740 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${where} is ${over} pixels too wide at ${width}`);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

for (const colorScheme of ["light", "dark"]) {
  const isLight = colorScheme === "light";
  test(`axe finds no violation on any page in ${colorScheme}, and no page is wider than a narrow screen`, async () => {
    const { page, done } = await openShop({ colorScheme });
    await page.getByRole("heading", { level: 1 }).waitFor();
    await look(page, "sign-in", isLight);
    for (const [button, heading] of [["Create an account", "Create your account"], ["Forgot password", "Forgot your password?"]]) {
      await page.getByRole("button", { name: button }).click();
      await page.getByRole("heading", { name: heading }).waitFor();
      await look(page, heading, isLight);
      await page.getByRole("button", { name: "Back to sign-in" }).click();
    }
    await enter(page, await customer());
    for (const [hash, heading] of [["#/basket", "Your basket"], ["#/orders", "Your orders"], ["#/checkout", "Checkout"], ["#/nowhere", "No such page"]]) {
      await visit(page, hash);
      await page.getByRole("heading", { level: 1, name: heading }).waitFor();
      await page.waitForFunction(() => !document.querySelector(".spinner"));
      await look(page, `empty ${hash}`, isLight);
    }
    await visit(page, "#/");
    await put(page);
    await look(page, "products", isLight);
    await visit(page, "#/basket");
    await look(page, "basket", isLight);
    await visit(page, "#/checkout");
    await page.getByPlaceholder("number").waitFor();
    await look(page, "checkout", isLight);
    await fillAddress(page);
    await typeCard(page, CARDS.good);
    await page.getByRole("button", { name: "Pay", exact: true }).click();
    await says(page, "Being packed");
    await look(page, "order", isLight);
    await page.getByRole("button", { name: "Cancel the order" }).click();
    await look(page, "cancel", isLight);
    await page.keyboard.press("Escape");
    await visit(page, "#/orders");
    await page.getByRole("listitem").filter({ hasText: "Being packed" }).waitFor();
    await look(page, "orders", isLight);
    await done();
  });
}

test("from the products to a paid order by the keyboard alone, with the focus visible at each step", async () => {
  const { page, done } = await asCustomer();
  await page.getByRole("button", { name: "Add to basket Sencha, 100 g" }).waitFor();
  const focused = () =>
    page.evaluate(() => {
      const it = document.activeElement;
      const name = it.getAttribute("aria-label") ?? it.getAttribute("placeholder") ?? it.labels?.[0]?.textContent ?? it.textContent;
      return { name: name.trim(), outline: parseFloat(getComputedStyle(it).outlineWidth), isHeading: it.tagName === "H1" };
    });
  // Other tests leave products, so the way may be long: at most once around the page.
  const around = async () => 10 + (await page.locator("a, button, input, select, textarea").count());
  const tabTo = async (wanted) => {
    for (let n = await around(); n > 0; n -= 1) {
      await page.keyboard.press("Tab");
      const { name, outline, isHeading } = await focused();
      assert.ok(outline >= 1 || isHeading, `the focus on ${name} is not visible`);
      if (name === wanted) return;
    }
    assert.fail(`${wanted} is not reached by Tab`);
  };
  await tabTo("Add to basket Sencha, 100 g");
  await page.keyboard.press("Enter");
  await page.getByText("is in your basket").waitFor();
  await page.keyboard.press("Shift+Tab");
  for (let n = await around(); n > 0 && (await focused()).name !== "See the basket"; n -= 1) await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Your basket" }).waitFor();
  await tabTo("Check out");
  await page.keyboard.press("Enter");
  await page.getByPlaceholder("number").waitFor();
  for (const [field, text] of [["Name", "Lin Example"], ["Street and number", "Street 1"], ["City", "Bern"]]) {
    await tabTo(field);
    await page.keyboard.type(text);
  }
  await tabTo("number");
  await page.keyboard.type(`${CARDS.good}1234123`);
  await page.keyboard.press("Enter");
  await orderOf(page);
  await says(page, "Being packed");
  await done();
});

test("a product is found by its words, seen with its picture, and leads to others of its tag", async () => {
  const word = fresh();
  const skus = ["A", "B"].map((letter) => `${letter}-${word.toUpperCase()}`);
  const said = {
    currency: "EUR",
    price: 700,
    tags: [`tag ${word}`],
    description: "First line.\nSecond line.",
    attributes: [{ name: "Origin", value: "Uji" }],
    images: [`${PICTURES}/there.png`, `${PICTURES}/gone.png`],
  };
  await call("PUT", "/products", { items: skus.map((sku) => ({ sku, name: `Tea ${sku}`, ...said })) });
  const { page, done } = await asCustomer();
  await page.getByRole("searchbox", { name: "Find a product" }).fill(skus[0].toLowerCase());
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: skus[1] }).waitFor({ state: "detached" });
  await page.getByRole("link", { name: `Tea ${skus[0]}` }).click();
  await page.getByText("Second line.").waitFor();
  await page.waitForFunction(() => [...document.querySelectorAll("img")].every((picture) => picture.complete && picture.naturalWidth > 0));
  assert.equal(await page.locator("img").count(), 1, "a picture that does not load gives way to the first letter");
  await look(page, "product", true);
  await page.getByRole("button", { name: "Add to basket" }).click();
  await page.getByRole("status").getByText(`Tea ${skus[0]} is in your basket.`).waitFor();
  await page.getByRole("link", { name: `tag ${word}` }).click();
  await page.getByRole("heading", { level: 1, name: `tag ${word}` }).waitFor();
  await page.getByRole("heading", { name: skus[1] }).waitFor();
  assert.equal(await page.getByRole("listitem").filter({ hasText: "Add to basket" }).count(), 2);
  for (const sku of skus) await call("DELETE", `/products/${sku}`);
  await done();
});

test("a name that is markup stays text", async () => {
  const sku = `IMG-${fresh().toUpperCase()}`;
  const product = { name: `${MARKUP} ${sku}`, price: 100, currency: "EUR" };
  await call("PUT", `/products/${sku}`, product);
  const { page, done } = await asCustomer();
  const title = await page.title();
  await page.getByRole("heading", { name: sku }).getByText(product.name).waitFor();
  await put(page, product.name);
  await page.getByRole("status").getByText(product.name).waitFor();
  await visit(page, "#/basket");
  await page.locator(".name").getByText(product.name).waitFor();
  assert.equal(await page.locator("img").count(), 0);
  assert.equal(await page.title(), title);
  await call("PUT", `/products/${sku}`, { ...product, active: false });
  await done();
});

test("a forgotten password is set anew, a reload stays signed in, and a sign-out does not", async () => {
  const who = await customer();
  const { page, done } = await openShop();
  await page.getByRole("button", { name: "Forgot password" }).click();
  await page.getByLabel("Email").fill(who.email);
  await page.keyboard.press("Enter");
  await page.getByLabel("Code from the mail").fill(await resetCodeOf(who.email));
  await page.getByLabel("New password").fill(`New-${who.password}`);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Products" }).waitFor();
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage)), ["shop.refresh-token"]);
  await page.reload();
  await page.getByRole("heading", { name: "Products" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await done();
});

/** The newest mail is that of the reset; the one of the sign-up had another code. */
async function resetCodeOf(email) {
  for (;;) {
    const code = await codeOf(email);
    if (code !== "123456") return code;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

test("the page comes with a policy that names the payment server alone, and its assets are kept for ever", async () => {
  const page = await fetch(SHOP);
  assert.ok(page.url.endsWith("/shop/index.html"), page.url);
  const policy = page.headers.get("content-security-policy");
  const server = process.env.STRIPE_API_URL;
  assert.ok(policy.includes("default-src 'none'") && policy.includes(`script-src 'self' ${server};`), policy);
  assert.ok(!policy.includes("unsafe-"), policy);
  assert.equal(page.headers.get("cache-control"), "no-store");
  assert.equal(page.headers.get("cross-origin-opener-policy"), "same-origin");
  const script = new URL(/src="(.*?\.js)"/.exec(await page.text())[1], page.url);
  const asset = await fetch(script, { headers: { "accept-encoding": "gzip" } });
  assert.equal(asset.headers.get("content-encoding"), "gzip");
  assert.match(asset.headers.get("cache-control"), /immutable/);
});
