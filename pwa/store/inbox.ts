/** What the township told this agent: sent back, asked, answered, given to do. One sealed row each. */
import type { KeyRing } from "../vault.ts";
import type { InboxRow } from "../wire.ts";
import { forgetInbox, opened } from "./damage.ts";
import { type DB, type InboxRowSealed, STRICT } from "./db.ts";

export async function list(db: DB, ring: KeyRing): Promise<InboxRow[]> {
  const rows = await Promise.all((await db.getAll("inbox")).map((row) => read(db, ring, row)));
  return rows.filter((row): row is InboxRow => row !== undefined);
}

export async function get(db: DB, ring: KeyRing, id: string): Promise<InboxRow | undefined> {
  const row = await db.get("inbox", id);
  return row && read(db, ring, row);
}

function read(db: DB, ring: KeyRing, row: InboxRowSealed): Promise<InboxRow | undefined> {
  return opened(ring.open<InboxRow>("inbox", row.id, row.sealed), () => forgetInbox(db, row.id));
}

type Arrived = Partial<InboxRow> & Pick<InboxRow, "id" | "kind" | "at">;

/** Rows and the place reached in one transaction; `afresh` after the server was restored: only these count now. */
export async function apply(db: DB, ring: KeyRing, rows: Arrived[], rev: number, afresh: boolean): Promise<void> {
  const sealed = await Promise.all(
    rows.map(async (row) => {
      const full = { words: "", done: false, ...row };
      return { id: row.id, sealed: await ring.seal("inbox", row.id, full) };
    }),
  );
  const tx = db.transaction(["inbox", "device"], "readwrite", STRICT);
  const store = tx.objectStore("inbox");
  if (afresh) await store.clear();
  await Promise.all([...sealed.map((row) => store.put(row)), tx.objectStore("device").put(rev, "inbox_rev"), tx.done]);
}
