/** The visit a deed at the door belongs to: the lead reads each visit with all it produced (domain S42). */
import type { Ctx, Draft, EventKind, OwnRecord, Uuid } from "./ctx.ts";
import { localDay } from "./filters.ts";
import { isWritten } from "./unfinished.ts";

export const visitKey = (resident: Uuid): string => `visit:${resident}`;

/**
 * The visit under way with this person: the one being written today, else today's that has ended. Undefined where the agent
 * notes none: the deed then writes the visit it was. Where somebody was there, an earlier "not at home" was another going.
 */
export async function visitUnderWay(ctx: Ctx, resident: Uuid, somebodyThere: boolean): Promise<Uuid | undefined> {
  const begun = await ctx.store.drafts.get(visitKey(resident));
  const today = ctx.clock.today();
  if (begun && isWritten(begun) && localDay(begun.at) === today) return begun.id;
  const own = await ctx.store.records.bySubject(resident);
  const ended = own.find(
    ({ kind, at, state, body }) =>
      kind === "visit.ended" &&
      state !== "refused" &&
      localDay(at) === today &&
      !(somebodyThere && body.outcome === "not_home"),
  );
  return ended && String(ended.body.visit);
}

/** A visit whose form was opened and nobody has written anything in: another record may take it over. */
export async function visitWithoutWords(ctx: Ctx, resident: Uuid): Promise<Draft | undefined> {
  const draft = await ctx.store.drafts.get(visitKey(resident));
  return draft && !isWritten(draft) ? draft : undefined;
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
