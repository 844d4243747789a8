/** A visit: one form for every purpose. It begins when the form is first opened and ends with the save: no check-in (R-BUR-3). */
import { uuid7 } from "../bytes.ts";
import { beganAt, openMatters } from "../cards.ts";
import { type Ctx, type Draft, type Fact, Problem, type ResidentCard, type Route, record, seeOther } from "../ctx.ts";
import {
  cardOf,
  type Errors,
  type Mark,
  type MarkValues,
  markValues,
  NO_MARK,
  none,
  oneOf,
  readMark,
  whom,
  words,
} from "../fields.ts";
import { localDay } from "../filters.ts";
import type { VisitEnded } from "../generated/wire.ts";
import { isSecondTap } from "../second_tap.ts";
import { producedBy, visitKey, visitUnderWay, visitWithoutWords } from "../under_way.ts";
import type { Correctable } from "./corrections.ts";

export const routes: Route[] = [
  ["GET", "/field/visits/new", ask],
  ["POST", "/field/visits/new", answer],
  ["GET", "/field/visits/mark", askMark],
  ["POST", "/field/visits/mark", finish],
];

export const OUTCOMES = [
  "done",
  "part_done",
  "refused",
  "not_home",
  "away",
  "hospital",
  "moved",
  "death_reported",
  "unsafe",
] as const;
export const REASONS = ["verification", "care", "delivery", "request", "revisit", "other"] as const;
type Outcome = (typeof OUTCOMES)[number];

/** Of whom a sign can be asked: those who were there and took part. */
const SIGNED: readonly Outcome[] = ["done", "part_done"];
/** After which the agent comes again on a day. */
const AGAIN: readonly Outcome[] = ["not_home", "unsafe", "part_done"];
const SOON_DAYS = 30;
const MET = ["helper", "guardian", "family", "neighbour", "leader"] as const;

interface Values {
  outcome: Outcome | "";
  where_away: string;
  where_hospital: string;
  where_moved: string;
  reasons: string[];
  met: string[];
  /** Said by the agent; nothing is asked where it is left alone. */
  badge_shown: boolean;
  notes: string;
}

export { visitKey };

async function whose(ctx: Ctx): Promise<ResidentCard> {
  return cardOf(ctx, ctx.query.get("resident") ?? "");
}

async function ask(ctx: Ctx): Promise<Response> {
  const card = await whose(ctx);
  const draft = await ctx.store.drafts.open(visitKey(card.id));
  const begun = Object.keys(draft.fields).length > 0;
  return page(ctx, card, draft, begun ? read(fieldsOf(draft)) : await suggested(ctx, card), {});
}

/** Reasons come prefilled from what is due soon; nothing else does. */
async function suggested(ctx: Ctx, card: ResidentCard): Promise<Values> {
  const due = openMatters(card, await ctx.store.county.get(), ctx.clock.today(), dayAfter(ctx, SOON_DAYS));
  const kinds = new Set<string>(due.map(({ kind }) => kind));
  if (kinds.has("retake")) kinds.add("verification");
  if (kinds.has("request_answer")) kinds.add("request");
  return { ...read(new URLSearchParams()), reasons: REASONS.filter((code) => kinds.has(code)) };
}

/** What stands around the choices: who else may be there, and what follows from "not at home". */
async function around(ctx: Ctx, card: ResidentCard): Promise<Record<string, unknown>> {
  const county = await ctx.store.county.get();
  const people = (["helper", "guardian"] as const).flatMap((value) => {
    const one = card[value];
    return one?.name ? [{ value, words: `${one.relation ?? ""} ${one.name}`.trim() }] : [];
  });
  const back_on = dayAfter(ctx, county.retry_days);
  return { people, reasons: REASONS, back_on, try_number: card.tries + 1, max_tries: county.max_tries };
}

