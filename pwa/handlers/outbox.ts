/** What is on this phone, on its way, received, or needs the agent. Totals may be seen locked; names only unlocked. */
import { dayOf } from "../clock.ts";
import type { Ctx, OwnRecord, Route } from "../ctx.ts";
import { seeOther } from "../ctx.ts";
import { openQuestions } from "../questions.ts";
import * as device from "../store/device.ts";
import type { PhoneStore } from "../store/index.ts";

export const routes: Route[] = [
  ["GET", "/field/outbox", show],
  ["POST", "/field/outbox/send", sendNow],
  ["POST", "/field/outbox/lost", readLost],
];

interface Item {
  id: string;
  name: string;
  kind: string;
  /** Of a visit. */
  outcome: string;
  state: OwnRecord["state"];
  at: string;
  number: string;
  reason: string;
  /** Words of the record arrived; so much of its pictures did. */
  sent: number;
  total: number;
  path: string;
  button: string;
}

async function show(ctx: Ctx): Promise<Response> {
  const { db } = ctx.store as PhoneStore;
  const [records, heard, proven] = await Promise.all([
    ctx.store.records.list(),
    ctx.store.outbox.lastHeard(),
    ctx.store.outbox.lastProven(),
  ]);
  const today = ctx.clock.today();
  const gone = await device.get(db, "losses");
  const missing = (seq: number) => gone?.missing.some(([first, last]) => first <= seq && seq <= last) ?? false;
  const items = records
    .filter(({ seq, state }) => state !== "queued" || !missing(seq))
    .map((record) => item(ctx, record));
  const travelling = (one: Item) => one.total > one.sent && (one.state === "accepted" || one.state === "held");
  const waiting = items.filter((one) => one.state === "queued" || one.state === "sending" || travelling(one));
  const received = records.filter(
    ({ state, received_at }) => state === "accepted" && received_at && dayOf(received_at) === today,
  );
  const ids = new Set(received.map(({ id }) => id));
  return ctx.render("field/outbox.html", {
    lost: await losses(ctx, records),
    needs_you: [...(await asked(ctx)), ...items.filter(({ state }) => state === "refused")],
    looking: items.filter((one) => one.state === "held" && !travelling(one)),
    waiting,
    received: items.filter((one) => ids.has(one.id) && !travelling(one)),
    heard: heard ?? "",
    proven: proven ?? "",
    travelling: waiting.length > 0,
    carried: await db.count("carried"),
  });
}

interface Loss {
  key: string;
  name: string;
  kind: string;
  outcome: string;
  words: string;
}

/** What the last check found gone, one by one where the readable copy or its neighbours still tell of it. */
async function losses(ctx: Ctx, records: OwnRecord[]): Promise<Loss[]> {
  const { db } = ctx.store as PhoneStore;
  const [lost, seen] = await Promise.all([device.get(db, "losses"), device.get(db, "lost_seen")]);
  const found = (lost?.missing ?? []).flatMap(([first, last]) => stretch(ctx, records, first, last));
  for (const { event, role } of lost?.pictures ?? []) {
    const record = records.find(({ id }) => id === event);
    const words = ctx.t("Its picture is gone from this phone before it was sent. The words are kept: take it again.");
    found.push({ ...about(record), key: `${event} ${role}`, words });
  }
  return found.filter(({ key }) => !seen?.includes(key));
}

const ONE_BY_ONE = 20;

function stretch(ctx: Ctx, records: OwnRecord[], first: number, last: number): Loss[] {
  const day = (at: string) => ctx.t("{month}/{day}", dateOf(at));
  if (last - first >= ONE_BY_ONE)
    return [
      {
        ...about(undefined),
        key: `${first}-${last}`,
        words: ctx.t("No. {first} to {last} of your records", { first, last }),
      },
    ];
  return Array.from({ length: last - first + 1 }, (_, at): Loss => {
    const seq = first + at;
    const record = records.find((one) => one.seq === seq);
    const before = records.find((one) => one.seq < seq); // newest first
    const words = record
      ? ctx.t("No. {seq}, noted on {day}. It can be read here, but not be sent any more: note it once more.", {
          seq,
          day: day(record.at),
        })
      : before
        ? ctx.t("No. {seq}, noted after {day}. Ask the township whether it had arrived; else note it once more.", {
            seq,
            day: day(before.at),
          })
        : ctx.t("No. {seq}. Ask the township whether it had arrived; else note it once more.", { seq });
    return { ...about(record), key: String(seq), words };
  });
}

