/** Putting right one's own record: how long it may be done, whether it was, and what a form gives for it. */
import type { Ctx, Day, OwnRecord } from "./ctx.ts";
import type { Errors } from "./fields.ts";
import { localDay } from "./filters.ts";
import type { ResidentCard } from "./wire.ts";
import { lastDay } from "./working_days.ts";

/** The form of a kind, used a second time. The form says `why`, and shows neither camera nor pad: those stay with the first record. */
export interface Correctable {
  template: string;
  /** What the template needs beside `action`, `back`, `person`, `draft`, `errors`, `correcting`. `again`: with what was just typed. */
  show(ctx: Ctx, old: OwnRecord, again: boolean): Promise<Record<string, unknown>>;
  /** The whole new body, and what changes on the card at once. */
  read(
    ctx: Ctx,
    old: OwnRecord,
  ): Promise<{ errors: Errors; body: Record<string, unknown>; change?: Partial<ResidentCard> }>;
}

/** The newest correction of this record, if it has one. */
export async function correctionOf(ctx: Ctx, old: OwnRecord): Promise<OwnRecord | undefined> {
  return correcting(old, old.subject ? await ctx.store.records.bySubject(old.subject) : await ctx.store.records.list());
}

/** What stands of a record now: its newest correction's words, the correction itself, or the first as it was written. */
export function standing(first: OwnRecord, all: OwnRecord[]): { record: OwnRecord; body: Record<string, unknown> } {
  let found = { record: first, body: first.body };
  for (let next = correcting(first, all); next; next = correcting(next, all))
    found = { record: next, body: next.body.body as Record<string, unknown> };
  return found;
}

/** The correction of this very record that counts, if any. */
function correcting(old: OwnRecord, all: OwnRecord[]): OwnRecord | undefined {
  return all.find(
    ({ kind, body, state }) => kind === "record.corrected" && body.corrects === old.id && state !== "refused",
  );
}

/** The last day on which an agent may still put it right. */
export async function untilOf(ctx: Ctx, old: OwnRecord): Promise<Day> {
  const county = await ctx.store.county.get();
  return lastDay(localDay(old.at), county.correction_days, county);
}

export async function isInTime(ctx: Ctx, old: OwnRecord): Promise<boolean> {
  return ctx.clock.today() <= (await untilOf(ctx, old));
}
