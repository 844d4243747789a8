/** Writes the store of this version beside this file; how to run it stands in frozen.ts. Vitest runs it for its TypeScript only. */
import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { file, frozenNow } from "./lived.ts";

test("write the store of this version", async () => {
  const frozen = await frozenNow();
  writeFileSync(file(frozen.version), `${JSON.stringify(frozen, null, 1)}\n`, { flag: "wx" }); // never a second time
});
