// Every failure that needs a person leads to a page of the console with its remedy: the column “in the console” of docs/failures.md.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { bundle } from "./bundle.mjs";

const root = new URL("../../../", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const { RUNBOOKS } = await bundle(`export { RUNBOOKS } from "./pages/runbooks"`);

/** The sources of each page, by its name in the menu; an order has no place there. */
const SOURCES = {
  "An order": ["order.tsx", "order-actions.tsx", "order-axis.tsx", "order-webhooks.tsx"],
  Products: ["products.tsx"],
  "Webhooks in": ["inbox.tsx", "webhook.tsx", "order-webhooks.tsx"],
  "Webhooks out": ["endpoints.tsx", "deliveries.tsx", "order-webhooks.tsx"],
  "Dead letters": ["letters.tsx"],
  Replays: ["replay.tsx", "../parts/long-run.tsx"],
  Health: ["health.tsx"],
  Runbooks: ["runbook-list.tsx"],
};

const rows = read("docs/failures.md")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| failure |"))
  .map((line) => line.replace(/^\||\|$/g, "").split(" | ").map((cell) => cell.trim()))
  .map(([failure, , operator, remedies]) => ({ failure, needsAPerson: !operator.startsWith("–"), remedies }));

/** Whether the page shows these words: as a label, a title, or a choice between two. */
function isOn(page, words) {
  if (page === "Runbooks" && RUNBOOKS.some(({ title }) => title === words)) return true;
  const sources = SOURCES[page]?.map((file) => read(`web/src/pages/${file}`)) ?? [];
  return sources.some((source) => new RegExp(`[">\`\\s]${words}["<\`\\s]`).test(source));
}

test("every failure that needs a person names a page of the console that offers the remedy", () => {
  assert.ok(rows.length > 100, `only ${rows.length} rows were found`);
  const needing = rows.filter(({ needsAPerson }) => needsAPerson);
  assert.ok(needing.length > 50, `only ${needing.length} need a person`);
  const wrong = needing.flatMap(({ failure, remedies }) =>
    remedies
      .split("; ")
      .map((remedy) => remedy.split(": "))
      .filter(([page, words]) => !words || !isOn(page, words))
      .map((remedy) => `${failure} → ${remedy.join(": ")}`),
  );
  assert.deepEqual(wrong, []);
});

test("a failure that needs no person names no page", () => {
  assert.deepEqual(rows.filter(({ needsAPerson, remedies }) => !needsAPerson && remedies !== "–"), []);
});

test("every page that a failure leads to is in the menu, and every runbook is led to", () => {
  const menu = read("web/src/app.tsx");
  for (const page of Object.keys(SOURCES).filter((name) => name !== "An order")) assert.ok(menu.includes(`"${page}"`), page);
  const named = rows.flatMap(({ remedies }) => remedies.split("; "));
  assert.deepEqual(RUNBOOKS.map(({ title }) => title).filter((title) => !named.includes(`Runbooks: ${title}`)), []);
  const pages = readdirSync(new URL("web/src/pages/", root));
  for (const file of Object.values(SOURCES).flat()) assert.ok(file.startsWith("..") || pages.includes(file), file);
});

test("a runbook’s commands are commands of this repository or of AWS", () => {
  const targets = new Set([...read("Makefile").matchAll(/^([a-z-]+):/gm)].map(([, target]) => target));
  for (const command of RUNBOOKS.flatMap(({ commands = [] }) => commands)) {
    const [program, what] = command.split(" ");
    assert.ok(program === "aws" || (program === "make" && targets.has(what)), command);
  }
});
