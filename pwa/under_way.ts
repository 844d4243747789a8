/** The visit a deed at the door belongs to: the lead reads each visit with all it produced (domain S42). */
import type { Ctx, Draft, EventKind, OwnRecord, Uuid } from "./ctx.ts";
import { localDay } from "./filters.ts";

export const visitKey = (resident: Uuid): string => `visit:${resident}`;

/**
 * The id of the visit under way with this person: the one whose form is begun, else today's that has ended, else one that
 * begins with this deed and takes its time from it. Nothing is sent of it before it ends.
 */
export async function visitUnderWay(ctx: Ctx, resident: Uuid): Promise<Uuid> {
  const begun = await ctx.store.drafts.get(visitKey(resident));
  if (begun && Object.keys(begun.fields).length > 0) return begun.id;
  const today = ctx.clock.today();
  const own = await ctx.store.records.bySubject(resident);
  const ended = own.find(
    ({ kind, at, state }) => kind === "visit.ended" && state !== "refused" && localDay(at) === today,
  );
  return ended ? String(ended.body.visit) : (await ctx.store.drafts.open(visitKey(resident))).id;
}

/** The visit that deeds at the door have begun and nobody has written anything about: another record may take it over. */
export async function visitWithoutWords(ctx: Ctx, resident: Uuid): Promise<Draft | undefined> {
  const draft = await ctx.store.drafts.get(visitKey(resident));
  return draft && Object.keys(draft.fields).length === 0 ? draft : undefined;
}

export interface Produced {
  requests?: Uuid[];
  deliveries?: Uuid[];
}

/** What this visit has produced so far, by the ids of the things themselves; nothing for what there is none of. */
export async function producedBy(ctx: Ctx, resident: Uuid, visit: Uuid): Promise<Produced> {
  const own = (await ctx.store.records.bySubject(resident)).filter(
    ({ body, state }) => body.visit === visit && state !== "refused",
  );
  const requests = ids(own, ["request.raised"], "request");
  const deliveries = ids(own, ["delivery.made", "delivery.attempted"], "delivery");
  return { ...(requests.length ? { requests } : {}), ...(deliveries.length ? { deliveries } : {}) };
}

function ids(own: OwnRecord[], kinds: EventKind[], member: string): Uuid[] {
  const found = own.filter(({ kind }) => kinds.includes(kind)).map(({ body }) => String(body[member]));
  return [...new Set(found)].reverse();
}
