/**
 * One's own records: what was written, where it is, and putting it right within two working days. A correction is a new record that
 * names the old one; the old one stays to be seen. What can be corrected is the same form again, filled with what was written.
 */

import { type Correctable, correctionOf, untilOf } from "../corrections.ts";
import { type Ctx, type EventKind, type OwnRecord, Problem, type Route, record, seeOther } from "../ctx.ts";
import { type Errors, none, words } from "../fields.ts";
import type { RecordCorrected, ResidentNoted } from "../generated/wire.ts";
import { isSecondTap } from "../second_tap.ts";
import * as changes from "./changes.ts";
import * as complaints from "./complaints.ts";
import * as deaths from "./deaths.ts";
import * as deliveries from "./deliveries.ts";
import * as inbox from "./inbox.ts";
import * as provisional from "./provisional.ts";
import * as requests from "./requests.ts";
import * as verifications from "./verifications.ts";
import * as visits from "./visits.ts";

export type { Correctable } from "../corrections.ts";

const FORMS: () => Partial<Record<EventKind, Correctable>> = () => ({
  "visit.ended": visits.correctable,
  "verification.captured": verifications.correctable,
  "request.raised": requests.correctable,
  "delivery.made": deliveries.correctMade,
  "delivery.attempted": deliveries.correctAttempt,
  "resident.provisional": provisional.correctable,
  "death.reported": deaths.correctable,
  "complaint.made": complaints.correctable,
  "query.answered": inbox.correctable,
});

export const routes: Route[] = [
  ["GET", "/field/records/:id", show],
  ["GET", "/field/records/:id/correction", ask],
  ["POST", "/field/records/:id/correction", correct],
];

async function recordOf(ctx: Ctx): Promise<OwnRecord> {
  const found = await ctx.store.records.get(ctx.params.id ?? "");
  if (!found) throw new Problem("not-found", {}, 404);
  return found;
}

/** A correction is corrected as what it corrects: the form of that kind, with the newest words. */
async function asFirst(ctx: Ctx, found: OwnRecord): Promise<OwnRecord> {
  if (found.kind !== "record.corrected") return found;
  const { corrects, body } = found.body as unknown as RecordCorrected;
  const first = await ctx.store.records.get(corrects);
  if (!first) throw new Problem("not-found", {}, 404);
  return { ...(await asFirst(ctx, first)), body };
}

async function show(ctx: Ctx): Promise<Response> {
  const found = await recordOf(ctx);
  const newer = await correctionOf(ctx, found);
  const old = found.kind === "record.corrected" ? await ctx.store.records.get(String(found.body.corrects)) : undefined;
  const first = await asFirst(ctx, found).catch(() => undefined);
  const kind = first?.kind ?? found.kind;
  const until = await untilOf(ctx, first ?? found);
  const form = first && FORMS()[first.kind];
  const fixable = form !== undefined && !newer && found.state !== "refused" && ctx.clock.today() <= until;
  // What is known of a person is simply noted again, any day: the newest note stands.
  const again =
    kind === "resident.noted" && found.state !== "refused" ? `/field/residents/${found.subject}/changes` : "";
  return ctx.render("field/record.html", {
    ...{ record: found, kind, body: shown(ctx, kind, first?.body ?? found.body), newer: newer ?? null, until },
    ...{ fixable, again },
    ...{
      old: old ? shown(ctx, kind, (await asFirst(ctx, old)).body) : null,
      old_at: old?.at ?? "",
      old_id: old?.id ?? "",
    },
    why: found.kind === "record.corrected" ? found.body.why : "",
    back: found.subject ? `/field/residents/${found.subject}` : "/field/outbox",
    said: ctx.query.get("said") ?? "",
  });
}

/** Changes of a card travel as text; here they are read by people. */
function shown(ctx: Ctx, kind: EventKind, body: Record<string, unknown>): Record<string, unknown> {
  if (kind !== "resident.noted") return body;
  const pairs = Object.entries((body as unknown as ResidentNoted).changes);
  const lines = pairs.map(([field, { base, value }]) => ({
    ...{ field, value: changes.readable(ctx, field, value ?? ""), was: changes.readable(ctx, field, base ?? "") },
  }));
  return { ...body, lines };
}

async function ask(ctx: Ctx): Promise<Response> {
  return page(ctx, false, {});
}

async function page(ctx: Ctx, again: boolean, errors: Errors): Promise<Response> {
  const found = await recordOf(ctx);
  const { form, first } = await mayCorrect(ctx, found);
  const draft = await ctx.store.drafts.open(`correct:${found.id}`);
  const path = `/field/records/${found.id}`;
  return ctx.render(
    form.template,
    {
      ...{ action: `${path}/correction`, back: path, draft, draft_key: draft.key, errors },
      ...{ person: { id: found.subject ?? "", name: found.subject_name, sex: "", age: "" } },
      correcting: { why: again ? words(ctx.form, "why", 200) : "", until: await untilOf(ctx, first) },
      ...(await form.show(ctx, first, again)),
    },
    none(errors) ? {} : { status: 422 },
  );
}

/** Too late, corrected before, refused, or a kind that is taken again instead: each says so. */
async function mayCorrect(ctx: Ctx, found: OwnRecord): Promise<{ form: Correctable; first: OwnRecord }> {
  const first = await asFirst(ctx, found);
  const form = FORMS()[first.kind];
  if (!form || found.state === "refused") throw new Problem("not-found", {}, 404);
  if (await correctionOf(ctx, found)) throw new Problem("corrected-before", { record: found.id }, 409);
  const until = await untilOf(ctx, first);
  if (ctx.clock.today() > until)
    throw new Problem("correction-late", { until, lead: (await ctx.store.me.get()).lead ?? null }, 403);
  return { form, first };
}

async function correct(ctx: Ctx): Promise<Response> {
  const found = await recordOf(ctx);
  const draft = await ctx.store.drafts.open(`correct:${found.id}`);
  const id = ctx.form.get("event") || draft.id;
  if (await isSecondTap(ctx, id, draft.key)) return seeOther(`/field/records/${id}?said=corrected`);
  const { form, first } = await mayCorrect(ctx, found);
  const why = words(ctx.form, "why", 200);
  const { errors, body, change } = await form.read(ctx, first);
  if (!why) errors.why = ctx.t("Say in a few words what was wrong");
  if (!none(errors)) return page(ctx, true, errors);
  await record(ctx, {
    ...{
      id,
      kind: "record.corrected",
      subject: found.subject,
      body: { corrects: found.id, why, body },
      draft: draft.key,
    },
    ...(change ? { change } : {}),
  });
  return seeOther(`/field/records/${id}?said=corrected`);
}
