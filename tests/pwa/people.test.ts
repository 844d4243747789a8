import { performance } from "node:perf_hooks";
import { expect, test } from "vitest";
import type { Row } from "../../pwa/wire.ts";
import { CHEN, id, LUO, PIN, phone, QINGJIANG } from "./kit.ts";

const HUALI = "520121107200";
const names = async (found: Promise<{ name: string }[]>) => (await found).map(({ name }) => name);

async function village() {
  const one = await phone();
  const rows: Row[] = [
    LUO,
    CHEN,
    { ...CHEN, id: id(3), name: "陈国芬", initials: "cgf", group: "三组", household: "4" },
    { ...CHEN, id: id(4), name: "罗国发", initials: "lgf", group: "10组", household: "31" },
    { ...LUO, id: id(5), area: HUALI, name: "罗正", initials: "lz", group: "2组", tail: "001X", entitlements: [] },
  ];
  await one.store.everyone.apply(rows, { villages: { [QINGJIANG]: 9 }, cursor: "" }, 1);
  return one;
}

test.each([
  ["罗正英", ["罗正英"]],
  ["国发", ["罗国发", "陈国发"]],
  ["lz", ["罗正", "罗正英"]],
  ["CGF", ["陈国芬", "陈国发"]],
  ["2417", ["罗正英"]],
  ["001x", ["罗正"]],
  ["三组", ["罗正英", "陈国芬"]],
  ["3组", ["罗正英", "陈国芬"]],
  ["陈 三组", ["陈国芬"]],
  ["王", []],
  ["  ", []],
])("%j finds %j", async (text, expected) => {
  const { store } = await village();
  expect((await names(store.people.find(text))).sort()).toEqual([...expected].sort());
});

test("the nearest comes first: the whole name, then its beginning, people of a matter before others", async () => {
  const { store } = await village();
  expect(await names(store.people.find("罗正"))).toEqual(["罗正", "罗正英"]);
});

test("a village is listed group by group as people count: 三组, 五组, 10组", async () => {
  const { store } = await village();
  expect(await names(store.people.forVillage(QINGJIANG))).toEqual(["陈国芬", "罗正英", "陈国发", "罗国发"]);
});

test("somebody who moved to another village is there and no longer here", async () => {
  const { store } = await village();
  const moved = { ...CHEN, area: HUALI, rev: 30 };
  await store.everyone.apply([moved], { villages: {}, cursor: "" }, 1);
  expect(await names(store.people.forVillage(HUALI))).toContain("陈国发");
  expect(await names(store.people.forVillage(QINGJIANG))).not.toContain("陈国发");
});

test("a card that has nothing due any more becomes a name", async () => {
  const { store, db } = await village();
  await store.everyone.apply([{ ...CHEN, id: id(1), name: "罗正英", rev: 31 }], { villages: {}, cursor: "" }, 1);
  expect(await store.people.get(id(1))).toMatchObject({ card: "name" });
  expect(await db.get("people", id(1))).toBeUndefined();
});

test("today's list is walked group by group, the nearest date first, then door by door; the dead are not on it", async () => {
  const { store } = await phone();
  const due = (n: number, group: string, due_on: string, extra: Partial<Row> = {}): Row =>
    ({
      ...LUO,
      id: id(n),
      name: `人${n}`,
      group,
      entitlements: [{ id: id(600 + n), benefit: "b", due_on }],
      ...extra,
    }) as Row;
  const rows = [
    due(11, "三组", "2026-12-20", { household: "012" }),
    due(19, "三组", "2026-12-20", { household: "003" }),
    due(12, "五组", "2026-11-01"),
    due(13, "三组", "2026-11-25"),
    due(14, "五组", "2027-06-01"),
    due(15, "五组", "2026-11-02", { life: "death_reported" }),
    due(1, "三组", "2027-06-01", { tasks: [{ id: id(700), kind: "delivery" }] as never }),
  ];
  await store.everyone.apply(rows, { villages: {}, cursor: "" }, 1);
  const list = await store.people.dueToday("2026-12-22");
  expect(list.map(({ name }) => name)).toEqual(["人1", "人13", "人19", "人11", "人12"]);
});

test("after a lock no name is left in memory, and after the PIN all are back", async () => {
  const { store, vault } = await village();
  await store.people.find("罗");
  vault.shut();
  await expect(store.people.find("罗")).rejects.toThrow();
  await vault.unlock(PIN);
  expect(await names(store.people.find("罗正英"))).toEqual(["罗正英"]);
});

test("one of ten thousand is found while typing", async () => {
  const one = await phone();
  const rows: Row[] = Array.from({ length: 10_000 }, (_, n) => ({
    ...CHEN,
    ...{
      id: id(1000 + n),
      name: `村民${n}`,
      initials: `cm${n % 26}`,
      group: `${n % 40}组`,
      household: String(n % 3000),
    },
    area: n % 2 ? QINGJIANG : HUALI,
  }));
  await one.store.everyone.apply(rows, { villages: {}, cursor: "" }, 1);
  one.store.refresh();
  await one.store.people.find("x"); // the index is ready after the PIN, not at the first letter
  const started = performance.now();
  const found = await one.store.people.find("村民9999");
  expect(found).toHaveLength(1);
  // Not a budget (bench/ has those): only that it is a look through memory, not through the disk.
  expect(performance.now() - started).toBeLessThan(250);
});
