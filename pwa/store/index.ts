/** The store as handlers see it: the modules beside this one, over one open database and the keys of the PIN. */
import { dayOf } from "../clock.ts";
import type { OwnRecord, Pack, Person, Settings, Store } from "../ctx.ts";
import { Problem } from "../problem.ts";
import type { Vault } from "../vault.ts";
import type { BlobType, County, InboxRow, Me, ResidentCard } from "../wire.ts";
import * as blobs from "./blobs.ts";
import * as county from "./county.ts";
import type { DB } from "./db.ts";
import * as device from "./device.ts";
import { Drafts } from "./drafts.ts";
import * as inbox from "./inbox.ts";
import { People } from "./people.ts";
import * as records from "./records.ts";
import * as reserve from "./reserve.ts";

export const PLAIN: Settings = { lang: "zh-Hans", view: "" };

export class PhoneStore implements Store {
  readonly everyone: People;
  readonly written: records.Records;
  readonly forms: Drafts;
  /** The page dresses anew: language, size of the words. */
  onSettings: (settings: Settings) => void = () => undefined;
  /** The phone was emptied on purpose: marks outside the store go too. */
  onEmptied: () => void = () => undefined;
  /** Ids on the wire right now; kept up by sync. */
  readonly sending = new Set<string>();

  constructor(
    readonly db: DB,
    readonly vault: Vault,
    readonly now: () => Date,
  ) {
    const ring = () => vault.ring;
    this.everyone = new People(db, ring);
    this.written = new records.Records(db, ring);
    this.forms = new Drafts(db, ring, now);
    vault.onChange((unlocked) => {
      if (!unlocked) this.empty();
    });
  }

  /** At the PIN: names for Find, cards, drafts. */
  async warm(): Promise<void> {
    await Promise.all([this.everyone.load(), this.everyone.full(), this.forms.load()]);
    this.roomKept = reserve.keep(this.db).catch(() => false); // behind the first page
  }

  roomKept: Promise<boolean> = Promise.resolve(false);

  /** Nothing readable stays in memory. */
  empty(): void {
    this.everyone.empty();
    this.written.empty();
    this.forms.empty();
  }

  /** The rows on the disk changed under us (a sync, another tab): read them again. Drafts are written by this page alone. */
  refresh(): void {
    this.everyone.empty();
    this.written.empty();
  }

  readonly people = {
    get: (id: string): Promise<Person | undefined> => this.everyone.get(id),
    full: (): Promise<ResidentCard[]> => this.everyone.full(),
    dueToday: (until: string): Promise<ResidentCard[]> => this.everyone.due(until),
    forVillage: (area: string) => this.everyone.forVillage(area),
    find: (text: string, limit?: number) => this.everyone.find(text, limit),
    count: () => this.everyone.count(),
    pack: () => this.#pack(),
  };

  readonly records = {
    get: async (id: string): Promise<OwnRecord | undefined> => this.#live(await this.written.get(id)),
    bySubject: async (subject: string) => (await this.written.bySubject(subject)).map((one) => this.#live(one)),
    onDay: async (day: string) => (await this.written.onDay(day, dayOf)).map((one) => this.#live(one)),
    list: async (limit?: number) => (await this.written.list(limit)).map((one) => this.#live(one)),
  };

  readonly drafts = {
    open: (key: string) => this.forms.open(key),
    get: (key: string) => this.forms.get(key),
    keep: (key: string, fields: Record<string, string[]>, focus?: string, path?: string) =>
      this.forms.keep(key, fields, focus, path),
    clear: (key: string) => this.forms.clear(key),
    list: () => this.forms.list(),
  };

  readonly photos = {
    put: async (event: string, role: string, plain: ArrayBuffer, type: BlobType) => {
      const { key: _secret, ...ref } = await blobs.put(this.db, this.vault.ring, event, role, plain, type);
      return { event, ...ref };
    },
    info: async (event: string, role: string) => {
      const found = await blobs.info(this.db, this.vault.ring, event, role);
      if (!found) return undefined;
      const { key: _secret, ...ref } = found;
      return { event, ...ref };
    },
    get: (event: string, role: string) => blobs.get(this.db, this.vault.ring, event, role),
    remove: (event: string, role: string) => blobs.remove(this.db, event, role),
    room: () => reserve.roomForPictures(this.db),
  };

  readonly outbox = {
    counts: () => records.counts(this.db),
    lastHeard: async () => {
      const heard = await device.get(this.db, "heard");
      return heard ? new Date(heard.at).toISOString() : null;
    },
    lastProven: async () => (await device.get(this.db, "proven")) ?? null,
  };

  readonly inbox = {
    list: (): Promise<InboxRow[]> => inbox.list(this.db, this.vault.ring),
    get: (id: string) => inbox.get(this.db, this.vault.ring, id),
  };

  readonly county = {
    get: async (): Promise<County> => {
      const found = await county.get<County>(this.db, this.vault.ring, "county");
      if (!found) throw new Problem("pack-missing", {}, 409);
      return found;
    },
  };

  readonly me = {
    get: async (): Promise<Me> => {
      const me = await county.get<Me>(this.db, this.vault.ring, "me");
      if (!me) throw new Problem("pack-missing", {}, 409);
      return me;
    },
  };

  readonly settings = {
    get: async (): Promise<Settings> => ({ ...PLAIN, ...(await device.get(this.db, "settings")) }),
    set: async (change: Partial<Settings>): Promise<void> => {
      const settings = { ...(await this.settings.get()), ...change };
      await device.put(this.db, "settings", settings);
      this.onSettings(settings);
    },
  };

  async #pack(): Promise<Pack> {
    const [identity, packed, cursor, me, { all }] = await Promise.all([
      device.get(this.db, "identity"),
      device.get(this.db, "packed"),
      device.get(this.db, "cursor"),
      county.get<Me>(this.db, this.vault.ring, "me"),
      this.everyone.count(),
    ]);
    const here = cursor?.villages ?? {};
    const all_here = me !== undefined && Object.keys(me.villages).every((area) => (here[area] ?? 0) > 0);
    const current = packed !== undefined && packed === identity?.epoch;
    return { whole: current && all_here, anew: packed !== undefined && !current, people: all };
  }

  #live<T extends OwnRecord | undefined>(record: T): T {
    return record && this.sending.has(record.id) && record.state === "queued"
      ? { ...record, state: "sending" }
      : record;
  }
}
