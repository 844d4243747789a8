/** A process full of phones. The county's process (tests/faults/machine.py) says which seed to play; the report goes back to it. */
import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import type { County } from "./county.ts";
import { install as installDisk } from "./disk.ts";
import { heard, say } from "./line.ts";
import { begin, install as installOrder } from "./order.ts";
import { play } from "./schedule.ts";
import { Time } from "./time.ts";

const time = new Time();
time.install();
installOrder();
installDisk();
const { templates } = await import("../../../pwa/generated/templates.js");

/** Promises of pages that were killed end unheard; of living ones that is a fault. */
const strays: string[] = [];
process.on("unhandledRejection", (error: Error) => {
  const killed = /Killed|AbortError|InvalidState|TransactionInactive|QuotaExceeded/;
  if (!killed.test(`${error?.name} ${error?.constructor?.name}`)) strays.push(error?.stack ?? String(error));
});

for (;;) {
  const told = heard() as { seed: number; county: County } | null;
  if (!told) break;
  try {
    begin(told.seed);
    globalThis.indexedDB = new IDBFactory(); // the disks of schedules that have ended fill no memory
    const report = await play(told.seed, told.county, { templates, time });
    report.bugs.push(...strays.splice(0));
    say({ report });
  } catch (error) {
    say({ broke: (error as Error).stack ?? String(error) });
  }
}
process.exit(0);
