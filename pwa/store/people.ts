/**
 * The pack. Full cards (people of a matter) are sealed one by one; names of everybody, for Find, are one sealed chunk per village.
 * After the PIN the names stand in memory as lines ready to be searched; a lock drops them.
 */
import type { Found, Person } from "../ctx.ts";
import type { KeyRing } from "../vault.ts";
import { filled, type NameCard, type ResidentCard, type Row } from "../wire.ts";
import { askAnew, opened } from "./damage.ts";
import { type DB, type NamesRow, type PersonRow, STRICT } from "./db.ts";
import type { Cursor } from "./device.ts";

/** One line of the sealed chunk of a village. */
export interface NameLine {
  id: string;
  rev: number;
  card: "name" | "full";
  name: string;
  initials: string;
  group: string;
  household: string;
  tail: string;
  /** The county's epoch it came under; what an old epoch left is swept when the new pack is whole. */
  epoch: number;
  /** Written on this phone, not yet known to the county. */
  local?: true;
}

interface Line extends NameLine {
  area: string;
  /** Lower case, for matching. */
  low: string;
}

export class People {
  #loading: Promise<Map<string, Line>> | null = null;
  #full: Map<string, ResidentCard> | null = null;
  #loadingFull: Promise<Map<string, ResidentCard>> | null = null;

  constructor(
    readonly db: DB,
    readonly ring: () => KeyRing,
  ) {}

  empty(): void {
    this.#loading = null;
    this.#full = null;
    this.#loadingFull = null;
  }

