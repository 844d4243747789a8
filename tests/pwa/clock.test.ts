/** A clock that is wrong warns, stops nothing, and every record carries what is known of it. */
import { expect, test } from "vitest";
import { record } from "../../pwa/ctx.ts";
import { openSealed } from "../../pwa/envelope.ts";
import * as device from "../../pwa/store/device.ts";
import { newestAt } from "../../pwa/store/records.ts";
import type { Payload, SyncRequest } from "../../pwa/wire.ts";
import { countyKeys, id, ok, phone, type TestPhone, TOWNSHIP, visit } from "./kit.ts";

const RIGHT = new Date("2026-11-22T02:04:00.000Z");
const DAY = 86_400_000;
const text = async (answer: Response) => (await answer.text()).replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

/** The county answers by the right time; gives the payloads it received. */
function county(one: TestPhone, at: () => Date = () => RIGHT): Payload[] {
  const got: Payload[] = [];
  one.county.on(async (path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    const { private: key } = await countyKeys();
    for (const item of (json as SyncRequest).items) {
      const info = `daiban-seal/1\n${item.id}\n${item.hash}\n${item.device}`;
      got.push(JSON.parse(JSON.parse(await openSealed(item.sealed, info, key)).payload));
    }
    const receipts = (json as SyncRequest).items.map(({ id: event, hash }, n) => ({
      ...{ id: event, hash, scope: TOWNSHIP, position: 41 + n, state: "accepted" as const, reason: "", number: "n" },
    }));
    return { ...ok({ epoch: 1, now: at().toISOString(), receipts }), at: one.at.now.getTime() } as never;
  });
  return got;
}

test.each<[string, number, string]>([
  ["47 minutes slow", -47 * 60_000, "47 minutes slow"],
  ["of the wrong zone, eight hours fast", 8 * 3_600_000, "8 hours fast"],
  ["a year ahead", 365 * DAY, "365 days ahead"],
  ["fifty years behind", -18_262 * DAY, "18262 days behind"],
])("a clock %s is said after the first answer, and the record carries it", async (_, off, said) => {
  const one = await phone();
  one.at.now = new Date(RIGHT.getTime() + off);
  const got = county(one);
  await one.sync.run();
  expect(await text(await one.get("/field/today"))).toContain(said);
  await record(one.ctx(), visit(id(1)));
  await one.sync.run();
  expect(got[0]).toMatchObject({ at: one.at.now.toISOString(), offset_ms: -off, offset_age_s: 0 });
  expect(Date.parse(got[0]!.at) + got[0]!.offset_ms!).toBe(RIGHT.getTime());
  expect(await one.store.outbox.counts()).toMatchObject({ waiting: 0 });
});

test("a clock that is right within two minutes says nothing", async () => {
  const one = await phone();
  one.at.now = new Date(RIGHT.getTime() + 119_000);
  county(one);
  await one.sync.run();
  expect(await text(await one.get("/field/today"))).not.toContain("of this phone is");
});

test("without any answer a clock before the day this program was built is known to be wrong", async () => {
  const one = await phone();
  one.clock.built = Date.parse("2026-11-20T00:00:00Z");
  one.at.now = new Date("1976-11-22T02:04:00Z");
  expect(await text(await one.get("/field/today"))).toContain("wrong: it stands before");
  const saved = await record(one.ctx(), visit(id(1)));
  expect(await one.store.records.get(saved.id)).toMatchObject({ state: "queued" });
});

test("set back by hours under an open visit, without signal: the record before says so", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  one.at.now = new Date(one.at.now.getTime() - 5 * 3_600_000);
  expect(await text(await one.get("/field/today"))).toContain("wrong: it stands before");
  await record(one.ctx(), visit(id(1), { id: id(66) }));
  const got = county(one);
  await one.sync.run();
  expect(got.map(({ offset_ms, offset_age_s }) => [offset_ms, offset_age_s])).toEqual([
    [null, null],
    [null, null],
  ]);
  expect(got.map(({ seq }) => seq)).toEqual([1, 2]);
});

test("set back since the county's last answer, what it said then is known no more", async () => {
  const one = await phone();
  county(one);
  one.at.now = RIGHT;
  await one.sync.run();
  one.at.now = new Date(RIGHT.getTime() - 3 * DAY);
  expect(one.clock.wrong()).toMatchObject({ kind: "behind" });
  expect(one.clock.offset()).toEqual({ ms: null, age_s: null });
  expect((await device.get(one.db, "heard"))!.at).toBe(RIGHT.getTime());
});

test("a clock that was a year ahead and has been put right is not called wrong, with or without signal", async () => {
  const one = await phone();
  county(one);
  one.at.now = new Date(RIGHT.getTime() + 365 * DAY);
  await one.sync.run();
  await record(one.ctx(), visit(id(1)));
  await one.sync.run();
  one.at.now = new Date(RIGHT.getTime() + 60_000);
  expect(one.clock.wrong()).toBeNull();
  await one.sync.run();
  expect(one.clock.wrong()).toBeNull();
});

test("after a kill the newest record still stands", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  expect(await newestAt(one.db)).toBe(one.at.now.getTime());
  county(one);
  await one.sync.run();
  expect(await newestAt(one.db)).toBeUndefined();
});
