/**
 * A save that comes once more. The same words again are the second tap of one save; other words under the same id come from another window
 * that had the same form open, and may not be taken for saved.
 */
import type { Ctx, Fact, OwnRecord, Uuid } from "./ctx.ts";

/** The record is kept and this window has let go of its form. Another window's form still stands, with words of its own. */
export async function isSecondTap(ctx: Ctx, event: Uuid | null, draft: string): Promise<boolean> {
  if (!event || !(await ctx.store.records.get(event))) return false;
  return (await ctx.store.drafts.get(draft))?.id !== event;
}

/** Whether what is kept under these facts' ids says what they say; what the first tap made beside the deed has ids of its own. */
export function saysTheSame(facts: Fact[], kept: (OwnRecord | undefined)[]): boolean {
  return facts.every((fact, at) => {
    const known = kept[at];
    if (!known) return at > 0;
    return fact.kind === known.kind && fact.subject === known.subject && words(fact.body) === words(known.body);
  });
}

/** What somebody chose and wrote: without ids and instants, which differ from tap to tap. */
function words(body: Record<string, unknown>): string {
  return JSON.stringify(body, (_, value) => (typeof value === "string" && MADE.test(value) ? "" : value));
}

const MADE = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z)$/;
