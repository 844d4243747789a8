/**
 * All a compiled template needs (pwa/build/writer.mjs writes them): text that is safe, escaping, loops, and the few filters
 * both engines share. Rendering never waits, so the words and filters of the one who renders stand here meanwhile.
 */
import type { Filters } from "./filters.ts";

/** A template: `root` gives its text, or, where it extends another, only sets what its blocks need. */
export interface Template {
  parent: Template | null;
  blocks: Blocks;
  root: Body;
}
type Text = string | Safe;
type Values = Record<string, unknown>;
type Body = (context: Values, blocks: Blocks) => Text;
type Blocks = Record<string, Body>;

/** Markup of ours: printed as it is. */
export class Safe {
  constructor(text: string) {
    this.text = text;
  }
  declare readonly text: string;
  toString(): string {
    return this.text;
  }
}

export interface Words {
  gettext(message: string, values?: Values): Safe;
  ngettext(one: string, many: string, n: number, values?: Values): Safe;
}

export let filters: Filters = {};
let spoken: Words;

/** Render with these words and filters. */
export function render(template: Template, context: Values, words: Words, ours: Filters): string {
  spoken = words;
  filters = ours;
  return whole(template, { ...context });
}

/** A template from its own root up to the one that extends none; the first to give a block has it. */
export function whole(template: Template, context: Values): string {
  let blocks: Blocks = {};
  for (let each = template; ; each = each.parent) {
    blocks = { ...each.blocks, ...blocks };
    const text = each.root(context, blocks);
    if (!each.parent) return String(text);
  }
}

export const words: Words["gettext"] = (message, values) => spoken.gettext(message, values);
export const wordsFor: Words["ngettext"] = (one, many, n, values) => spoken.ngettext(one, many, n, values);

export const safe = (text: Text): Safe => (text instanceof Safe ? text : new Safe(text));

/** Nothing for null and undefined, as Jinja prints what is undefined. */
export const plain = (value: unknown): string => (value == null ? "" : String(value));

const ENTITIES: Record<string, string> = { "&": "amp", '"': "quot", "'": "#39", "<": "lt", ">": "gt" };
export const escaped = (value: unknown): string =>
  value instanceof Safe ? value.text : plain(value).replace(/[&"'<>]/g, (char) => `&${ENTITIES[char]};`);

type Row = (each: never, at: number, all: unknown[]) => Text;

export function each(list: Iterable<unknown> | null | undefined, row: Row, otherwise?: () => Text): Text {
  const all = Array.from(list ?? []);
  return all.length || !otherwise ? all.map(row as (each: unknown) => Text).join("") : otherwise();
}

/** Pairs of a list, or names and values of an object. */
export const eachPair = (from: object | null | undefined, row: Row): Text =>
  each(Array.isArray(from) ? from : Object.entries(from ?? {}), row);

export const within = (key: never, all: string | unknown[] | object): boolean =>
  typeof all === "string" || Array.isArray(all) ? all.includes(key) : key in all;

// The plain filters of tests/templates/subset.py.
const like = (value: unknown, text: string): unknown => (value instanceof Safe ? new Safe(text) : text);
type Listed = { length: number } | null | undefined;

export function length_(value: unknown): number {
  if (value == null) return 0;
  const counted = value instanceof Safe ? value.text : value;
  return (counted as Listed)?.length ?? Object.keys(counted as object).length;
}
export const default_ = (value: unknown, other: unknown, orEmpty = false): unknown =>
  (orEmpty ? value : value !== undefined) ? value : other;
export const join_ = (list: unknown[] | null | undefined, between = ""): string =>
  (list ?? []).map(plain).join(between);
export const upper_ = (value: unknown): string => plain(value).toUpperCase();
export const lower_ = (value: unknown): string => plain(value).toLowerCase();
export const trim_ = (value: unknown): unknown => like(value, plain(value).trim());
export const first_ = (list: unknown[]): unknown => list[0];
export const last_ = (list: unknown[]): unknown => list[list.length - 1];
export const replace_ = (value: unknown, old: string, fresh: string): unknown =>
  like(value, plain(value).split(old).join(fresh));
