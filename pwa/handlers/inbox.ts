/** What the township told this agent: each line opens its one thing; a question is answered here. */

import { type Correctable, standing } from "../corrections.ts";
import { type Ctx, type InboxRow, type OwnRecord, Problem, type Route, record, seeOther } from "../ctx.ts";
import { type Errors, none, words } from "../fields.ts";
import type { QueryAnswered } from "../generated/wire.ts";
import * as device from "../store/device.ts";
import type { PhoneStore } from "../store/index.ts";
import { reasonWords } from "./outbox.ts";

export const routes: Route[] = [
  ["GET", "/field/inbox", list],
  ["GET", "/field/inbox/:id", open],
  ["POST", "/field/inbox/:id", answer],
];

const DONE_ROWS = 20;

/** What stands on the person's own page, ready to be done: the line leads there at once. */
const ON_PERSON = new Set<InboxRow["kind"]>(["sent_back", "assigned", "due"]);
/** What somebody waits for; anything else is news, and old news is no more (a new phone is told of months). */
const ASKED = new Set<InboxRow["kind"]>(["sent_back", "query", "assigned", "answer"]);
const NEWS_MS = 30 * 86_400_000; // [DEF]
const NEEDS_YOU = new Set<InboxRow["kind"]>(["sent_back", "query"]);

interface Line {
  id: string;
  kind: InboxRow["kind"];
  name: string;
  words: string;
  at: string;
  href: string;
}

async function list(ctx: Ctx): Promise<Response> {
  const rows = (await ctx.store.inbox.list()).sort((a, b) => (a.at < b.at ? 1 : -1));
  const waits = await waitsFor(ctx, rows);
  const lines = await Promise.all(
    rows.map(async (row) => ({ line: await lineOf(ctx, row), done: !waits.has(row.id) })),
  );
  return ctx.render("field/inbox.html", {
    need: lines.filter(({ line, done }) => !done && NEEDS_YOU.has(line.kind)).map(({ line }) => line),
    open: lines.filter(({ line, done }) => !done && !NEEDS_YOU.has(line.kind)).map(({ line }) => line),
    done: lines
      .filter(({ done }) => done)
      .slice(0, DONE_ROWS)
      .map(({ line }) => line),
    said: ctx.query.get("said") ?? "",
  });
}

/** Lines that wait for the agent, for the row on Today. */
export async function waitingFor(ctx: Ctx): Promise<{ open: number; need: number }> {
  const rows = await ctx.store.inbox.list();
  const waits = await waitsFor(ctx, rows);
  return { open: waits.size, need: rows.filter(({ id, kind }) => waits.has(id) && NEEDS_YOU.has(kind)).length };
}

/** Neither settled by the county, nor answered, carried out or read here, nor old news. */
async function waitsFor(ctx: Ctx, rows: InboxRow[]): Promise<Set<string>> {
  const open = rows.filter(({ done }) => !done);
  const seen = new Set(await seenHere(ctx));
  const given = open.some(({ kind }) => kind === "query") ? await answers(ctx) : [];
  const waits = new Set<string>();
  const oldNews = ctx.clock.now().getTime() - NEWS_MS;
  for (const row of open) {
    if (!ASKED.has(row.kind) && Date.parse(row.at) < oldNews) continue;
    if (row.kind === "query" ? answerOf(given, row) : seen.has(row.id)) continue;
    if (row.kind === "assigned" && (await isCarriedOut(ctx, row))) continue;
    waits.add(row.id);
  }
  return waits;
}

/** The delivery is not among the person's tasks any more: handed over, or brought back. */
async function isCarriedOut(ctx: Ctx, { resident, about }: InboxRow): Promise<boolean> {
  const person = resident ? await ctx.store.people.get(resident) : undefined;
  return person?.card === "full" && !person.tasks.some(({ id }) => id === about);
}

async function seenHere(ctx: Ctx): Promise<string[]> {
  return (await device.get((ctx.store as PhoneStore).db, "inbox_seen")) ?? [];
}

/** Kept for as long as the line is. */
async function markSeen(ctx: Ctx, row: InboxRow): Promise<void> {
  const known = new Set((await ctx.store.inbox.list()).map(({ id }) => id));
  const seen = new Set([...(await seenHere(ctx)).filter((id) => known.has(id)), row.id]);
  await device.put((ctx.store as PhoneStore).db, "inbox_seen", [...seen]);
}

async function lineOf(ctx: Ctx, row: InboxRow): Promise<Line> {
  const { id, kind, at } = row;
  const text = wordsOf(ctx, row);
  const name = await nameOf(ctx, row);
  const href = row.resident && name && ON_PERSON.has(kind) ? `/field/residents/${row.resident}` : `/field/inbox/${id}`;
  return { id, kind, name, words: text, at, href };
}

/** What was held may come with the county's own code for why; people get the sentence. */
function wordsOf(ctx: Ctx, { kind, words: text }: InboxRow): string {
  return kind === "held" && /^[a-z][a-z._-]+$/.test(text) ? reasonWords(ctx, text) : text;
}

/** "" when the person has left the pack. */
async function nameOf(ctx: Ctx, { resident }: InboxRow): Promise<string> {
  return resident ? ((await ctx.store.people.get(resident))?.name ?? "") : "";
}

