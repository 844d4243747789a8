/** What the township told this agent: sent back, asked, answered, given to do. One sealed row each. */
import type { KeyRing } from "../vault.ts";
import type { InboxRow } from "../wire.ts";
import { type DB, STRICT } from "./db.ts";

export async function list(db: DB, ring: KeyRing): Promise<InboxRow[]> {
  const rows = await db.getAll("inbox");
  return Promise.all(rows.map((row) => ring.open<InboxRow>("inbox", row.id, row.sealed)));
}

export async function get(db: DB, ring: KeyRing, id: string): Promise<InboxRow | undefined> {
  const row = await db.get("inbox", id);
  return row && ring.open<InboxRow>("inbox", row.id, row.sealed);
}

export async function apply(db: DB, ring: KeyRing, rows: InboxRow[]): Promise<void> {
  const sealed = await Promise.all(
    rows.map(async (row) => ({ id: row.id, gone: row.gone === true, sealed: await ring.seal("inbox", row.id, row) })),
  );
  const tx = db.transaction("inbox", "readwrite", STRICT);
  const writes = sealed.map(({ id, gone, sealed: value }) =>
    gone ? tx.store.delete(id) : tx.store.put({ id, sealed: value }).then(() => undefined),
  );
  await Promise.all([...writes, tx.done]);
}

/** Keep only these: the county's list is whole, so what it no longer names is settled. */
export async function keepOnly(db: DB, ids: Set<string>): Promise<void> {
  const tx = db.transaction("inbox", "readwrite");
  for (const id of await tx.store.getAllKeys()) if (!ids.has(id)) await tx.store.delete(id);
  await tx.done;
}
