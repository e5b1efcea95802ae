// The library of examples/live, as tests import it.

import { bundle } from "./bundle.mjs";

const parts = ["index", "reduce", "state", "timing", "protocol", "board", "browser"];
export const live = await bundle(parts.map((part) => `export * from "../../examples/live/src/${part}";`).join("\n"));
