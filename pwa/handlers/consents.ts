/** What somebody agrees to, purpose by purpose: asked once, standing until taken back; a refusal leaves another way open (R-PRI-2). */
import { type Ctx, Problem, type Route, record, seeOther } from "../ctx.ts";
import { cardOf, type Errors, none, oneOf, whom, words } from "../fields.ts";
import type { Consent } from "../generated/wire.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id/consents", list],
  ["GET", "/field/residents/:id/consents/:purpose", ask],
  ["POST", "/field/residents/:id/consents/:purpose", answer],
  ["GET", "/field/residents/:id/consents/:purpose/withdrawal", withdrawal],
  ["POST", "/field/residents/:id/consents/:purpose/withdrawal", withdraw],
];

type Purpose = Consent["purpose"];
const PURPOSES: readonly Purpose[] = ["life_verification", "request_papers", "care_roster"];

/** Where an answer goes on to, by the `then` of the address. */
const THEN: Record<string, { given: string; refused: string }> = {
  papers: { given: "/request/papers/new", refused: "/request" },
  verification: { given: "/verification", refused: "?said=refused" },
};

const home = (id: string) => `/field/residents/${id}`;

function purposeOf(ctx: Ctx): Purpose {
  const found = PURPOSES.find((code) => code === ctx.params.purpose);
  if (!found) throw new Problem("not-found", {}, 404);
  return found;
}

async function list(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const purposes = PURPOSES.map((code) => ({ code, state: card.consents[code] ?? "" }));
  const said = ctx.query.get("said") ?? "";
  return ctx.render("field/consents.html", { back: home(card.id), person: whom(ctx, card), purposes, said });
}

async function ask(ctx: Ctx): Promise<Response> {
  return page(ctx, { by: "", guardian: "" }, {});
}

async function page(ctx: Ctx, values: { by: string; guardian: string }, errors: Errors): Promise<Response> {
  const card = await cardOf(ctx);
  const purpose = purposeOf(ctx);
  const { words: text } = await textOf(ctx, purpose);
  const draft = await ctx.store.drafts.open(`consent:${card.id}:${purpose}`);
  const then = ctx.query.get("then") ?? "";
  const path = `${home(card.id)}/consents`;
  const back = then === "papers" ? `${home(card.id)}/request` : then ? home(card.id) : path;
  return ctx.render(
    "field/consent.html",
    {
      ...{ action: `${path}/${purpose}${then ? `?then=${then}` : ""}`, back, person: whom(ctx, card), purpose },
      ...{ draft, draft_key: draft.key, values, errors, dialect: card.dialect },
      paragraphs: text.split("\n").filter(Boolean),
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function answer(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const purpose = purposeOf(ctx);
  const answered = oneOf(ctx.form, "answer", ["aloud", "dialect", "read", "refused"]);
  const by = oneOf(ctx.form, "by", ["self", "guardian"]);
  const guardian = by === "guardian" ? words(ctx.form, "guardian") : "";
  const errors: Errors = {};
  if (!by) errors.by = ctx.t("Choose who answers");
  if (by === "guardian" && !guardian) errors.guardian = ctx.t("Write the guardian's name");
  if (!answered || !by || !none(errors)) return page(ctx, { by, guardian }, errors);

  const draft = await ctx.store.drafts.open(`consent:${card.id}:${purpose}`);
  const id = ctx.form.get("event") || draft.id;
  const { version } = await textOf(ctx, purpose);
  const given = answered !== "refused";
  const told = given ? answered : card.dialect ? "dialect" : "aloud";
  const body: Consent = { consent: id, purpose, text_version: version, told, by, guardian };
  await record(ctx, {
    ...{ id, kind: given ? "consent.given" : "consent.refused", subject: card.id, body: { ...body }, draft: draft.key },
    change: {
      consents: { ...card.consents, [purpose]: given ? "given" : "refused" },
      tasks: card.tasks.filter(({ kind, what }) => !(kind === "consent" && what === purpose)), // they were asked
    },
  });
  const then = THEN[ctx.query.get("then") ?? ""];
  if (then) return seeOther(`${home(card.id)}${given ? then.given : then.refused}`);
  return seeOther(`${home(card.id)}/consents${given ? "" : "?said=refused"}`);
}

async function withdrawal(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const purpose = purposeOf(ctx);
  const draft = await ctx.store.drafts.open(`withdrawal:${card.id}:${purpose}`);
  const back = `${home(card.id)}/consents`;
  return ctx.render("field/withdrawal.html", {
    ...{ action: `${back}/${purpose}/withdrawal`, back, person: whom(ctx, card), purpose },
    ...{ draft, draft_key: draft.key, values: { why: "" } },
  });
}

async function withdraw(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const purpose = purposeOf(ctx);
  const draft = await ctx.store.drafts.open(`withdrawal:${card.id}:${purpose}`);
  const id = ctx.form.get("event") || draft.id;
  const { version } = await textOf(ctx, purpose);
  const body: Consent = {
    consent: id,
    purpose,
    text_version: version,
    told: "aloud",
    why: words(ctx.form, "why", 200),
  };
  await record(ctx, {
    ...{ id, kind: "consent.withdrawn", subject: card.id, body: { ...body }, draft: draft.key },
    change: { consents: { ...card.consents, [purpose]: "withdrawn" } },
  });
  return seeOther(`${home(card.id)}/consents?said=consent_withdrawn`);
}

/** The county's own words; read in Chinese whatever the language of the screen. */
async function textOf(ctx: Ctx, purpose: Purpose): Promise<{ words: string; version: string }> {
  const found = (await ctx.store.county.get()).consents.find((one) => one.purpose === purpose);
  if (!found) throw new Problem("consent-text-missing", {}, 409);
  return found;
}
