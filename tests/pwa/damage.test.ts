import { expect, test } from "vitest";
import * as device from "../../pwa/store/device.ts";
import { CHEN, COUNTY, id, LUO, ME, ok, phone, QINGJIANG, type TestPhone } from "./kit.ts";

type Sealed = "people" | "names" | "county" | "drafts" | "inbox";

/** One bit of the first row falls over. */
async function damage(one: TestPhone, store: Sealed): Promise<void> {
  const row = (await one.db.getAll(store))[0] as { sealed: ArrayBuffer };
  new Uint8Array(row.sealed)[20]! ^= 1;
  await one.db.put(store, row as never);
  one.store.empty();
}

/** A county that sends a whole village to whoever asks from 0, and remembers what was asked. */
function county(one: TestPhone): { villages: Record<string, number>; me: string }[] {
  const asked: { villages: Record<string, number>; me: string }[] = [];
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    const body = json as { villages: Record<string, number>; me: string; inbox: number };
    asked.push(body);
    const rows = body.villages[QINGJIANG] === 0 ? [LUO, CHEN] : [];
    const me = body.me ? {} : { me: ME, county: COUNTY };
    return ok({ epoch: 1, now: "2026-11-22T02:04:01.123Z", rows, villages: { [QINGJIANG]: 8 }, ...me });
  });
  return asked;
}

test.each(["people", "names"] as const)(
  "a damaged row of the pack (%s) closes nothing and comes anew",
  async (store) => {
    const one = await phone();
    const asked = county(one);
    await damage(one, store);
    expect((await one.get("/field/today")).status).toBe(200);
    await one.store.people.find("罗");
    expect(await device.get(one.db, "anew")).toEqual([QINGJIANG]);
    expect((await one.sync.run()).kind).toBe("done");
    expect(asked.map(({ villages }) => villages[QINGJIANG])).toContain(0);
    expect(await device.get(one.db, "anew")).toBeUndefined();
    expect((await one.store.people.full()).map(({ name }) => name)).toEqual(["罗正英"]);
    expect((await one.store.people.find("陈国发")).map(({ name }) => name)).toEqual(["陈国发"]);
    expect(one.bugs).toEqual([]);
  },
);

test("killed after it has asked, it asks again from the beginning", async () => {
  const one = await phone();
  await damage(one, "people");
  await one.store.people.full();
  one.county.on(() => ({ kind: "unreachable", why: "cut" }));
  await one.sync.run();
  expect((await device.get(one.db, "cursor"))?.villages[QINGJIANG]).toBe(0);
});

test("damaged words of the county are asked for again, and the page says so meanwhile", async () => {
  const one = await phone();
  county(one);
  await damage(one, "county");
  expect((await one.get(`/field/visits/new?resident=${id(1)}`)).status).toBe(409);
  await one.sync.run();
  expect((await one.get(`/field/visits/new?resident=${id(1)}`)).status).toBe(200);
});

test("a damaged draft is one form less; the others open", async () => {
  const one = await phone();
  await one.store.drafts.keep("complaint", { words: ["电话要填两次"] });
  await one.store.drafts.keep("request:x", { words: ["修路灯"] });
  await one.store.forms.settled();
  await damage(one, "drafts");
  expect((await one.store.drafts.list()).map(({ key }) => key)).toEqual(["request:x"]);
});
