import { expect, onTestFinished, test, vi } from "vitest";
import { record } from "../../pwa/ctx.ts";
import { openSealed } from "../../pwa/envelope.ts";
import { APART_MS, IN_VAIN } from "../../pwa/leaving.ts";
import { FIRST_BATCH, LEAST_PIECE } from "../../pwa/link.ts";
import { sealCode } from "../../pwa/recovery.ts";
import * as device from "../../pwa/store/device.ts";
import { People } from "../../pwa/store/people.ts";
import { pauseMs } from "../../pwa/sync.ts";
import type {
  MailboxRequest,
  Receipt,
  ReceiptState,
  RecoveryCode,
  SealedItem,
  SyncAnswer,
  SyncRequest,
} from "../../pwa/wire.ts";
import {
  CHEN,
  countyKeys,
  cut,
  id,
  LUO,
  ME,
  ok,
  PIN,
  phone,
  QINGJIANG,
  refused,
  type TestPhone,
  TOWNSHIP,
  visit,
} from "./kit.ts";

const NOW = "2026-11-22T02:04:31.123Z";

/** A county that takes what it is sent; `say` changes its answer. */
function takes(
  { county }: TestPhone,
  say: (asked: SyncRequest) => Partial<SyncAnswer> = () => ({}),
  state: ReceiptState = "accepted",
) {
  const got: SealedItem[] = [];
  let position = 40;
  county.on((path, { json }) => {
    if (path !== "/api/phone/sync" && path !== "/api/phone/mailbox") return undefined;
    const asked = json as SyncRequest;
    const receipts = asked.items.map((item): Receipt => {
      const before = got.findIndex((one) => one.id === item.id);
      if (before < 0) got.push(item);
      const at = before < 0 ? ++position : 41 + before;
      return {
        id: item.id,
        hash: item.hash,
        scope: TOWNSHIP,
        position: at,
        state,
        reason: "",
        number: `HL-1122-${at}`,
      };
    });
    return ok<SyncAnswer>({ epoch: 1, now: NOW, kept_to: {}, receipts, ...say(asked) });
  });
  return got;
}

test("a visit is received by its receipt, and let go of only when a backup holds it", async () => {
  const one = await phone();
  const { id: event } = await record(one.ctx(), visit(id(1)));
  takes(one);
  expect(await one.sync.run()).toMatchObject({ kind: "done" });
  expect(await one.store.records.get(event)).toMatchObject({ state: "accepted", number: "HL-1122-41", kept: false });
  expect((await one.db.get("outbox", event))!.item).not.toBeNull();
  expect(await one.store.outbox.lastProven()).toBeNull();
  takes(one, () => ({ kept_to: { [TOWNSHIP]: 41 } }));
  await one.sync.run();
  expect(await one.store.records.get(event)).toMatchObject({ state: "accepted", kept: true });
  expect((await one.db.get("outbox", event))!.item).toBeNull();
  expect(await one.store.outbox.lastProven()).not.toBeNull();
});

test.each<[string, Partial<Receipt>]>([
  ["another hash", { hash: "0".repeat(64) }],
  ["another id", { id: id(99) }],
])("an answer with %s changes nothing", async (_, wrong) => {
  const one = await phone();
  const written = await record(one.ctx(), visit(id(1)));
  const { id: event, hash } = written;
  const receipt: Receipt = {
    id: event,
    hash,
    scope: TOWNSHIP,
    position: 41,
    state: "accepted",
    reason: "",
    number: "x",
    ...wrong,
  };
  one.county.on((path) => (path === "/api/phone/sync" ? ok({ epoch: 1, now: NOW, receipts: [receipt] }) : undefined));
  await one.sync.run();
  expect(await one.store.records.get(event)).toMatchObject({ state: "queued", number: "" });
});

test("a 200 that names nothing is no receipt, and does not go round for ever", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  one.county.on((path) => (path === "/api/phone/sync" ? ok({ epoch: 1, now: NOW }) : undefined));
  expect((await one.sync.run()).kind).toBe("done");
  expect(one.county.asked).toHaveLength(1);
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 1 });
});

test("without signal everything stays", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  expect(await one.sync.run()).toEqual({ kind: "unreachable" });
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 1 });
});

test("an answer that was cut is asked for again with the very same bytes", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  const sent: string[] = [];
  let lost = true;
  takes(one);
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    sent.push(JSON.stringify((json as SyncRequest).items));
    if (!lost) return undefined;
    lost = false;
    return cut();
  });
  await one.sync.run();
  expect(sent).toHaveLength(2);
  expect(sent[1]).toBe(sent[0]);
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 0 });
});

