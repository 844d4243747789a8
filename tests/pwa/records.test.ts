import { expect, test } from "vitest";
import { sha256, unb64, words } from "../../pwa/bytes.ts";
import { record } from "../../pwa/ctx.ts";
import { decryptBlob, openSealed, signedText } from "../../pwa/envelope.ts";
import { PhoneStore } from "../../pwa/store/index.ts";
import * as records from "../../pwa/store/records.ts";
import type { Payload } from "../../pwa/wire.ts";
import { countyKeys, id, LUO, PIN, phone, TOWNSHIP, visit } from "./kit.ts";

const county = await countyKeys();

async function opened(item: { id: string; hash: string; device: string; sealed: string }): Promise<Payload> {
  const plain = await openSealed(
    item.sealed,
    `daiban-seal/1\n${item.id}\n${item.hash}\n${item.device}`,
    county.private,
  );
  const { payload } = JSON.parse(plain) as { payload: string };
  expect(await sha256(signedText(payload))).toBe(item.hash);
  return JSON.parse(payload);
}

test("a visit is signed, sealed for the county, and stands in the outbox", async () => {
  const { ctx, db, store } = await phone();
  const written = await record(ctx(), visit(id(1)));
  expect(written).toMatchObject({ seq: 1, state: "queued", subject_name: "罗正英", kept: false });
  const [row] = await records.queued(db, 10);
  const payload = await opened(row!.item!);
  expect(payload).toMatchObject({
    ...{ id: written.id, kind: "visit.ended", v: 1, seq: 1, prev: "", scope: TOWNSHIP, after: 0, subject: id(1) },
    ...{ actor: id(900), post: id(901), device: id(800), offset_ms: null, offset_age_s: null, blobs: [] },
  });
  expect(unb64(payload.salt)).toHaveLength(16);
  expect((await store.records.bySubject(id(1))).map((one) => one.id)).toEqual([written.id]);
});

test("records name the one before them", async () => {
  const { ctx, db } = await phone();
  const [first, second] = await record(ctx(), [visit(id(1)), visit(id(2))]);
  const rows = await records.queued(db, 10);
  expect((await opened(rows[1]!.item!)).prev).toBe(first!.hash);
  expect(second!.seq).toBe(2);
});

test("saved twice with one id it stays one record", async () => {
  const { ctx, db } = await phone();
  const fact = visit(id(1), { id: id(77) });
  const [one, two] = await Promise.all([record(ctx(), fact), record(ctx(), fact)]);
  expect(two.hash).toBe(one.hash);
  expect(await db.count("outbox")).toBe(1);
  expect(await records.head(db)).toMatchObject({ seq: 1 });
});

test("two tabs that save at once write one chain without a fork", async () => {
  const one = await phone();
  const other = await phone({ enrolled: false, name: one.name });
  await other.vault.unlock("835274");
  await Promise.all([
    ...[1, 2, 3].map(() => record(one.ctx(), visit(id(1)))),
    ...[1, 2, 3].map(() => record(other.ctx(), visit(id(2)))),
  ]);
  const rows = await records.queued(one.db, 10);
  expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
  let prev = "";
  for (const row of rows) {
    expect((await opened(row.item!)).prev).toBe(prev);
    prev = row.hash;
  }
});

test("a picture travels inside its record and stays readable on the phone", async () => {
  const { ctx, db, store } = await phone();
  const event = id(78);
  const plain = new TextEncoder().encode("a picture").buffer as ArrayBuffer;
  const stored = await store.photos.put(event, "picture", plain, "image/jpeg");
  await record(ctx(), visit(id(1), { id: event, blobs: ["picture"] }));
  const [row] = await records.queued(db, 1);
  const [blob] = (await opened(row!.item!)).blobs;
  const cipher = await db.get("ciphers", [event, "picture"]);
  expect(blob).toMatchObject({ role: "picture", type: "image/jpeg", sha256: stored.sha256, bytes: cipher!.byteLength });
  expect(await sha256(cipher!)).toBe(stored.sha256);
  expect(words(await decryptBlob(event, "picture", cipher!, blob!.key))).toBe("a picture");
  expect(words((await store.photos.get(event, "picture"))!.bytes)).toBe("a picture");
});

