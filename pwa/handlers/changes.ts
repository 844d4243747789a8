/** Something changed: each field travels with the value the agent saw, so that a clash with the desk is shown, never silent. */

import { type Ctx, type Route, record, seeOther } from "../ctx.ts";
import { cardOf, type Errors, figures, none, phoneError, whom, words } from "../fields.ts";
import { phone as spaced } from "../filters.ts";
import type { Change, ResidentNoted } from "../generated/wire.ts";
import type { Helper, ResidentCard } from "../wire.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id/changes", show],
  ["POST", "/field/residents/:id/changes", note],
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

/** A field of the card as it travels, letter by letter as the county says it (`said` in actions/residents.py): it compares texts. */
export function textOf(card: ResidentCard, field: Field): string {
  if (field === "needs") return card.needs.join(",");
  if (field === "no_phone") return card.no_phone ? "true" : "";
  if (field === "helper") return helperText(card.helper);
  return card[field];
}

/** Sorted members, none of them empty. */
function helperText(helper: Partial<Helper> | null | undefined): string {
  const { name, phone, relation } = helper ?? {};
  const kept = { ...(name ? { name } : {}), ...(phone ? { phone } : {}), ...(relation ? { relation } : {}) };
  return Object.keys(kept).length ? JSON.stringify(kept) : "";
}

function helperOf(text: string): Helper | null {
  return text ? { name: "", relation: "", phone: "", ...JSON.parse(text) } : null;
}

/** What was known stays in its place, what is new comes after it; a need this phone has no pick for is left alone. */
function needsText(before: string, chosen: string[]): string {
  const known = before.split(",").filter(Boolean);
  const kept = known.filter((code) => chosen.includes(code) || !NEEDS.includes(code as never));
  return [...kept, ...NEEDS.filter((code) => chosen.includes(code) && !known.includes(code))].join(",");
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
      ...{
        action: `${home(card.id)}/changes`,
        back: home(card.id),
        person: whom(ctx, card),
        draft,
        draft_key: draft.key,
      },
      ...{ values, bases: Object.entries(bases), needs: needsOf(ctx, values), errors },
    },
    none(errors) ? {} : { status: 422 },
  );
}

function needsOf(ctx: Ctx, { needs }: Values): { code: string; words: string; chosen: boolean }[] {
  const said: Record<string, string> = {
    ...{ hearing: ctx.t("hard of hearing"), sight: ctx.t("sees badly"), mobility: ctx.t("walks with difficulty") },
    ...{
      wheelchair: ctx.t("uses a wheelchair"),
      bedridden: ctx.t("bedridden"),
      speech: ctx.t("speaks with difficulty"),
    },
    ...{ dialect: ctx.t("speaks dialect"), alone: ctx.t("lives alone") },
  };
  return NEEDS.map((code) => ({ code, words: said[code] ?? code, chosen: needs.includes(code) }));
}

function read(
  ctx: Ctx,
  basis: (field: Field) => string,
): { texts: Record<Field, string>; values: Values; errors: Errors } {
  const { form } = ctx;
  const no_phone = form.get("no_phone") === "true" ? "true" : "";
  // A number somebody wrote with a hyphen stays as it is until it is touched.
  const number = (name: string, before: string) => (words(form, name, 400) === before ? before : figures(form, name));
  const phone = no_phone ? "" : number("phone", basis("phone"));
  const needs = needsText(basis("needs"), form.getAll("needs")).split(",").filter(Boolean);
  const helped = helperOf(basis("helper"));
  const helper = {
    name: words(form, "helper_name"),
    relation: words(form, "helper_relation"),
    phone: number("helper_phone", helped?.phone ?? ""),
  };
  const values: Values = {
    ...{
      phone,
      phone_of: no_phone ? "" : words(form, "phone_of"),
      no_phone,
      needs,
      dialect: words(form, "dialect"),
      hours: words(form, "hours"),
    },
    ...{ helper_name: helper.name, helper_relation: helper.relation, helper_phone: helper.phone },
  };
  const errors: Errors = {};
  const wrong = phoneError(ctx, phone);
  const wrongHelper = phoneError(ctx, helper.phone);
  if (wrong && phone !== basis("phone")) errors.phone = wrong;
  if (wrongHelper && helper.phone !== helped?.phone) errors.helper_phone = wrongHelper;
  if (!helper.name && (helper.relation || helper.phone)) errors.helper_name = ctx.t("Write who helps them");
  const { phone_of, dialect, hours } = values;
  const texts = { phone, phone_of, no_phone, needs: needs.join(","), dialect, hours, helper: helperText(helper) };
  return { texts, values, errors };
}

/** What the agent saw when the form was first opened, not what came since. */
const seen = (ctx: Ctx, card: ResidentCard) => (field: Field) => ctx.form.get(`base_${field}`) ?? textOf(card, field);

function differing(texts: Record<Field, string>, basis: (field: Field) => string): Partial<Record<Field, Change>> {
  const changes: Partial<Record<Field, Change>> = {};
  for (const field of FIELDS)
    if (basis(field) !== texts[field]) changes[field] = { base: basis(field), value: texts[field] };
  return changes;
}

async function note(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(`changes:${card.id}`);
  const basis = seen(ctx, card);
  const { texts, values, errors } = read(ctx, basis);
  const changes = differing(texts, basis);
  if (none(errors) && Object.keys(changes).length === 0)
    errors.changes = ctx.t("Nothing is different yet. Change what is no longer right");
  if (!none(errors)) {
    const bases = Object.fromEntries(FIELDS.map((field) => [field, basis(field)]));
    return page(ctx, values, bases as Record<Field, string>, errors);
  }
  const body: ResidentNoted = { changes };
  await record(ctx, {
    ...{
      id: ctx.form.get("event") || draft.id,
      kind: "resident.noted",
      subject: card.id,
      body: { ...body },
      draft: draft.key,
    },
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

/** A value as people read it. */
export function readable(ctx: Ctx, field: string, text: string): string {
  if (field === "needs") {
    const needs = text.split(",").filter(Boolean);
    return needsOf(ctx, { needs } as Values)
      .filter((one) => one.chosen)
      .map((one) => one.words)
      .join("、");
  }
  if (field === "no_phone") return text ? ctx.t("has none") : ctx.t("has one");
  if (field === "phone") return spaced(text);
  if (field !== "helper") return text;
  const { name = "", relation = "", phone = "" } = helperOf(text) ?? {};
  return [relation, name, spaced(phone)].filter(Boolean).join(" ");
}
