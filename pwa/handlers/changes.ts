/** Something changed: each field travels with the value the agent saw, so that a clash with the desk is shown, never silent. */
import { type Ctx, Problem, type Route, record, seeOther } from "../ctx.ts";
import type { Correctable } from "../corrections.ts";
import { cardOf, type Errors, figures, none, phoneError, whom, words } from "../fields.ts";
import { phone as spaced } from "../filters.ts";
import type { Change, ResidentNoted } from "../generated/wire.ts";
import type { Helper, ResidentCard } from "../wire.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id/changes", show],
  ["POST", "/field/residents/:id/changes", note],
  ["GET", "/field/residents/:id/clashes/:field", showClash],
  ["POST", "/field/residents/:id/clashes/:field", decide],
];

const FIELDS = ["phone", "phone_of", "no_phone", "needs", "dialect", "hours", "helper"] as const;
type Field = (typeof FIELDS)[number];
const NEEDS = ["hearing", "sight", "mobility", "wheelchair", "bedridden", "speech", "dialect", "alone"] as const;

interface Values {
  phone: string;
  phone_of: string;
  no_phone: string;
  needs: string[];
  dialect: string;
  hours: string;
  helper_name: string;
  helper_relation: string;
  helper_phone: string;
}

const home = (id: string) => `/field/residents/${id}`;

/** A field of the card as it travels (rules/events.py, ResidentNoted). */
export function textOf(card: ResidentCard, field: Field): string {
  if (field === "needs") return sorted(card.needs).join(",");
  if (field === "no_phone") return String(card.no_phone);
  if (field === "helper") return helperText(card.helper);
  return card[field];
}

function sorted(needs: string[]): string[] {
  const known = NEEDS.filter((code) => needs.includes(code));
  return [...known, ...needs.filter((code) => !known.includes(code as never))];
}

function helperText(helper: Helper | null | undefined): string {
  if (!helper?.name) return "";
  const { name, relation = "", phone = "" } = helper;
  return JSON.stringify({ name, relation, phone });
}

function helperOf(text: string): Helper | null {
  return text ? { name: "", relation: "", phone: "", ...JSON.parse(text) } : null;
}

function valuesOf(texts: Record<Field, string>): Values {
  const helper = helperOf(texts.helper);
  const { phone, phone_of, no_phone, dialect, hours } = texts;
  return {
    ...{ phone, phone_of, no_phone, dialect, hours, needs: texts.needs.split(",").filter(Boolean) },
    ...{ helper_name: helper?.name ?? "", helper_relation: helper?.relation ?? "", helper_phone: helper?.phone ?? "" },
  };
}

function textsOf(card: ResidentCard): Record<Field, string> {
  return Object.fromEntries(FIELDS.map((field) => [field, textOf(card, field)])) as Record<Field, string>;
}

async function show(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const texts = textsOf(card);
  return page(ctx, valuesOf(texts), texts, {});
}

async function page(ctx: Ctx, values: Values, bases: Record<Field, string>, errors: Errors): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(`changes:${card.id}`);
  return ctx.render(
    "field/changes.html",
    {
      ...{ action: `${home(card.id)}/changes`, back: home(card.id), person: whom(ctx, card), draft, draft_key: draft.key },
      ...{ values, bases: Object.entries(bases), needs: needsOf(ctx, values), errors, correcting: null },
    },
    none(errors) ? {} : { status: 422 },
  );
}

function needsOf(ctx: Ctx, { needs }: Values): { code: string; words: string; chosen: boolean }[] {
  const said: Record<string, string> = {
    ...{ hearing: ctx.t("hard of hearing"), sight: ctx.t("sees badly"), mobility: ctx.t("walks with difficulty") },
    ...{ wheelchair: ctx.t("uses a wheelchair"), bedridden: ctx.t("bedridden"), speech: ctx.t("speaks with difficulty") },
    ...{ dialect: ctx.t("speaks dialect"), alone: ctx.t("lives alone") },
  };
  return NEEDS.map((code) => ({ code, words: said[code] ?? code, chosen: needs.includes(code) }));
}

function read(ctx: Ctx): { texts: Record<Field, string>; values: Values; errors: Errors } {
  const { form } = ctx;
  const no_phone = form.get("no_phone") === "true" ? "true" : "false";
  const phone = no_phone === "true" ? "" : figures(form, "phone");
  const needs = sorted(form.getAll("needs").filter((code) => NEEDS.includes(code as never)));
  const helper = { name: words(form, "helper_name"), relation: words(form, "helper_relation"), phone: figures(form, "helper_phone") };
  const values: Values = {
    ...{ phone, phone_of: phone ? words(form, "phone_of") : "", no_phone, needs, dialect: words(form, "dialect"), hours: words(form, "hours") },
    ...{ helper_name: helper.name, helper_relation: helper.relation, helper_phone: helper.phone },
  };
  const errors: Errors = {};
  const wrong = phoneError(ctx, phone);
  const wrongHelper = phoneError(ctx, helper.phone);
  if (wrong) errors.phone = wrong;
  if (wrongHelper) errors.helper_phone = wrongHelper;
  if (!helper.name && (helper.relation || helper.phone)) errors.helper_name = ctx.t("Write who helps them");
  const { phone_of, dialect, hours } = values;
  const texts = { phone, phone_of, no_phone, needs: needs.join(","), dialect, hours, helper: helperText(helper) };
  return { texts, values, errors };
}