  /** Names ready for Find; called at the PIN. */
  load(): Promise<Map<string, Line>> {
    this.#loading ??= this.#load().catch((error) => {
      this.#loading = null; // asked for while locked: after the PIN it is read again
      throw error;
    });
    return this.#loading;
  }

  async #load(): Promise<Map<string, Line>> {
    const ring = this.ring();
    const lines = new Map<string, Line>();
    for (const chunk of await this.db.getAll("names"))
      for (const line of await this.#names(ring, chunk))
        lines.set(line.id, { ...line, area: chunk.area, low: line.name.toLowerCase() });
    return lines;
  }

  async #cards(): Promise<Map<string, ResidentCard>> {
    this.#loadingFull ??= (async () => {
      const ring = this.ring();
      const rows = await this.db.getAll("people");
      const cards = await Promise.all(rows.map((row) => this.#card(ring, row)));
      this.#full = new Map(cards.flatMap((card) => (card ? [[card.id, card]] : [])));
      return this.#full;
    })().catch((error) => {
      this.#loadingFull = null;
      throw error;
    });
    return this.#loadingFull;
  }

  /** Damaged: the name line stands until the county sends the card again. */
  #card(ring: KeyRing, row: PersonRow): Promise<ResidentCard | undefined> {
    const opening = ring.open<ResidentCard>("people", row.id, row.sealed);
    return opened(opening, () => askAnew(this.db, "people", row.id, row.area));
  }

  async #names(ring: KeyRing, chunk: NamesRow): Promise<NameLine[]> {
    const opening = ring.open<NameLine[]>("names", chunk.area, chunk.sealed);
    return (await opened(opening, () => askAnew(this.db, "names", chunk.area, chunk.area))) ?? [];
  }

  async full(): Promise<ResidentCard[]> {
    return [...(await this.#cards()).values()];
  }

  async get(id: string): Promise<Person | undefined> {
    const cached = this.#full?.get(id);
    if (cached) return cached;
    const row = await this.db.get("people", id);
    const card = row && (await this.#card(this.ring(), row));
    if (card) return card;
    const line = (await this.load()).get(id);
    if (!line) return undefined;
    const { area, rev, name, initials, household, group } = line;
    return { id, area, rev, card: "name", name, initials, household, group };
  }

  async count(): Promise<{ full: number; all: number }> {
    return { full: await this.db.count("people"), all: (await this.load()).size };
  }

  async forVillage(area: string): Promise<Found[]> {
    const lines = [...(await this.load()).values()].filter((line) => line.area === area);
    return lines.sort(byGroupAndName).map((line) => found(line, "name"));
  }

  async find(text: string, limit = 50): Promise<Found[]> {
    const asked = text.normalize("NFKC").trim().toLowerCase().replace(/\s+/g, " ");
    if (!asked) return [];
    const lines = (await this.load()).values();
    const hits: { line: Line; by: Found["by"]; fit: number }[] = [];
    const words = asked.split(" ");
    for (const line of lines) {
      let fit = 0;
      let by: Found["by"] | null = null;
      for (const word of words) {
        const hit = match(line, word);
        if (!hit) {
          by = null;
          break;
        }
        by ??= hit[0];
        fit += hit[1];
      }
      if (by) hits.push({ line, by, fit });
    }
    // Lines come in the order of group and name, and the sort is stable: only the nearness decides here.
    hits.sort((a, b) => a.fit - b.fit || weight(a.line) - weight(b.line));
    return hits.slice(0, limit).map(({ line, by }) => found(line, by));
  }

  /** Cards with something due by that day, or to be done at any time: group by group, nearest first within a group, door by door. */
  async due(until: string): Promise<ResidentCard[]> {
    const cards = (await this.full()).filter((card) => !card.life && nearest(card) <= until);
    const first = new Map<string, string>();
    for (const card of cards)
      if (nearest(card) < (first.get(place(card)) ?? "~")) first.set(place(card), nearest(card));
    return cards.sort(
      (a, b) =>
        order(first.get(place(a))!, first.get(place(b))!) ||
        order(a.area, b.area) ||
        byGroup(a, b) ||
        order(nearest(a), nearest(b)) ||
        compare(a.household, b.household) || // one door serves a couple
        compare(a.name, b.name),
    );
  }

  /**
   * Take rows of the county: full cards one by one, names into their village's chunk, all with the new cursor in one
   * transaction. `patch` gives what this phone changed and the county has not taken yet.
   */
  async apply(
    rows: Row[],
    cursor: Cursor,
    epoch: number,
    patch: (id: string) => Partial<ResidentCard> | undefined = () => undefined,
  ): Promise<void> {
    const ring = this.ring();
    const puts: PersonRow[] = [];
    const removals: string[] = [];
    const byArea = new Map<string, { id: string; line: NameLine | null }[]>();
    const known = await this.load();
    for (const row of rows) {
      const before = known.get(row.id)?.area;
      // Someone who moved to another village leaves the old chunk.
      if (before && before !== row.area) list(byArea, before).push({ id: row.id, line: null });
      if ("gone" in row) {
        list(byArea, row.area).push({ id: row.id, line: null });
        removals.push(row.id);
        continue;
      }
      list(byArea, row.area).push({ id: row.id, line: lineOf(row, epoch) });
      if (row.card === "name") {
        removals.push(row.id);
        continue;
      }
      const card = filled({ ...row, ...patch(row.id) });
      const sealed = await ring.seal("people", row.id, card);
      puts.push({ id: row.id, area: row.area, rev: row.rev, card: "full", sealed });
    }
    const chunks = await Promise.all(
      [...byArea].map(async ([area, changed]) => {
        const chunk = await this.db.get("names", area);
        const lines = new Map(chunk ? (await this.#names(ring, chunk)).map((line) => [line.id, line]) : []);
        for (const { id, line } of changed)
          if (line) lines.set(id, line);
          else lines.delete(id);
        return sealNames(ring, area, [...lines.values()]);
      }),
    );
    const tx = this.db.transaction(["people", "names", "device"], "readwrite", STRICT);
    const people = tx.objectStore("people");
    await Promise.all([
      ...removals.map((id) => people.delete(id)),
      ...puts.map((row) => people.put(row)),
      ...chunks.map((chunk) => tx.objectStore("names").put(chunk)),
      tx.objectStore("device").put(cursor, "cursor"),
      tx.done,
    ]);
    // A first pack comes in many pages: keep what is in memory instead of opening every chunk again for each.
    for (const [area, changed] of byArea)
      for (const { id, line } of changed)
        if (line) known.set(id, { ...line, area, low: line.name.toLowerCase() });
        else if (known.get(id)?.area === area) known.delete(id);
    this.#full = null;
    this.#loadingFull = null;
  }

  /** A village our posts lost: its people leave the phone. */
  async drop(areas: string[]): Promise<void> {
    if (areas.length === 0) return;
    const tx = this.db.transaction(["people", "names", "device"], "readwrite", STRICT);
    const cursor = ((await tx.objectStore("device").get("cursor")) ?? { villages: {}, cursor: "" }) as Cursor;
    for (const area of areas) {
      delete cursor.villages[area];
      await tx.objectStore("names").delete(area);
      for (const id of await tx.objectStore("people").index("area").getAllKeys(area))
        await tx.objectStore("people").delete(id);
    }
    await tx.objectStore("device").put(cursor, "cursor");
    await tx.done;
    this.empty();
  }

  /** The new epoch's pack is whole: what it did not name is not known to the county any more. */
  async sweep(epoch: number): Promise<void> {
    const ring = this.ring();
    const stale: string[] = [];
    const chunks: NamesRow[] = [];
    for (const chunk of await this.db.getAll("names")) {
      const lines = await this.#names(ring, chunk);
      const fresh = lines.filter((line) => line.epoch === epoch || line.local);
      if (fresh.length === lines.length) continue;
      for (const line of lines) if (!fresh.includes(line)) stale.push(line.id);
      chunks.push(await sealNames(ring, chunk.area, fresh));
    }
    const tx = this.db.transaction(["people", "names"], "readwrite", STRICT);
    await Promise.all([
      ...stale.map((id) => tx.objectStore("people").delete(id)),
      ...chunks.map((chunk) => tx.objectStore("names").put(chunk)),
      tx.done,
    ]);
    this.empty();
  }

  /**
   * What a record of this phone changes at once: the card's new row, and its village's chunk if the name line changes with it.
   * Made before the transaction, since sealing would end it.
   */
  async prepare(card: ResidentCard, local: boolean): Promise<{ person: PersonRow; names: NamesRow | null }> {
    const ring = this.ring();
    const person: PersonRow = {
      ...{ id: card.id, area: card.area, rev: card.rev, card: "full" as const },
      sealed: await ring.seal("people", card.id, card),
    };
    if (!local) return { person, names: null };
    const chunk = await this.db.get("names", card.area);
    const lines = chunk ? await this.#names(ring, chunk) : [];
    const rest = lines.filter((line) => line.id !== card.id);
    const names = await sealNames(ring, card.area, [...rest, { ...lineOf(card, 0), local: true }]);
    return { person, names };
  }
}

/** Sorted when written, so that reading 10 000 names after the PIN sorts nothing. */
async function sealNames(ring: KeyRing, area: string, lines: NameLine[]): Promise<NamesRow> {
  lines.sort(byGroupAndName);
  return { area, sealed: await ring.seal("names", area, lines) };
}

function lineOf(row: NameCard | (NameCardLike & { tail?: string }), epoch: number): NameLine {
  const { id, rev, card, name, initials, group, household } = row;
  const tail = "tail" in row ? (row.tail ?? "").toLowerCase() : "";
  return { id, rev, card, name, initials: initials.toLowerCase(), group, household, tail, epoch };
}

type NameCardLike = Omit<NameCard, "card"> & { card: "full" };

/** The member that meets the word, and how well: smaller is nearer. */
function match(line: Line, word: string): [Found["by"], number] | null {
  const at = line.low.indexOf(word);
  if (at === 0) return ["name", line.low === word ? 0 : 1];
  if (at > 0) return ["name", 2];
  if (/^[a-z]+$/.test(word)) {
    const start = line.initials.indexOf(word);
    if (start === 0) return ["initials", line.initials === word ? 1 : 2];
    if (start > 0) return ["initials", 4];
  }
  if (/^\d{2,}x?$|^x$/.test(word) && line.tail.endsWith(word.slice(-4))) return ["tail", word.length >= 4 ? 1 : 4];
  if (line.group && groupWords(line.group).includes(word)) return ["group", 3];
  if (line.household?.toLowerCase().includes(word)) return ["household", 5];
  return null;
}

const FIGURES = "零一二三四五六七八九";

/** 三 → 3, 十二 → 12, 二十三 → 23; "" for anything else. */
function figure(words: string): string {
  if (/^\d+$/.test(words)) return words;
  const [, tens, ten, ones] = /^([一二三四五六七八九])?(十)?([一二三四五六七八九])?$/.exec(words) ?? [];
  if (!tens && !ten && !ones) return "";
  if (!ten) return tens && ones ? "" : String(FIGURES.indexOf(tens ?? ones ?? ""));
  return String((tens ? FIGURES.indexOf(tens) : 1) * 10 + (ones ? FIGURES.indexOf(ones) : 0));
}

const plainGroup = (group: string): string => group.toLowerCase().replace(/(村民小组|小组|组)$/, "");

/** 三组 is found as 三组, 三, 3组 and 3. Worked out once a group, not once a person and letter. */
function groupWords(group: string): string[] {
  const known = GROUPS.get(group);
  if (known) return known;
  const plain = plainGroup(group);
  const number = figure(plain);
  const words = [group.toLowerCase(), plain, `${plain}组`, number, number && `${number}组`];
  GROUPS.set(group, words);
  return words;
}

const GROUPS = new Map<string, string[]>();

/** The nearest day of anything this person waits for; "" for a task without a day, "~" (after all days) for nothing. */
export function nearest(card: ResidentCard): string {
  const open = card.entitlements.filter(({ taken }) => !taken).map(({ due_on }) => due_on);
  const days = [...open, ...card.tasks.map(({ due_on }) => due_on ?? "")];
  return days.length ? days.reduce((a, b) => (a < b ? a : b)) : "~";
}

const place = (card: ResidentCard): string => `${card.area}\n${card.group}`;

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const { compare } = new Intl.Collator("zh", { numeric: true });

/** 一组, 2组, 三组, 十组: as people count, not as the signs are sorted. */
export function byGroup(a: { group: string }, b: { group: string }): number {
  const [x, y] = [plainGroup(a.group), plainGroup(b.group)];
  return compare(figure(x) || x, figure(y) || y);
}

function byGroupAndName(a: NameLine, b: NameLine): number {
  return byGroup(a, b) || compare(a.name, b.name);
}

/** People of a matter stand before the rest. */
const weight = (line: NameLine): number => (line.card === "full" ? 0 : 1);

function found(line: Line, by: Found["by"]): Found {
  const { id, area, card, name, initials, group, household, tail } = line;
  return { id, area, card, name, initials, group, household, tail, by };
}

function list<K, V>(map: Map<K, V[]>, key: K): V[] {
  const known = map.get(key);
  if (known) return known;
  const fresh: V[] = [];
  map.set(key, fresh);
  return fresh;
}