test("once signed, a picture is not replaced or removed", async () => {
  const { ctx, store } = await phone();
  const event = id(79);
  const first = await store.photos.put(event, "picture", new ArrayBuffer(9), "image/jpeg");
  await record(ctx(), visit(id(1), { id: event, blobs: ["picture"] }));
  await store.photos.remove(event, "picture");
  expect(await store.photos.put(event, "picture", new ArrayBuffer(5), "image/jpeg")).toEqual(first);
});

test("without its picture nothing is written", async () => {
  const { ctx, db } = await phone();
  await expect(record(ctx(), visit(id(1), { id: id(80), blobs: ["picture"] }))).rejects.toMatchObject({
    code: "picture-missing",
  });
  expect(await db.count("outbox")).toBe(0);
  expect(await records.head(db)).toEqual(records.FIRST);
});

test("saving clears the draft in the same step; a save that fails keeps it", async () => {
  const { ctx, store, db } = await phone();
  await store.drafts.keep("visit:1", { notes: ["都好"] }, "notes");
  await expect(record(ctx(), visit(id(1), { blobs: ["none"], draft: "visit:1" }))).rejects.toThrow();
  expect((await store.drafts.get("visit:1"))!.fields).toEqual({ notes: ["都好"] });
  await record(ctx(), visit(id(1), { draft: "visit:1" }));
  expect(await store.drafts.get("visit:1")).toBeUndefined();
  expect(await db.count("drafts")).toBe(0);
});

test("a draft comes back after a kill, on the same field", async () => {
  const { store, db, vault, at } = await phone();
  const { id: event } = await store.drafts.open("visit:1");
  store.drafts.keep("visit:1", { notes: ["走"] }, "notes");
  await store.drafts.keep("visit:1", { notes: ["走路慢"] }, "notes");
  const after = new PhoneStore(db, vault, () => at.now);
  expect(await after.drafts.get("visit:1")).toMatchObject({ id: event, fields: { notes: ["走路慢"] }, focus: "notes" });
});

test("the last letters before a lock are on the disk when it locks", async () => {
  const { store, db, vault, at } = await phone();
  store.drafts.keep("visit:2", { notes: ["走"] }, "notes");
  await store.forms.settled();
  vault.lock();
  await vault.unlock(PIN);
  const after = new PhoneStore(db, vault, () => at.now);
  expect(await after.drafts.get("visit:2")).toMatchObject({ fields: { notes: ["走"] } });
});

test("what changed is seen at once, and stays when an older row of the county arrives", async () => {
  const { ctx, store } = await phone();
  await record(ctx(), {
    ...{ kind: "resident.noted", subject: id(1), change: { phone: "10286310000" } },
    body: { changes: { phone: { base: "", value: "10286310000" } } },
  });
  expect(await store.people.get(id(1))).toMatchObject({ phone: "10286310000", name: "罗正英" });
  const patches = await store.written.unsentChanges();
  await store.everyone.apply([{ ...LUO, rev: 9 }], { villages: {}, cursor: "" }, 1, (one) => patches.get(one));
  expect(await store.people.get(id(1))).toMatchObject({ phone: "10286310000", rev: 9 });
});

test("someone not in the pack is found at once", async () => {
  const { ctx, store } = await phone();
  const subject = id(60);
  await record(ctx(), {
    ...{ kind: "resident.provisional", subject, area: "520121107202" },
    body: { name: "周兴林", area: "520121107202" },
    change: { name: "周兴林", initials: "zxl", group: "二组", state: "provisional" },
  });
  expect((await store.people.find("zxl")).map((one) => one.id)).toEqual([subject]);
  expect(await store.people.get(subject)).toMatchObject({ card: "full", state: "provisional" });
});
