/**
 * What a handler is given, and the one way it writes. Read this before writing a screen.
 *
 * A screen is a module in `pwa/handlers/` that exports `routes: Route[]`; `pwa/routes.ts` lists the modules.
 * A handler is `(ctx) → Response`: no DOM, no globals, so a test calls it (`tests/pwa/kit.ts` makes a ctx).
 *
 *   export const routes: Route[] = [
 *     ["GET", "/field/residents/:id", show],
 *     ["POST", "/field/visits/:id/end", end],
 *   ];
 *
 * - Answer a page with `ctx.render("field/resident.html", {…})`; after a POST answer `seeOther("/field/…")`.
 *   A form shown again with errors: `ctx.render(template, {…}, { status: 422 })`. A refusal: `throw new Problem(code, facts)`.
 * - Every page extends `templates/field/_layout.html` (blocks `title`, `content`) and has only boosted links and forms
 *   (`<body hx-boost:inherited="true">` is in the shell: plain `<a href>` and `<form method action>` are enough).
 *   Forms are urlencoded, never multipart. No name, search text or ID number in any address or title.
 * - In every template: `_()`, `ngettext()`, and `page` = `PageFacts` below. Filters: `pwa/filters.ts`.
 *
 * Drafts: `<form data-draft="visit:{{ id }}">` keeps every named field at each input, sealed, and brings it back
 *   (with the focus) after a lock or a kill. `await ctx.store.drafts.open(key)` gives the draft and its `id`: the id the
 *   event will have. Put it into the form as `<input type="hidden" name="event" value="{{ draft.id }}">`, hand it to
 *   `record()` as `id`, and name the draft there (`draft: key`), so that saving clears it in the same transaction. A field with
 *   `data-draft-skip` is not kept; a hidden field is kept only with `data-draft-keep`.
 *
 * Camera island (live camera only; stores the sealed picture before it closes):
 *   <div class="camera" data-camera data-event="{{ draft.id }}" data-role="picture" data-facing="environment">
 *     <video data-camera-view playsinline muted></video>
 *     <div data-camera-refused hidden> … where to switch it on … </div>
 *     <div data-camera-full hidden> … the phone is full, words can still be saved; shown instead of the camera … </div>
 *     <p data-camera-not-kept hidden role="alert"> … there was no room for the picture … </p>
 *     <button type="button" data-camera-shutter>…</button>   <button type="button" data-camera-torch hidden>…</button>
 *   </div>
 *   Inside a `<form>` the shutter stores the picture, writes its ciphertext hash into `<input type="hidden" name="{{ role }}">`
 *   (made if missing) and then submits the form; outside a form it goes to `data-next`. Hand the role to `record({blobs: ["picture"]})`.
 *   A picture taken before the save is shown by `<img data-photo="{{ draft.id }}/picture" alt="…" width="…" height="…">`.
 *
 * Signature island (signature_pad is loaded only where this stands):
 *   <div class="pad" data-signature data-event="{{ draft.id }}" data-role="mark"><canvas></canvas></div>
 *   with an optional `<button type="button" data-signature-clear hidden>` and `<p data-signature-not-kept hidden role="alert">`; after
 *   each stroke the mark is sealed and stored, and the hidden input `mark` (name = role) of the form holds its hash, "" when wiped.
 *   The form waits for a stroke that is still being stored. `data-open` is on the pad once it takes ink.
 *
 * A page with `data-live` on any element is asked for again when a sync changed something (never while a form with a draft is open).
 *
 * PIN pad island `data-pin`, and `data-seconds="n"` (counts down in words) are used by unlock and enrol only.
 */
import type { WrongClock } from "./clock.ts";
import type { Lang } from "./filters.ts";
import type { Net } from "./net.ts";
import type { Problem } from "./problem.ts";
import type {
  BlobType,
  County,
  Day,
  EventKind,
  InboxRow,
  Instant,
  Me,
  NameCard,
  Receipt,
  ResidentCard,
  Uuid,
} from "./wire.ts";

export { Problem } from "./problem.ts";
export { record } from "./record.ts";
export type { BlobType, County, Day, EventKind, InboxRow, Instant, Me, NameCard, ResidentCard, Uuid };

export type Method = "GET" | "POST" | "PUT" | "DELETE";
export type Handler = (ctx: Ctx) => Promise<Response> | Response;
/** `open`: may be answered while the phone is locked (unlock, enrol, outbox totals). */
export type Route = readonly [Method, string, Handler, { open?: boolean }?];

