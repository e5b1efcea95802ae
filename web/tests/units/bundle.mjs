// The page's TypeScript as a module of Node.

import { build } from "esbuild";

/** The exports of `contents`, whose imports are relative to `web/src`. */
export async function bundle(contents) {
  const bundled = await build({
    stdin: { contents, resolveDir: new URL("../../src", import.meta.url).pathname },
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  return import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);
}

/** A browser's storage over a map. */
export const storage = (kept) => ({
  getItem: (name) => kept.get(name) ?? null,
  setItem: (name, value) => void kept.set(name, value),
  removeItem: (name) => void kept.delete(name),
});
