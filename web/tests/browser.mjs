// One Chromium for all tests of a file, and what a person does in it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { CONSOLE } from "./stack.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;

export async function start() {
  browser = await chromium.launch({
    executablePath: process.env.CONVEYOR_CHROMIUM,
    // The sandbox needs a user other than root; the pages are our own.
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });
}

export async function stop() {
  await browser?.close();
}

/**
 * A window of its own. It collects what no page may do: errors, refusals of the policy, requests to another origin than its own
 * and those that are `admitted`. `prepare` gets the page before it is loaded, from `at`.
 */
export async function open({ prepare, admitted = [], at = CONSOLE, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  const origin = new URL(CONSOLE).origin;
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (![origin, ...admitted].some((known) => request.url().startsWith(known))) wrong.push(`a request to ${request.url()}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (4|5)\d\d|ERR_FAILED/.test(message.text())) wrong.push(message.text());
  });
  page.setDefaultTimeout(20_000);
  await prepare?.(page);
  await page.goto(at);
  return { context, page, wrong, done: async () => (await context.close(), assert.deepEqual(wrong, [])) };
}

export async function signIn(page, { email, password }) {
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation").waitFor();
}

export async function visit(page, hash) {
  await page.evaluate((to) => {
    location.hash = to;
  }, hash);
}

/** Every rule of axe for WCAG 2.2 AA, and its best practices. The policy admits no script of a tag, so it is evaluated. */
export async function violations(page) {
  if (!(await page.evaluate("typeof axe !== 'undefined'"))) await page.evaluate(axe);
  const found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})");
  return found.violations.map((it) => `${it.id}: ${it.help} (${it.nodes.map((node) => node.target).join(", ")})`);
}
