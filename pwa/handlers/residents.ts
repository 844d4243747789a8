/** One person: what to know, what is due, what was; and the whole ID number, for a reason. */
import { householdOf, mattersOf, placeOf, primaryOf } from "../cards.ts";
import { standing } from "../corrections.ts";
import { type Ctx, type OwnRecord, type ResidentCard, type Route, record } from "../ctx.ts";
import { cardOf, type Errors, none, oneOf, whom, words } from "../fields.ts";
import { localDay, masked_id } from "../filters.ts";
import { readable } from "./changes.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id", show],
  ["GET", "/field/residents/:id/id-number", askWhy],
  ["POST", "/field/residents/:id/id-number", unmask],
];

const PAST = 10;
/** Shown in the list of visits by the visit they belong to, or nowhere. */
const WITHIN = new Set(["visit.ended", "resident.unmasked", "resident.noted", "query.answered", "record.corrected"]);

async function show(ctx: Ctx): Promise<Response> {
  const person = await ctx.store.people.get(ctx.params.id!);
  const [card, me, county] = await Promise.all([cardOf(ctx), ctx.store.me.get(), ctx.store.county.get()]);
  const { lang } = await ctx.store.settings.get(); // the county's own words are Chinese
  const own = await ctx.store.records.bySubject(card.id);
  const matters = card.life ? [] : mattersOf(card, county, ctx.clock.today());
  const from = ctx.query.get("from") === "find" ? "/field/find" : "/field/today";
  return ctx.render("field/resident.html", {
    back: from,
    r: {
      ...{
        ...whom(ctx, card),
        place: placeOf(card, me) || card.name,
        card: person!.card,
        state: card.state,
        life: card.life,
      },
      ...{
        phone: card.phone,
        phone_of: card.phone_of,
        no_phone: card.no_phone,
        needs: card.needs,
        need_words: lang === "en" ? {} : county.needs,
      },
      ...{
        dialect: card.dialect,
        hours: card.hours,
        helper: card.helper ?? null,
        guardian: card.guardian ?? null,
      },
      ...{ masked: masked_id(card.id_number || card.id_masked), has_full: card.id_number !== "" },
      ...{ household: householdOf(card), address: card.address, kin: card.kin },
      // The county calls its own value `ours` (api/phone/wire.py).
      clashes: card.clashes.map(({ field, ours, theirs }) => ({
        ...{ field, noted: readable(ctx, field, theirs ?? ""), office: readable(ctx, field, ours ?? "") },
      })),
    },
    matters,
    consent: card.consents.life_verification ?? "",
    past: pastOf(card, own),
    records: own
      .filter(({ kind, state }) => !WITHIN.has(kind) && state !== "accepted")
      .map(({ id, kind, at, state }) => ({ id, kind, at, state })),
    primary: primaryOf(card, matters),
    tries: card.tries,
    said: ctx.query.get("said") ?? "",
  });
}

/** Visits the county told of, and those this phone wrote, each once, newest first; own ones lead to their record. */
function pastOf(card: ResidentCard, own: OwnRecord[]): Record<string, unknown>[] {
  const written = own.filter(({ kind }) => kind === "visit.ended");
  const corrections = own.filter(({ kind }) => kind === "record.corrected").map(({ id }) => id);
  // The county tells a corrected visit under its correction's id.
  const known = new Set<unknown>([...written.map(({ body }) => body.visit), ...corrections]);
  const mine = written.flatMap((first) => {
    const { record: newest, body } = standing(first, own);
    const stands = pastLine(newest, body, "");
    return newest === first ? [stands] : [stands, pastLine(first, first.body, "struck")];
  });
  const told = card.past
    .filter(({ id }) => !known.has(id))
    .map(({ on, by, notes, outcome, reasons }) => ({
      ...{ on, by, notes, outcome, reasons },
      ...{ state: "", record: "", struck: "" },
    }));
  return [...mine, ...told].sort((a, b) => (a.on < b.on ? 1 : a.on > b.on ? -1 : 0)).slice(0, PAST);
}

function pastLine({ id, at, state }: OwnRecord, body: Record<string, unknown>, struck: "" | "struck") {
  return {
    ...{ on: localDay(String(body.ended_at ?? at)), by: "", notes: body.notes ?? "", outcome: body.outcome },
    ...{ reasons: body.reasons ?? [], state, record: id, struck },
  };
}

async function askWhy(ctx: Ctx): Promise<Response> {
  return idNumber(ctx, await cardOf(ctx), "", "", {});
}

const keyOf = (card: ResidentCard): string => `id-number:${card.id}`;

const WHY = ["compare", "form", "phone", "other"] as const;

/** The number is in this answer only, at no address; each look is a record (R-PRI-4). */
async function unmask(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const why = oneOf(ctx.form, "why", WHY);
  const said: Record<string, string> = {
    "": "",
    compare: ctx.t("compare with the card"),
    form: ctx.t("fill in a form"),
    phone: ctx.t("asked on the telephone"),
    other: words(ctx.form, "words", 200),
  };
  if (!said[why]) {
    const error = why === "other" ? ctx.t("Say in a few words what for") : ctx.t("Choose what you need it for");
    return idNumber(ctx, card, "", "", { why: error });
  }
  await record(ctx, { kind: "resident.unmasked", subject: card.id, body: { why: said[why] }, draft: keyOf(card) });
  return idNumber(ctx, card, card.id_number, said[why], {});
}

function idNumber(ctx: Ctx, card: ResidentCard, number: string, why: string, errors: Errors): Promise<Response> {
  const masked = masked_id(card.id_number || card.id_masked);
  return ctx.render(
    "field/id_number.html",
    { person: whom(ctx, card), masked, number, why, errors, draft_key: keyOf(card) },
    none(errors) ? { headers: { "HX-Push-Url": "false" } } : { status: 422 },
  );
}
