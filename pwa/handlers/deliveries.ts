/** A result handed over, or carried back: only the recipient's own act closes it (domain S9). */

import type { Correctable } from "../corrections.ts";
import { type Ctx, Problem, type Route, record, seeOther } from "../ctx.ts";
import {
  cardOf,
  type Errors,
  type MarkValues,
  markValues,
  NO_MARK,
  none,
  oneOf,
  readMark,
  whom,
  words,
} from "../fields.ts";
import type { DeliveryAttempted, DeliveryMade } from "../generated/wire.ts";
import type { ResidentCard, TaskRow } from "../wire.ts";
import { type AtTheDoor, metOf, visitOfDeed } from "./visits.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id/deliveries/:delivery", show],
  ["POST", "/field/residents/:id/deliveries/:delivery", hand],
  ["GET", "/field/residents/:id/deliveries/:delivery/attempt", showAttempt],
  ["POST", "/field/residents/:id/deliveries/:delivery/attempt", attempt],
];

type To = DeliveryMade["to"];
type Why = DeliveryAttempted["why"];
const ANYONE: readonly To[] = ["self", "guardian", "authorised", "household_adult"];
/** A card that draws money goes to nobody else (domain §14). */
const MONEY: readonly To[] = ["self", "guardian"];
const SEEN = ["id_card", "household_book", "known", "none"] as const;
const WHY: readonly Why[] = [
  "not_home",
  "away",
  "refused",
  "hospital",
  "moved",
  "death_reported",
  "not_entitled",
  "other",
];

interface Values {
  to: To | "";
  guardian_name: string;
  authorised_name: string;
  authorised_relation: string;
  household_name: string;
  household_relation: string;
  identity: DeliveryMade["identity_seen"] | "";
}

const home = (id: string) => `/field/residents/${id}`;

async function taskOf(ctx: Ctx): Promise<{ card: ResidentCard; task: TaskRow }> {
  const card = await cardOf(ctx);
  const task = card.tasks.find(({ kind, id }) => kind === "delivery" && id === ctx.params.delivery);
  if (!task) throw new Problem("delivery-gone", { name: card.name, resident: card.id }, 404);
  return { card, task };
}

async function show(ctx: Ctx): Promise<Response> {
  const { card } = await taskOf(ctx);
  return page(ctx, blank(card), NO_MARK, {});
}

/** The guardian of the record is written for the agent; who it is in front of them is asked all the same. */
function blank(card: ResidentCard): Values {
  const none_yet = { authorised_name: "", authorised_relation: "", household_name: "", household_relation: "" };
  return { to: "", identity: "", guardian_name: card.guardian?.name ?? "", ...none_yet };
}

