/** Told of a death: three questions, no picture; visits and messages stop at once; heard wrong, it is put right (R-LIF-6). */

import { type Correctable, correctionOf, isInTime } from "../corrections.ts";
import { type Ctx, type Draft, type Fact, type OwnRecord, type Route, record, seeOther } from "../ctx.ts";
import { cardOf, type Errors, none, oneOf, whom, words } from "../fields.ts";
import type { DeathReported } from "../generated/wire.ts";
import type { ResidentCard } from "../wire.ts";
import { fieldsOf, notTaken, read as readVisit, visitFact, visitKey } from "./visits.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id/death", show],
  ["POST", "/field/residents/:id/death", report],
  ["GET", "/field/residents/:id/death/mistaken", showMistaken],
  ["POST", "/field/residents/:id/death/mistaken", mistaken],
];

const TOLD = ["family", "neighbour", "village", "other"] as const;
const SEEN = ["none", "death_certificate", "cremation_certificate"] as const;
const DAY_MS = 86_400_000;

interface Values {
  told: (typeof TOLD)[number] | "";
  name: string;
  on: string;
  seen: (typeof SEEN)[number] | "";
}

const home = (id: string) => `/field/residents/${id}`;

async function show(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  if (card.life) return seeOther(home(card.id));
  return page(ctx, { told: "", name: "", on: "", seen: "" }, {});
}

/** The visit whose outcome this is: filled in, not yet kept. It is written together with the report, or not at all. */
async function visitOf(ctx: Ctx, card: ResidentCard): Promise<Draft | undefined> {
  if (ctx.query.get("visit") !== "1") return undefined;
  const draft = await ctx.store.drafts.get(visitKey(card.id));
  return draft && readVisit(fieldsOf(draft)).outcome === "death_reported" ? draft : undefined;
}

