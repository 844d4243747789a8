/** What a system or a bad disk does to the rows of a phone while its browser is not running; and what that destroyed for good. */
import { type OutboxRow, open } from "../../../pwa/store/db.ts";
import type { Chance } from "./chance.ts";
import type { Handset } from "./handset.ts";

/** The only copy of something the agent was told is saved has been destroyed. */
export interface Destroyed {
  device: string;
  event: string;
  seq: number;
  /** Of a picture; "" for the record itself. */
  role: string;
}

export const DAMAGES = [
  "a record evicted",
  "a picture evicted",
  "a readable copy evicted",
  "a sealed record damaged",
  "a picture damaged",
  "a card damaged",
  "the names damaged",
  "the county's words damaged",
  "a draft damaged",
  "everything evicted",
] as const;
export type Damage = (typeof DAMAGES)[number];

/** Rows that only the PIN opens; the county knows them, or they were not said to be saved. */
const SEALED: Partial<Record<Damage, "people" | "names" | "county" | "drafts">> = {
  "a card damaged": "people",
  "the names damaged": "names",
  "the county's words damaged": "county",
  "a draft damaged": "drafts",
};

/** Do it, to a row chosen by chance; tells what is gone with it. */
export async function damage(what: Damage, handset: Handset, chance: Chance): Promise<Destroyed[]> {
  const db = await open({ name: handset.store });
  const { device } = handset;
  try {
    const rows = (await db.getAll("outbox")).sort((a, b) => a.seq - b.seq);
    const record = (row: OutboxRow): Destroyed => ({ device, event: row.id, seq: row.seq, role: "" });
    const onlyHere = (row: OutboxRow) => row.item !== null && !row.kept && row.state !== "refused";
    const pictures = (await db.getAll("blobs")).filter(({ saved, held }) => saved && held);
    const seqOf = (event: string) => rows.find(({ id }) => id === event)?.seq ?? 0;
    const picture = (one: { event: string; role: string }): Destroyed => ({
      ...{ device, event: one.event, seq: seqOf(one.event), role: one.role },
    });
    if (what === "everything evicted") {
      db.close();
      await new Promise((resolve, reject) => {
        const gone = indexedDB.deleteDatabase(handset.store);
        gone.onsuccess = resolve;
        gone.onerror = reject;
      });
      return [...rows.filter(onlyHere).map(record), ...pictures.map(picture)];
    }
    if (what === "a picture evicted" || what === "a picture damaged") {
      if (!pictures.length) return [];
      const one = chance.one(pictures);
      const key: [string, string] = [one.event, one.role];
      if (what === "a picture evicted") await db.delete("ciphers", key);
      else {
        const held = await db.get("ciphers", key);
        if (!held) return []; // evicted before
        const cipher = held.slice(0);
        new Uint8Array(cipher)[chance.below(cipher.byteLength)]! ^= 1 + chance.below(255);
        await db.put("ciphers", cipher, key);
      }
      return [picture(one)];
    }
    const store = SEALED[what];
    if (store) {
      const all = await db.getAll(store);
      if (!all.length) return [];
      const one = chance.one<{ sealed: ArrayBuffer }>(all);
      new Uint8Array(one.sealed)[chance.below(one.sealed.byteLength)]! ^= 1;
      await db.put(store, one as never);
      return [];
    }
    const kept = rows.filter(onlyHere);
    if (!kept.length) return [];
    const row = what === "a sealed record damaged" && chance.happens(0.5) ? kept[0]! : chance.one(kept);
    if (what === "a readable copy evicted") {
      await db.delete("records", row.id);
      return [];
    }
    if (what === "a record evicted") {
      await db.delete("outbox", row.id);
      return [record(row), ...pictures.filter(({ event }) => event === row.id).map(picture)];
    }
    const at = chance.below(row.item!.sealed.length);
    const letter = row.item!.sealed[at] === "A" ? "B" : "A";
    const sealed = row.item!.sealed.slice(0, at) + letter + row.item!.sealed.slice(at + 1);
    await db.put("outbox", { ...row, item: { ...row.item!, sealed } });
    return [record(row), ...pictures.filter(({ event }) => event === row.id).map(picture)];
  } finally {
    db.close();
  }
}
