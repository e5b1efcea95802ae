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
 * and those that are `admitted`. `prepare` gets the page before it is loaded, from `at`. A socket may fail: a person has five connections, and
 * tests share a person.
 */
export async function open({ at = CONSOLE, prepare, admitted = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const wrong = [];
  const tab = async () => {
    const page = await watched(context, [...[CONSOLE, at].map((url) => new URL(url).origin), ...admitted], wrong);
    await prepare?.(page);
    await page.goto(at);
    return page;
  };
  const page = await tab();
  return { context, page, tab, wrong, done: async () => (await context.close(), assert.deepEqual(wrong, [])) };
}

async function watched(context, origins, wrong) {
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!origins.some((known) => request.url().startsWith(known))) wrong.push(`a request to ${request.url()}`);
  });
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (4|5)\d\d|ERR_FAILED|WebSocket connection to .* failed/.test(message.text())) wrong.push(message.text());
  });
  page.setDefaultTimeout(20_000);
  return page;
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
