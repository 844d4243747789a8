/** The outbox as a file: packed locked, read back whole or cut, carried by a colleague, and let go of only by receipts. */
import { webcrypto } from "node:crypto";
import { expect, test } from "vitest";
import { type Part, pack, parts } from "../../pwa/bundle.ts";
import { hex, utf8 } from "../../pwa/bytes.ts";
import { record } from "../../pwa/ctx.ts";
import * as carried from "../../pwa/store/carried.ts";
import * as device from "../../pwa/store/device.ts";
import * as records from "../../pwa/store/records.ts";
import { take } from "../../pwa/take_along.ts";
import type { MailboxRequest, Receipt, ReceiptState } from "../../pwa/wire.ts";
import { cut, id, ok, phone, refused, type TestPhone, TOWNSHIP, visit } from "./kit.ts";

const NOW = new Date("2026-11-22T02:04:31.123Z");
const COLLEAGUE = id(801);

async function wrote(one: TestPhone, count = 3): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n++) {
    const event = id(100 + n);
    await one.store.photos.put(event, "picture", new Uint8Array(3000 + n).fill(n).buffer, "image/jpeg");
    ids.push((await record(one.ctx(), visit(id(1), { id: event, blobs: ["picture"] }))).id);
  }
  return ids;
}

async function read(file: Blob): Promise<Part[]> {
  const found: Part[] = [];
  for await (const part of parts(file)) found.push(part);
  return found;
}

const kinds = (found: Part[]) => found.map(({ kind }) => kind);

/** A second phone, of a colleague, that takes the file along. */
async function colleague(file: Blob): Promise<TestPhone> {
  const two = await phone();
  const identity = (await device.get(two.db, "identity"))!;
  await device.put(two.db, "identity", { ...identity, device: COLLEAGUE, mailbox: "colleague-token" });
  await take(two.db, file, { device: COLLEAGUE, key: "k1" }, NOW);
  return two;
}

test("a locked phone packs every record and picture, and nothing of it can be read", async () => {
  const one = await phone();
  const ids = await wrote(one);
  one.vault.shut();
  const steps: string[] = [];
  const packed = await pack(one.db, NOW, (done, all) => steps.push(`${done}/${all}`));
  expect(packed).toMatchObject({ name: "daiban-0193a000-2026-11-22.dbx", records: 3, unproven: 3, pictures: 3 });
  expect(steps[steps.length - 1]).toBe("6/6");
  const found = await read(packed.file);
  expect(kinds(found)).toEqual(["head", "item", "item", "item", "picture", "picture", "picture", "end"]);
  expect(found.flatMap((part) => (part.kind === "item" ? [part.item.id] : []))).toEqual(ids);
  const text = Buffer.from(await packed.file.arrayBuffer()).toString("latin1");
  for (const secret of [Buffer.from("罗正英").toString("latin1"), "care", TOWNSHIP, "mailbox-token"])
    expect(text).not.toContain(secret);
});

test("the head is proven by the mailbox token, and says the newest count and what is lost", async () => {
  const one = await phone();
  await wrote(one, 2);
  await device.put(one.db, "losses", { missing: [[1, 1]], pictures: [] });
  const { file } = await pack(one.db, NOW);
  const body = Buffer.from(await file.arrayBuffer()).toString();
  const line = body.split("\n")[2]!;
  const { said, proof } = JSON.parse(line) as { said: string; proof: string };
  expect(JSON.parse(said)).toMatchObject({
    device: id(800),
    agent: "杨秀芝",
    newest: 2,
    records: 2,
    missing: [[1, 1]],
  });
  const secret = utf8(hex(await webcrypto.subtle.digest("SHA-256", utf8("mailbox-token"))));
  const key = await webcrypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  expect(proof).toBe(hex(await webcrypto.subtle.sign("HMAC", key, utf8(`daiban-bundle/1\n${said}`))));
});

test("what was received but is not in a backup goes along, what was refused does not", async () => {
  const one = await phone();
  const [first, second] = await wrote(one, 3);
  const row = async (event: string) => (await one.db.get("outbox", event))!;
  const receipt = async (event: string, state: ReceiptState): Promise<Receipt> => {
    const { hash } = await row(event);
    return {
      id: event,
      hash,
      scope: TOWNSHIP,
      position: state === "refused" ? null : 9,
      state,
      reason: "",
      number: "",
    };
  };
  await records.receive(one.db, [await receipt(first!, "accepted"), await receipt(second!, "refused")], "");
  expect(await pack(one.db, NOW)).toMatchObject({ records: 2, unproven: 1, pictures: 2 });
});

