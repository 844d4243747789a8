import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { include: ["tests/pwa/**/*.test.ts"], environment: "node", setupFiles: ["tests/pwa/setup.ts"] },
});