export interface Ctx {
  request: Request;
  url: URL;
  /** From the pattern: `/field/residents/:id`. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** The urlencoded body of a POST; empty for a GET. */
  form: URLSearchParams;
  /** htmx asked for a part of the page (its target is not the body). */
  isFragment: boolean;
  store: Store;
  vault: Lock;
  clock: Clock;
  t: Translate;
  render(template: string, context?: Record<string, unknown>, init?: RenderInit): Promise<Response>;
  /** Have the words of this language at hand; false where they are not on the phone and cannot be fetched. */
  speak(lang: Lang): Promise<boolean>;
  /** Ask the sync to run soon; never waits. */
  send(why: string): void;
  session: Session;
  env: Env;
  net: Net;
}

/** What belongs to this opening of the program and to nobody's address: a first PIN, where the unlock goes on to. */
export type Session = Map<string, unknown>;

export interface Env {
  /** Opened from the icon. */
  standalone: boolean;
  ios: boolean;
  /** Code of the enrolment link's fragment; it never entered an address. */
  code: string;
  version: string;
}

export interface RenderInit {
  status?: number;
  headers?: Record<string, string>;
}

/** `page` in every template. */
export interface PageFacts {
  path: string;
  lang: Lang;
  view: "" | "elder" | "elder elder-max";
  now: Instant;
  today: Day;
  online: boolean;
  /** Records on this phone that no receipt names yet. */
  waiting: number;
  /** Records that need the agent (refused, sent back): red in the bottom bar. */
  needs_you: number;
  agent: string;
  demo: boolean;
  version: string;
  locked: boolean;
  clock: WrongClock | null;
  /** The county does not know this phone any more: it is to be set up again, and keeps what it has. */
  unknown: boolean;
}

export interface Clock {
  /** The phone's own clock. */
  now(): Date;
  /** Server minus phone at the last answer, and how many seconds old that knowledge is; null, null when never heard. */
  offset(): { ms: number | null; age_s: number | null };
  /** Today in Asia/Shanghai. */
  today(): Day;
  /** A record bears this time: no clock that is right stands before it any more. */
  passed(at: Date): void;
  wrong(): WrongClock | null;
}

/** `t("{n} people", {n: 3})`; English is the key. `t.n(one, many, n)` chooses. */
export interface Translate {
  (message: string, values?: Record<string, string | number>): string;
  n(one: string, many: string, n: number, values?: Record<string, string | number>): string;
}