async function page(ctx: Ctx, card: ResidentCard, draft: Draft, values: Values, errors: Errors): Promise<Response> {
  return ctx.render(
    "field/visit.html",
    {
      ...{
        action: `/field/visits/new?resident=${card.id}`,
        back: `/field/residents/${card.id}`,
        person: whom(ctx, card),
      },
      ...{ draft, draft_key: draft.key, errors, correcting: null, ...(await around(ctx, card)), values },
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function answer(ctx: Ctx): Promise<Response> {
  const card = await whose(ctx);
  const event = ctx.form.get("event");
  if (await isSecondTap(ctx, event, visitKey(card.id))) return seeOther(`/field/residents/${card.id}?said=visit`);
  const open = await ctx.store.drafts.open(visitKey(card.id));
  // The form's own event: while a first tap is being kept its draft has gone, and `open` is a new one.
  const draft = { ...open, id: event || open.id };
  const values = read(ctx.form);
  const errors = errorsOf(ctx, values);
  if (!none(errors)) return page(ctx, card, draft, values, errors);

  await ctx.store.drafts.keep(draft.key, fieldsIn(ctx.form));
  if (values.outcome === "death_reported") return seeOther(`/field/residents/${card.id}/death?visit=1`);
  if (SIGNED.includes(values.outcome as Outcome)) return seeOther(`/field/visits/mark?resident=${card.id}`);
  await record(ctx, [
    await visitFact(ctx, card, draft, values, null, []),
    ...notTaken(card, draft.id, values, ctx.clock.now()),
  ]);
  return seeOther(`/field/residents/${card.id}?said=${values.outcome === "refused" ? "refused" : "visit"}`);
}

function errorsOf(ctx: Ctx, values: Values): Errors {
  const errors: Errors = {};
  if (!values.outcome) errors.outcome = ctx.t("Choose how it went");
  if (values.reasons.length === 0) errors.reasons = ctx.t("Choose what you came for");
  return errors;
}

/** Went for a verification and came back without: the round learns why (R-LIF-5). */
export function notTaken(card: ResidentCard, visit: string, values: Values, now: Date): Fact[] {
  const open = card.entitlements.filter(({ taken }) => !taken).map(({ id }) => id);
  if (!values.reasons.includes("verification") || open.length === 0) return [];
  const { outcome, where } = bodyOf(card, values);
  const id = uuid7(now);
  return [
    {
      ...{ id, kind: "verification.not_taken", subject: card.id },
      body: { verification: id, visit, entitlements: open, outcome, where, remarks: values.notes },
    },
  ];
}

async function askMark(ctx: Ctx): Promise<Response> {
  const card = await whose(ctx);
  const draft = await begun(ctx, card);
  const fields = fieldsOf(draft);
  return markPage(ctx, card, draft, fields.has("mark_kind") ? markValues(fields) : NO_MARK, {});
}

async function markPage(
  ctx: Ctx,
  card: ResidentCard,
  draft: Draft,
  mark: MarkValues,
  errors: Errors,
): Promise<Response> {
  const { outcome } = read(fieldsOf(draft));
  return ctx.render(
    "field/visit_mark.html",
    { person: whom(ctx, card), draft, draft_key: draft.key, outcome, mark, errors },
    none(errors) ? {} : { status: 422 },
  );
}

async function finish(ctx: Ctx): Promise<Response> {
  const card = await whose(ctx);
  if (await isSecondTap(ctx, ctx.form.get("event"), visitKey(card.id)))
    return seeOther(`/field/residents/${card.id}?said=visit`);
  const draft = await begun(ctx, card);
  const { mark, blobs, errors } = await readMark(ctx, draft.id);
  if (!none(errors)) return markPage(ctx, card, draft, markValues(ctx.form), errors);
  await record(ctx, await visitFact(ctx, card, draft, read(fieldsOf(draft)), mark, blobs));
  return seeOther(`/field/residents/${card.id}?said=visit`);
}

/** The draft of a visit whose first page is filled in. */
async function begun(ctx: Ctx, card: ResidentCard): Promise<Draft> {
  const draft = await ctx.store.drafts.get(visitKey(card.id));
  if (!draft || !read(fieldsOf(draft)).outcome)
    throw new Problem("form-gone", { path: `/field/visits/new?resident=${card.id}` }, 404);
  return draft;
}

type Links = Pick<VisitEnded, "verifications" | "deliveries" | "requests">;

/**
 * The event of a visit as the form gave it; its id is the draft's, and so is the visit's. `began`: the id born when it began;
 * `met`: whom, where it was not who the outcome says.
 */
export async function visitFact(
  ctx: Ctx,
  card: ResidentCard,
  draft: Pick<Draft, "id" | "key">,
  values: Values,
  mark: Mark | null,
  blobs: string[],
  {
    began = draft.id,
    comes = true,
    ...links
  }: Links & { met?: VisitEnded["met"]; began?: string; comes?: boolean } = {},
): Promise<Fact> {
  const county = await ctx.store.county.get();
  const outcome = values.outcome as Outcome;
  const tries = outcome === "not_home" ? card.tries + 1 : 0;
  const again = comes && AGAIN.includes(outcome) && tries < county.max_tries ? dayAfter(ctx, county.retry_days) : null;
  const body: VisitEnded = {
    visit: draft.id,
    ...bodyOf(card, values),
    mark: mark as VisitEnded["mark"],
    started_at: beganAt(began, ctx.clock.now()).toISOString(),
    ended_at: ctx.clock.now().toISOString(),
    return_on: again,
    ...(await producedBy(ctx, card.id, draft.id)),
    ...links,
  };
  return {
    ...{ id: draft.id, kind: "visit.ended", subject: card.id, body: { ...body }, blobs, draft: draft.key },
    change: { tries, tasks: tasksAfter(card, values, draft.id, again) },
  };
}

/** What a hand-over or a request says of the visit it was, where the agent notes none. */
export interface AtTheDoor extends Links {
  reason: "delivery" | "request";
  outcome: Outcome;
  notes?: string;
  mark?: Mark | null;
  blobs?: string[];
  met?: VisitEnded["met"];
}

/** The visit a deed belongs to, and the record of it to be written beside the deed unless the agent notes it or has. */
export async function visitOfDeed(
  ctx: Ctx,
  card: ResidentCard,
  deed: string,
  { reason, outcome, notes = "", mark = null, blobs = [], ...rest }: AtTheDoor,
): Promise<{ visit: string; beside: Fact[] }> {
  const underWay = await visitUnderWay(ctx, card.id, outcome !== "not_home");
  if (underWay) return { visit: underWay, beside: [] };
  const begun = await visitWithoutWords(ctx, card.id);
  const draft = begun ?? { id: uuid7(ctx.clock.now()), key: "" };
  await putBeside(ctx, deed, draft.id, blobs);
  const values = { ...read(new URLSearchParams()), outcome, reasons: [reason], notes };
  const began = begun?.id ?? deed;
  return {
    visit: draft.id,
    beside: [await visitFact(ctx, card, draft, values, mark, blobs, { ...rest, began, comes: outcome === "not_home" })],
  };
}

/** A picture belongs to one event: the strokes of a mark that two bear are put beside it again. */
export async function putBeside(ctx: Ctx, from: string, to: string, roles: string[]): Promise<void> {
  for (const role of roles) {
    const found = await ctx.store.photos.get(from, role);
    if (found) await ctx.store.photos.put(to, role, found.bytes, found.type);
  }
}

function bodyOf(
  card: ResidentCard,
  values: Values,
): Pick<VisitEnded, "reasons" | "met" | "badge_shown" | "outcome" | "where" | "notes"> {
  const outcome = values.outcome as Outcome;
  const where =
    { away: values.where_away, hospital: values.where_hospital, moved: values.where_moved }[outcome as string] ?? "";
  const seen = SIGNED.includes(outcome) || outcome === "refused";
  const met = [
    ...(seen ? [{ resident: card.id, relation: "self" }] : []),
    ...values.met.map((code) => metOf(card, code)),
  ];
  const badge = values.badge_shown ? { badge_shown: true } : {}; // left alone does not say no
  return { reasons: values.reasons as VisitEnded["reasons"], met, ...badge, outcome, where, notes: values.notes };
}

export function metOf(card: ResidentCard, code: string): { relation: string } {
  const known = code === "helper" ? card.helper : code === "guardian" ? card.guardian : null;
  return { relation: known?.relation || code };
}

/** What this phone shows until the county answers: a visit settles looking in and coming again, or sets a new day. */
function tasksAfter(card: ResidentCard, values: Values, id: string, again: string | null): ResidentCard["tasks"] {
  const cared = values.outcome === "done" && values.reasons.includes("care");
  const left = card.tasks.filter(({ kind }) => kind !== "revisit" && !(kind === "care" && cared));
  if (!again) return left;
  return [...left, { id, kind: "revisit", what: "", due_on: again, who_may: "", money: false, why: "", about: null }];
}

export function read(form: URLSearchParams): Values {
  return {
    outcome: oneOf(form, "outcome", OUTCOMES),
    where_away: words(form, "where_away", 200),
    where_hospital: words(form, "where_hospital", 200),
    where_moved: words(form, "where_moved", 200),
    reasons: REASONS.filter((code) => form.getAll("reasons").includes(code)),
    met: MET.filter((code) => form.getAll("met").includes(code)),
    badge_shown: form.get("badge_shown") === "yes",
    notes: words(form, "notes", 200),
  };
}

/** A draft's fields as the form that gave them. */
export function fieldsOf(draft: Draft): URLSearchParams {
  return new URLSearchParams(Object.entries(draft.fields).flatMap(([name, all]) => all.map((one) => [name, one])));
}

export function fieldsIn(form: URLSearchParams): Record<string, string[]> {
  return Object.fromEntries([...new Set(form.keys())].map((name) => [name, form.getAll(name)]));
}

function dayAfter(ctx: Ctx, days: number): string {
  return localDay(new Date(Date.parse(`${ctx.clock.today()}T04:00:00Z`) + days * 86_400_000).toISOString());
}

/* ---- put right within two working days: all but the sign, which stays with the first record ---- */

export const correctable: Correctable = {
  template: "field/visit.html",
  async show(ctx, old, again) {
    const card = await cardOf(ctx, old.subject ?? "");
    return {
      ...(await around(ctx, card)),
      values: again ? read(ctx.form) : written(old.body as unknown as VisitEnded, card),
    };
  },
  async read(ctx, old) {
    const card = await cardOf(ctx, old.subject ?? "");
    const values = read(ctx.form);
    const errors = errorsOf(ctx, values);
    const before = old.body as unknown as VisitEnded;
    const again = AGAIN.includes(values.outcome as Outcome)
      ? dayAfter(ctx, (await ctx.store.county.get()).retry_days)
      : null;
    const { badge_shown: _, ...kept } = before;
    return { errors, body: { ...kept, ...bodyOf(card, values), return_on: again } };
  },
};

/** The form as an earlier record filled it. */
function written(body: VisitEnded, card: ResidentCard): Values {
  const where = (code: string) => (body.outcome === code ? (body.where ?? "") : "");
  const relations = new Set((body.met ?? []).map(({ relation }) => relation));
  return {
    ...{ outcome: body.outcome, reasons: body.reasons, notes: body.notes ?? "" },
    ...{ where_away: where("away"), where_hospital: where("hospital"), where_moved: where("moved") },
    met: MET.filter((code) => relations.has(metOf(card, code).relation)),
    badge_shown: body.badge_shown === true,
  };
}
