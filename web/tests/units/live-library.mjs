// The library of examples/live, as tests import it.

import { build } from "esbuild";

const bundled = await build({
  stdin: {
    contents: `
      export * from "./index"; export * from "./reduce"; export * from "./state"; export * from "./timing"; export * from "./protocol";
      export * from "./board"; export { steadily } from "./browser";`,
    resolveDir: new URL("../../../examples/live/src", import.meta.url).pathname,
  },
  bundle: true,
  write: false,
  format: "esm",
});

export const live = await import(`data:text/javascript,${encodeURIComponent(bundled.outputFiles[0].text)}`);
