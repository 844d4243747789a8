/**
 * A sealed row that cannot be opened any more: a disk that forgets, a write cut short. One such row must not close the whole program.
 * What the county can send again is thrown away and asked for anew; what only this phone had is left where it lies.
 */
import { Locked } from "../vault.ts";
import { type DB, STRICT } from "./db.ts";
import type { Cursor } from "./device.ts";

/** The value, or undefined where the row is damaged; then `damaged` is done first. A lock is no damage. */
export async function opened<T>(opening: Promise<T>, damaged: () => Promise<unknown>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof Locked) throw error;
    await damaged();
    return undefined;
  }
}

/** A damaged row of the pack goes, and its village is asked for from the beginning with the next request. */
export async function askAnew(db: DB, store: "people" | "names", key: string, area: string): Promise<void> {
  const tx = db.transaction([store, "device"], "readwrite", STRICT);
  const marks = tx.objectStore("device");
  const anew = new Set(((await marks.get("anew")) ?? []) as string[]).add(area);
  await Promise.all([tx.objectStore(store).delete(key), marks.put([...anew], "anew"), tx.done]);
}

/** The cursor to ask with: damaged villages begin at 0. Kept at once, so that a kill does not forget it. */
export async function cursorToAsk(db: DB): Promise<Cursor> {
  const tx = db.transaction("device", "readwrite", STRICT);
  const cursor = ((await tx.store.get("cursor")) ?? { villages: {}, cursor: "" }) as Cursor;
  const anew = ((await tx.store.get("anew")) ?? []) as string[];
  if (anew.length) {
    for (const area of anew) if (area in cursor.villages) cursor.villages[area] = 0;
    cursor.cursor = "";
    await Promise.all([tx.store.put(cursor, "cursor"), tx.store.delete("anew")]);
  }
  await tx.done;
  return cursor;
}

/** A damaged sealed value of the county's: it goes, and the next answer brings it again. */
export async function forgetCounty(db: DB, key: string): Promise<void> {
  const tx = db.transaction(["county", "device"], "readwrite", STRICT);
  await Promise.all([
    tx.objectStore("county").delete(key),
    tx.objectStore("device").put({ me: "", county: "" }, "versions"),
    tx.done,
  ]);
}

/** A damaged line of the inbox: all lines come again. */
export async function forgetInbox(db: DB, id: string): Promise<void> {
  const tx = db.transaction(["inbox", "device"], "readwrite", STRICT);
  await Promise.all([tx.objectStore("inbox").delete(id), tx.objectStore("device").put(0, "inbox_rev"), tx.done]);
}
