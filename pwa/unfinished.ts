/** Forms somebody wrote in and has not saved: whoever opens the program from its icon, after a kill too, goes on from here. */
import type { Ctx, Draft, EventKind } from "./ctx.ts";

const HOURS = 24; // older ones are still kept, on their own page
const ROWS = 3;

const KINDS: Record<string, EventKind> = {
  ...{ visit: "visit.ended", verification: "verification.captured", request: "request.raised" },
  ...{ delivery: "delivery.made", attempt: "delivery.attempted", changes: "resident.noted" },
  ...{ consent: "consent.given", withdrawal: "consent.withdrawn", death: "death.reported" },
  ...{ correct: "record.corrected", query: "query.answered" },
  ...{ provisional: "resident.provisional", complaint: "complaint.made" },
};

export interface Unfinished {
  path: string;
  /** Of the person it is about; "" where it is about nobody. */
  name: string;
  kind: EventKind;
}

/** The newest first. */
export async function unfinished(ctx: Ctx): Promise<Unfinished[]> {
  const since = new Date(ctx.clock.now().getTime() - HOURS * 3_600_000).toISOString();
  const found: Unfinished[] = [];
  for (const draft of await ctx.store.drafts.list()) {
    const kind = KINDS[draft.key.split(":")[0]!];
    const path = pathOf(draft);
    if (!kind || !path || !isWritten(draft) || draft.at < since || found.length === ROWS) continue;
    found.push({ path, kind, name: await nameOf(ctx, path) });
  }
  return found;
}

/** Not only opened: what a form brings along by itself is nobody's work. */
export function isWritten({ fields }: Draft): boolean {
  return Object.entries(fields).some(([name, values]) => !/^(resident|base_.*)$/.test(name) && values.some(Boolean));
}

/** A verification goes on at the step it had come to, and a request at its form after a picture: their own pages know. */
function pathOf({ key, path = "" }: Draft): string {
  const [, what, resident] = /^(verification|request):(.+)$/.exec(key) ?? [];
  return resident ? `/field/residents/${resident}/${what}` : path;
}

async function nameOf(ctx: Ctx, path: string): Promise<string> {
  const resident = /(?:\/residents\/|[?&]resident=)([^/?&]+)/.exec(path)?.[1];
  if (resident) return (await ctx.store.people.get(resident))?.name ?? "";
  const record = /\/records\/([^/?]+)/.exec(path)?.[1];
  return (record && (await ctx.store.records.get(record))?.subject_name) || "";
}
