/**
 * Is everything this phone wrote still here? Browsers empty stores, whole or in part; what is gone must be said, never passed over.
 * Looked at once at each start: counts and keys only, nothing is opened.
 */
import type { Mark } from "../mark.ts";
import { type DB, type Head, STRICT } from "./db.ts";
import type { Losses, Stretch } from "./device.ts";
import * as device from "./device.ts";
import { isFull } from "./reserve.ts";

const NONE: Head = { seq: 0, hash: "" };
/** Stretches told to the county at most. */
const MOST = 50;

/** The same counts in as few stretches as can be, in order. */
export function joined(stretches: Stretch[]): Stretch[] {
  const found: Stretch[] = [];
  for (const [first, last] of [...stretches].sort((a, b) => a[0] - b[0])) {
    const end = found[found.length - 1];
    if (end && first <= end[1] + 1) end[1] = Math.max(end[1], last);
    else found.push([first, last]);
  }
  return found;
}

/** What of 1 … `newest` is in none of these. */
export function gaps(here: Stretch[], newest: number): Stretch[] {
  const found: Stretch[] = [];
  let next = 1;
  for (const [first, last] of joined(here)) {
    if (first > next) found.push([next, Math.min(first - 1, newest)]);
    next = Math.max(next, last + 1);
  }
  if (next <= newest) found.push([next, newest]);
  return found.filter(([first, last]) => first <= last);
}

/** Puts the head of the chain right, notes what is lost, and gives it. `mark` is of this phone, from outside the store. */
export async function check(db: DB, mark: Mark | null): Promise<Losses> {
  await putHeadForward(db, mark);
  const tx = db.transaction(["chain", "outbox", "blobs", "ciphers", "device"], "readonly");
  const [head, rows, blobs, keys, known] = await Promise.all([
    tx.objectStore("chain").get("head"),
    tx.objectStore("outbox").getAll(),
    tx.objectStore("blobs").getAll(),
    tx.objectStore("ciphers").getAllKeys(),
    tx.objectStore("device").get("forgotten"),
  ]);
  const nobodys = (await device.get(db, "identity")) === undefined; // nothing was written here, or it was emptied: so it stays
  const newest = head?.seq ?? 0;
  const all: Stretch[] = rows.map(({ seq }) => [seq, seq]);
  // A phone of the first version did not note what it let go of: what is missing at its first check is taken for that.
  const forgotten = (known as Stretch[] | undefined) ?? gaps(all, newest);
  if (!known && !nobodys) await note(db, "forgotten", forgotten);
  const whole: Stretch[] = rows
    .filter((row) => row.kept || row.item || row.state === "refused")
    .map(({ seq }) => [seq, seq]);
  const ciphers = new Set(keys.map(([event, role]) => `${event} ${role}`));
  const lost: Losses = {
    missing: gaps([...whole, ...forgotten], newest).slice(0, MOST),
    pictures: blobs
      .filter(({ saved, held, done, event, role }) => saved && held && !done && !ciphers.has(`${event} ${role}`))
      .map(({ event, role }) => ({ event, role })),
  };
  if (!nobodys) await note(db, "losses", lost);
  return lost;
}

/** Written only where it is news; a phone too full for it opens all the same and looks again at its next start. Words need the reserve more. */
async function note<K extends "forgotten" | "losses">(db: DB, name: K, value: device.Values[K]): Promise<void> {
  if (JSON.stringify(await device.get(db, name)) === JSON.stringify(value)) return;
  await device.put(db, name, value).catch((error: unknown) => {
    if (!isFull(error)) throw error;
  });
}

/**
 * The next record must not take a count that was taken: the county would hold two at one place. So the head is the newest of what
 * the chain, the outbox and the mark say.
 */
async function putHeadForward(db: DB, mark: Mark | null): Promise<void> {
  const identity = await device.get(db, "identity");
  const told = mark && mark.device === identity?.device ? { seq: mark.newest, hash: mark.hash } : NONE;
  const tx = db.transaction(["chain", "outbox"], "readwrite", STRICT);
  const head = (await tx.objectStore("chain").get("head")) ?? NONE;
  const last = await tx.objectStore("outbox").index("seq").openCursor(null, "prev");
  const row = last?.value ?? NONE;
  const best = [head, { seq: row.seq, hash: row.hash }, told].reduce((a, b) => (b.seq > a.seq ? b : a));
  if (best.seq > head.seq) await tx.objectStore("chain").put(best, "head");
  await tx.done;
}

/**
 * Nothing is here, but a mark says that something was: note it for the pages and for the county. True: newly found. What was
 * emptied by order, and killed before its marks were wiped off, is not missed: `clear` wipes them off now.
 */
export async function noticeEmptied(db: DB, mark: Mark | null, clear: () => void): Promise<boolean> {
  if (!mark || (await db.getKey("device", "keys")) || (await device.get(db, "before"))) return false;
  if (await device.get(db, "emptied")) {
    clear();
    return false;
  }
  const { device: id, newest, arrived, at } = mark;
  await device.put(db, "before", { device: id, newest, arrived, at });
  return true;
}
