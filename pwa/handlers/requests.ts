/** What somebody needs, in their words, with pictures of papers and who may act for them. It becomes a case at the township. */

import type { Correctable } from "../corrections.ts";
import { type Ctx, type Draft, Problem, type Route, record, seeOther } from "../ctx.ts";
import { cardOf, type Errors, figures, none, oneOf, phoneError, whom, words } from "../fields.ts";
import type { RequestRaised } from "../generated/wire.ts";
import { visitOfDeed } from "./visits.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id/request", show],
  ["POST", "/field/residents/:id/request", raise],
  ["GET", "/field/residents/:id/request/papers/new", camera],
  ["POST", "/field/residents/:id/request/papers/new", taken],
  ["GET", "/field/residents/:id/request/papers/:n", paper],
  ["POST", "/field/residents/:id/request/papers/:n", nameIt],
  ["GET", "/field/residents/:id/request/papers/:n/again", again],
  ["POST", "/field/residents/:id/request/papers/:n/remove", removeIt],
];

const MOST = 12; // rules/events.py, RequestRaised.papers
const KNOWN = ["id_card", "household_book", "disability_card", "medical", "other"] as const;
const LIMIT = 1000;

const key = (id: string) => `request:${id}`;
const home = (id: string) => `/field/residents/${id}`;
const role = (n: number) => `paper-${n}`;

interface Values {
  words: string;
  may_name: string;
  may_relation: string;
  may_phone: string;
}

const ACTS = ["may_name", "may_relation", "may_phone"] as const;
const EMPTY: Values = { words: "", may_name: "", may_relation: "", may_phone: "" };

async function show(ctx: Ctx): Promise<Response> {
  return page(ctx, EMPTY, {});
}

