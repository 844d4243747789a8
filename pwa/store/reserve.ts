/**
 * Room kept free: blocks of noise that are let go of when the phone is full, so that what was written is saved all the same, and the
 * phone opens with its PIN (a try is counted before it is made). While they cannot be laid down there is no room for pictures
 * either: that is the margin below which none is taken.
 *
 * Seen in Chromium 156: `navigator.storage.estimate()` says 10 GiB more than is used, whatever the disk; only a write tells.
 */
import { type DB, STRICT } from "./db.ts";

/** About two hundred visits in words, and the browser's own overhead. */
export const RESERVE_BYTES = 512 * 1024;
/** [DEF] bytes; where a browser's estimate is honest, less than this is too little for pictures. */
const MARGIN_BYTES = 20_000_000;
/** Seen in Chromium: only what is over 64 KiB lies in a file of its own and is free at once, and a start by itself takes about 110 KB. */
const PIN_BYTES = 256 * 1024;
const BLOCKS = { reserve_pin: PIN_BYTES, reserve: RESERVE_BYTES };
export type Block = keyof typeof BLOCKS;

/** Lay them down, or see that they lie there. False: the phone is full. */
export async function keep(db: DB): Promise<boolean> {
  for (const [name, bytes] of Object.entries(BLOCKS)) {
    if ((await db.getKey("device", name)) !== undefined) continue;
    const noise = new Uint8Array(bytes); // not zeros, which a database packs into nothing
    for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(noise.subarray(at, at + 65_536));
    try {
      const tx = db.transaction("device", "readwrite", STRICT);
      await Promise.all([tx.store.put(noise.buffer, name), tx.done]);
    } catch (error) {
      if (isFull(error)) return false;
      throw error;
    }
  }
  return true;
}

/** Whether a picture may be taken: asked before, never after. */
export async function roomForPictures(db: DB): Promise<boolean> {
  const told = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined);
  if (told?.quota && told.quota - (told.usage ?? 0) < MARGIN_BYTES) return false;
  return keep(db);
}

/** Write; where the phone is full, once more with the room that was kept for it. */
export async function withReserve<T>(db: DB, write: () => Promise<T>, block: Block = "reserve"): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error) || (await db.getKey("device", block)) === undefined) throw error;
    const tx = db.transaction("device", "readwrite", STRICT);
    await Promise.all([tx.store.delete(block), tx.done]);
    return write();
  }
}

/** A transaction that finds no room is aborted; its requests only say so much. */
export function isFull(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "QuotaExceededError" || error.name === "AbortError");
}