test("making the file changes nothing: everything still waits for the county's own receipt", async () => {
  const one = await phone();
  await wrote(one);
  const before = await one.store.outbox.counts();
  await pack(one.db, NOW);
  expect(await one.store.outbox.counts()).toEqual(before);
});

test("a file cut anywhere gives its whole parts and no half of one", async () => {
  const one = await phone();
  await wrote(one, 2);
  const { file } = await pack(one.db, NOW);
  const whole = kinds(await read(file));
  for (let at = 40; at < file.size - 1; at += 997) {
    const found = await read(file.slice(0, at)).catch(() => []);
    const good = kinds(found).filter((kind) => kind !== "damage");
    expect(good).toEqual(whole.slice(0, good.length));
    expect(good.length).toBeLessThan(whole.length);
  }
});

test("a damaged part is passed over, the next one read", async () => {
  const one = await phone();
  await wrote(one, 2);
  const { file } = await pack(one.db, NOW);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const at = Buffer.from(bytes).indexOf('"sealed"') + 60;
  bytes[at] = bytes[at]! ^ 1;
  const found = kinds(await read(new Blob([bytes])));
  expect(found).toEqual(["head", "damage", "item", "picture", "picture", "end"]);
});

test.each([[""], ["not one of ours"], ["PK\x03\x04aaaa"]])("%j is no bundle", async (text) => {
  await expect(read(new Blob([text]))).rejects.toThrow();
});

/* ---- a colleague carries it --------------------------------------------------------------------------------------- */

/** A county that takes what it is sent, by mailbox and pictures; `lose` eats so many answers first. */
function county(one: TestPhone, { state = "accepted" as ReceiptState, lose = 0 } = {}) {
  const got = { items: [] as string[], pictures: [] as string[], asked: 0 };
  let left = lose;
  one.county.on((path, { json, bytes }) => {
    if (path === "/api/phone/sync") return ok({ epoch: 1, now: NOW.toISOString() });
    if (path === "/api/phone/mailbox") {
      const { items } = json as MailboxRequest;
      const receipts = items.map(({ id: event, hash }): Receipt => {
        got.items.push(event);
        return { id: event, hash, scope: TOWNSHIP, position: got.items.length, state, reason: "", number: "" };
      });
      if (left-- > 0) return cut();
      return ok({ epoch: 1, now: NOW.toISOString(), receipts });
    }
    if (!path.startsWith("/api/phone/blobs/")) return undefined;
    const url = new URL(path, "http://x");
    const held = Number(url.searchParams.get("offset")) + bytes!.byteLength;
    const total = Number(url.searchParams.get("total"));
    expect(url.searchParams.get("sha256")).toMatch(/^[0-9a-f]{64}$/);
    if (held === total) got.pictures.push(url.pathname);
    return ok({ offset: held }, held === total ? 201 : 202);
  });
  return got;
}

test("a colleague's phone sends the records first, then their pictures, and lets go by receipt", async () => {
  const one = await phone();
  await wrote(one);
  const { file } = await pack(one.db, NOW);
  const two = await colleague(file);
  expect(await two.store.outbox.counts()).toMatchObject({ waiting: 0, carried: 6 });
  const got = county(two);
  expect((await two.sync.run()).kind).toBe("done");
  expect([got.items.length, got.pictures.length]).toEqual([3, 3]);
  expect(await two.store.outbox.counts()).toMatchObject({ carried: 0 });
  expect(await two.db.count("carried_bytes")).toBe(0);
  expect(await carried.list(two.db)).toMatchObject([
    { agent: "杨秀芝", records: 3, arrived: 3, pictures_arrived: 3, left: 0 },
  ]);
});

test("locked it sends them too", async () => {
  const one = await phone();
  await wrote(one, 1);
  const two = await colleague((await pack(one.db, NOW)).file);
  two.vault.shut();
  const got = county(two);
  await two.sync.run();
  expect([got.items.length, got.pictures.length]).toEqual([1, 1]);
});

