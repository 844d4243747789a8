/**
 * What this phone wrote: its chain, its own readable copy (sealed), and the item that travels. One strict transaction puts all
 * three, the changed card, the pictures' marks and the cleared draft, or nothing (design §4, "Taking seq").
 */
import type { Counts, OwnRecord } from "../ctx.ts";
import type { KeyRing } from "../vault.ts";
import type { BlobRef, EventKind, Receipt, ResidentCard, SealedItem } from "../wire.ts";
import { joined } from "./check.ts";
import { type BlobRow, type DB, type Head, type NamesRow, type OutboxRow, type PersonRow, STRICT } from "./db.ts";
import type { Stretch } from "./device.ts";

export const FIRST: Head = { seq: 0, hash: "" };

/** The sealed part of a record row. */
export interface Own {
  kind: EventKind;
  subject: string | null;
  subject_name: string;
  body: Record<string, unknown>;
  blobs: BlobRef[];
  at: string;
  /** What the phone shows before the county's row says it. */
  change?: Partial<ResidentCard>;
}

export interface Made {
  id: string;
  hash: string;
  item: SealedItem;
  own: Own;
  sealed: ArrayBuffer;
  scope: string;
  at: string;
}

export interface Beside {
  people: PersonRow[];
  names: NamesRow[];
  /** Pictures that now belong to a signed event. */
  blobs: [event: string, role: string][];
  drafts: string[];
}

/** A picture the record names is not on the phone any more: nothing was written. */
export class BlobMissing extends Error {}

export async function head(db: DB): Promise<Head> {
  return (await db.get("chain", "head")) ?? FIRST;
}

/**
 * Sign and seal outside, store in one transaction; start again if another tab took the head meanwhile. `make` gets the head and
 * returns the events that follow it, in order. Returns null when one of them had been written before (a second tap).
 */