function about(record: OwnRecord | undefined): Pick<Loss, "name" | "kind" | "outcome"> {
  return { name: record?.subject_name ?? "", kind: record?.kind ?? "", outcome: String(record?.body.outcome ?? "") };
}

function dateOf(at: string): { month: number; day: number } {
  const [, month, day] = dayOf(at).split("-").map(Number);
  return { month: month!, day: day! };
}

async function readLost(ctx: Ctx): Promise<Response> {
  const { db } = ctx.store as PhoneStore;
  const keys = (await losses(ctx, await ctx.store.records.list())).map(({ key }) => key);
  await device.put(db, "lost_seen", [...((await device.get(db, "lost_seen")) ?? []), ...keys]);
  return seeOther("/field/outbox");
}

/** Sent back or asked about by the township, and not dealt with on this phone yet. */
async function asked(ctx: Ctx): Promise<Item[]> {
  const rows = await openQuestions(ctx.store);
  const items = rows.map(async (row): Promise<Item> => {
    const person = row.resident ? await ctx.store.people.get(row.resident) : undefined;
    const retake = row.kind === "sent_back";
    return {
      ...{
        id: row.id,
        name: person?.name ?? "",
        outcome: "",
        state: "refused",
        at: row.at,
        number: "",
        sent: 0,
        total: 0,
      },
      kind: retake ? "verification.captured" : "visit.ended",
      reason: retake
        ? ctx.t("The township looked: {words}. The record is still there, one new picture will do.", {
            words: row.words.replace(/[。.]$/, ""),
          })
        : ctx.t("The township asks: {words}", { words: row.words }),
      path: retake && row.resident ? `/field/residents/${row.resident}` : `/field/inbox/${row.id}`,
      button: retake ? ctx.t("Take it again") : ctx.t("Answer"),
    };
  });
  return Promise.all(items);
}

function sendNow(ctx: Ctx): Response {
  ctx.send("send now");
  return seeOther("/field/outbox");
}

function item(ctx: Ctx, record: OwnRecord): Item {
  const { id, state, at, number, reason, sent_bytes, total_bytes, subject } = record;
  return {
    ...{ id, state, at, number, sent: sent_bytes, total: total_bytes },
    name: record.subject_name,
    ...{ kind: record.kind, outcome: String(record.body.outcome ?? "") },
    reason: reasonWords(ctx, reason),
    path: subject ? `/field/residents/${subject}` : "",
    button: ctx.t("Look at it"),
  };
}

/** The county's reason for a refusal or a hold, as a sentence that says what comes next. */
export function reasonWords(ctx: Pick<Ctx, "t">, reason: string): string {
  const { t } = ctx;
  const words: Record<string, string> = {
    "": "",
    malformed: t("The county cannot read it. Call the township."),
    unreadable: t("The county cannot read it. Call the township."),
    "hash-differs": t("It was damaged on this phone. Write it once more."),
    signature: t("It was damaged on this phone. Write it once more."),
    "unknown-device": t("The county does not know this phone. Call the township."),
    "other-content": t("It came before with other words. Call the township."),
    fork: t("Two records took the same place on this phone. Set it up again at the township."),
    "device-locked": t("This phone was locked at that time."),
    "not-own-post": t("It was written under a post that is not yours."),
    "post-not-in-force": t("No post of yours was in force on that day."),
    "time-uncertain": t("It is not sure when it happened."),
    "resident-elsewhere": t("This person is in another village's list."),
    "resident-unknown": t("This person is not in the county's list."),
    "resident-exists": t("This person is in the county's list already."),
    "record-unknown": t("The record it belongs to has not come yet."),
    "not-own-record": t("The record it corrects is somebody else's."),
    "too-late": t("The days for a correction were over."),
    "money-function": t("A card with money may only go to the person or the guardian."),
    "already-done": t("It was dealt with before."),
  };
  return words[reason] ?? t("Call the township, it knows why.");
}