test("batches begin with five, double, and halve after a cut", async () => {
  const one = await phone();
  for (let n = 0; n < 40; n++) await record(one.ctx(), visit(id(1)));
  takes(one);
  await one.sync.run();
  const sizes = one.county.asked.map(({ ask }) => (ask.json as SyncRequest).items.length);
  expect(sizes).toEqual([FIRST_BATCH, 10, 20, 5]);
  expect(await device.get(one.db, "link")).toMatchObject({ batch: 40 });
  for (let n = 0; n < 3; n++) await record(one.ctx(), visit(id(1)));
  one.county.on((path) => (path === "/api/phone/sync" ? cut() : undefined));
  await one.sync.run();
  expect((await device.get(one.db, "link"))!.batch).toBe(5);
});

test("locked, it drops sealed items by the mailbox token and reads their receipts", async () => {
  const one = await phone();
  const { id: event } = await record(one.ctx(), visit(id(1)));
  one.vault.shut();
  const got = takes(one);
  await one.sync.run();
  const [{ path, ask }] = one.county.asked as [{ path: string; ask: { token?: string; json?: unknown } }];
  expect(path).toBe("/api/phone/mailbox");
  expect(ask.token).toBe("mailbox-token");
  expect(Object.keys(ask.json as MailboxRequest).sort()).toEqual([
    "clock",
    "code",
    "device",
    "done",
    "items",
    "v",
    "version",
    "waiting",
  ]);
  expect(got.map((item) => item.id)).toEqual([event]);
  await one.vault.unlock(PIN);
  expect(await one.store.records.get(event)).toMatchObject({ state: "accepted" });
});

test("the session is opened by signing what the county asks, once", async () => {
  const one = await phone();
  let open = false;
  takes(one);
  one.county.on((path, { json }) => {
    if (path === "/api/phone/challenges") return ok({ challenge: "c-1" });
    if (path === "/api/phone/sessions") {
      open = (json as { challenge: string; signature: string }).signature.length === 86;
      return ok(null, 204);
    }
    return open ? undefined : refused(401, "sign-in-needed");
  });
  expect(await one.sync.run()).toMatchObject({ kind: "done" });
  expect(one.county.asked.map(({ path }) => path.split("/").pop())).toEqual(["sync", "challenges", "sessions", "sync"]);
});

test("a phone that was replaced still sends what it wrote", async () => {
  const one = await phone();
  const { id: event } = await record(one.ctx(), visit(id(1)));
  takes(one);
  one.county.on((path) => {
    if (path === "/api/phone/mailbox") return undefined;
    return refused(path === "/api/phone/sync" ? 401 : 403, "device-not-active");
  });
  await one.sync.run();
  expect(await one.store.records.get(event)).toMatchObject({ state: "accepted" });
});

test("a county that stumbles over its own answer still takes what was written", async () => {
  const one = await phone();
  const { id: event } = await record(one.ctx(), visit(id(1)));
  takes(one);
  one.county.on((path) => (path === "/api/phone/sync" ? refused(500, "bug") : undefined));
  await one.sync.run();
  expect(await one.store.records.get(event)).toMatchObject({ state: "accepted" });
});

test("a held record and a refused one say so, and the refused one stays", async () => {
  const one = await phone();
  const { id: event } = await record(one.ctx(), visit(id(1)));
  takes(one, () => ({}), "held");
  await one.sync.run();
  expect(await one.store.records.get(event)).toMatchObject({ state: "held" });
  const other = await record(one.ctx(), visit(id(2)));
  takes(one, () => ({ kept_to: { [TOWNSHIP]: 99 } }), "refused");
  await one.sync.run();
  expect(await one.store.records.get(other.id)).toMatchObject({ state: "refused" });
  expect(await one.store.outbox.counts()).toMatchObject({ needs_you: 1 });
});

test("the readings of the county's clock go into the next record", async () => {
  const one = await phone();
  takes(one);
  one.county.on(() => undefined);
  await one.sync.run();
  const offset = one.clock.offset();
  expect(offset.age_s).toBe(0);
  expect(typeof offset.ms).toBe("number");
});

/* ---- rows ---- */

test("rows come village by village, with the place reached, and names for Find", async () => {
  const one = await phone();
  const moved = { ...LUO, rev: 12, group: "五组" };
  takes(one, ({ villages }) => {
    expect(villages).toEqual({ [QINGJIANG]: 8 });
    return {
      rows: [moved, { id: id(2), area: QINGJIANG, rev: 13, gone: true as const }],
      villages: { [QINGJIANG]: 13 },
    };
  });
  await one.sync.run();
  expect(await one.store.people.get(id(1))).toMatchObject({ group: "五组", rev: 12, tasks: [] });
  expect(await one.store.people.get(id(2))).toBeUndefined();
  expect(await one.store.people.find("陈国发")).toEqual([]);
  expect((await device.get(one.db, "cursor"))!.villages).toEqual({ [QINGJIANG]: 13 });
});

