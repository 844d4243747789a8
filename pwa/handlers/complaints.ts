/** Complaints and suggestions about this very program or the work it makes, with their answers (R-BUR-2). */

import { type Correctable, standing } from "../corrections.ts";
import { type Ctx, type InboxRow, type Route, record, seeOther } from "../ctx.ts";
import { type Errors, none, oneOf, words } from "../fields.ts";
import type { ComplaintMade } from "../generated/wire.ts";

export const routes: Route[] = [
  ["GET", "/field/complaints", list],
  ["GET", "/field/complaints/new", show],
  ["POST", "/field/complaints/new", say],
];

const KEY = "complaint";
const KINDS = ["complaint", "suggestion"] as const;

interface Values {
  kind: ComplaintMade["kind"] | "";
  words: string;
}

async function list(ctx: Ctx): Promise<Response> {
  const [records, inbox] = await Promise.all([ctx.store.records.list(), ctx.store.inbox.list()]);
  const said = records.filter(({ kind }) => kind === "complaint.made");
  const items = said.map((first) => {
    const { at, number } = first;
    const { record: newest, body } = standing(first, records);
    const { complaint, kind, words: text } = body as unknown as ComplaintMade;
    const answer = answerTo(inbox, complaint);
    const shown = { id: newest.id, kind, words: text, at, state: newest.state, number };
    return { ...shown, answer: answer?.words ?? "", answered_at: answer?.at ?? "" };
  });
  const { complaint_days: days = 5 } = await ctx.store.county.get();
  return ctx.render("field/complaints.html", { items, days, said: ctx.query.get("said") ?? "" });
}

export function answerTo(inbox: InboxRow[], about: string): InboxRow | undefined {
  return inbox.find((row) => row.kind === "answer" && row.about === about);
}

async function show(ctx: Ctx): Promise<Response> {
  return page(ctx, { kind: "", words: "" }, {});
}

async function page(ctx: Ctx, values: Values, errors: Errors): Promise<Response> {
  const draft = await ctx.store.drafts.open(KEY);
  const places = { action: "/field/complaints/new", back: "/field/complaints" };
  const init = none(errors) ? {} : { status: 422 };
  return ctx.render(
    "field/complaint.html",
    { ...places, draft, draft_key: KEY, values, errors, correcting: null },
    init,
  );
}

function read(ctx: Ctx): { values: Values; errors: Errors } {
  const values = { kind: oneOf(ctx.form, "kind", KINDS), words: words(ctx.form, "words", 1000) };
  const errors: Errors = {};
  if (!values.kind) errors.kind = ctx.t("Choose one of the two");
  if (!values.words) errors.words = ctx.t("Write what you want to say");
  return { values, errors };
}

async function say(ctx: Ctx): Promise<Response> {
  const draft = await ctx.store.drafts.open(KEY);
  const id = ctx.form.get("event") || draft.id;
  const { values, errors } = read(ctx);
  if (!values.kind || !none(errors)) return page(ctx, values, errors);
  const body: ComplaintMade = { complaint: id, kind: values.kind, words: values.words };
  await record(ctx, { id, kind: "complaint.made", subject: null, body: { ...body }, draft: KEY });
  return seeOther("/field/complaints?said=complaint");
}

export const correctable: Correctable = {
  template: "field/complaint.html",
  async show(ctx, old, again) {
    const { kind, words: text } = old.body as unknown as ComplaintMade;
    return { values: again ? read(ctx).values : { kind, words: text } };
  },
  async read(ctx, old) {
    const { values, errors } = read(ctx);
    return { errors, body: { ...old.body, ...values } };
  },
};
