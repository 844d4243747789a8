/** What the township sent back or asked, as long as neither the county nor this phone has dealt with it. */
import type { Store } from "./ctx.ts";
import type { InboxRow } from "./wire.ts";

export async function openQuestions(store: Pick<Store, "inbox" | "records">): Promise<InboxRow[]> {
  const rows = (await store.inbox.list()).filter(
    ({ kind, done }) => !done && (kind === "sent_back" || kind === "query"),
  );
  if (rows.length === 0) return [];
  const dealt = new Set<unknown>();
  for (const { kind, body, state } of await store.records.list()) {
    if (state === "refused") continue;
    if (kind === "verification.captured") dealt.add(body.retake_of);
    if (kind === "query.answered") dealt.add(body.query);
  }
  return rows.filter(({ id, about }) => !dealt.has(id) && !(about && dealt.has(about)));
}