export async function append(
  db: DB,
  make: (head: Head) => Promise<{ made: Made[]; beside: Beside }>,
): Promise<Made[] | null> {
  for (;;) {
    const before = await head(db);
    const { made, beside } = await make(before);
    const stores = ["chain", "records", "outbox", "people", "names", "blobs", "drafts"] as const;
    const tx = db.transaction(stores, "readwrite", STRICT);
    const now = (await tx.objectStore("chain").get("head")) ?? FIRST;
    if (now.seq !== before.seq || now.hash !== before.hash) {
      await tx.done;
      continue;
    }
    const known = await Promise.all(made.map(({ id }) => tx.objectStore("outbox").getKey(id)));
    if (known.some((key) => key !== undefined)) {
      await tx.done;
      return null;
    }
    const rows: (BlobRow | undefined)[] = await Promise.all(
      beside.blobs.map((key) => tx.objectStore("blobs").get(key)),
    );
    if (rows.some((row) => !row?.held)) {
      await tx.done;
      throw new BlobMissing();
    }
    let { seq } = before;
    const writes: Promise<unknown>[] = [];
    for (const one of made) {
      seq += 1;
      const { id, hash, sealed, item, scope, at } = one;
      writes.push(tx.objectStore("records").add({ id, seq, hash, sealed }));
      writes.push(
        tx.objectStore("outbox").add({
          ...{ id, seq, hash, item, scope, at, state: "queued", position: null },
          ...{ number: "", reason: "", received_at: null, kept: false },
        }),
      );
    }
    for (const row of rows) if (row) writes.push(tx.objectStore("blobs").put({ ...row, saved: true }));
    for (const person of beside.people) writes.push(tx.objectStore("people").put(person));
    for (const names of beside.names) writes.push(tx.objectStore("names").put(names));
    for (const draft of beside.drafts) writes.push(tx.objectStore("drafts").delete(draft));
    writes.push(tx.objectStore("chain").put({ seq, hash: made[made.length - 1]!.hash }, "head"));
    await Promise.all([...writes, tx.done]);
    return made;
  }
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

export class Records {
  #cache = new Map<string, Own>();

  constructor(
    readonly db: DB,
    readonly ring: () => KeyRing,
  ) {}

  empty(): void {
    this.#cache.clear();
  }

  async get(id: string): Promise<OwnRecord | undefined> {
    const row = await this.db.get("outbox", id);
    return row && this.#read(row, await this.#blobs());
  }

  async list(limit = Number.POSITIVE_INFINITY): Promise<OwnRecord[]> {
    const rows = await this.db.getAllFromIndex("outbox", "seq");
    return this.#readAll(rows.reverse().slice(0, limit));
  }

  async bySubject(subject: string): Promise<OwnRecord[]> {
    return (await this.list()).filter((record) => record.subject === subject);
  }

  async onDay(day: string, dayOf: (at: string) => string): Promise<OwnRecord[]> {
    const rows = await this.db.getAllFromIndex("outbox", "seq");
    return this.#readAll(rows.filter((row) => dayOf(row.at) === day).reverse());
  }

  /** Changes that records still on their way made to a card, oldest first. */
  async unsentChanges(): Promise<Map<string, Partial<ResidentCard>>> {
    const changes = new Map<string, Partial<ResidentCard>>();
    for (const row of await this.db.getAllFromIndex("outbox", "seq")) {
      if (row.state !== "queued" && row.state !== "sending" && row.state !== "held") continue;
      const own = await this.#own(row.id);
      if (own?.subject && own.change) changes.set(own.subject, { ...changes.get(own.subject), ...own.change });
    }
    return changes;
  }

  async #readAll(rows: OutboxRow[]): Promise<OwnRecord[]> {
    const blobs = await this.#blobs();
    const read = await Promise.all(rows.map((row) => this.#read(row, blobs)));
    return read.filter((record): record is OwnRecord => record !== undefined);
  }

  async #own(id: string): Promise<Own | undefined> {
    const cached = this.#cache.get(id);
    if (cached) return cached;
    const row = await this.db.get("records", id);
    if (!row) return undefined;
    const own = await this.ring().open<Own>("records", id, row.sealed);
    this.#cache.set(id, own);
    return own;
  }

  async #read(row: OutboxRow, blobs: Map<string, BlobRow[]>): Promise<OwnRecord | undefined> {
    const own = await this.#own(row.id);
    if (!own) return undefined;
    const pictures = blobs.get(row.id) ?? [];
    const total = pictures.reduce((sum, blob) => sum + blob.bytes, 0);
    const sent = pictures.reduce((sum, blob) => sum + (blob.done ? blob.bytes : blob.sent), 0);
    const { id, seq, hash, state, number, position, reason, received_at, kept } = row;
    const { kind, subject, subject_name, body, at } = own;
    return {
      ...{ id, seq, hash, kind, subject, subject_name, body, at, state, number, position, reason, received_at, kept },
      blobs: own.blobs.map(({ role, type, bytes, sha256 }) => ({ role, type, bytes, sha256 })),
      ...{ sent_bytes: sent, total_bytes: total },
    };
  }

  async #blobs(): Promise<Map<string, BlobRow[]>> {
    const rows = (await this.db.getAll("blobs")).filter((row) => row.saved);
    const byEvent = new Map<string, BlobRow[]>();
    for (const row of rows) byEvent.set(row.event, [...(byEvent.get(row.event) ?? []), row]);
    return byEvent;
  }
}

/** Ms of the latest time a record bears that the county has not answered for. */
export async function newestAt(db: DB): Promise<number | undefined> {
  const rows = (await db.getAll("outbox")).filter(({ state }) => state === "queued" || state === "sending");
  return rows.length ? Math.max(...rows.map(({ at }) => Date.parse(at))) : undefined;
}

/* ---- sending: works while the phone is locked ------------------------------------------------------------------- */

/** Oldest first, in the order of the phone's own count: clocks jump. */
export async function queued(db: DB, limit: number): Promise<OutboxRow[]> {
  const rows = await db.getAllFromIndex("outbox", "seq");
  return rows.filter((row) => row.state === "queued" && row.item).slice(0, limit);
}

export async function counts(db: DB): Promise<Counts> {
  const rows = (await db.getAll("outbox")).filter((row) => row.item || row.state !== "queued"); // a lost one waits no more
  const here = new Set((await db.getAllKeys("ciphers")).map(([event, role]) => `${event} ${role}`));
  const of = (...states: OutboxRow["state"][]) => rows.filter((row) => states.includes(row.state)).length;
  const refused = new Set(rows.filter(({ state }) => state === "refused").map(({ id }) => id)); // theirs never travel
  const blobs = (await db.getAll("blobs")).filter(
    (row) => row.saved && !row.done && row.held && !refused.has(row.event) && here.has(`${row.event} ${row.role}`),
  );
  const bytes = blobs.reduce((sum, row) => sum + row.bytes - row.sent, 0);
  const waiting = of("queued", "sending");
  const carried = await db.count("carried_parts");
  return { waiting, needs_you: of("refused"), held: of("held"), pictures: blobs.length, bytes, carried };
}

