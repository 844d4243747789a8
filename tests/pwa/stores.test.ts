/** Every version of the store, as its own code left it, is opened, read and sent by the program of today. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { unb64 } from "../../pwa/bytes.ts";
import { record } from "../../pwa/ctx.ts";
import { countyPrivateKey, openSealed } from "../../pwa/envelope.ts";
import { open, VERSION } from "../../pwa/store/db.ts";
import type { Payload, SealedItem, SyncRequest } from "../../pwa/wire.ts";
import { id, LUO, ok, phone, TOWNSHIP, visit } from "./kit.ts";
import { type Frozen, thaw } from "./stores/frozen.ts";
import { file, frozenNow, MARK, NOW } from "./stores/lived.ts";

test("every earlier version of the store has been frozen", () => {
  const missing = Array.from({ length: VERSION - 1 }, (_, at) => at + 1).filter(
    (version) => !existsSync(file(version)),
  );
  expect(missing, "check out the commit before VERSION grew and freeze its store: tests/pwa/stores/frozen.ts").toEqual(
    [],
  );
});

const versions = Array.from({ length: VERSION }, (_, at) => at + 1);

/** As it was frozen; for the version of today, as `tests/pwa/stores/freeze.ts` would freeze it. */
async function frozenAt(version: number): Promise<Frozen> {
  const text = existsSync(file(version)) ? readFileSync(file(version), "utf8") : JSON.stringify(await frozenNow());
  return JSON.parse(text);
}

test.each(versions)("the store of version %i is opened, read and sent", async (version) => {
  const frozen = await frozenAt(version);
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