/** What differs from what the agent saw when the form was first opened, not from what came since. */
function differing(ctx: Ctx, card: ResidentCard, texts: Record<Field, string>): Partial<Record<Field, Change>> {
  const changes: Partial<Record<Field, Change>> = {};
  for (const field of FIELDS) {
    const base = ctx.form.get(`base_${field}`) ?? textOf(card, field);
    if (base !== texts[field]) changes[field] = { base, value: texts[field] };
  }
  return changes;
}

async function note(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(`changes:${card.id}`);
  const { texts, values, errors } = read(ctx);
  const changes = differing(ctx, card, texts);
  if (none(errors) && Object.keys(changes).length === 0)
    errors.changes = ctx.t("Nothing is different yet. Change what is no longer right");
  if (!none(errors)) {
    const bases = Object.fromEntries(FIELDS.map((field) => [field, ctx.form.get(`base_${field}`) ?? textOf(card, field)]));
    return page(ctx, values, bases as Record<Field, string>, errors);
  }
  const body: ResidentNoted = { changes };
  await record(ctx, {
    ...{ id: ctx.form.get("event") || draft.id, kind: "resident.noted", subject: card.id, body: { ...body }, draft: draft.key },
    change: changeOf(changes),
  });
  return seeOther(`${home(card.id)}?said=noted`);
}

/** The same change, as members of the card. */
function changeOf(changes: Partial<Record<Field, Change>>): Partial<ResidentCard> {
  const change: Partial<ResidentCard> = {};
  for (const [field, { value }] of Object.entries(changes) as [Field, Change][]) {
    const text = value ?? "";
    if (field === "needs") change.needs = text.split(",").filter(Boolean);
    else if (field === "no_phone") change.no_phone = text === "true";
    else if (field === "helper") change.helper = helperOf(text);
    else change[field] = text;
  }
  return change;
}

/* ---- a clash: both values stand until somebody decides ---- */

async function clashOf(ctx: Ctx) {
  const card = await cardOf(ctx);
  const clash = card.clashes.find(({ field }) => field === ctx.params.field);
  if (!clash || !FIELDS.includes(clash.field as Field)) throw new Problem("not-found", {}, 404);
  return { card, clash: { ...clash, field: clash.field as Field } };
}

async function showClash(ctx: Ctx): Promise<Response> {
  const { card, clash } = await clashOf(ctx);
  const draft = await ctx.store.drafts.open(`clash:${card.id}:${clash.field}`);
  const { field } = clash;
  return ctx.render("field/clash.html", {
    ...{ action: `${home(card.id)}/clashes/${field}`, back: home(card.id), person: whom(ctx, card), draft, field },
    ...{ ours: readable(ctx, field, clash.ours ?? ""), theirs: readable(ctx, field, clash.theirs ?? "") },
  });
}

/** A value as people read it. */
export function readable(ctx: Ctx, field: string, text: string): string {
  if (field === "needs") {
    const needs = text.split(",").filter(Boolean);
    return needsOf(ctx, { needs } as Values).filter((one) => one.chosen).map((one) => one.words).join("、");
  }
  if (field === "no_phone") return text === "true" ? ctx.t("has none") : ctx.t("has one");
  if (field === "phone") return spaced(text);
  if (field !== "helper") return text;
  const { name = "", relation = "", phone = "" } = helperOf(text) ?? {};
  return [relation, name, spaced(phone)].filter(Boolean).join(" ");
}

async function decide(ctx: Ctx): Promise<Response> {
  const { card, clash } = await clashOf(ctx);
  const draft = await ctx.store.drafts.open(`clash:${card.id}:${clash.field}`);
  const { field, ours, theirs } = clash;
  const value = (ctx.form.get("right") === "ours" ? ours : theirs) ?? "";
  const changes = { [field]: { base: theirs ?? "", value } } as Partial<Record<Field, Change>>;
  await record(ctx, {
    ...{ id: ctx.form.get("event") || draft.id, kind: "resident.noted", subject: card.id, draft: draft.key },
    body: { changes },
    change: { ...changeOf(changes), clashes: card.clashes.filter((one) => one.field !== field) },
  });
  return seeOther(`${home(card.id)}?said=noted`);
}

/* ---- put right within two working days: the whole new body, against the values first seen ---- */

export const correctable: Correctable = {
  template: "field/changes.html",
  async show(ctx, old, again) {
    const card = await cardOf(ctx, old.subject ?? "");
    const texts = textsOf(card);
    const { changes } = old.body as unknown as ResidentNoted;
    for (const field of FIELDS) texts[field] = changes[field]?.value ?? texts[field];
    const values = again ? read(ctx).values : valuesOf(texts);
    const bases = { ...textsOf(card) };
    for (const field of FIELDS) bases[field] = changes[field]?.base ?? bases[field];
    return { values, bases: Object.entries(bases), needs: needsOf(ctx, values) };
  },
  async read(ctx, old) {
    const card = await cardOf(ctx, old.subject ?? "");
    const { texts, errors } = read(ctx);
    const { changes: before } = old.body as unknown as ResidentNoted;
    const changes: Partial<Record<Field, Change>> = {};
    for (const field of FIELDS) {
      const base = before[field] ? (before[field].base ?? "") : (ctx.form.get(`base_${field}`) ?? textOf(card, field));
      // What was noted stays in the body even when it is taken back to what it was: the county must hear of that too.
      if (before[field] || base !== texts[field]) changes[field] = { base, value: texts[field] };
    }
    return { errors, body: { changes }, change: changeOf(changes) };
  },
};