/** Only a receipt that names an item's id and hash changes its state. Returns the ids it did change. */
export async function receive(db: DB, receipts: Receipt[], at: string): Promise<string[]> {
  const changed: string[] = [];
  const tx = db.transaction("outbox", "readwrite", STRICT);
  for (const receipt of receipts) {
    const row = await tx.store.get(receipt.id);
    if (!row || row.hash !== receipt.hash) continue;
    const { state, position, number, reason } = receipt;
    const same = row.state === state && row.position === position && row.number === number && row.reason === reason;
    if (same) continue;
    const scope = receipt.scope || row.scope; // the county files by the post as it knows it
    await tx.store.put({ ...row, scope, state, position, number, reason, received_at: row.received_at ?? at });
    changed.push(row.id);
  }
  await tx.done;
  return changed;
}

/** Let go of sealed copies and ciphertexts that the county holds in a backup too; the readable record stays. */
export async function release(db: DB, keptTo: Record<string, number>): Promise<number> {
  const tx = db.transaction(["outbox", "blobs", "ciphers"], "readwrite", STRICT);
  const outbox = tx.objectStore("outbox");
  const blobs = tx.objectStore("blobs");
  const all = await blobs.getAll();
  let let_go = 0;
  for (const row of await outbox.getAll()) {
    if (row.kept || row.position === null || row.state === "queued") continue;
    if (row.position > (keptTo[row.scope] ?? 0)) continue;
    const pictures = all.filter((blob) => blob.saved && blob.event === row.id);
    if (pictures.some((blob) => !blob.done)) continue;
    await outbox.put({ ...row, item: null, kept: true });
    for (const blob of pictures) {
      await blobs.put({ ...blob, held: false });
      await tx.objectStore("ciphers").delete([blob.event, blob.role]);
    }
    let_go++;
  }
  await tx.done;
  return let_go;
}

/** Whatever this phone wrote is in the county's backup too (a refused record is nobody's but ours). */
export async function allKept(db: DB): Promise<boolean> {
  return (await db.getAll("outbox")).every((row) => row.kept || row.state === "refused");
}

/** The server was restored: what it may have forgotten is offered again, whatever its receipt said. */
export async function offerAgain(db: DB): Promise<number> {
  const tx = db.transaction(["outbox", "blobs"], "readwrite", STRICT);
  const outbox = tx.objectStore("outbox");
  const blobs = tx.objectStore("blobs");
  let again = 0;
  for (const row of await outbox.getAll())
    if (row.item && row.state !== "queued") {
      await outbox.put({ ...row, state: "queued", position: null });
      again++;
    }
  for (const blob of await blobs.getAll())
    if (blob.saved && blob.held && (blob.done || blob.sent)) await blobs.put({ ...blob, sent: 0, done: false });
  await tx.done;
  return again;
}

/** Readable copies of what the county has kept for `days` leave the phone. */
export async function forgetOld(db: DB, before: string): Promise<number> {
  const tx = db.transaction(["outbox", "records", "blobs", "ciphers", "device"], "readwrite", STRICT);
  const let_go: Stretch[] = [];
  let gone = 0;
  for (const row of await tx.objectStore("outbox").getAll()) {
    if (!row.kept || row.state !== "accepted" || row.at >= before) continue;
    await tx.objectStore("outbox").delete(row.id);
    await tx.objectStore("records").delete(row.id);
    for (const key of await tx.objectStore("blobs").getAllKeys(IDBKeyRange.bound([row.id, ""], [row.id, "\uffff"]))) {
      await tx.objectStore("blobs").delete(key);
      await tx.objectStore("ciphers").delete(key);
    }
    let_go.push([row.seq, row.seq]);
    gone++;
  }
  if (gone) {
    const before = ((await tx.objectStore("device").get("forgotten")) ?? []) as Stretch[];
    await tx.objectStore("device").put(joined([...before, ...let_go]), "forgotten");
  }
  await tx.done;
  return gone;
}
