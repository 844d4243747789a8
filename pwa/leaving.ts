/**
 * A phone that is to be emptied first brings what it has. What may still arrive is waited for, however long; what never will
 * (gone or damaged on this phone, refused for good, or sent again and again in vain) is named to the office instead.
 */
import { sha256 } from "./bytes.ts";
import type { DB } from "./store/db.ts";
import * as device from "./store/device.ts";
import type { SyncParts } from "./sync.ts";
import type { Lost, MailboxAnswer, MailboxRequest } from "./wire.ts";

/** So many conversations in which the county answered and still did not take it. */
export const IN_VAIN = 3;
/** So far apart, that one bad hour at the county costs nothing. */
export const APART_MS = 10 * 60_000;
const MOST_NAMED = 200; // as many as one report may name

/** The county was reached and did not take this (`event role`; a record has no role). Counted only under an order to empty. */
export async function hinder({ db, clock }: Pick<SyncParts, "db" | "clock">, key: string, forever: boolean) {
  if ((await device.get(db, "order")) !== "wipe") return;
  const all = (await device.get(db, "hindered")) ?? {};
  const at = clock.now().getTime();
  const before = all[key];
  if (before && !forever && Math.abs(at - before.at) < APART_MS) return;
  await device.put(db, "hindered", { ...all, [key]: { times: (before?.times ?? 0) + 1, at, forever } });
}

export async function nothingHinders(db: DB): Promise<void> {
  if (await device.get(db, "hindered")) await device.remove(db, "hindered");
}

/** What has not arrived. `waits`: some of it may still; else `lost` is all that never will. */
export async function leftHere(db: DB): Promise<{ waits: boolean; lost: Lost[] }> {
  const hindered = (await device.get(db, "hindered")) ?? {};
  const inVain = (key: string) => {
    const found = hindered[key];
    return found !== undefined && (found.forever || found.times >= IN_VAIN);
  };
  const lost: Lost[] = [];
  const rows = await db.getAll("outbox");
  for (const { id, item, state } of rows) {
    if (state !== "queued" && state !== "sending") continue; // a refused one was seen by people
    if (!item) lost.push({ event: id, role: "", why: "missing" });
    else if (inVain(`${id} `)) lost.push({ event: id, role: "", why: "unanswered" });
    else return { waits: true, lost: [] };
  }
  const refused = new Set(rows.filter(({ state }) => state === "refused").map(({ id }) => id)); // theirs never travel
  for (const { event, role, sha256: hash, saved, done } of await db.getAll("blobs")) {
    if (!saved || done || refused.has(event)) continue;
    const cipher = await db.get("ciphers", [event, role]);
    const why = !cipher
      ? "missing"
      : (await sha256(cipher)) !== hash
        ? "damaged"
        : inVain(`${event} ${role}`) || lost.some((each) => each.event === event && !each.role)
          ? "refused"
          : "";
    if (!why) return { waits: true, lost: [] };
    lost.push({ event, role, why });
  }
  return { waits: false, lost: lost.slice(0, MOST_NAMED) };
}

/** Tell the county, until it has heard it, that this phone was emptied; true: there is nothing (more) to say. */
export async function sayEmptied({ db, clock, net, version }: SyncParts): Promise<boolean> {
  const emptied = await device.get(db, "emptied");
  if (!emptied) return true;
  const body: MailboxRequest = {
    ...{ device: emptied.device, version, v: 1, clock: clock.now().toISOString(), items: [] },
    ...{ waiting: { records: 0, blobs: 0 }, done: ["wipe"], lost: emptied.lost, drafts: emptied.drafts },
  };
  const told = await net<MailboxAnswer>("/api/phone/mailbox", { json: body, token: emptied.mailbox });
  if (told.kind !== "ok" || !Number.isInteger(told.body.epoch)) return false;
  await device.remove(db, "emptied");
  return true;
}