test("a long pack comes in pages and is taken up where it was cut", async () => {
  const one = await phone();
  let page = 0;
  takes(one, ({ cursor }): Partial<SyncAnswer> => {
    page += 1;
    if (cursor === "") return { rows: [LUO], more: true, cursor: "p2", villages: {} };
    expect(cursor).toBe("p2");
    return { rows: [CHEN], more: false, villages: { [QINGJIANG]: 20 } };
  });
  one.county.on(() => (page === 1 ? cut() : undefined));
  expect((await one.sync.run()).kind).toBe("unreachable");
  expect(await device.get(one.db, "cursor")).toEqual({ villages: { [QINGJIANG]: 8 }, cursor: "p2" });
  page = 5;
  await one.sync.run();
  expect(await device.get(one.db, "cursor")).toEqual({ villages: { [QINGJIANG]: 20 }, cursor: "" });
});

test("a village that is ours no longer leaves the phone with its people", async () => {
  const one = await phone();
  takes(one, () => ({ dropped: [QINGJIANG] }));
  await one.sync.run();
  expect(await one.store.people.count()).toEqual({ full: 0, all: 0 });
  expect((await device.get(one.db, "cursor"))!.villages).toEqual({});
});

test("me and the county's words come only when changed", async () => {
  const one = await phone();
  takes(one, ({ me, county }) => {
    expect([me, county]).toEqual(["m1", "c1"]);
    return { me: { ...ME, version: "m2" } };
  });
  await one.sync.run();
  expect(await device.get(one.db, "versions")).toEqual({ me: "m2", county: "c1" });
});

test("the recovery code travels sealed and signed until the county says it keeps it", async () => {
  const one = await phone();
  const digits = await one.vault.unsentDigits(one.vault.ring);
  const sent: (RecoveryCode | null)[] = [];
  takes(one, ({ code }) => {
    sent.push(code);
    return { recovery_kept: sent.length > 1 };
  });
  for (let n = 0; n < 3; n++) await one.sync.run();
  const county = await countyKeys();
  expect(await openSealed(sent[0]!.sealed, `daiban-recovery/1\n${id(800)}`, county.private)).toBe(digits);
  expect(sent).toEqual([sent[0], sent[0], null]);
  expect(sent[0]).toMatchObject({ n: 1, signature: expect.stringMatching(/^[\w-]{86}$/) });
  expect(await one.vault.unsentDigits(one.vault.ring)).toBeNull();
});

test("a sync that carried the old code and ends after a recovery leaves the new code to be sent", async () => {
  const one = await phone();
  const first = (await one.vault.unsentDigits(one.vault.ring))!;
  const sent: number[] = [];
  takes(one, () => ({ recovery_kept: true }));
  one.county.on(async (path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    sent.push((json as SyncRequest).code?.n ?? 0);
    if (sent.length === 1) await one.vault.recover(first, "274835"); // while the answer is on its way
    return undefined;
  });
  for (let n = 0; n < 3; n++) await one.sync.run();
  expect(sent).toEqual([1, 2, 0]);
});

test("a phone whose PIN was forgotten before its first sync sends its code locked", async () => {
  const one = await phone();
  await sealCode(one.db, one.vault, one.vault.ring);
  one.vault.lock();
  const sent: unknown[] = [];
  takes(one, (asked) => {
    sent.push(asked.code);
    return { recovery_kept: true };
  });
  await one.sync.run();
  await one.sync.run();
  expect(one.county.asked.map(({ path }) => path)).toEqual(["/api/phone/mailbox", "/api/phone/mailbox"]);
  expect(sent).toEqual([expect.objectContaining({ n: 1 }), null]);
});

test("a restored county, which may have gone back to an older code, is sent the newest again", async () => {
  const one = await phone();
  const sent: number[] = [];
  let epoch = 1;
  takes(one, ({ code }) => {
    if (code) sent.push(code.n);
    return { recovery_kept: code !== null, epoch };
  });
  await one.sync.run();
  await one.sync.run();
  epoch = 2;
  one.vault.lock(); // the PIN may be forgotten by now
  await one.sync.run();
  await one.sync.run();
  expect(sent).toEqual([1, 1]);
});

test("whom to call stands in clear, and nothing else of the people", async () => {
  const one = await phone();
  takes(one);
  await one.sync.run();
  expect(await device.get(one.db, "call")).toEqual({ name: "李国秀", phone: "10285550101" });
});

