/** Sealed values by name: `me`, texts, challenges, guides, the running enrolment. */
import type { KeyRing } from "../vault.ts";
import { forgetCounty, opened } from "./damage.ts";
import { type DB, STRICT } from "./db.ts";

export async function get<T>(db: DB, ring: KeyRing, key: string): Promise<T | undefined> {
  const row = await db.get("county", key);
  return row && opened(ring.open<T>("county", key, row.sealed, row.version), () => forgetCounty(db, key));
}

export async function put(db: DB, ring: KeyRing, key: string, value: unknown, version = 1): Promise<void> {
  const sealed = await ring.seal("county", key, value, version);
  const tx = db.transaction("county", "readwrite", STRICT);
  await Promise.all([tx.store.put({ key, version, sealed }), tx.done]);
}

export async function remove(db: DB, key: string): Promise<void> {
  await db.delete("county", key);
}
