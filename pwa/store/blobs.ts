/**
 * Pictures and marks: the ciphertext that also travels (formats.md §1), its key sealed under the data key. Buffers, never Blobs:
 * older Safari lost those.
 */
import { decryptBlob, encryptBlob } from "../envelope.ts";
import type { KeyRing } from "../vault.ts";
import type { BlobRef, BlobType } from "../wire.ts";
import { type BlobRow, type DB, STRICT } from "./db.ts";

interface Secret {
  key: string;
  plain_sha256: string;
}

const place = (event: string, role: string) => `${event}\n${role}`;

export async function put(
  db: DB,
  ring: KeyRing,
  event: string,
  role: string,
  plain: ArrayBuffer,
  type: BlobType,
): Promise<BlobRef> {
  const { ref, cipher } = await encryptBlob(event, role, plain, type);
  const secret: Secret = { key: ref.key, plain_sha256: ref.plain_sha256 };
  const sealed = await ring.seal("blobs", place(event, role), secret);
  const { sha256, bytes } = ref;
  const row: BlobRow = { event, role, type, sha256, bytes, held: true, sealed, saved: false, sent: 0, done: false };
  const tx = db.transaction(["blobs", "ciphers"], "readwrite", STRICT);
  const before = await tx.objectStore("blobs").get([event, role]);
  if (before?.saved) {
    // The event is signed: its picture can no longer change under it.
    await tx.done;
    return refOf(ring, before);
  }
  await Promise.all([tx.objectStore("blobs").put(row), tx.objectStore("ciphers").put(cipher, [event, role]), tx.done]);
  return ref;
}

export async function refOf(ring: KeyRing, row: BlobRow): Promise<BlobRef> {
  const secret = await ring.open<Secret>("blobs", place(row.event, row.role), row.sealed);
  return { sha256: row.sha256, ...secret, bytes: row.bytes, type: row.type, role: row.role };
}

export async function info(db: DB, ring: KeyRing, event: string, role: string): Promise<BlobRef | undefined> {
  const row = await db.get("blobs", [event, role]);
  return row && refOf(ring, row);
}

export async function get(
  db: DB,
  ring: KeyRing,
  event: string,
  role: string,
): Promise<{ bytes: ArrayBuffer; type: BlobType } | undefined> {
  const row = await db.get("blobs", [event, role]);
  const cipher = row?.held ? await db.get("ciphers", [event, role]) : undefined;
  if (!row || !cipher) return undefined;
  const { key } = await refOf(ring, row);
  return { bytes: await decryptBlob(event, role, cipher, key), type: row.type };
}

/** Only what is not part of a signed event. */
export async function remove(db: DB, event: string, role: string): Promise<void> {
  const tx = db.transaction(["blobs", "ciphers"], "readwrite", STRICT);
  const row = await tx.objectStore("blobs").get([event, role]);
  if (row && !row.saved) {
    await tx.objectStore("blobs").delete([event, role]);
    await tx.objectStore("ciphers").delete([event, role]);
  }
  await tx.done;
}

/** All pieces that still have to travel, small ones first. */
export async function unsent(db: DB): Promise<BlobRow[]> {
  const rows = await db.getAll("blobs");
  return rows.filter((row) => row.saved && !row.done && row.held).sort((a, b) => a.bytes - b.bytes);
}

export async function arrived(db: DB, event: string, role: string, sent: number, done: boolean): Promise<void> {
  const tx = db.transaction("blobs", "readwrite", done ? STRICT : {});
  const row = await tx.store.get([event, role]);
  if (row) await tx.store.put({ ...row, sent, done: row.done || done });
  await tx.done;
}

/** Pictures of drafts that are gone: nobody will save them any more. */
export async function sweep(db: DB, drafts: Set<string>, olderThan: (event: string) => boolean): Promise<number> {
  let gone = 0;
  const tx = db.transaction(["blobs", "ciphers"], "readwrite");
  for (const row of await tx.objectStore("blobs").getAll())
    if (!row.saved && !drafts.has(row.event) && olderThan(row.event)) {
      await tx.objectStore("blobs").delete([row.event, row.role]);
      await tx.objectStore("ciphers").delete([row.event, row.role]);
      gone++;
    }
  await tx.done;
  return gone;
}
