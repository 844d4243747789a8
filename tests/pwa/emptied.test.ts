/** A store that was emptied, whole or in part, is noticed at the next start and said plainly; no count is ever taken twice. */
import { expect, test } from "vitest";
import { record } from "../../pwa/ctx.ts";
import { type Mark, read } from "../../pwa/mark.ts";
import { check, gaps, joined, noticeEmptied } from "../../pwa/store/check.ts";
import { open } from "../../pwa/store/db.ts";
import * as device from "../../pwa/store/device.ts";
import * as records from "../../pwa/store/records.ts";
import type { SyncRequest } from "../../pwa/wire.ts";
import { id, ok, PIN, phone, type TestPhone, visit } from "./kit.ts";

const NOW = "2026-11-22T02:04:31.123Z";
const mark = (newest: number, extra: Partial<Mark> = {}): Mark => ({
  ...{ device: id(800), newest, hash: "h".repeat(64), arrived: 0, at: NOW },
  ...extra,
});

const never = () => expect.unreachable();

async function wrote(one: TestPhone, count: number): Promise<void> {
  await check(one.db, null); // as at its first start
  for (let n = 0; n < count; n++) await record(one.ctx(), visit(id(1)));
}

test("stretches are joined, and gaps found up to the newest", () => {
  expect(
    joined([
      [5, 6],
      [1, 2],
      [3, 3],
    ]),
  ).toEqual([
    [1, 3],
    [5, 6],
  ]);
  expect(
    gaps(
      [
        [2, 2],
        [4, 5],
      ],
      7,
    ),
  ).toEqual([
    [1, 1],
    [3, 3],
    [6, 7],
  ]);
  expect(gaps([], 0)).toEqual([]);
  expect(gaps([[1, 9]], 4)).toEqual([]);
});

test("a whole store is found whole", async () => {
  const one = await phone();
  await wrote(one, 3);
  expect(await check(one.db, mark(3))).toEqual({ missing: [], pictures: [] });
});

test("a record that is gone is said on the phone, and to the county", async () => {
  const one = await phone();
  await wrote(one, 3);
  const [, second] = await one.db.getAllFromIndex("outbox", "seq");
  await one.db.delete("outbox", second!.id);
  expect((await check(one.db, null)).missing).toEqual([[2, 2]]);
  const page = await (await one.get("/field/outbox")).text();
  expect(page).toContain("Gone from this phone");
  expect(page).toContain("No. 2, noted after 11/22");
  let asked: SyncRequest | undefined;
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    asked = json as SyncRequest;
    return ok({ epoch: 1, now: NOW });
  });
  await one.sync.run();
  expect(asked!.waiting).toMatchObject({ newest: 3, missing: [[2, 2]] });
  expect(asked!.items).toHaveLength(2);
});

test("a sealed copy that is gone while its words are here is named with its person, and waits no more", async () => {
  const one = await phone();
  await wrote(one, 2);
  const [first] = await one.db.getAllFromIndex("outbox", "seq");
  await one.db.put("outbox", { ...first!, item: null });
  await check(one.db, null);
  const page = await (await one.get("/field/outbox")).text();
  expect(page).toContain("罗正英");
  expect(page).toContain("No. 1, noted on 11/22");
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 1 });
  await one.post("/field/outbox/lost");
  expect(await (await one.get("/field/outbox")).text()).not.toContain("Gone from this phone");
});

test("a picture that is gone before it was sent is said, and stops no order to empty the phone", async () => {
  const one = await phone();
  await check(one.db, null);
  await one.store.photos.put(id(100), "picture", new ArrayBuffer(3000), "image/jpeg");
  await record(one.ctx(), visit(id(1), { id: id(100), blobs: ["picture"] }));
  await one.db.delete("ciphers", [id(100), "picture"]);
  expect((await check(one.db, null)).pictures).toEqual([{ event: id(100), role: "picture" }]);
  expect(await (await one.get("/field/outbox")).text()).toContain("Its picture is gone");
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 0 });
});

test("what was let go of on purpose is not called lost", async () => {
  const one = await phone();
  await wrote(one, 3);
  const [first] = await one.db.getAllFromIndex("outbox", "seq");
  await one.db.put("outbox", { ...first!, item: null, kept: true, state: "accepted", at: "2026-01-01T00:00:00.000Z" });
  expect(await records.forgetOld(one.db, "2026-06-01T00:00:00.000Z")).toBe(1);
  expect((await check(one.db, null)).missing).toEqual([]);
  expect(await device.get(one.db, "forgotten")).toEqual([[1, 1]]);
});

test("a phone of the first version, that did not note what it let go of, is not frightened", async () => {
  const one = await phone();
  await record(one.ctx(), [visit(id(1)), visit(id(1)), visit(id(1))]);
  const [first] = await one.db.getAllFromIndex("outbox", "seq");
  await one.db.delete("outbox", first!.id);
  expect((await check(one.db, null)).missing).toEqual([]);
});