test("rows that find no room keep nothing back: records and pictures leave, and make room", async () => {
  const one = await phone();
  for (let n = 0; n < FIRST_BATCH + 2; n++) await record(one.ctx(), visit(id(1)));
  const event = await withPicture(one, 20_000);
  const full = new DOMException("no room", "QuotaExceededError");
  const apply = vi.spyOn(People.prototype, "apply").mockRejectedValue(full);
  onTestFinished(() => void apply.mockRestore());
  takes(one, () => ({ rows: [LUO], kept_to: { [TOWNSHIP]: 99 } }));
  shelf(one);
  await expect(one.sync.run()).rejects.toBe(full);
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 0, pictures: 0 });
  await expect(one.sync.run()).rejects.toBe(full); // heard again, after the picture had arrived: room, whatever rows do
  expect(await one.db.get("ciphers", [event, "picture"])).toBeUndefined();
  apply.mockRestore();
  expect((await one.sync.run()).kind).toBe("done");
});

/* ---- a restored server ---- */

test("after a restore the phone offers again what it holds and takes the pack anew", async () => {
  const one = await phone();
  const kept = await record(one.ctx(), visit(id(1)));
  takes(one, () => ({ kept_to: { [TOWNSHIP]: 41 } }));
  await one.sync.run();
  const lost = await record(one.ctx(), visit(id(1)));
  await one.sync.run();
  expect(await one.store.records.get(lost.id)).toMatchObject({ state: "accepted", kept: false });

  const offered: string[] = [];
  const villages: unknown[] = [];
  takes(one, (asked) => {
    offered.push(...asked.items.map((item) => item.id));
    villages.push(asked.villages);
    return { epoch: 2, rows: [LUO], villages: { [QINGJIANG]: 3 } };
  });
  await one.sync.run();
  expect(offered).toEqual([lost.id]);
  expect(villages[0]).toEqual({ [QINGJIANG]: 8 });
  expect(villages[1]).toEqual({});
  expect((await device.get(one.db, "identity"))!.epoch).toBe(2);
  expect(await one.store.records.get(lost.id)).toMatchObject({ state: "accepted" });
  expect(await one.store.records.get(kept.id)).toMatchObject({ kept: true });
  expect(await one.store.people.get(id(2))).toBeUndefined(); // the restored county does not know 陈国发
});

test("what was kept before a restore says nothing of the journal after it", async () => {
  const one = await phone();
  takes(one, () => ({ kept_to: { [TOWNSHIP]: 1_000 } }));
  await one.sync.run();
  const lost = await record(one.ctx(), visit(id(1)));
  takes(one, () => ({ epoch: 2, kept_to: {} }));
  await one.sync.run();
  expect(await one.store.records.get(lost.id)).toMatchObject({ state: "accepted", kept: false });
});

/* ---- pictures ---- */

async function withPicture(one: TestPhone, bytes: number): Promise<string> {
  const event = id(70);
  await one.store.photos.put(event, "picture", new Uint8Array(bytes).buffer, "image/jpeg");
  await record(one.ctx(), visit(id(1), { id: event, blobs: ["picture"] }));
  return event;
}

/** Keeps what it is given; `fails` may cut a piece in its middle. */
function shelf(one: TestPhone, fails: (n: number) => "" | "cut" | "half" = () => "") {
  const held: Uint8Array[] = [];
  let size = 0;
  let n = 0;
  const pieces: number[] = [];
  one.county.on((path, { bytes }) => {
    const asked = /\/api\/phone\/blobs\/[^/]+\/picture\?offset=(\d+)&total=(\d+)$/.exec(path);
    if (!asked || !bytes) return undefined;
    const [offset, total] = [Number(asked[1]), Number(asked[2])];
    const how = fails(++n);
    if (offset !== size) return refused(409, "piece-not-next", { offset: size });
    const part = how === "half" ? bytes.slice(0, bytes.byteLength / 2) : bytes;
    if (how !== "cut") {
      held.push(new Uint8Array(part));
      size += part.byteLength;
      pieces.push(part.byteLength);
    }
    if (how) return cut();
    return ok({ offset: size }, size === total ? 201 : 202);
  });
  return { pieces, size: () => size };
}

test("the words go first; the picture follows in pieces that grow", async () => {
  const one = await phone();
  const event = await withPicture(one, 150_000);
  takes(one);
  const { pieces } = shelf(one);
  await one.sync.run();
  expect(pieces).toEqual([65_536, 84_492]);
  expect(await one.store.records.get(event)).toMatchObject({ sent_bytes: 150_028, total_bytes: 150_028 });
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 0 });
});

