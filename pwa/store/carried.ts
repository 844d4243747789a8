/**
 * What this phone carries to the county for a colleague's phone, or for the phone it was before. Each part is sealed; it leaves this
 * phone only by the county's receipt, or by the answer that all bytes of a picture are there.
 */
import type { Part } from "../bundle.ts";
import { buffer, utf8, words } from "../bytes.ts";
import type { Receipt, SealedItem } from "../wire.ts";
import { type CarriedPart, type CarriedRow, type DB, STRICT } from "./db.ts";

/** Keep one part; the same part twice is carried once. */
export async function put(
  db: DB,
  from: string,
  part: Extract<Part, { kind: "item" | "picture" }>,
  agent: string,
  at: string,
): Promise<void> {
  const row: CarriedPart =
    part.kind === "item"
      ? {
          ...{ key: `item ${part.item.id}`, device: from, kind: "item", event: part.item.id, role: "" },
          ...{ hash: part.item.hash, bytes: part.body.byteLength, sent: 0 },
        }
      : {
          ...{ key: `picture ${part.event} ${part.role}`, device: from, kind: "picture", event: part.event },
          ...{ role: part.role, hash: part.sha256, bytes: part.body.byteLength, sent: 0 },
        };
  const tx = db.transaction(["carried", "carried_parts", "carried_bytes"], "readwrite", STRICT);
  const known = await tx.objectStore("carried_parts").getKey(row.key);
  if (known === undefined) {
    const before = await tx.objectStore("carried").get(from);
    const owner = before ?? fresh(from, agent, at);
    const count = part.kind === "item" ? { records: owner.records + 1 } : { pictures: owner.pictures + 1 };
    await tx.objectStore("carried").put({ ...owner, agent: owner.agent || agent, at, ...count });
    await tx.objectStore("carried_parts").put(row);
    await tx.objectStore("carried_bytes").put(part.body, row.key);
  }
  await tx.done;
}

function fresh(device: string, agent: string, at: string): CarriedRow {
  const none = { records: 0, pictures: 0, arrived: 0, refused: 0, pictures_arrived: 0, pictures_unwanted: 0 };
  return { device, agent, at, said: 0, whole: true, ...none };
}

/** What the file said of itself, after all of it was read. */
export async function note(db: DB, device: string, said: number, whole: boolean): Promise<void> {
  const tx = db.transaction("carried", "readwrite", STRICT);
  const row = await tx.store.get(device);
  if (row) await tx.store.put({ ...row, said: Math.max(row.said, said), whole });
  await tx.done;
}

export async function list(db: DB): Promise<(CarriedRow & { left: number })[]> {
  const all = await db.getAll("carried_parts");
  const rows = await db.getAll("carried");
  return rows.map((row) => ({ ...row, left: all.filter(({ device }) => device === row.device).length }));
}

/** Put away the line about what has arrived; while anything is left it stays. */
export async function putAway(db: DB, device: string): Promise<void> {
  const left = (await db.getAll("carried_parts")).some((part) => part.device === device);
  if (!left) await db.delete("carried", device);
}

export async function items(db: DB, limit: number): Promise<SealedItem[]> {
  const all = (await db.getAll("carried_parts")).filter(({ kind }) => kind === "item").slice(0, limit);
  const bytes = await Promise.all(all.map(({ key }) => db.get("carried_bytes", key)));
  return bytes.filter((one): one is ArrayBuffer => one !== undefined).map((one) => JSON.parse(words(one)));
}

/** Pictures whose records have their receipts: nothing of their event is carried any more. */
export async function pictures(db: DB): Promise<CarriedPart[]> {
  const all = await db.getAll("carried_parts");
  const open = new Set(all.filter(({ kind }) => kind === "item").map(({ event }) => event));
  return all.filter(({ kind, event }) => kind === "picture" && !open.has(event)).sort((a, b) => a.bytes - b.bytes);
}