async function page(ctx: Ctx, values: Values, errors: Errors): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(key(card.id));
  const papers = await taking(ctx, draft);
  const acting = ACTS.some((name) => values[name] || draft.fields[name]?.[0]);
  return ctx.render(
    "field/request.html",
    {
      ...{
        action: `${home(card.id)}/request`,
        back: home(card.id),
        person: whom(ctx, card),
        draft,
        draft_key: draft.key,
      },
      ...{ values, errors, papers, room: papers.length < MOST, consent: card.consents.request_papers ?? "" },
      ...{ acting, said: "", correcting: null },
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function raise(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(key(card.id));
  const id = ctx.form.get("event") || draft.id;
  const { values, errors } = read(ctx);
  if (!none(errors)) return page(ctx, values, errors);
  const papers = await taking(ctx, draft);
  const { visit, beside } = await visitOfDeed(ctx, card, id, {
    ...{ reason: "request", outcome: "done", requests: [id] },
    mark: { kind: "none", why: ctx.t("only a request was taken in") },
  });
  const body: RequestRaised = { request: id, visit, ...said(values), papers: papers.map((one) => one.name) };
  const blobs = papers.map((one) => one.role);
  await record(ctx, [
    { id, kind: "request.raised", subject: card.id, body: { ...body }, draft: draft.key, blobs },
    ...beside,
  ]);
  return seeOther(`${home(card.id)}?said=request`);
}

function read(ctx: Ctx): { values: Values; errors: Errors } {
  const { form } = ctx;
  const values = {
    ...{ words: words(form, "words", LIMIT), may_name: words(form, "may_name") },
    ...{ may_relation: words(form, "may_relation"), may_phone: figures(form, "may_phone") },
  };
  const errors: Errors = {};
  if (!values.words) errors.words = ctx.t("Write what they want, a few words are enough");
  if (!values.may_name && (values.may_relation || values.may_phone)) errors.may_name = ctx.t("Write who acts for them");
  const wrong = phoneError(ctx, values.may_phone);
  if (wrong) errors.may_phone = wrong;
  return { values, errors };
}

function said({ words: text, may_name: name, may_relation: relation, may_phone: phone }: Values) {
  return { words: text, may_act: name ? { name, relation, phone } : null };
}

/* ---- papers: stored under the event to come, `paper-1`, `paper-2` … without gaps ---- */

interface Paper {
  n: number;
  role: string;
  name: string;
}

async function taking(ctx: Ctx, draft: Draft): Promise<Paper[]> {
  const papers: Paper[] = [];
  for (let n = 1; n <= MOST; n++) {
    if (!(await ctx.store.photos.info(draft.id, role(n)))) break;
    papers.push({ n, role: role(n), name: nameOf(ctx, draft, n) });
  }
  return papers;
}

function nameOf(ctx: Ctx, draft: Draft, n: number): string {
  const [code = "", other = ""] = draft.fields[`${role(n)}-name`] ?? [];
  const names: Record<string, string> = {
    ...{ id_card: ctx.t("ID card"), household_book: ctx.t("household book") },
    ...{ disability_card: ctx.t("disability card"), medical: ctx.t("medical paper"), other },
  };
  return names[code] ?? "";
}

async function camera(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  if (card.consents.request_papers !== "given") return seeOther(`${home(card.id)}/consents/request_papers?then=papers`);
  const draft = await ctx.store.drafts.open(key(card.id));
  const n = (await taking(ctx, draft)).length + 1;
  if (n > MOST) return seeOther(`${home(card.id)}/request`);
  return lens(ctx, card.id, draft, n);
}

async function again(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(key(card.id));
  return lens(ctx, card.id, draft, (await one(ctx, draft)).n);
}

function lens(ctx: Ctx, id: string, draft: Draft, n: number): Promise<Response> {
  const back = `${home(id)}/request`;
  return ctx.render("field/paper_camera.html", { action: `${back}/papers/new`, back, draft, role: role(n), n });
}

/** The island has stored the picture before it sent this form, whose one field is the picture's role. */
async function taken(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const named = [...ctx.form.keys()].find((name) => /^paper-\d+$/.test(name));
  return seeOther(`${home(card.id)}/request${named ? `/papers/${named.slice(6)}` : ""}`);
}

async function one(ctx: Ctx, draft: Draft): Promise<Paper> {
  const found = (await taking(ctx, draft)).find(({ n }) => String(n) === ctx.params.n);
  if (!found) throw new Problem("not-found", {}, 404);
  return found;
}

async function paper(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(key(card.id));
  const { n } = await one(ctx, draft);
  const back = `${home(card.id)}/request`;
  const here = `${back}/papers/${n}`;
  const [name = "", other = ""] = draft.fields[`${role(n)}-name`] ?? [];
  const places = { action: here, remove: `${here}/remove`, again: `${here}/again`, back };
  return ctx.render("field/paper.html", { ...places, draft, role: role(n), n, name, other });
}

async function nameIt(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(key(card.id));
  const { n } = await one(ctx, draft);
  await ctx.store.drafts.keep(draft.key, {
    [`${role(n)}-name`]: [oneOf(ctx.form, "paper", KNOWN), words(ctx.form, "other")],
  });
  await ctx.store.drafts.clear(`paper:${draft.id}:${role(n)}`);
  return seeOther(`${home(card.id)}/request`);
}

/** The ones after it move up, so that the county counts them without gaps. */
async function removeIt(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(key(card.id));
  const papers = await taking(ctx, draft);
  const { n: gone } = await one(ctx, draft);
  const names: Record<string, string[]> = {};
  for (const { n } of papers.slice(gone)) {
    const picture = await ctx.store.photos.get(draft.id, role(n));
    if (picture) await ctx.store.photos.put(draft.id, role(n - 1), picture.bytes, picture.type);
    names[`${role(n - 1)}-name`] = draft.fields[`${role(n)}-name`] ?? [];
  }
  names[`${role(papers.length)}-name`] = [];
  await ctx.store.photos.remove(draft.id, role(papers.length));
  await ctx.store.drafts.keep(draft.key, names);
  return seeOther(`${home(card.id)}/request`);
}

/* ---- put right within two working days; the pictures stay with the first record ---- */

export const correctable: Correctable = {
  template: "field/request.html",
  async show(ctx, old, form) {
    const body = old.body as unknown as RequestRaised;
    const { name = "", relation = "", phone = "" } = body.may_act ?? {};
    const values = form
      ? read(ctx).values
      : { words: body.words, may_name: name, may_relation: relation, may_phone: phone };
    const papers = (body.papers ?? []).map((paperName, at) => ({ n: at + 1, role: role(at + 1), name: paperName }));
    return { values, papers, room: false, acting: values.may_name !== "", consent: "", said: "" };
  },
  async read(ctx, old) {
    const { values, errors } = read(ctx);
    return { errors, body: { ...old.body, ...said(values) } };
  },
};