async function page(ctx: Ctx, values: Values, mark: MarkValues, errors: Errors): Promise<Response> {
  const { card, task } = await taskOf(ctx);
  const draft = await ctx.store.drafts.open(`delivery:${task.id}`);
  const action = `${home(card.id)}/deliveries/${task.id}`;
  const { what, due_on, who_may, money } = task;
  return ctx.render(
    "field/delivery.html",
    {
      ...{
        action,
        attempt: `${action}/attempt`,
        back: home(card.id),
        person: whom(ctx, card),
        draft,
        draft_key: draft.key,
      },
      ...{ what, due_on: due_on ?? "", who_may, money, values, mark, errors, correcting: null },
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function hand(ctx: Ctx): Promise<Response> {
  const { card, task } = await taskOf(ctx);
  const draft = await ctx.store.drafts.open(`delivery:${task.id}`);
  const id = ctx.form.get("event") || draft.id;
  const { values, errors, who } = read(ctx, task.money);
  const { mark, blobs, errors: unsigned } = await readMark(ctx, id);
  const all = { ...errors, ...unsigned };
  if (!none(all) || !mark || !who) return page(ctx, values, markValues(ctx.form), all);
  const left = without(card, task);
  const { visit, beside } = await visitOfDeed(ctx, left, id, {
    ...{ reason: "delivery", outcome: "done", deliveries: [task.id], mark, blobs },
    ...(who.to === "self" ? {} : { met: metAt(card, who) }),
  });
  const body: DeliveryMade = { delivery: task.id, visit, ...who, mark };
  const change = { tasks: left.tasks };
  await record(ctx, [
    { id, kind: "delivery.made", subject: card.id, body: { ...body }, blobs, draft: draft.key, change },
    ...beside,
  ]);
  return seeOther(`${home(card.id)}?said=delivered`);
}

const without = (card: ResidentCard, task: TaskRow): ResidentCard => ({
  ...card,
  tasks: card.tasks.filter((one) => one.id !== task.id),
});

/** Whom the visit met, where it went into other hands than the person's own. */
function metAt(card: ResidentCard, { to, relation }: Who): AtTheDoor["met"] {
  return to === "guardian" ? [metOf(card, to)] : relation ? [{ relation }] : [];
}

type Who = Pick<DeliveryMade, "to" | "name" | "relation" | "identity_seen">;

function read(ctx: Ctx, money: boolean): { values: Values; errors: Errors; who: Who | null } {
  const { form } = ctx;
  const to = oneOf(form, "to", money ? MONEY : ANYONE);
  const identity = oneOf(form, "identity", money ? SEEN.slice(0, 3) : SEEN);
  const values = {
    ...{ to, identity, guardian_name: words(form, "guardian_name"), authorised_name: words(form, "authorised_name") },
    ...{ authorised_relation: words(form, "authorised_relation"), household_name: words(form, "household_name") },
    household_relation: words(form, "household_relation"),
  };
  const errors: Errors = {};
  if (!to) errors.to = money ? ctx.t("Choose the person or the guardian") : ctx.t("Choose who receives it");
  if (!identity) errors.identity = ctx.t("Choose how you know who it is");
  if (to === "guardian" && !values.guardian_name) errors.guardian_name = ctx.t("Write the guardian's name");
  if (to === "authorised" && !values.authorised_name)
    errors.authorised_name = ctx.t("Write the name on the written authority");
  if (to === "household_adult" && !values.household_name) errors.household_name = ctx.t("Write who it is");
  if (to === "household_adult" && !values.household_relation)
    errors.household_relation = ctx.t("Write how they are related, such as daughter-in-law");
  if (!to || !identity) return { values, errors, who: null };
  const named: Record<To, [string, string]> = {
    self: ["", ""],
    guardian: [values.guardian_name, ""],
    authorised: [values.authorised_name, values.authorised_relation],
    household_adult: [values.household_name, values.household_relation],
  };
  const [name, relation] = named[to];
  return { values, errors, who: { to, name, relation, identity_seen: identity } };
}

/* ---- not handed over ---- */

async function showAttempt(ctx: Ctx): Promise<Response> {
  return attemptPage(ctx, { why: "", words: "" }, {});
}

async function attemptPage(ctx: Ctx, values: { why: string; words: string }, errors: Errors): Promise<Response> {
  const { card, task } = await taskOf(ctx);
  const draft = await ctx.store.drafts.open(`attempt:${task.id}`);
  const back = `${home(card.id)}/deliveries/${task.id}`;
  return ctx.render(
    "field/attempt.html",
    {
      ...{ action: `${back}/attempt`, back, person: whom(ctx, card), draft, draft_key: draft.key },
      ...{ what: task.what, values, errors, correcting: null },
    },
    none(errors) ? {} : { status: 422 },
  );
}

function readAttempt(ctx: Ctx): { values: { why: Why | ""; words: string }; errors: Errors } {
  const values = { why: oneOf(ctx.form, "not_why", WHY), words: words(ctx.form, "words", 200) };
  const errors: Errors = {};
  if (!values.why) errors.not_why = ctx.t("Choose what happened");
  else if (values.why === "other" && !values.words) errors.words = ctx.t("Say in a few words what happened");
  return { values, errors };
}

async function attempt(ctx: Ctx): Promise<Response> {
  const { card, task } = await taskOf(ctx);
  const draft = await ctx.store.drafts.open(`attempt:${task.id}`);
  const { values, errors } = readAttempt(ctx);
  const { why } = values;
  if (!why || !none(errors)) return attemptPage(ctx, values, errors);
  const id = ctx.form.get("event") || draft.id;
  const left = without(card, task);
  const { visit, beside } = await visitOfDeed(ctx, left, id, {
    ...{ reason: "delivery", deliveries: [task.id], notes: values.words },
    ...(why === "not_entitled" || why === "other"
      ? { outcome: "part_done", met: [], mark: { kind: "none", why: ctx.t("it could not be handed over") } }
      : { outcome: why }),
  });
  const body: DeliveryAttempted = { delivery: task.id, visit, why, words: values.words };
  const change = { tasks: left.tasks };
  await record(ctx, [
    { id, kind: "delivery.attempted", subject: card.id, body: { ...body }, draft: draft.key, change },
    ...beside,
  ]);
  await ctx.store.drafts.clear(`delivery:${task.id}`);
  return seeOther(
    why === "death_reported" && !card.life ? `${home(card.id)}/death` : `${home(card.id)}?said=attempted`,
  );
}

/* ---- put right within two working days; the mark stays with the first record ---- */

export const correctMade: Correctable = {
  template: "field/delivery.html",
  async show(ctx, old, again) {
    const body = old.body as unknown as DeliveryMade;
    const { to, name = "", relation = "", identity_seen: identity } = body;
    const filled = {
      ...{
        to,
        identity,
        guardian_name: to === "guardian" ? name : "",
        authorised_name: to === "authorised" ? name : "",
      },
      ...{
        authorised_relation: to === "authorised" ? relation : "",
        household_name: to === "household_adult" ? name : "",
      },
      household_relation: to === "household_adult" ? relation : "",
    };
    const values = again ? read(ctx, false).values : filled;
    return { values, mark: NO_MARK, attempt: "", what: "", due_on: "", who_may: "", money: false };
  },
  async read(ctx, old) {
    const { errors, who } = read(ctx, false);
    return { errors, body: { ...old.body, ...who } };
  },
};

export const correctAttempt: Correctable = {
  template: "field/attempt.html",
  async show(ctx, old, again) {
    const { why, words: said = "" } = old.body as unknown as DeliveryAttempted;
    return { values: again ? readAttempt(ctx).values : { why, words: said }, what: "" };
  },
  async read(ctx, old) {
    const { values, errors } = readAttempt(ctx);
    return { errors, body: { ...old.body, ...values } };
  },
};
