/**
 * The phone's disk, and the lives of the browser over it. fake-indexeddb holds the rows; here it learns to lose its browser between
 * any two steps, its power (what was not written durably goes back), its room, and single rows.
 */
import FDBDatabase from "fake-indexeddb/lib/FDBDatabase";
import FDBObjectStore from "fake-indexeddb/lib/FDBObjectStore";
import { unwrap } from "idb";
import type { DB } from "../../../pwa/store/db.ts";

/** The browser was ended; whatever its pages still do has no effect. */
export class Killed extends Error {}

/** One run of the browser with all its pages, until it is ended. */
export class Life {
  dead = false;
  steps = 0;
  /** Ended when it is about to take this step, counted from its start. */
  diesAt = Number.POSITIVE_INFINITY;
  /** Between which steps it ended. */
  last = "";
  readonly death: Promise<never>;
  #reject!: (error: Killed) => void;
  readonly open = new Set<FDBTransactionLike>();

  constructor(readonly disk: Disk) {
    this.death = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.death.catch(() => undefined);
  }

  /** Something that others can see is about to happen. */
  step(what: string): void {
    if (this.dead) throw new Killed();
    this.steps += 1;
    if (this.steps < this.diesAt) {
      this.last = what;
      return;
    }
    this.end();
    throw new Killed(`before ${what}, after ${this.last}`);
  }

  /** SIGKILL: open transactions never happened. */
  end(): void {
    if (this.dead) return;
    this.dead = true;
    for (const transaction of this.open)
      try {
        transaction.abort();
      } catch {
        // it had committed
      }
    this.open.clear();
    this.#reject(new Killed());
  }

  /** What a page does, or its death. */
  async lived<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    const done = await Promise.race([work, this.death]);
    if (this.dead) throw new Killed(); // a screen nobody saw
    return done;
  }
}

interface FDBTransactionLike extends EventTarget {
  mode: IDBTransactionMode;
  durability: string;
  abort(): void;
  _rollbackLog: (() => void)[];
  _execRequestAsync(what: { operation: () => void; source: unknown }): IDBRequest;
}

interface Stored {
  key: IDBValidKey;
  value: unknown;
}

interface RawStore {
  records: { values(): Iterable<Stored> };
}

const lives = new WeakMap<object, Life>();

export class Disk {
  /** Bytes its rows may take. */
  quota = Number.POSITIVE_INFINITY;
  /** Undoes what was committed without waiting for the disk, newest last. */
  #undo: (() => void)[] = [];

  #database: Parameters<typeof usedBy>[0] | null = null;

  /** From now on this connection belongs to that life. */
  static belongs(db: DB, life: Life): void {
    lives.set(unwrap(db), life);
    life.disk.#database = unwrap(db) as unknown as Parameters<typeof usedBy>[0];
  }

  /** Others fill the disk until so many bytes are left for this program. */
  leave(bytes: number): void {
    this.quota = (this.#database ? usedBy(this.#database) : 0) + bytes;
  }

  /** A transaction of this disk has committed. */
  committed(transaction: FDBTransactionLike): void {
    if (transaction.durability === "strict") this.#undo = [];
    else this.#undo.push(...transaction._rollbackLog);
  }

  /** The battery fell out: what the disk had not been told to keep is as it was. */
  powerCut(): void {
    for (const step of this.#undo.reverse()) step();
    this.#undo = [];
  }
}

function sizeOf(value: unknown): number {
  if (value instanceof ArrayBuffer) return value.byteLength;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + sizeOf(each), 8);
  if (value && typeof value === "object")
    return Object.entries(value).reduce((sum, [name, each]) => sum + name.length + sizeOf(each), 8);
  return typeof value === "string" ? value.length : 8;
}

function usedBy(database: { _rawDatabase: { rawObjectStores: Map<string, RawStore> } }): number {
  let used = 0;
  for (const store of database._rawDatabase.rawObjectStores.values())
    for (const { value } of store.records.values()) used += sizeOf(value);
  return used;
}

/** Teach fake-indexeddb once. */
export function install(): void {
  const database = FDBDatabase.prototype as unknown as {
    transaction(names: string[], mode?: IDBTransactionMode, options?: object): FDBTransactionLike;
  };
  const begin = database.transaction;
  database.transaction = function (names, mode, options) {
    const life = lives.get(this);
    if (life?.dead) throw new Killed();
    if (life && mode === "readwrite") life.step(`begin ${[names].flat().join("+")}`);
    const transaction = begin.call(this, names, mode, options);
    if (!life || mode !== "readwrite") return transaction;
    life.open.add(transaction);
    const ended = () => life.open.delete(transaction);
    transaction.addEventListener("abort", ended);
    transaction.addEventListener("complete", () => {
      ended();
      life.disk.committed(transaction);
      if (!life.dead)
        try {
          life.step(`commit ${[names].flat().join("+")}`);
        } catch {
          // ended right after the commit: the page never hears of it
        }
    });
    return transaction;
  };

  const store = FDBObjectStore.prototype as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of ["put", "add", "delete", "clear"]) {
    const write = store[name]!;
    store[name] = function (this: { transaction: FDBTransactionLike & { db: object }; name: string }, ...given) {
      const life = lives.get(this.transaction.db);
      if (life && this.transaction.mode === "readwrite") life.step(`${name} ${this.name}`);
      const adds = name === "put" || name === "add";
      const { quota } = life?.disk ?? { quota: Number.POSITIVE_INFINITY };
      if (life && adds && quota < Number.POSITIVE_INFINITY) {
        const used = usedBy(this.transaction.db as Parameters<typeof usedBy>[0]);
        if (used + sizeOf(given[0]) > quota)
          return this.transaction._execRequestAsync({
            operation: () => {
              throw new DOMException("no room", "QuotaExceededError");
            },
            source: this,
          });
      }
      return write.apply(this, given);
    };
  }
}
