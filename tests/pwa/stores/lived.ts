/** A phone in the middle of its life, whose store is frozen for the versions to come. */
import { unwrap } from "idb";
import { b64, utf8 } from "../../../pwa/bytes.ts";
import { record } from "../../../pwa/ctx.ts";
import * as device from "../../../pwa/store/device.ts";
import * as inbox from "../../../pwa/store/inbox.ts";
import type { SyncRequest } from "../../../pwa/wire.ts";
import { id, LUO, ok, PIN, phone, QINGJIANG, type TestPhone, TOWNSHIP, visit } from "../kit.ts";
import { type Frozen, freeze } from "./frozen.ts";

export const NOW = "2026-11-22T02:04:31.123Z";
export const MARK = utf8('{"v":1,"w":300,"h":120,"strokes":[[10,10,5,5]]}').buffer;

export const file = (version: number) => new URL(`./v${version}.json`, import.meta.url);

/** The store that today's program writes. */
export async function frozenNow(): Promise<Frozen> {
  const { one, county } = await lived();
  return freeze(unwrap(one.db) as IDBDatabase, PIN, county);
}

/** What the frozen phone holds: one visit received, one held, two that wait (one with its mark), a form, a picture of a form. */
async function lived(): Promise<{ one: TestPhone; county: string }> {
  const one = await phone();
  const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const county = b64(await crypto.subtle.exportKey("pkcs8", pair.privateKey));
  const point = b64(await crypto.subtle.exportKey("raw", pair.publicKey));
  const identity = (await device.get(one.db, "identity"))!;
  await device.put(one.db, "identity", { ...identity, county_key: { id: "k1", public: point } });
  const write = (n: number, notes: string, blobs: string[] = []) => {
    const { body } = visit(id(1));
    return record(one.ctx(), visit(id(1), { id: id(n), body: { ...body, visit: id(n), notes }, blobs }));
  };
  await write(61, "收到了的");
  await write(62, "镇里在看的");
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    const receipts = (json as SyncRequest).items.map((item, at) => ({
      ...{ id: item.id, hash: item.hash, scope: TOWNSHIP, position: 41 + at, number: `HL-1122-0${at + 1}` },
      ...(at === 0 ? { state: "accepted" as const, reason: "" } : { state: "held" as const, reason: "time-uncertain" }),
    }));
    return ok({ epoch: 1, now: NOW, receipts, kept_to: { [TOWNSHIP]: 41 }, villages: { [QINGJIANG]: 8 } });
  });
  await one.sync.run();
  await write(63, "还在手机里");
  await one.store.photos.put(id(64), "mark", MARK, "application/json");
  await write(64, "签了名的", ["mark"]);
  const draft = await one.store.drafts.open(`visit:${LUO.id}`);
  await one.store.drafts.keep(draft.key, { notes: ["写了一半的话"], outcome: ["done"] }, "notes", "/field/visits/new");
  await one.store.photos.put(draft.id, "mark", MARK, "application/json");
  await inbox.apply(one.db, one.vault.ring, [{ id: id(70), kind: "answer", words: "下周来装", at: NOW }], 3, false);
  await one.store.settings.set({ view: "elder" });
  return { one, county };
}