test("a cut picture goes on where the county ended, in smaller pieces", async () => {
  const one = await phone();
  await withPicture(one, 150_000);
  takes(one);
  const { size } = shelf(one, (n) => (n === 2 ? "half" : ""));
  await one.sync.run();
  expect(size()).toBe(150_028);
  expect((await device.get(one.db, "link"))!.piece).toBeLessThanOrEqual(131_072);
});

test("after a cut an empty piece asks where the county ended, and no byte is sent twice", async () => {
  const one = await phone();
  await withPicture(one, 150_000);
  takes(one);
  const { size, pieces } = shelf(one, (n) => (n === 1 || n === 3 || n === 5 ? "half" : ""));
  expect((await one.sync.run()).kind).toBe("done");
  expect(size()).toBe(150_028);
  const sent = one.county.asked.filter(({ path }) => path.startsWith("/api/phone/blobs")).map(({ ask }) => ask.bytes!);
  expect(sent.map(({ byteLength }) => byteLength).slice(0, 4)).toEqual([65_536, 0, 32_768, 0]);
  expect(pieces.reduce((sum, bytes) => sum + bytes, 0)).toBe(150_028);
});

test("a picture begun in an earlier conversation first asks how much is there", async () => {
  const one = await phone();
  const event = await withPicture(one, 150_000);
  takes(one);
  one.county.on((path) => (/offset=0&/.test(path) ? ok({ offset: 65_536 }, 202) : undefined)); // then no signal
  expect((await one.sync.run()).kind).toBe("unreachable");
  expect((await one.db.get("blobs", [event, "picture"]))!.sent).toBe(65_536);
  const before = one.county.asked.length;
  one.county.on((path) => (/offset=65536&/.test(path) ? refused(409, "", { offset: 100_000 }) : undefined));
  one.county.on((path) => (/offset=100000&/.test(path) ? ok({ offset: 150_028 }, 201) : undefined));
  await one.sync.run();
  const sent = one.county.asked.slice(before).filter(({ path }) => path.startsWith("/api/phone/blobs"));
  expect(sent.map(({ ask }) => ask.bytes!.byteLength)).toEqual([0, 50_028]);
});

test("a link that only cuts is left alone after three tries, and the picture stays", async () => {
  const one = await phone();
  await withPicture(one, 20_000);
  takes(one);
  shelf(one, () => "cut");
  expect((await one.sync.run()).kind).toBe("unreachable");
  expect((await device.get(one.db, "link"))!.piece).toBeGreaterThanOrEqual(LEAST_PIECE);
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 1 });
});

test("a picture the county lost is sent again", async () => {
  const one = await phone();
  const event = await withPicture(one, 20_000);
  takes(one);
  shelf(one);
  await one.sync.run();
  takes(one, () => ({ wanted: [{ event, role: "picture", offset: 0 }] }));
  const again = shelf(one);
  await one.sync.run();
  expect(again.size()).toBe(20_028);
});

test("a picture is let go of with its record, never before it has arrived", async () => {
  const one = await phone();
  const event = await withPicture(one, 20_000);
  takes(one, () => ({ kept_to: { [TOWNSHIP]: 99 } }));
  one.county.on((path) => (path.startsWith("/api/phone/blobs") ? cut() : undefined));
  await one.sync.run();
  expect(await one.db.get("ciphers", [event, "picture"])).toBeDefined();
  shelf(one);
  await one.sync.run();
  // It has arrived; but that the record is kept was heard before, when no backup could hold the picture.
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 0 });
  expect(await one.db.get("ciphers", [event, "picture"])).toBeDefined();
  await one.sync.run();
  expect(await one.db.get("ciphers", [event, "picture"])).toBeUndefined();
  expect(await one.store.records.get(event)).toMatchObject({ kept: true });
});

test.each<[string, () => ReturnType<typeof ok>]>([
  ["a page that is none of ours", () => ok({ login: "required" })],
  ["200 with the right number of bytes", () => ok({ offset: 20_028 })],
  ["201 with other bytes", () => ok({ offset: 1 }, 201)],
])("a picture answered by %s has not arrived", async (_, answer) => {
  const one = await phone();
  const event = await withPicture(one, 20_000);
  takes(one, () => ({ kept_to: { [TOWNSHIP]: 99 } }));
  one.county.on((path) => (path.startsWith("/api/phone/blobs") ? answer() : undefined));
  await one.sync.run();
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 1 });
  expect(await one.db.get("ciphers", [event, "picture"])).toBeDefined();
  shelf(one);
  await one.sync.run();
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 0 });
});