/** Only a receipt that names the same id and hash lets go of a record; a refused one takes its pictures along. */
export async function receive(db: DB, receipts: Receipt[]): Promise<boolean> {
  let changed = false;
  const tx = db.transaction(["carried", "carried_parts", "carried_bytes"], "readwrite", STRICT);
  const gone = async (part: CarriedPart, change: (row: CarriedRow) => Partial<CarriedRow>) => {
    await tx.objectStore("carried_parts").delete(part.key);
    await tx.objectStore("carried_bytes").delete(part.key);
    const owner = await tx.objectStore("carried").get(part.device);
    if (owner) await tx.objectStore("carried").put({ ...owner, ...change(owner) });
    changed = true;
  };
  for (const { id, hash, state } of receipts) {
    const part = await tx.objectStore("carried_parts").get(`item ${id}`);
    if (!part || part.hash !== hash) continue;
    const refused = state === "refused";
    await gone(part, (row) => ({ arrived: row.arrived + 1, refused: row.refused + (refused ? 1 : 0) }));
    if (!refused) continue;
    const all = await tx.objectStore("carried_parts").getAll(IDBKeyRange.bound(`picture ${id} `, `picture ${id}!`));
    for (const picture of all) await gone(picture, (row) => ({ pictures_unwanted: row.pictures_unwanted + 1 }));
  }
  await tx.done;
  return changed;
}

/** How far a picture is; `done` lets go of it, as does the county's word that no record asks for it. */
export async function arrived(db: DB, key: string, sent: number, end: "" | "done" | "unwanted"): Promise<void> {
  const tx = db.transaction(["carried", "carried_parts", "carried_bytes"], "readwrite", end ? STRICT : {});
  const part = await tx.objectStore("carried_parts").get(key);
  if (part && !end) await tx.objectStore("carried_parts").put({ ...part, sent });
  if (part && end) {
    await tx.objectStore("carried_parts").delete(key);
    await tx.objectStore("carried_bytes").delete(key);
    const owner = await tx.objectStore("carried").get(part.device);
    const change =
      end === "done"
        ? { pictures_arrived: (owner?.pictures_arrived ?? 0) + 1 }
        : { pictures_unwanted: (owner?.pictures_unwanted ?? 0) + 1 };
    if (owner) await tx.objectStore("carried").put({ ...owner, ...change });
  }
  await tx.done;
}

/** The keys of this phone are gone and it is to be set up anew: what still lies sealed in its outbox it carries for its former self. */
export async function keepForFormerSelf(db: DB, now: Date): Promise<void> {
  const own = ["outbox", "blobs", "ciphers", "chain", "records"] as const;
  const names = [...own, "device", "carried", "carried_parts", "carried_bytes"] as const;
  const tx = db.transaction(names, "readwrite", STRICT);
  const head = await tx.objectStore("chain").get("head");
  // Refused because the county did not know this phone is not refused for good.
  const rows = (await tx.objectStore("outbox").getAll()).filter(
    ({ item, state, reason }) => item && (state !== "refused" || reason === "unknown-device"),
  );
  const blobs = await tx.objectStore("blobs").getAll();
  for (const { id, hash, item } of rows) {
    const body = buffer(utf8(JSON.stringify(item)));
    const from = item!.device;
    const before = (await tx.objectStore("carried").get(from)) ?? fresh(from, "", now.toISOString());
    const owner = { ...before, records: before.records + 1 };
    const part = { key: `item ${id}`, device: from, kind: "item" as const, event: id, role: "", hash, sent: 0 };
    await tx.objectStore("carried_parts").put({ ...part, bytes: body.byteLength });
    await tx.objectStore("carried_bytes").put(body, part.key);
    for (const { event, role, sha256, bytes, saved, done } of blobs) {
      const cipher = event === id && saved && !done ? await tx.objectStore("ciphers").get([event, role]) : undefined;
      if (!cipher) continue;
      const key = `picture ${event} ${role}`;
      const picture = { key, device: from, kind: "picture" as const, event, role, hash: sha256, bytes, sent: 0 };
      await tx.objectStore("carried_parts").put(picture);
      await tx.objectStore("carried_bytes").put(cipher, key);
      owner.pictures++;
    }
    await tx.objectStore("carried").put(owner);
  }
  const from = rows[0]?.item?.device;
  const newest = Math.max(head?.seq ?? 0, ...rows.map(({ seq }) => seq));
  for (const name of own) await tx.objectStore(name).clear();
  for (const name of ["identity", "forgotten", "losses", "packed", "cursor", "versions"])
    await tx.objectStore("device").delete(name);
  // The county is told what this phone was: what does not arrive of it is known to be open.
  if (from) await tx.objectStore("device").put({ device: from, newest, arrived: 0, at: now.toISOString() }, "before");
  await tx.done;
}
