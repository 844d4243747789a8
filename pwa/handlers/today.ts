/** Today: who is due, group by group, so that one walk serves several; and the look before leaving. */
import { type Matter, mattersOf, openMatters, topNeed, waitsUntil } from "../cards.ts";
import { type County, type Ctx, type Day, type OwnRecord, type ResidentCard, type Route, seeOther } from "../ctx.ts";
import { age, localDay } from "../filters.ts";
import { unfinished } from "../unfinished.ts";
import { waitingFor } from "./inbox.ts";

export const routes: Route[] = [
  ["GET", "/field/today", today],
  ["GET", "/field/departure", departure],
  ["POST", "/field/departure", bringUpToDate],
];

const ROWS = 50;
const SOON_DAYS = 30; // what is due later is found on the person's page, not here
const MANY_DAYS = 400;
const SPARE_BYTES = 50_000_000; // the browser wants room of its own
const FEW_PICTURES = 30;
const CLOCK_SECONDS = 120;
const PACK_HOURS = 24;

async function today(ctx: Ctx): Promise<Response> {
  const day = ctx.clock.today();
  const [me, county, seen, pack] = await Promise.all([
    ctx.store.me.get(),
    ctx.store.county.get(),
    seenOn(ctx, day),
    ctx.store.people.pack(),
  ]);
  const until = later(day, SOON_DAYS);
  const gone = new Set(seen.map(({ id }) => id));
  const open = (await ctx.store.people.dueToday(until)).filter((card) => {
    if (gone.has(card.id) && !card.tasks.some(({ kind }) => kind === "retake")) return false; // sent back the same day
    return !waitsUntil(card, day) && toSee(card, county, day, until).length > 0;
  });
  const due = byWalk(open, (card) => lastDay(toSee(card, county, day, until)));
  const rows = Math.max(ROWS, Number(ctx.query.get("rows")) || ROWS);
  const villages = [...new Set((due.length ? due : []).map(({ area }) => area))];
  const groups = new Map<string, { id: string; title: string; people: unknown[] }>();
  for (const card of due.slice(0, rows)) {
    const key = `${card.area}${card.group}`;
    const title = villages.length > 1 ? `${me.villages[card.area] ?? ""}${card.group}` : card.group;
    if (!groups.has(key)) groups.set(key, { id: `group-${groups.size + 1}`, title, people: [] });
    groups.get(key)!.people.push({
      ...{
        id: card.id,
        name: card.name,
        sex: card.sex,
        age: age(card.birth_on ?? card.birth_year ?? "", day),
      },
      ...{ matters: toSee(card, county, day, until), need: topNeed(card) },
    });
  }
  const checks = await look(ctx, day);
  return ctx.render("field/today.html", {
    villages: (villages.length ? villages : Object.keys(me.villages))
      .map((code) => me.villages[code] ?? "")
      .filter(Boolean),
    due_count: due.length,
    no_post: me.posts.length === 0,
    groups: [...groups.values()],
    more: due.length > rows ? `/field/today?rows=${rows + ROWS}` : "",
    ...{ seen, seen_count: seen.length },
    next: due.length || !pack.whole ? null : await nextOne(ctx, day),
    coming: pack.whole ? null : pack,
    inbox: await waitingFor(ctx),
    unfinished: await unfinished(ctx),
    missing: checks.filter(({ ok }) => !ok).length,
    said: ctx.query.get("said") ?? "",
  });
}

/** Group by group, the group with the nearest last day first; within a group by last day. */
function byWalk(cards: ResidentCard[], dayOf: (card: ResidentCard) => string): ResidentCard[] {
  const days = new Map(cards.map((card) => [card, dayOf(card)]));
  const first = new Map<string, string>();
  const walk = ({ area, group }: ResidentCard) => `${area}${group}`;
  for (const card of cards) {
    const [known, own] = [first.get(walk(card)), days.get(card)!];
    if (known === undefined || own < known) first.set(walk(card), own);
  }
  const order = (card: ResidentCard) => [first.get(walk(card))!, walk(card), days.get(card)!].join(" ");
  return [...cards].sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}

/** The day after which something is late; looking in and telling an answer have none. */
const lastDay = (matters: Matter[]) =>
  matters.find(({ kind }) => kind === "verification" || kind === "retake" || kind === "delivery")?.due_on || "~";

/** What needs a walk: a question of the township is answered from the inbox. */
const toSee = (card: ResidentCard, county: County, day: Day, until: Day) =>
  openMatters(card, county, day, until).filter(({ kind }) => kind !== "query");

/** Whom this agent visited today, newest first, each once. */
async function seenOn(
  ctx: Ctx,
  day: Day,
): Promise<{ id: string; name: string; reasons: unknown; outcome: unknown; state: string }[]> {
  const visits = (await ctx.store.records.onDay(day)).filter(isVisit);
  const once = new Map<string, OwnRecord>();
  for (const visit of visits) if (!once.has(visit.subject)) once.set(visit.subject, visit);
  return [...once.values()].map(({ subject, subject_name, body, state }) => ({
    ...{ id: subject!, name: subject_name, reasons: body.reasons, outcome: body.outcome, state },
  }));
}