test("a picture that always arrives damaged is sent twice, and the phone turns to something else", async () => {
  const one = await phone();
  await withPicture(one, 150_000);
  takes(one);
  let got = 0;
  one.county.on((path, { bytes }) => {
    const asked = /\?offset=(\d+)&total=(\d+)$/.exec(path);
    if (!asked || !bytes) return undefined;
    if (Number(asked[1]) !== got) return refused(409, "", { offset: got });
    got += bytes.byteLength;
    if (got < Number(asked[2])) return ok({ offset: got }, 202);
    got = 0; // the hash did not fit
    return refused(409, "", { offset: 0 });
  });
  expect((await one.sync.run()).kind).toBe("done");
  expect(one.county.asked.filter(({ path }) => path.includes("?offset=0&"))).toHaveLength(2);
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 1 });
});

test("a picture damaged on the phone is not sent", async () => {
  const one = await phone();
  const event = await withPicture(one, 20_000);
  await one.db.put("ciphers", new ArrayBuffer(20_028), [event, "picture"]);
  takes(one);
  const { pieces } = shelf(one);
  await one.sync.run();
  expect(pieces).toEqual([]);
  expect(await one.store.outbox.counts()).toMatchObject({ pictures: 1 });
});

test.each<[string, object]>([
  ["nothing of ours", { code: 0, message: "please sign in" }],
  ["no epoch", { now: NOW }],
  ["no time", { epoch: 2 }],
])("an answer that says %s is not the county's, and changes nothing", async (_, answer) => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  one.county.on((path) => (path === "/api/phone/sync" ? ok(answer) : undefined));
  expect(await one.sync.run()).toEqual({ kind: "unreachable" });
  expect((await device.get(one.db, "identity"))!.epoch).toBe(1);
  expect(await device.get(one.db, "heard")).toBeUndefined();
  expect((await device.get(one.db, "cursor"))!.villages).toEqual({ [QINGJIANG]: 8 });
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 1 });
});

/* ---- orders ---- */

test("told to lock, it locks, and opens again only when the county takes it back", async () => {
  const one = await phone();
  takes(one, () => ({ orders: ["lock"] }));
  await one.sync.run();
  expect(one.vault.unlocked).toBe(false);
  const answer = await one.post("/field/unlock", { pin: PIN });
  expect(answer.status).toBe(403);
  takes(one, () => ({ orders: [] }));
  expect(await one.sync.run()).toEqual({ kind: "done", changed: true }); // so that the page of the lock goes away
  await one.post("/field/unlock", { pin: PIN });
  expect(one.vault.unlocked).toBe(true);
});

test("told to wipe, it sends first, empties itself, and reports", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  const got = takes(one, () => ({ orders: ["wipe"] }));
  await one.sync.run();
  expect(got).toHaveLength(1);
  expect(one.wiped).toBe(1);
  const last = one.county.asked.at(-1)!;
  expect((last.ask.json as MailboxRequest).done).toEqual(["wipe"]);
  for (const name of one.db.objectStoreNames) expect(await one.db.count(name)).toBe(0);
});

test("told to wipe without the last record arriving, it keeps it", async () => {
  const one = await phone();
  await withPicture(one, 20_000);
  takes(one, () => ({ orders: ["wipe"] }));
  one.county.on((path) => (path.startsWith("/api/phone/blobs") ? cut() : undefined));
  for (let n = 0; n < 10; n++) {
    await one.sync.run();
    one.at.now = new Date(one.at.now.getTime() + 86_400_000);
  }
  expect(one.wiped).toBe(0);
  expect(await one.db.count("blobs")).toBe(1);
  shelf(one);
  await one.sync.run();
  expect(one.wiped).toBe(1);
});

test("an order withdrawn while the last picture is on its way leaves everything", async () => {
  const one = await phone();
  await withPicture(one, 20_000);
  takes(one, () => ({ orders: ["wipe"] }));
  one.county.on((path) => (path.startsWith("/api/phone/blobs") ? cut() : undefined));
  await one.sync.run();
  expect(await device.get(one.db, "order")).toBe("wipe");
  takes(one, () => ({ orders: [] }));
  shelf(one);
  await one.sync.run();
  expect(one.wiped).toBe(0);
  expect((await one.post("/field/unlock", { pin: PIN })).status).toBe(200);
  expect(await one.store.records.list()).toHaveLength(1);
});

/** The last report of an emptied phone. */
function reported({ county }: TestPhone): MailboxRequest {
  return county.asked.filter(({ ask }) => (ask.json as MailboxRequest | undefined)?.done?.length).at(-1)!.ask
    .json as MailboxRequest;
}