export interface Lock {
  readonly unlocked: boolean;
  lock(): Promise<void>;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

/** One thing that happened. `record(ctx, fact)` or `record(ctx, [fact, fact])`: all in one strict transaction, or none. */
export interface Fact {
  /** The event's id, from the draft; written twice it stays one record. Minted when missing. */
  id?: Uuid;
  kind: EventKind;
  /** The resident concerned, or null. */
  subject: Uuid | null;
  body: Record<string, unknown>;
  /** Roles of pictures and marks stored before under (id, role). */
  blobs?: string[];
  /** Village the act belongs to; default: the subject's, else the agent's first post. */
  area?: string;
  /** What the phone shows at once, before the county answers: members of the subject's card. */
  change?: Partial<ResidentCard>;
  /** Draft to clear with the save. */
  draft?: string;
}

export type RecordState = "queued" | "sending" | "accepted" | "held" | "refused";

/** What this phone wrote, as it is shown in Outbox and on the resident's page. */
export interface OwnRecord {
  id: Uuid;
  seq: number;
  hash: string;
  kind: EventKind;
  subject: Uuid | null;
  /** Name when it was written, so that the list reads even after the person left the pack. */
  subject_name: string;
  body: Record<string, unknown>;
  blobs: { role: string; type: BlobType; bytes: number; sha256: string }[];
  at: Instant;
  state: RecordState;
  /** Read out to people: HL-1013-02. Empty until received. */
  number: string;
  position: number | null;
  reason: string;
  received_at: Instant | null;
  /** Pictures: bytes that arrived, of all. */
  sent_bytes: number;
  total_bytes: number;
  /** The county holds it in a backup too: the sealed copy has left the phone. */
  kept: boolean;
}

/* ---- reading ------------------------------------------------------------------------------------------------- */

export type Person = ResidentCard | NameCard;

export interface Found {
  id: Uuid;
  area: string;
  card: "name" | "full";
  name: string;
  initials: string;
  group: string;
  household: string;
  /** Last four of the ID number where the card has them, else "". */
  tail: string;
  /** Which member met the search: for the underline. */
  by: "name" | "initials" | "group" | "household" | "tail";
}

export interface Draft {
  key: string;
  id: Uuid;
  fields: Record<string, string[]>;
  focus: string;
  at: Instant;
  /** Where its form stood when somebody last wrote in it. */
  path?: string;
  /** On which page each field was written. */
  pages?: Record<string, string>;
  /** "name=value" → what stood beside that choice. */
  choices?: Record<string, string>;
}

export interface StoredPhoto {
  event: Uuid;
  role: string;
  type: BlobType;
  sha256: string;
  plain_sha256: string;
  bytes: number;
}

/** How far the county's list has come. */
export interface Pack {
  /** All villages of the agent's posts, of the county as it is now. */
  whole: boolean;
  /** The county was restored: what stands here is the list of before, until the new one is whole. */
  anew: boolean;
  /** So many people are here. */
  people: number;
}

export interface Settings {
  lang: "zh-Hans" | "en";
  view: "" | "elder" | "elder elder-max";
}

/** What waits on this phone; a record or picture that is lost waits no more. */
export interface Counts {
  waiting: number;
  needs_you: number;
  held: number;
  pictures: number;
  bytes: number;
  /** Records and pictures carried for a colleague. */
  carried: number;
}

export interface Store {
  people: {
    /** The card, or undefined: not in the pack. Own unsent changes are already in it. */
    get(id: Uuid): Promise<Person | undefined>;
    /** All full cards (people of a matter); in memory after the first call. */
    full(): Promise<ResidentCard[]>;
    /** Full cards with something due by `until`, nearest first, grouped by villager group so that one walk serves several. */
    dueToday(until: Day): Promise<ResidentCard[]>;
    forVillage(area: string): Promise<Found[]>;
    /** Name, pinyin initials, group, household or last digits of the ID number; at most `limit`. */
    find(text: string, limit?: number): Promise<Found[]>;
    count(): Promise<{ full: number; all: number }>;
    /** Whether the list is whole; until it is, nothing may be concluded from who is not on it. */
    pack(): Promise<Pack>;
  };
  records: {
    get(id: Uuid): Promise<OwnRecord | undefined>;
    bySubject(subject: Uuid): Promise<OwnRecord[]>;
    /** Written on that day (Asia/Shanghai), newest first. */
    onDay(day: Day): Promise<OwnRecord[]>;
    /** Newest first. */
    list(limit?: number): Promise<OwnRecord[]>;
  };
  drafts: {
    /** The draft under this key, made (with the id of the event to come) if there is none. */
    open(key: string): Promise<Draft>;
    get(key: string): Promise<Draft | undefined>;
    keep(key: string, fields: Record<string, string[]>, focus?: string, path?: string): Promise<void>;
    clear(key: string): Promise<void>;
    list(): Promise<Draft[]>;
  };
  photos: {
    /** Encrypt under a key of its own (formats.md §1), seal that key, store; taken again it replaces the first. */
    put(event: Uuid, role: string, plain: ArrayBuffer, type: BlobType): Promise<StoredPhoto>;
    info(event: Uuid, role: string): Promise<StoredPhoto | undefined>;
    /** The plain bytes, while the phone still holds them. */
    get(event: Uuid, role: string): Promise<{ bytes: ArrayBuffer; type: BlobType } | undefined>;
    remove(event: Uuid, role: string): Promise<void>;
    /** Whether there is room for one more, beside what is kept free for words: asked before it is taken. */
    room(): Promise<boolean>;
  };
  outbox: {
    /** Works locked too: only counts. */
    counts(): Promise<Counts>;
    lastHeard(): Promise<Instant | null>;
    lastProven(): Promise<Instant | null>;
  };
  inbox: {
    list(): Promise<InboxRow[]>;
    get(id: Uuid): Promise<InboxRow | undefined>;
  };
  county: {
    /** The county's words and numbers: gestures, consent texts, names of benefits and needs, days. */
    get(): Promise<County>;
  };
  me: {
    get(): Promise<Me>;
  };
  settings: {
    get(): Promise<Settings>;
    set(change: Partial<Settings>): Promise<void>;
  };
}

/** Answer a POST: the next page, by 303. */
export function seeOther(path: string): Response {
  return new Response(null, { status: 303, headers: { Location: path } });
}

export type { Problem as PhoneProblem, Receipt };
