/**
 * A phone's whole store as a file, so that a later version can be tried on what an earlier one really wrote.
 *
 * Before `VERSION` of pwa/store/db.ts grows, `node node_modules/vitest/vitest.mjs run --config tests/pwa/stores/freeze.config.ts`
 * writes the store of the version that still is, `v<VERSION>.json`; commit it, and never make it again.
 */
import { b64, unb64 } from "../../../pwa/bytes.ts";

export interface Frozen {
  version: number;
  pin: string;
  /** PKCS 8 of the county to which its records are sealed, b64. */
  county: string;
  stores: {
    name: string;
    keyPath: string | string[] | null;
    indexes: { name: string; keyPath: string | string[] }[];
    rows: [key: unknown, value: unknown][];
  }[];
}

const pack = (value: unknown): unknown => {
  if (value instanceof ArrayBuffer) return { $bytes: b64(value) };
  if (Array.isArray(value)) return value.map(pack);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, pack(one)]));
  return value;
};

const unpack = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(unpack);
  if (!value || typeof value !== "object") return value;
  if ("$bytes" in value) return unb64(value.$bytes as string).buffer;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, unpack(one)]));
};

const done = <T>(asked: IDBRequest<T>): Promise<T> =>
  new Promise((good, bad) => {
    asked.onsuccess = () => good(asked.result);
    asked.onerror = () => bad(asked.error);
  });

/** What the open database holds, as plain JSON. */
export async function freeze(db: IDBDatabase, pin: string, county: string): Promise<Frozen> {
  const names = [...db.objectStoreNames];
  const tx = db.transaction(names);
  const stores = await Promise.all(
    names.map(async (name) => {
      const store = tx.objectStore(name);
      const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
      const indexes = [...store.indexNames].map((index) => ({ name: index, keyPath: store.index(index).keyPath }));
      const rows = keys.map((key, at): [unknown, unknown] => [key, pack(values[at])]);
      return { name, keyPath: store.keyPath, indexes, rows };
    }),
  );
  return { version: db.version, pin, county, stores };
}

/** Lay that store down again under `name`, exactly as that version left it. */
export async function thaw(frozen: Frozen, name: string): Promise<void> {
  const asked = indexedDB.open(name, frozen.version);
  asked.onupgradeneeded = () => {
    for (const { name: store, keyPath, indexes } of frozen.stores) {
      const made = asked.result.createObjectStore(store, keyPath === null ? {} : { keyPath });
      for (const index of indexes) made.createIndex(index.name, index.keyPath);
    }
  };
  const db = await done(asked);
  const tx = db.transaction(
    frozen.stores.map(({ name: store }) => store),
    "readwrite",
  );
  for (const { name: store, keyPath, rows } of frozen.stores)
    for (const [key, value] of rows)
      tx.objectStore(store).put(unpack(value), keyPath === null ? (key as IDBValidKey) : undefined);
  await new Promise((good, bad) => {
    tx.oncomplete = good;
    tx.onerror = bad;
  });
  db.close();
}