test("killed after the words had gone, opened ten days later by somebody without the PIN, it brings the picture and goes", async () => {
  const one = await phone();
  const event = await withPicture(one, 20_000);
  takes(one, () => ({ orders: ["wipe"] }));
  one.county.on((path) => (path.startsWith("/api/phone/blobs") ? cut() : undefined));
  await one.sync.run();
  one.db.close();
  const found = await phone({ enrolled: false, name: one.name });
  found.at.now = new Date(one.at.now.getTime() + 10 * 86_400_000);
  expect(await (await found.get("/field/")).text()).toMatch(/1 pictures? go/);
  takes(found, () => ({ orders: ["wipe"] }));
  const { pieces } = shelf(found);
  await found.sync.run();
  expect(pieces.length).toBeGreaterThan(0);
  expect(found.county.asked.every(({ ask }) => ask.token === "mailbox-token")).toBe(true);
  expect(found.wiped).toBe(1);
  expect(reported(found)).toMatchObject({ done: ["wipe"], lost: [], waiting: { records: 0, blobs: 0 } });
  expect(event).toBeTruthy();
  for (const name of found.db.objectStoreNames) expect(await found.db.count(name)).toBe(0);
});

test("told to wipe, it does not wait for the picture of a record that was refused", async () => {
  const one = await phone();
  await withPicture(one, 20_000);
  takes(one, () => ({ orders: ["wipe"] }), "refused");
  shelf(one);
  await one.sync.run();
  expect(one.wiped).toBe(1);
  expect(reported(one).lost).toEqual([]);
});

test.each<[string, (one: TestPhone, event: string) => Promise<unknown>]>([
  ["damaged", (one, event) => one.db.put("ciphers", new ArrayBuffer(20_028), [event, "picture"])],
  ["missing", (one, event) => one.db.delete("ciphers", [event, "picture"])],
  [
    "refused",
    async (one) =>
      one.county.on((path) => (path.startsWith("/api/phone/blobs") ? refused(404, "picture-not-wanted") : undefined)),
  ],
])("told to wipe with a picture that is %s, it brings the rest, empties itself and names it", async (why, spoil) => {
  const one = await phone();
  const event = await withPicture(one, 20_000);
  await one.store.drafts.open("visit:1");
  await spoil(one, event);
  const got = takes(one, () => ({ orders: ["wipe"] }));
  await one.sync.run();
  expect(got).toHaveLength(1);
  expect(one.wiped).toBe(1);
  expect(reported(one)).toMatchObject({ done: ["wipe"], lost: [{ event, role: "picture", why }], drafts: 1 });
});

test.each([
  ["the county does not know", () => refused(404, "picture-not-wanted"), "refused"],
  ["the county has without it", undefined, ""],
])("told to wipe with the picture of a record it lost, which %s, it asks and goes", async (_what, answer, why) => {
  const one = await phone();
  const event = await withPicture(one, 20_000);
  await one.db.delete("outbox", event);
  takes(one, () => ({ orders: ["wipe"] }));
  const { pieces } = shelf(one);
  if (answer) one.county.on((path) => (path.startsWith("/api/phone/blobs") ? answer() : undefined));
  await one.sync.run();
  expect(one.wiped).toBe(1);
  expect(reported(one).lost).toEqual(why ? [{ event, role: "picture", why }] : []);
  expect(pieces.length > 0).toBe(!answer);
});

test("told to wipe, a record that the county never answers is tried three times, apart, and then named", async () => {
  const one = await phone();
  const { id: event } = await record(one.ctx(), visit(id(1)));
  one.county.on((path) => (path.startsWith("/api") ? ok({ epoch: 1, now: NOW, orders: ["wipe"] }) : undefined));
  for (let n = 0; n < IN_VAIN; n++) {
    expect(one.wiped).toBe(0);
    for (let again = 0; again < 4; again++) await one.sync.run(); // one bad minute counts once
    one.at.now = new Date(one.at.now.getTime() + APART_MS);
  }
  expect(one.wiped).toBe(1);
  expect(reported(one).lost).toEqual([{ event, role: "", why: "unanswered" }]);
});

test("a record too large for the county does not keep the others here, nor the phone from emptying itself", async () => {
  const one = await phone();
  const { id: poison } = await record(one.ctx(), visit(id(1)));
  await record(one.ctx(), visit(id(2)));
  const got = takes(one, () => ({ orders: ["wipe"] }));
  one.county.on((path, { json }) =>
    path === "/api/phone/sync" || path === "/api/phone/mailbox"
      ? (json as SyncRequest).items.some((item) => item.id === poison)
        ? refused(413)
        : undefined
      : undefined,
  );
  await one.sync.run();
  expect(got.map((item) => item.id)).not.toContain(poison);
  expect(got).toHaveLength(1);
  for (let n = 1; n < IN_VAIN; n++) {
    one.at.now = new Date(one.at.now.getTime() + APART_MS);
    await one.sync.run();
  }
  expect(one.wiped).toBe(1);
  expect(reported(one).lost).toEqual([{ event: poison, role: "", why: "unanswered" }]);
});

