/** Every version of the store, as its own code left it, is opened, read and sent by the program of today. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { unwrap } from "idb";
import { expect, test } from "vitest";
import { b64, unb64, utf8 } from "../../pwa/bytes.ts";
import { record } from "../../pwa/ctx.ts";
import { countyPrivateKey, openSealed } from "../../pwa/envelope.ts";
import { open, VERSION } from "../../pwa/store/db.ts";
import * as device from "../../pwa/store/device.ts";
import * as inbox from "../../pwa/store/inbox.ts";
import type { Payload, SealedItem, SyncRequest } from "../../pwa/wire.ts";
import { id, LUO, ok, PIN, phone, QINGJIANG, type TestPhone, TOWNSHIP, visit } from "./kit.ts";
import { type Frozen, freeze, thaw } from "./stores/frozen.ts";

const file = (version: number) => new URL(`./stores/v${version}.json`, import.meta.url);
const NOW = "2026-11-22T02:04:31.123Z";
const MARK = utf8('{"v":1,"w":300,"h":120,"strokes":[[10,10,5,5]]}').buffer;

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

test.runIf(process.env.FREEZE)("write the store of this version", async () => {
  const { one, county } = await lived();
  const frozen = await freeze(unwrap(one.db) as IDBDatabase, PIN, county);
  writeFileSync(file(frozen.version), `${JSON.stringify(frozen, null, 1)}\n`);
});

test("every earlier version of the store has been frozen", () => {
  const missing = Array.from({ length: VERSION - 1 }, (_, at) => at + 1).filter(
    (version) => !existsSync(file(version)),
  );
  expect(missing, "check out the commit before VERSION grew and freeze its store: tests/pwa/stores/frozen.ts").toEqual(
    [],
  );
});

const versions = Array.from({ length: VERSION }, (_, at) => at + 1).filter((version) => existsSync(file(version)));

test.each(versions)("the store of version %i is opened, read and sent", async (version) => {
  const frozen = JSON.parse(readFileSync(file(version), "utf8")) as Frozen;
  const name = `frozen-${version}`;
  await thaw(frozen, name);
  const one = await phone({ enrolled: false, name });
  expect(one.db.version).toBe(VERSION);
  await one.vault.unlock(frozen.pin);

  const states = (await one.store.records.list()).map(({ body, state, kept }) => [body.notes, state, kept]);
  expect(states).toEqual([
    ["签了名的", "queued", false],
    ["还在手机里", "queued", false],
    ["镇里在看的", "held", false],
    ["收到了的", "accepted", true],
  ]);
  const draft = (await one.store.drafts.get(`visit:${LUO.id}`))!;
  expect(draft).toMatchObject({ fields: { notes: ["写了一半的话"], outcome: ["done"] }, focus: "notes" });
  expect((await one.store.photos.get(draft.id, "mark"))!.bytes).toEqual(MARK);
  expect(await one.store.people.count()).toEqual({ full: 1, all: 2 });
  expect(await one.store.people.pack()).toMatchObject({ whole: true });
  expect((await one.store.inbox.list()).map(({ words }) => words)).toEqual(["下周来装"]);
  expect(await one.store.settings.get()).toMatchObject({ view: "elder" });

  // What waits is sent as it was sealed, and what is written now follows it in the phone's own chain.
  const before = (await one.db.getAllFromIndex("outbox", "seq")).filter(({ state }) => state === "queued");
  await record(one.ctx(), visit(id(1), { id: id(65) }));
  const got: SealedItem[] = [];
  const pieces: number[] = [];
  one.county.on((path, { json, bytes }) => {
    if (path.startsWith("/api/phone/blobs")) {
      pieces.push(bytes!.byteLength);
      return ok({ offset: bytes!.byteLength }, 201);
    }
    if (path !== "/api/phone/sync") return undefined;
    const { items } = json as SyncRequest;
    got.push(...items);
    const state = "accepted" as const;
    const receipts = items.map(({ id: event, hash }, at) => ({
      id: event,
      hash,
      scope: TOWNSHIP,
      position: 50 + at,
      state,
      reason: "",
      number: "n",
    }));
    return ok({ epoch: 1, now: NOW, receipts });
  });
  expect((await one.sync.run()).kind).toBe("done");
  expect(got.slice(0, 2)).toEqual(before.map(({ item }) => item));
  expect(pieces).toHaveLength(1);
  const county = await countyPrivateKey(unb64(frozen.county).buffer);
  const opened = await Promise.all(
    got.map(({ id: event, hash, device: from, sealed }) =>
      openSealed(sealed, `daiban-seal/1\n${event}\n${hash}\n${from}`, county),
    ),
  );
  const chain = opened.map((inside) => JSON.parse(JSON.parse(inside).payload) as Payload);
  expect(chain.map(({ seq }) => seq)).toEqual([3, 4, 5]);
  expect(chain.map(({ prev }) => prev)).toEqual([expect.any(String), got[0]!.hash, got[1]!.hash]);
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 0, pictures: 0 });
});

test("a store newer than the program is refused and left as it is", async () => {
  const name = "newer";
  const newer = await new Promise<IDBDatabase>((good) => {
    const asked = indexedDB.open(name, VERSION + 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("outbox");
    asked.onsuccess = () => good(asked.result);
  });
  newer.transaction("outbox", "readwrite").objectStore("outbox").put("a record", "x");
  newer.close();
  await expect(open({ name })).rejects.toMatchObject({ name: "VersionError" });
  const again = await new Promise<IDBDatabase>((good) => {
    const asked = indexedDB.open(name);
    asked.onsuccess = () => good(asked.result);
  });
  expect([again.version, ...again.objectStoreNames]).toEqual([VERSION + 1, "outbox"]);
  again.close();
});
