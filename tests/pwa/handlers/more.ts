/** What the stories of requests, deliveries, deaths … share: what the county sent, what somebody signed. */

import type { OwnRecord, ResidentCard } from "../../../pwa/ctx.ts";
import * as county from "../../../pwa/store/county.ts";
import * as inbox from "../../../pwa/store/inbox.ts";
import type { County, InboxRow, Row, TaskRow } from "../../../pwa/wire.ts";
import { COUNTY, id, LUO, QINGJIANG, type TestPhone } from "../kit.ts";

export const LUO_HOME = `/field/residents/${id(1)}`;

export const DISABILITY_CARD: Partial<TaskRow> & Pick<TaskRow, "id" | "kind"> = {
  ...{ id: id(601), kind: "delivery", what: "残疾人证", due_on: "2026-11-27", who_may: "侄儿 罗大明" },
};
export const BANK_CARD = { ...DISABILITY_CARD, id: id(602), what: "社会保障卡", money: true };

/** 罗正英 as the county has her now. */
export async function luo(one: TestPhone, change: Record<string, unknown>): Promise<void> {
  const row = { ...LUO, ...change } as Row;
  await one.store.everyone.apply([row], { villages: { [QINGJIANG]: 9 }, cursor: "" }, 1);
}

export async function cardOf(one: TestPhone, resident = id(1)): Promise<ResidentCard> {
  return (await one.store.people.get(resident)) as ResidentCard;
}

export async function countySays(one: TestPhone, change: Partial<County>): Promise<void> {
  await county.put(one.db, one.vault.ring, "county", { ...COUNTY, ...change });
}

export const CONSENTS: County["consents"] = ["life_verification", "care_roster", "request_papers"].map((purpose) => ({
  ...{ purpose, version: "2026-1", words: `念：${purpose}\n不要钱。`, english: "" },
}));

export async function told(
  one: TestPhone,
  ...rows: (Partial<InboxRow> & Pick<InboxRow, "id" | "kind">)[]
): Promise<void> {
  const full = rows.map((row) => ({ ...{ words: "", at: "2026-11-21T08:00:00.000Z", done: false }, ...row }));
  await inbox.apply(one.db, one.vault.ring, full, rows.length, false);
}

/** Strokes on the glass, as the island stores them. */
export async function sign(one: TestPhone, key: string): Promise<{ event: string; mark_kind: string; mark: string }> {
  const draft = await one.store.drafts.open(key);
  const { sha256 } = await one.store.photos.put(draft.id, "mark", new Uint8Array([1, 2, 3]).buffer, "application/json");
  return { event: draft.id, mark_kind: "signature", mark: sha256 };
}

export async function picture(one: TestPhone, key: string, role: string, byte: number): Promise<void> {
  const draft = await one.store.drafts.open(key);
  await one.store.photos.put(draft.id, role, new Uint8Array([byte]).buffer, "image/jpeg");
}

/** Newest first. */
export const records = (one: TestPhone): Promise<OwnRecord[]> => one.store.records.list();

export const wentTo = (answer: Response): string | null => answer.headers.get("HX-Push-Url");
