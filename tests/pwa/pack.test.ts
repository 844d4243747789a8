/** The first pack, interrupted at every page in every way: it goes on where it was, and is whole only at its end. */
import { expect, test } from "vitest";
import * as device from "../../pwa/store/device.ts";
import type { Row, SyncAnswer, SyncRequest } from "../../pwa/wire.ts";
import { COUNTY, cut, id, ME, ok, PIN, phone, QINGJIANG, type TestPhone } from "./kit.ts";

const PAGES = 5;
const PER_PAGE = 4;

const person = (n: number): Row => ({
  ...{
    id: id(n),
    area: QINGJIANG,
    rev: n,
    card: "name",
    name: `村民${n}`,
    initials: "cm",
    household: "1",
    group: "一组",
  },
});

/** A county with twenty people in five pages, that counts how often each page was asked for; `fails` may cut one. */
function serving(one: TestPhone, fails: (page: number) => "" | "before" | "after" | "lock" = () => "") {
  const asked: number[] = [];
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    const { cursor, villages } = json as SyncRequest;
    if ((villages?.[QINGJIANG] ?? 0) > 0) return ok({ epoch: 1, now: "2026-11-22T02:04:31.123Z", villages: villages! });
    const page = Number(cursor || 0);
    asked.push(page);
    const how = fails(page);
    if (how === "before" || how === "after") return cut();
    if (how === "lock") one.vault.shut();
    const last = page === PAGES - 1;
    return ok<SyncAnswer>({
      ...{ epoch: 1, now: "2026-11-22T02:04:31.123Z", me: ME, county: COUNTY },
      rows: Array.from({ length: PER_PAGE }, (_, at) => person(100 + page * PER_PAGE + at)),
      ...(last
        ? { villages: { [QINGJIANG]: 9 } }
        : { villages: { [QINGJIANG]: 0 }, more: true, cursor: String(page + 1) }),
    });
  });
  return asked;
}

/** A phone that is enrolled and has nothing of its list yet. */
async function bare(): Promise<TestPhone> {
  const one = await phone();
  await one.store.everyone.drop([QINGJIANG]);
  await device.remove(one.db, "packed");
  await device.put(one.db, "cursor", { villages: {}, cursor: "" });
  return one;
}

/** Killed and opened again on the same store, with its PIN. */
async function reopened(one: TestPhone): Promise<TestPhone> {
  one.vault.shut();
  const again = await phone({ enrolled: false, name: one.name });
  await again.vault.unlock(PIN);
  return again;
}

for (const how of ["before", "lock"] as const)
  test.each(Array.from({ length: PAGES }, (_, page) => page))(
    `${how === "lock" ? "locked" : "cut"} at page %i`,
    async (at) => {
      const one = await bare();
      serving(one, (page) => (page === at ? how : ""));
      await one.sync.run().catch(() => undefined);
      const again = await reopened(one);
      expect(await again.store.people.pack()).toMatchObject({ whole: false, people: at * PER_PAGE });
      expect(await (await again.get("/field/today")).text()).not.toMatch(/Nobody is due|Nobody to see|All seen/);
      const asked = serving(again);
      expect((await again.sync.run()).kind).toBe("done");
      again.store.refresh();
      expect(asked).toEqual(Array.from({ length: PAGES - at }, (_, n) => at + n)); // no page twice
      expect(await again.store.people.pack()).toEqual({ whole: true, anew: false, people: PAGES * PER_PAGE });
    },
  );

test("killed between the last page and its mark, it is whole after the next word of the county, and nobody is swept", async () => {
  const one = await bare();
  serving(one);
  await one.sync.run();
  await device.remove(one.db, "packed");
  const again = await reopened(one);
  expect((await again.store.people.pack()).whole).toBe(false);
  serving(again);
  await again.sync.run();
  again.store.refresh();
  expect(await again.store.people.pack()).toEqual({ whole: true, anew: false, people: PAGES * PER_PAGE });
});

test("nobody of the former list is swept before the new one is whole", async () => {
  const one = await phone(); // two people of epoch 1
  let page = 0;
  one.county.on((path) => {
    if (path !== "/api/phone/sync") return undefined;
    page += 1;
    const now = "2026-11-22T02:04:31.123Z";
    if (page === 1) return ok({ epoch: 2, now });
    if (page === 2)
      return ok({ epoch: 2, now, rows: [person(100)], villages: { [QINGJIANG]: 0 }, more: true, cursor: "1" });
    return cut();
  });
  await one.sync.run();
  one.store.refresh();
  expect(await one.store.people.pack()).toEqual({ whole: false, anew: true, people: 3 });
  one.county.on((path) =>
    path === "/api/phone/sync"
      ? ok({ epoch: 2, now: "2026-11-22T02:04:31.123Z", rows: [person(101)], villages: { [QINGJIANG]: 3 } })
      : undefined,
  );
  await one.sync.run();
  one.store.refresh();
  expect(await one.store.people.pack()).toEqual({ whole: true, anew: false, people: 2 });
});
