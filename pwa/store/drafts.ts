/**
 * Forms not yet saved, sealed. Read once after the PIN, so that a form comes back without a flash; written behind, in order.
 * The draft bears the id of the event to come: a picture taken for it is already bound to that event.
 */
import { uuid7 } from "../bytes.ts";
import type { Draft } from "../ctx.ts";
import type { KeyRing } from "../vault.ts";
import { opened } from "./damage.ts";
import { type DB, STRICT } from "./db.ts";
import { isFull, withReserve } from "./reserve.ts";

export class Drafts {
  #all = new Map<string, Draft>();
  #ready: Promise<void> | null = null;
  #writing: Promise<unknown> = Promise.resolve();
  /** Keeps that have begun, also those that do not write yet. */
  #begun = new Set<Promise<void>>();

  constructor(
    readonly db: DB,
    readonly ring: () => KeyRing,
    readonly now: () => Date,
  ) {}

  /** Open all; called at the PIN. */
  load(): Promise<void> {
    this.#ready ??= this.#load().catch((error) => {
      this.#ready = null; // asked for while locked: after the PIN they are read again
      throw error;
    });
    return this.#ready;
  }

  async #load(): Promise<void> {
    const ring = this.ring();
    for (const row of await this.db.getAll("drafts")) {
      const draft = await opened(ring.open<Draft>("drafts", row.key, row.sealed), async () => undefined);
      if (draft) this.#all.set(row.key, draft);
    }
  }

  /** At once, for restoring a form while it is put on the page. */
  peek(key: string): Draft | undefined {
    return this.#all.get(key);
  }

  async get(key: string): Promise<Draft | undefined> {
    await this.load();
    return this.#all.get(key);
  }

  async list(): Promise<Draft[]> {
    await this.load();
    return [...this.#all.values()].sort((a, b) => (a.at < b.at ? 1 : -1));
  }

  async open(key: string): Promise<Draft> {
    await this.load();
    const known = this.#all.get(key);
    if (known) return known;
    const at = this.now();
    const draft: Draft = { key, id: uuid7(at), fields: {}, focus: "", at: at.toISOString() };
    this.#all.set(key, draft);
    await this.#write(draft).catch((error) => {
      if (!isFull(error)) throw error; // a full phone still opens the form; whether it can be saved shows when it is
    });
    return draft;
  }

  keep(
    key: string,
    fields: Record<string, string[]>,
    focus = "",
    path?: string,
    choices: Record<string, string> = {},
  ): Promise<void> {
    const keeping = this.#keep(key, fields, focus, path, choices);
    this.#begun.add(keeping);
    const over = () => void this.#begun.delete(keeping);
    keeping.then(over, over);
    return keeping;
  }

  async #keep(
    key: string,
    fields: Record<string, string[]>,
    focus: string,
    path: string | undefined,
    choices: Record<string, string>,
  ): Promise<void> {
    const draft = await this.open(key);
    const kept = { ...draft, fields: { ...draft.fields, ...fields }, focus, at: this.now().toISOString() };
    if (path) {
      kept.path = path;
      const [page = ""] = path.split("?");
      kept.choices = { ...draft.choices, ...choices };
      kept.pages = { ...draft.pages, ...Object.fromEntries(Object.keys(fields).map((name) => [name, page])) };
    }
    this.#all.set(key, kept);
    await this.#write(kept);
  }

  /** The words of a form whose id is taken, as a form of its own. */
  async again({ id: _taken, ...form }: Draft): Promise<void> {
    await this.load();
    const at = this.now();
    const draft: Draft = { ...form, id: uuid7(at), at: at.toISOString() };
    this.#all.set(draft.key, draft);
    await this.#write(draft);
  }

  async clear(key: string): Promise<void> {
    this.forget(key);
    await this.#inOrder(() => this.db.delete("drafts", key));
  }

  /** The row went in another transaction (the save); drop it from memory too. */
  forget(key: string): Draft | undefined {
    const draft = this.#all.get(key);
    this.#all.delete(key);
    return draft;
  }

  /** The save found no room: the form comes back as it stood. */
  recall(draft: Draft | undefined): void {
    if (draft) this.#all.set(draft.key, draft);
  }

  empty(): void {
    this.#all.clear();
    this.#ready = null;
  }

  /** All that was begun is on the disk. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#begun);
    await this.#writing;
  }

  #write(draft: Draft): Promise<void> {
    const ring = this.ring();
    return this.#inOrder(async () => {
      if (this.#all.get(draft.key) !== draft) return; // a later input, or a save, made this one old
      const sealed = await ring.seal("drafts", draft.key, draft);
      if (this.#all.get(draft.key) !== draft) return;
      await withReserve(this.db, async () => {
        const tx = this.db.transaction("drafts", "readwrite", STRICT);
        await Promise.all([tx.store.put({ key: draft.key, sealed }), tx.done]);
      });
    });
  }

  #inOrder(step: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(step);
    this.#writing = done.catch(() => undefined);
    return done;
  }
}
