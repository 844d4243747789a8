import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["tests/pwa/stores/freeze.ts"], setupFiles: ["tests/pwa/setup.ts"] } });
