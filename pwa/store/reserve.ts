/**
 * Room kept free for words: a block of noise that is let go of when the phone is full, so that what was written is saved all the
 * same. While it cannot be laid down there is no room for pictures either: that is the margin below which none is taken.
 *
 * Seen in Chromium 156: `navigator.storage.estimate()` says 10 GiB more than is used, whatever the disk; only a write tells.
 */
import { type DB, STRICT } from "./db.ts";

/** About two hundred visits in words, and the browser's own overhead. */
export const RESERVE_BYTES = 512 * 1024;
/** [DEF] bytes; where a browser's estimate is honest, less than this is too little for pictures. */
const MARGIN_BYTES = 20_000_000;
const NAME = "reserve";

/** Lay it down, or see that it lies there. False: the phone is full. */
export async function keep(db: DB): Promise<boolean> {
  if ((await db.getKey("device", NAME)) !== undefined) return true;
  const noise = new Uint8Array(RESERVE_BYTES); // not zeros, which a database packs into nothing
  for (let at = 0; at < RESERVE_BYTES; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
  try {
    const tx = db.transaction("device", "readwrite", STRICT);
    await Promise.all([tx.store.put(noise.buffer, NAME), tx.done]);
    return true;
  } catch (error) {
    if (isFull(error)) return false;
    throw error;
  }
}

/** Whether a picture may be taken: asked before, never after. */
export async function roomForPictures(db: DB): Promise<boolean> {
  const told = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined);
  if (told?.quota && told.quota - (told.usage ?? 0) < MARGIN_BYTES) return false;
  return keep(db);
}

/** Write; where the phone is full, once more with the room that was kept for it. */
export async function withReserve<T>(db: DB, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error) || (await db.getKey("device", NAME)) === undefined) throw error;
    const tx = db.transaction("device", "readwrite", STRICT);
    await Promise.all([tx.store.delete(NAME), tx.done]);
    return write();
  }
}

/** A transaction that finds no room is aborted; its requests only say so much. */
export function isFull(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "QuotaExceededError" || error.name === "AbortError");
}