const isVisit = (own: OwnRecord): own is OwnRecord & { subject: string } =>
  own.kind === "visit.ended" && own.subject !== null;

/** Who comes next when nobody is due today. */
async function nextOne(ctx: Ctx, day: Day): Promise<{ name: string; due_on: Day } | null> {
  const county = await ctx.store.county.get();
  const seen = new Set((await ctx.store.records.onDay(day)).map(({ subject }) => subject));
  let next: { name: string; due_on: Day } | null = null;
  for (const card of await ctx.store.people.dueToday(later(day, MANY_DAYS))) {
    if (seen.has(card.id) && !waitsUntil(card, day)) continue;
    const due_on = waitsUntil(card, day) || firstDay(card, county, day);
    if (due_on > day && (!next || due_on < next.due_on)) next = { name: card.name, due_on };
  }
  return next;
}

/** The nearest day of anything still to do. */
function firstDay(card: ResidentCard, county: County, day: Day): string {
  const days = mattersOf(card, county, day).flatMap(({ taken, due_on }) => (!taken && due_on ? [due_on] : []));
  return days.sort()[0] ?? "";
}

/* ---- the look before leaving: nothing of it is recorded (R-BUR-3) */

interface Check {
  kind: "gestures" | "pack" | "space" | "clock" | "unsent";
  ok: boolean;
  n: number;
  names: string[];
  at: string;
  seconds: number;
  /** Of the list: all of it is here, whatever its age. */
  complete: boolean;
}

async function departure(ctx: Ctx): Promise<Response> {
  const checks = await look(ctx, ctx.clock.today());
  const missing = checks.filter(({ ok }) => !ok).length;
  const can_help = checks.some(
    ({ ok, kind, n }) => (!ok && kind !== "space" && kind !== "clock") || (kind === "unsent" && n > 0),
  );
  return ctx.render("field/departure.html", { checks, missing, can_help });
}

function bringUpToDate(ctx: Ctx): Response {
  ctx.send("departure");
  return seeOther("/field/departure");
}

async function look(ctx: Ctx, day: Day): Promise<Check[]> {
  const [counts, pack, heard, proven, due, county] = await Promise.all([
    ctx.store.outbox.counts(),
    ctx.store.people.pack(),
    ctx.store.outbox.lastHeard(),
    ctx.store.outbox.lastProven(),
    ctx.store.people.dueToday(later(day, SOON_DAYS)),
    ctx.store.county.get(),
  ]);
  const now = ctx.clock.now();
  const without = due.filter((card) => needsGesture(card, now, later(day, SOON_DAYS)));
  const fresh = heard !== null && now.getTime() - Date.parse(heard) < PACK_HOURS * 3_600_000;
  const pictures = await roomFor(county.photo_bytes);
  const { ms, age_s } = ctx.clock.offset();
  const seconds = Math.round(Math.abs(ms ?? 0) / 1000);
  const gestures = check("gestures", without.length === 0, {
    n: without.length,
    names: without.slice(0, 3).map(({ name }) => name),
  });
  const complete = pack.whole && pack.people > 0;
  return [
    ...(complete || without.length ? [gestures] : []), // of a list in part nobody can say that all have theirs
    check("pack", fresh && complete, { n: pack.people, at: heard ?? "", complete }),
    ...(pictures === null ? [] : [check("space", pictures >= FEW_PICTURES, { n: pictures })]),
    check("clock", seconds < CLOCK_SECONDS, { at: age_s === null ? "" : (heard ?? ""), seconds }),
    check("unsent", true, { n: counts.waiting, at: proven ?? "" }), // not sent yet is normal, never red
  ];
}

function check(kind: Check["kind"], ok: boolean, facts: Partial<Check>): Check {
  return { kind, ok, n: 0, names: [], at: "", seconds: 0, complete: false, ...facts };
}

/** A verification is due soon and its gesture is missing or has lapsed. */
function needsGesture(card: ResidentCard, now: Date, until: Day): boolean {
  const due = card.entitlements.some(({ taken, due_on }) => !taken && due_on <= until);
  if (!due && !card.tasks.some(({ kind }) => kind === "retake")) return false;
  return !card.challenge || Date.parse(card.challenge.ends_at) <= now.getTime();
}

/** Pictures that still fit, as far as the browser says; null when it does not. */
async function roomFor(bytes: number): Promise<number | null> {
  const room = await globalThis.navigator?.storage?.estimate?.().catch(() => undefined);
  if (!room?.quota) return null;
  return Math.min(999, Math.max(0, Math.floor((room.quota - (room.usage ?? 0) - SPARE_BYTES) / (bytes || 150_000))));
}

function later(day: Day, days: number): Day {
  return localDay(new Date(Date.parse(`${day}T04:00:00Z`) + days * 86_400_000).toISOString());
}