/** The line by its own id, or by the thing it is about: a task on a person's page names that. */
async function rowOf(ctx: Ctx): Promise<InboxRow> {
  const { id } = ctx.params;
  const rows = await ctx.store.inbox.list();
  const found = rows.find((row) => row.id === id) ?? rows.find((row) => row.about === id && row.kind === "query");
  if (found) return found;
  // A question may reach the phone with the person's card before, or without, its line in the inbox.
  for (const card of await ctx.store.people.full())
    for (const task of card.tasks)
      if (task.kind === "query" && (task.id === id || task.about === id))
        return {
          id: task.about ?? task.id,
          kind: "query",
          resident: card.id,
          about: task.about ?? task.id,
          words: task.why,
          at: "",
          done: false,
        };
  throw new Problem("not-found", {}, 404);
}

async function open(ctx: Ctx): Promise<Response> {
  const row = await rowOf(ctx);
  if (!NEEDS_YOU.has(row.kind)) await markSeen(ctx, row);
  return page(ctx, row, "", {});
}

async function page(ctx: Ctx, row: InboxRow, text: string, errors: Errors): Promise<Response> {
  const name = await nameOf(ctx, row);
  const query = row.kind === "query" ? (row.about ?? row.id) : "";
  const given = query ? answerOf(await answers(ctx), row) : undefined;
  const stands = given && standing(given, await ctx.store.records.list());
  const draft = query && !given ? await ctx.store.drafts.open(`query:${query}`) : null;
  return ctx.render(
    "field/message.html",
    {
      ...{
        row: { ...row, name, words: wordsOf(ctx, row) },
        back: "/field/inbox",
        to: await thingOf(ctx, row, name),
        correcting: null,
      },
      answer: stands
        ? { words: stands.body.words, at: stands.record.at, state: stands.record.state, record: stands.record.id }
        : null,
      ...{
        action: `/field/inbox/${row.id}`,
        draft: draft ?? { id: "" },
        draft_key: draft?.key ?? "",
        values: { words: text },
        errors,
      },
    },
    none(errors) ? {} : { status: 422 },
  );
}

/** Where the one thing of a line stands. */
async function thingOf(ctx: Ctx, row: InboxRow, name: string): Promise<string> {
  if (row.kind === "badge") return "/field/me";
  if (row.kind === "phone_locked" || row.kind === "recovery") return "/field/me/phone";
  if (row.kind === "held" && row.about && (await ctx.store.records.get(row.about)))
    return `/field/records/${row.about}`;
  if (row.resident && name)
    return row.kind === "consent" ? `/field/residents/${row.resident}/consents` : `/field/residents/${row.resident}`;
  const own = row.about ? await ctx.store.records.get(row.about) : undefined;
  if (own?.kind === "complaint.made") return "/field/complaints";
  return own ? `/field/records/${own.id}` : "";
}

/* ---- answering ---- */

async function answers(ctx: Ctx): Promise<OwnRecord[]> {
  return (await ctx.store.records.list()).filter(({ kind, state }) => kind === "query.answered" && state !== "refused");
}

/** A question's line names the question itself (api/phone/wire.py, InboxRow.about). */
function answerOf(given: OwnRecord[], row: InboxRow): OwnRecord | undefined {
  return given.find(({ body }) => body.query === (row.about ?? row.id));
}

async function answer(ctx: Ctx): Promise<Response> {
  const row = await rowOf(ctx);
  if (row.kind !== "query") throw new Problem("not-found", {}, 404);
  const query = row.about ?? row.id;
  const draft = await ctx.store.drafts.open(`query:${query}`);
  const id = ctx.form.get("event") || draft.id;
  const text = words(ctx.form, "words", 200);
  if (!text) return page(ctx, row, text, { words: ctx.t("Write a few words, as it was") });
  const person = row.resident ? await ctx.store.people.get(row.resident) : undefined;
  const body: QueryAnswered = { query, words: text };
  await record(ctx, {
    ...{ id, kind: "query.answered", subject: person?.id ?? row.resident ?? null, body: { ...body }, draft: draft.key },
    ...(person?.card === "full"
      ? { change: { tasks: person.tasks.filter((task) => !(task.kind === "query" && task.about === query)) } }
      : {}),
  });
  return seeOther("/field/inbox?said=answered");
}

export const correctable: Correctable = {
  template: "field/message.html",
  async show(ctx, old, again) {
    const { query, words: text } = old.body as unknown as QueryAnswered;
    const rows = await ctx.store.inbox.list();
    const asked = rows.find(({ about, id, kind }) => kind === "query" && (about === query || id === query));
    const row = { id: query, kind: "query", name: old.subject_name, words: asked?.words ?? "", at: asked?.at ?? "" };
    return { row, to: "", answer: null, values: { words: again ? words(ctx.form, "words", 200) : text } };
  },
  async read(ctx, old) {
    const text = words(ctx.form, "words", 200);
    const errors: Errors = text ? {} : { words: ctx.t("Write a few words, as it was") };
    return { errors, body: { ...old.body, words: text } };
  },
};
