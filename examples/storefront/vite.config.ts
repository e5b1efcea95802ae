import { defineConfig } from "vite";

export default defineConfig({
  // The API has a prefix on the local stack, so every address is relative.
  base: "./",
  build: {
    outDir: "dist",
    assetsDir: "assets",
    target: "es2022",
    // Inline data would need another content security policy.
    assetsInlineLimit: 0,
    modulePreload: false,
  },
});