async function page(ctx: Ctx, values: Values, errors: Errors): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(`death:${card.id}`);
  const visit = await visitOf(ctx, card);
  const action = `${home(card.id)}/death${visit ? "?visit=1" : ""}`;
  const back = visit ? `/field/visits/new?resident=${card.id}` : home(card.id);
  return ctx.render(
    "field/death.html",
    {
      ...{ action, back, person: whom(ctx, card), draft, draft_key: draft.key },
      ...{ values, errors, correcting: null },
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function report(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(`death:${card.id}`);
  const id = ctx.form.get("event") || draft.id;
  const { values, errors, said } = read(ctx);
  if (!said || !none(errors)) return page(ctx, values, errors);
  const visit = await visitOf(ctx, card);
  const body: DeathReported = { death: id, visit: visit?.id ?? null, ...said };
  const facts: Fact[] = [
    {
      ...{ id, kind: "death.reported", subject: card.id, body: { ...body }, draft: draft.key },
      change: { life: "death_reported" },
    },
  ];
  if (visit) {
    const went = readVisit(fieldsOf(visit));
    facts.push(await visitFact(ctx, card, visit, went, null, []), ...notTaken(card, visit.id, went, ctx.clock.now()));
  }
  await record(ctx, facts);
  return seeOther(`${home(card.id)}?said=death`);
}

type Said = Pick<DeathReported, "reporter" | "relation" | "died_on" | "source" | "words">;

function read(ctx: Ctx): { values: Values; errors: Errors; said: Said | null } {
  const { form } = ctx;
  const told = oneOf(form, "told", TOLD);
  const seen = oneOf(form, "seen", SEEN);
  const values: Values = { told, seen, name: words(form, "told_name"), on: words(form, "on", 40) };
  const today = ctx.clock.today();
  const day = dayOf(values.on, today);
  const errors: Errors = {};
  if (!told) errors.told = ctx.t("Choose who told you");
  if (told === "other" && !values.name) errors.told_name = ctx.t("Write who it is");
  if (!seen) errors.seen = ctx.t("Choose one, none yet is an answer too");
  if (day > today) errors.on = ctx.t("That day is still to come. Please look again");
  if (!told || !seen || !none(errors)) return { values, errors, said: null };
  const relation = {
    family: ctx.t("family"),
    neighbour: ctx.t("neighbour"),
    village: ctx.t("group leader"),
    other: "",
  }[told];
  const paper = {
    none: "",
    death_certificate: ctx.t("Saw the death certificate"),
    cremation_certificate: ctx.t("Saw the cremation certificate"),
  }[seen];
  // What is not a day of the calendar is kept as it was said: 十月初, 上周.
  const roughly = values.on && !day ? ctx.t("Day as told: {day}", { day: values.on }) : "";
  const said = {
    ...{ reporter: told === "other" ? values.name : relation, relation },
    died_on: day || null,
    source: seen !== "none" ? ("document" as const) : told === "other" ? ("village" as const) : told,
    words: [paper, roughly].filter(Boolean).join("；"),
  };
  return { values, errors, said };
}

/** A day as people write it: 2026年10月8日, 10月8日, 10.8, 2026-10-08, 今天, 昨天, 前天. "" when it is none. */
export function dayOf(text: string, today: string): string {
  const plain = text.normalize("NFKC").replace(/\s/g, "");
  const ago = { 今天: 0, today: 0, 昨天: 1, yesterday: 1, 前天: 2 }[plain.toLowerCase()];
  if (ago !== undefined) return new Date(Date.parse(`${today}T00:00:00Z`) - ago * DAY_MS).toISOString().slice(0, 10);
  const found = /^(?:(\d{4})[年./-])?(\d{1,2})[月./-](\d{1,2})[日号]?$/.exec(plain);
  if (!found) return "";
  const [, given, m, d] = found;
  const year = Number(given ?? today.slice(0, 4));
  const day = iso(year, Number(m), Number(d));
  // Said in January of a day in December: last year's.
  return !given && day > today ? iso(year - 1, Number(m), Number(d)) : day;
}

function iso(y: number, m: number, d: number): string {
  const at = new Date(Date.UTC(y, m - 1, d));
  return at.getUTCMonth() === m - 1 && at.getUTCDate() === d ? at.toISOString().slice(0, 10) : "";
}

/* ---- heard wrong ---- */

/** The report of this phone that can still be put right here; somebody else's, or an old one, goes by the township. */
async function ownReport(ctx: Ctx, card: ResidentCard): Promise<OwnRecord | undefined> {
  const records = await ctx.store.records.bySubject(card.id);
  const reports = records.filter(({ kind, state }) => kind === "death.reported" && state !== "refused");
  const found = reports[0];
  return found && (await isInTime(ctx, found)) && !(await correctionOf(ctx, found)) ? found : undefined;
}

async function showMistaken(ctx: Ctx): Promise<Response> {
  return mistakenPage(ctx, "", {});
}

async function mistakenPage(ctx: Ctx, why: string, errors: Errors): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(`death-mistaken:${card.id}`);
  const me = await ctx.store.me.get();
  const own = card.life === "death_reported" && (await ownReport(ctx, card)) !== undefined;
  return ctx.render(
    "field/death_mistaken.html",
    {
      ...{ action: `${home(card.id)}/death/mistaken`, back: home(card.id), person: whom(ctx, card), draft },
      ...{ draft_key: draft.key, own, lead: me.lead ?? null, values: { why }, errors },
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function mistaken(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const old = await ownReport(ctx, card);
  if (!old) return seeOther(home(card.id)); // the second tap of a save, or decided meanwhile
  const why = words(ctx.form, "why", 200);
  if (!why) return mistakenPage(ctx, why, { why: ctx.t("A few words: how do you know?") });
  const draft = await ctx.store.drafts.open(`death-mistaken:${card.id}`);
  await record(ctx, {
    ...{ id: ctx.form.get("event") || draft.id, kind: "record.corrected", subject: card.id, draft: draft.key },
    body: { corrects: old.id, why, body: { ...old.body, mistaken: true } },
    change: { life: "" },
  });
  return seeOther(`${home(card.id)}?said=heard_wrong`);
}

/* ---- put right within two working days ---- */

export const correctable: Correctable = {
  template: "field/death.html",
  async show(ctx, old, again) {
    if (again) return { values: read(ctx).values };
    const { source, reporter, relation = "", died_on, words: said = "" } = old.body as unknown as DeathReported;
    const codes: Record<string, Values["told"]> = {
      ...{ [ctx.t("family")]: "family", [ctx.t("neighbour")]: "neighbour", [ctx.t("group leader")]: "village" },
    };
    const told = codes[relation] ?? (source === "document" || relation ? "" : "other");
    const seen = !said.includes(ctx.t("Saw the cremation certificate"))
      ? source === "document"
        ? ("death_certificate" as const)
        : ("none" as const)
      : ("cremation_certificate" as const);
    return { values: { told, name: told === "other" ? reporter : "", on: died_on ?? "", seen } };
  },
  async read(ctx, old) {
    const { errors, said } = read(ctx);
    return { errors, body: { ...old.body, ...said } };
  },
};