test.each([
  ["gone", undefined],
  ["older than the mark", { seq: 1, hash: "x" }],
])("a chain's head that is %s takes no count twice", async (_what, head) => {
  const one = await phone();
  await wrote(one, 3);
  if (head) await one.db.put("chain", head, "head");
  else await one.db.delete("chain", "head");
  const last = (await one.db.getAllFromIndex("outbox", "seq"))[2]!;
  await check(one.db, mark(3));
  expect(await records.head(one.db)).toEqual({ seq: 3, hash: last.hash });
  expect((await record(one.ctx(), visit(id(1)))).seq).toBe(4);
});

test("where the newest records are gone too, the mark says where to go on", async () => {
  const one = await phone();
  await wrote(one, 3);
  for (const row of (await one.db.getAllFromIndex("outbox", "seq")).slice(1)) await one.db.delete("outbox", row.id);
  await one.db.put("chain", { seq: 1, hash: "x" }, "head");
  expect((await check(one.db, mark(5))).missing).toEqual([[2, 5]]);
  expect(await records.head(one.db)).toEqual({ seq: 5, hash: "h".repeat(64) });
});

test("the mark of another phone changes nothing", async () => {
  const one = await phone();
  await wrote(one, 1);
  await check(one.db, mark(9, { device: id(999) }));
  expect(await records.head(one.db)).toMatchObject({ seq: 1 });
});

test("a phone that nobody set up, or that was emptied by order, writes nothing at its start", async () => {
  const one = await phone({ enrolled: false });
  await check(one.db, null);
  expect(await one.db.getAllKeys("device")).toEqual([]);
});

test("an emptied phone says so before it asks for a code", async () => {
  const one = await phone({ enrolled: false });
  expect(await noticeEmptied(one.db, mark(7, { arrived: 3 }), never)).toBe(true);
  const page = await (await one.get("/field/today")).text();
  expect(page).toContain("This phone was emptied");
  expect(page).toContain("Up to no. 3 of your records had arrived. No. 4 to 7");
  const next = await (await one.post("/field/emptied")).text();
  expect(next).toContain('name="code"');
});

test("emptied by order, and killed before its marks were wiped off, it is not called robbed at its next start", async () => {
  const one = await phone();
  await device.wipe(one.db, { device: id(800), mailbox: "m", lost: [], drafts: 0 });
  let cleared = 0;
  expect(await noticeEmptied(one.db, mark(7), () => cleared++)).toBe(false);
  expect(cleared).toBe(1);
  expect(await device.get(one.db, "before")).toBeUndefined();
});

test("a new phone is asked for its code at once", async () => {
  const one = await phone({ enrolled: false });
  expect(await noticeEmptied(one.db, null, never)).toBe(false);
  expect(await (await one.get("/field/today")).text()).toContain('name="code"');
});

test("set up anew it tells the county what it was, until an answer comes", async () => {
  const one = await phone();
  await device.put(one.db, "before", { device: id(700), newest: 7, arrived: 3, at: NOW });
  const said: unknown[] = [];
  let up = false;
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    said.push((json as SyncRequest).before);
    return up ? ok({ epoch: 1, now: NOW }) : undefined;
  });
  await one.sync.run();
  up = true;
  await one.sync.run();
  await one.sync.run();
  expect(said).toEqual([{ device: id(700), newest: 7 }, { device: id(700), newest: 7 }, undefined]);
});

test("with its key gone, what is sealed is sent by the new self, and the new chain begins at one", async () => {
  const one = await phone();
  await wrote(one, 2);
  one.vault.shut();
  await one.db.delete("device", "keys");
  const page = await (await one.get("/field/today")).text();
  expect(page).toContain("The key of this phone is gone");
  expect(page).toContain("2 records");
  await one.post("/field/emptied");
  await one.post("/field/enrol", { code: "0123456789" });
  await one.post("/field/enrol/pin", { pin: PIN });
  await one.post("/field/enrol/pin-again", { pin: PIN });
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 0, carried: 2 });
  expect(await records.head(one.db)).toMatchObject({ seq: 0 });
  expect(await device.get(one.db, "before")).toMatchObject({ device: id(800), newest: 2 });
});

test("the marks are read together", () => {
  const own = JSON.stringify(mark(7, { arrived: 2 }));
  expect(read(null, "")).toBeNull();
  expect(read("{", "x=1")).toBeNull();
  expect(read(own, "")).toMatchObject({ newest: 7, arrived: 2 });
  expect(read(own, `a=b; daiban-phone=${id(800)}.5.2026-11-20`)).toMatchObject({ newest: 7, arrived: 5 });
  expect(read(null, `daiban-phone=${id(800)}.5.2026-11-20`)).toMatchObject({ newest: 5, arrived: 5, at: "" });
});

test("a store of the first version opens with what it holds, and room for what is carried", async () => {
  const name = "version-one";
  const made = await new Promise<IDBDatabase>((done) => {
    const asked = indexedDB.open(name, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("device");
      asked.result.createObjectStore("chain");
    };
    asked.onsuccess = () => done(asked.result);
  });
  await new Promise((done) => {
    const tx = made.transaction("chain", "readwrite");
    tx.objectStore("chain").put({ seq: 4, hash: "x" }, "head");
    tx.oncomplete = done;
  });
  made.close();
  const db = await open({ name });
  expect(await db.get("chain", "head")).toEqual({ seq: 4, hash: "x" });
  expect(await db.count("carried_parts")).toBe(0);
});