test("an answer that never came lets go of nothing, and the next try brings the same", async () => {
  const one = await phone();
  await wrote(one, 2);
  const two = await colleague((await pack(one.db, NOW)).file);
  const got = county(two, { lose: 1 });
  expect((await two.sync.run()).kind).toBe("unreachable");
  expect(await two.store.outbox.counts()).toMatchObject({ carried: 4 });
  await two.sync.run();
  expect(got.items).toEqual([id(100), id(101), id(100), id(101)]);
  expect(await two.store.outbox.counts()).toMatchObject({ carried: 0 });
});

test("a receipt for another hash lets go of nothing", async () => {
  const one = await phone();
  await wrote(one, 1);
  const two = await colleague((await pack(one.db, NOW)).file);
  const receipt = { id: id(100), hash: "0".repeat(64), scope: "", position: 1, state: "accepted" as const };
  expect(await carried.receive(two.db, [{ ...receipt, reason: "", number: "" }])).toBe(false);
  expect(await two.store.outbox.counts()).toMatchObject({ carried: 2 });
});

test("a refused record takes its pictures along, and the page says so", async () => {
  const one = await phone();
  await wrote(one, 1);
  const two = await colleague((await pack(one.db, NOW)).file);
  const got = county(two, { state: "refused" });
  await two.sync.run();
  expect(got.pictures).toEqual([]);
  expect(await carried.list(two.db)).toMatchObject([{ arrived: 1, refused: 1, pictures_unwanted: 1, left: 0 }]);
  expect(await (await two.get("/field/carry")).text()).toContain("was refused");
});

test("a picture no record asks for is let go of; a busy county's refusal keeps it", async () => {
  const one = await phone();
  await wrote(one, 1);
  const two = await colleague((await pack(one.db, NOW)).file);
  county(two);
  let answer = refused(429, "too-often");
  two.county.on((path) => (path.startsWith("/api/phone/blobs/") ? answer : undefined));
  await two.sync.run();
  expect(await two.store.outbox.counts()).toMatchObject({ carried: 1 });
  answer = refused(404, "picture-not-wanted");
  await two.sync.run();
  expect(await two.store.outbox.counts()).toMatchObject({ carried: 0 });
});

test("the same file taken along twice is carried once", async () => {
  const one = await phone();
  await wrote(one, 2);
  const { file } = await pack(one.db, NOW);
  const two = await colleague(file);
  await take(two.db, file, { device: COLLEAGUE, key: "k1" }, NOW);
  expect(await carried.list(two.db)).toMatchObject([{ records: 2, pictures: 2, left: 4 }]);
});

test("one's own file, and one of another county, are not taken along", async () => {
  const one = await phone();
  await wrote(one, 1);
  const { file } = await pack(one.db, NOW);
  expect(await take(one.db, file, { device: id(800), key: "k1" }, NOW)).toMatchObject({ own: true });
  const two = await phone();
  expect(await take(two.db, file, { device: COLLEAGUE, key: "other" }, NOW)).toMatchObject({ foreign: 1, records: 0 });
  expect(await one.db.count("carried_parts")).toBe(0);
  expect((await carried.list(two.db)).filter(({ records: n }) => n > 0)).toEqual([]);
});

test("what is carried counts: an order to empty the phone waits, and forgetting it warns", async () => {
  const one = await phone();
  await wrote(one, 1);
  const two = await colleague((await pack(one.db, NOW)).file);
  two.county.on((path) =>
    path === "/api/phone/sync" ? ok({ epoch: 1, now: NOW.toISOString(), orders: ["wipe"] }) : undefined,
  );
  await two.sync.run();
  expect(two.wiped).toBe(0);
  expect(await two.store.outbox.counts()).toMatchObject({ carried: 2 });
  await device.remove(two.db, "order");
  await two.vault.unlock("835274");
  expect(await (await two.get("/field/me/forget")).text()).toContain("carried on this phone");
});

test("the page to take records out and the page to carry open without the PIN", async () => {
  const one = await phone();
  await wrote(one, 1);
  one.vault.shut();
  const out = await (await one.get("/field/bundle")).text();
  expect(out).toContain("Make the file");
  expect(out).toContain('href="/field/unlock"');
  expect(await (await one.get("/field/unlock")).text()).toContain("/field/bundle");
  expect(await (await one.get("/field/carry")).text()).toContain("carry-file");
});
