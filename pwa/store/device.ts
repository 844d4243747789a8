/** What this phone is, in clear: nothing here names a resident. */
import type { CountyKey } from "../envelope.ts";
import type { Head, Lost } from "../wire.ts";
import { type DB, STRICT } from "./db.ts";

export interface Identity {
  device: string;
  mailbox: string;
  person: string;
  county_key: CountyKey;
  county: string;
  epoch: number;
  demo: boolean;
}

/** Server minus phone at the last answer, and when that was by the phone's clock. */
export interface Heard {
  at: number;
  offset_ms: number;
}

/** What went through last: records in a request, bytes of a picture's piece, bytes of a page of rows. */
export interface Link {
  batch: number;
  piece: number;
  page: number;
}

export interface Cursor {
  villages: Record<string, number>;
  cursor: string;
}

/** All that is left of an emptied phone: enough to say so. */
export interface Emptied {
  device: string;
  mailbox: string;
  /** What could not be brought. */
  lost: Lost[];
  /** Forms that were begun and never saved. */
  drafts: number;
}

export interface Hindered {
  times: number;
  /** Phone clock of the last time, ms. */
  at: number;
  /** The county will never take it. */
  forever: boolean;
}

/** First and last of a count, both included. */
export type Stretch = [first: number, last: number];

export interface Losses {
  /** Counts whose sealed record is gone. */
  missing: Stretch[];
  /** Pictures whose ciphertext is gone before it arrived. */
  pictures: { event: string; role: string }[];
}

/** From a mark that outlived the store (mark.ts). */
export interface Before {
  device: string;
  /** Newest count it wrote, and newest that had arrived. */
  newest: number;
  arrived: number;
  /** When the mark was made; "" when only the county's own mark was left. */
  at: string;
}

export interface Values {
  identity: Identity;
  /** Name of the agent, for the unlock page. */
  agent: string;
  heard: Heard;
  /** How far the pack is: {village: rev}, and the place inside a page when there is more. */
  cursor: Cursor;
  /** {scope: newest journal head seen}; its position is the `after` of an event. */
  heads: Record<string, Head>;
  /** Villages whose rows were damaged here: they are asked for from the beginning. */
  anew: string[];
  inbox_rev: number;
  /** Of `me` and `county`, so that they come only when changed. */
  versions: { me: string; county: string };
  /** When the county last held everything of ours in a backup. */
  proven: string;
  /** The epoch whose full pack is complete. */
  packed: number;
  settings: { lang: "zh-Hans" | "en"; view: "" | "elder" | "elder elder-max" };
  order: "lock" | "wipe";
  /** Whom to call when it does not open: the township's lead, as on the list in the village. */
  call: { name: string; phone: string };
  /** The county's order was obeyed; here until it has heard so. */
  emptied: Emptied;
  /** While an order to empty stands: what came back without being taken, by `event role`. */
  hindered: Record<string, Hindered>;
  /** Days without an answer after which the pack closes (county setting). */
  lease_days: number;
  /** Sizes that fit the link. */
  link: Link;
  /** The agent has a newer phone: this one may only send what it holds. */
  replaced: boolean;
  /** The county was put back from a backup that does not know this phone; until it is known again. */
  unknown: boolean;
  persisted: boolean;
  /** Of the phone's own count: what it let go of on purpose, so that the rest that is missing is known to be lost. */
  forgotten: Stretch[];
  /** What the check at the last start found lost. */
  losses: Losses;
  /** Losses the agent has read. */
  lost_seen: string[];
  /** What this phone was before its store was emptied; until the county knows. */
  before: Before;
  /** Lines of the inbox that were opened here and ask for nothing. */
  inbox_seen: string[];
}

export async function get<K extends keyof Values>(db: DB, name: K): Promise<Values[K] | undefined> {
  return (await db.get("device", name)) as Values[K] | undefined;
}

export async function put<K extends keyof Values>(db: DB, name: K, value: Values[K]): Promise<void> {
  const tx = db.transaction("device", "readwrite", STRICT);
  await Promise.all([tx.store.put(value, name), tx.done]);
}

export async function remove(db: DB, name: keyof Values): Promise<void> {
  await db.delete("device", name);
}

/** Empty every store: after "forget this phone" or an order of the county. What is not sent is gone; `emptied` stays. */
export async function wipe(db: DB, emptied?: Emptied): Promise<void> {
  const names = [...db.objectStoreNames];
  const tx = db.transaction(names, "readwrite", STRICT);
  const told = emptied ?? ((await tx.objectStore("device").get("emptied")) as Emptied | undefined);
  const writes: Promise<unknown>[] = names.map((name) => tx.objectStore(name).clear());
  if (told) writes.push(tx.objectStore("device").put(told, "emptied")); // in one step: killed here, it is still said
  await Promise.all([...writes, tx.done]);
}