test("emptied without signal for the report, it looks new, and says so as soon as it can, once", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  takes(one, () => ({ orders: ["wipe"] }));
  one.county.on((_path, { json }) => ((json as MailboxRequest)?.done?.length ? cut() : undefined));
  await one.sync.run();
  expect(one.wiped).toBe(1);
  expect(await device.get(one.db, "identity")).toBeUndefined();
  expect((await one.get("/field/")).status).toBe(200); // the page that sets a phone up, and no circle of redirects
  expect(await one.sync.run()).toEqual({ kind: "unreachable" });
  one.county.on((path) => (path === "/api/phone/mailbox" ? ok({ epoch: 1, now: NOW }) : undefined));
  const asked = one.county.asked.length;
  for (let n = 0; n < 2; n++) expect(await one.sync.run()).toEqual({ kind: "nothing" });
  expect(one.county.asked.length).toBe(asked + 1);
  for (const name of one.db.objectStoreNames) expect(await one.db.count(name)).toBe(0);
});

test("given to somebody else before it could say that it is empty, it says so and keeps its new keys", async () => {
  const one = await phone();
  await device.wipe(one.db, { device: id(700), mailbox: "old-token", lost: [], drafts: 0 });
  const next = await phone({ name: one.name });
  takes(next);
  await next.sync.run();
  const report = next.county.asked[0]!;
  expect(report.ask).toMatchObject({ token: "old-token", json: { device: id(700), done: ["wipe"] } });
  expect(await next.vault.exists()).toBe(true);
  expect(await device.get(next.db, "emptied")).toBeUndefined();
});

test("tries come soon after a failure and then ever later, never at one moment for all phones", () => {
  expect(pauseMs(1, 0.5)).toBe(5_000);
  expect(pauseMs(3, 0.5)).toBe(20_000);
  expect(pauseMs(30, 1)).toBeLessThanOrEqual(720_000);
  expect(pauseMs(1, 0)).not.toBe(pauseMs(1, 1));
});

/* ---- a county of another version ---- */

test("a county that says more than this program knows is understood", async () => {
  const one = await phone();
  const kept = await record(one.ctx(), visit(id(1)));
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    const receipts = (json as SyncRequest).items.map((item) => ({
      ...{ id: item.id, hash: item.hash, scope: TOWNSHIP, position: 41, state: "accepted", reason: "", number: "n" },
      checked_by: "nobody",
    }));
    const row = { ...LUO, rev: 9, blood: "A", tasks: [{ id: id(700), kind: "vaccination", what: "", dose: 2 }] };
    const inbox = [{ id: id(701), kind: "weather", words: "大风", at: NOW, colour: "blue" }];
    return ok({
      epoch: 1,
      now: NOW,
      receipts,
      rows: [row],
      villages: { [QINGJIANG]: 9 },
      inbox,
      inbox_rev: 1,
      tide: 3,
    });
  });
  expect((await one.sync.run()).kind).toBe("done");
  expect(await one.store.records.get(kept.id)).toMatchObject({ state: "accepted" });
  expect((await one.get("/field/today")).status).toBe(200);
  expect((await one.get(`/field/residents/${LUO.id}`)).status).toBe(200);
  expect((await one.get("/field/inbox")).status).toBe(200);
  expect(one.bugs).toEqual([]);
});

test("a county of an earlier version, that says only what is needed, is enough", async () => {
  const one = await phone();
  const kept = await record(one.ctx(), visit(id(1)));
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    const receipts = (json as SyncRequest).items.map(({ id: event, hash }) => ({
      ...{ id: event, hash, scope: TOWNSHIP, position: 41, state: "accepted" },
    }));
    return ok({ epoch: 1, now: NOW, receipts });
  });
  expect((await one.sync.run()).kind).toBe("done");
  expect(await one.store.records.get(kept.id)).toMatchObject({ state: "accepted" });
  expect((await device.get(one.db, "cursor"))!.villages).toEqual({ [QINGJIANG]: 8 });
  expect((await one.get("/field/outbox")).status).toBe(200);
  expect((await one.get(`/field/records/${kept.id}`)).status).toBe(200);
  expect(one.bugs).toEqual([]);
});
