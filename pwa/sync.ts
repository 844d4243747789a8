/**
 * When the outbox goes to the county and its rows come here: one runner at a time, over all windows (Web Locks where they are, else
 * a lease in the database). What is said then: talk.ts.
 */
import type { PhoneClock } from "./clock.ts";
import { sayEmptied } from "./leaving.ts";
import { Cut } from "./link.ts";
import type { Net } from "./net.ts";
import type { DB } from "./store/db.ts";
import * as device from "./store/device.ts";
import { Refused, Talk } from "./talk.ts";
import type { Vault } from "./vault.ts";

const LEASE_MS = 60_000;

export type Outcome =
  | { kind: "done"; changed: boolean }
  | { kind: "unreachable" }
  | { kind: "refused"; code: string }
  | { kind: "busy" }
  | { kind: "nothing" };

export interface Progress {
  /** Rows of people taken in this run. */
  people: number;
  more: boolean;
}

export interface SyncParts {
  db: DB;
  vault: Vault;
  clock: PhoneClock;
  net: Net;
  version: string;
  /** Ids on the wire, for the outbox page. */
  sending: Set<string>;
  /** Something that pages show has changed. */
  changed: () => void;
  progress?: (progress: Progress) => void;
  /** The county's order was obeyed: nothing personal is left. */
  wiped: () => void;
  locks?: LockManager | undefined;
}

export class Sync {
  #running: Promise<Outcome> | null = null;
  #again = false;

  constructor(readonly parts: SyncParts) {}

  /** Run once more after the one that runs, or now. */
  run(): Promise<Outcome> {
    if (this.#running) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#untilQuiet().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  get running(): boolean {
    return this.#running !== null;
  }

  async #untilQuiet(): Promise<Outcome> {
    let outcome: Outcome;
    do {
      this.#again = false;
      outcome = await this.#alone(() => this.#once());
    } while (this.#again && outcome.kind === "done");
    return outcome;
  }

  async #alone(work: () => Promise<Outcome>): Promise<Outcome> {
    const { locks, db } = this.parts;
    if (locks)
      return locks.request("daiban-sync", { ifAvailable: true }, (lock) => (lock ? work() : { kind: "busy" as const }));
    const mine = Math.random();
    const now = Date.now();
    const tx = db.transaction("device", "readwrite");
    const held = (await tx.store.get("runner")) as { who: number; until: number } | undefined;
    const free = !held || held.until < now || held.until > now + LEASE_MS;
    if (free) await tx.store.put({ who: mine, until: now + LEASE_MS }, "runner");
    await tx.done;
    if (!free) return { kind: "busy" };
    try {
      return await work();
    } finally {
      await db.delete("device", "runner");
    }
  }

  async #once(): Promise<Outcome> {
    const { db, vault, sending, changed } = this.parts;
    const said = await sayEmptied(this.parts); // before this phone became somebody's again, if it did
    const identity = await device.get(db, "identity");
    if (!identity) return { kind: said ? "nothing" : "unreachable" };
    const ring = vault.unlocked ? vault.ring : null;
    const talk = new Talk(this.parts, ring);
    try {
      await talk.everything();
      return { kind: "done", changed: talk.changed };
    } catch (error) {
      if (error instanceof Cut) return { kind: "unreachable" };
      if (error instanceof Refused) {
        if (error.code === "phone-unknown") await talk.notKnown();
        return { kind: "refused", code: error.code };
      }
      throw error;
    } finally {
      sending.clear();
      if (talk.changed) changed();
    }
  }
}

/** Seconds to the next try: 5 s doubling to 10 minutes after failures, 5 minutes otherwise; a fifth is chance. */
export function pauseMs(failures: number, chance: number = Math.random()): number {
  const base = failures === 0 ? 300_000 : Math.min(600_000, 5_000 * 2 ** (failures - 1));
  return Math.round(base * (0.8 + 0.4 * chance));
}
