import { expect, test } from "vitest";
import { record } from "../../../pwa/ctx.ts";
import * as county from "../../../pwa/store/county.ts";
import * as device from "../../../pwa/store/device.ts";
import type { Row } from "../../../pwa/wire.ts";
import { CHEN, id, LUO, ME, phone, QINGJIANG, type TestPhone, visit } from "../kit.ts";

const half = { villages: { [QINGJIANG]: 0 }, cursor: "p1" };

const card = (n: number, name: string, group: string, more: Partial<Row>): Row =>
  ({
    ...{
      id: id(n),
      area: QINGJIANG,
      rev: 20 + n,
      card: "full",
      name,
      initials: "x",
      household: String(n),
      group,
    },
    ...more,
  }) as Row;

async function pack(one: TestPhone, ...rows: Row[]): Promise<void> {
  await one.store.everyone.apply([LUO, CHEN, ...rows], { villages: { [QINGJIANG]: 99 }, cursor: "" }, 1);
}

const text = async (response: Response): Promise<string> =>
  (await response.text()).replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");

test("people due stand by villager group, so that one walk serves several", async () => {
  const one = await phone();
  const task = {
    id: id(700),
    kind: "delivery",
    what: "残疾人证",
    due_on: "2026-11-27",
    who_may: "",
    money: false,
    why: "",
  } as const;
  await pack(
    one,
    card(3, "周兴林", "五组", { tasks: [task] }),
    card(4, "杨昌贵", "三组", {
      tasks: [{ ...task, id: id(701), kind: "care", what: "", due_on: "2026-12-01" }],
    }),
  );
  const page = await text(await one.get("/field/today"));
  expect(page).toContain("3 people to see");
  expect(page.indexOf("罗正英")).toBeGreaterThan(page.indexOf("三组"));
  expect(page.indexOf("杨昌贵")).toBeGreaterThan(page.indexOf("罗正英"));
  expect(page.indexOf("周兴林")).toBeGreaterThan(page.indexOf("五组"));
  expect(page).toContain("2 people, one walk");
  expect(page).toContain("22 days late"); // 31 October, on 22 November
});

test("a group with somebody late comes before one where somebody is only looked in on", async () => {
  const one = await phone();
  const care = {
    id: id(710),
    kind: "care",
    what: "",
    due_on: "2026-09-01",
    who_may: "",
    money: false,
    why: "",
  } as const;
  await pack(one, card(5, "田景芝", "五组", { tasks: [care] }));
  const page = await text(await one.get("/field/today"));
  expect(page.indexOf("田景芝")).toBeGreaterThan(page.indexOf("罗正英"));
});

test("whoever was seen today leaves the list and stands below it", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  const page = await text(await one.get("/field/today"));
  expect(page).toContain("All seen for today");
  expect(page.indexOf("罗正英")).toBeGreaterThan(page.indexOf("Seen today"));
});

test("someone who was not at home is left in peace until the day agreed", async () => {
  const one = await phone();
  const again = {
    id: id(702),
    kind: "revisit",
    what: "",
    due_on: "2026-11-29",
    who_may: "",
    money: false,
    why: "",
  } as const;
  await pack(one, { ...LUO, rev: 30, tasks: [again] } as Row);
  expect(await text(await one.get("/field/today"))).toContain("Next is 罗正英, 11月29日");
  one.at.now = new Date("2026-11-29T02:00:00Z");
  expect(await text(await one.get("/field/today"))).toContain("1 person to see");
});

test("an agreed day that has passed is no reproach", async () => {
  const one = await phone();
  const again = {
    id: id(702),
    kind: "revisit",
    what: "",
    due_on: "2026-11-10",
    who_may: "",
    money: false,
    why: "",
  } as const;
  await pack(one, { ...LUO, rev: 30, entitlements: [], tasks: [again] } as Row);
  const page = await text(await one.get("/field/today"));
  expect(page).toContain("time to go");
  expect(page).not.toContain("late");
});

test("an overdue verification stands before looking in, whichever day came first", async () => {
  const one = await phone();
  const care = {
    id: id(703),
    kind: "care",
    what: "",
    due_on: "2026-10-20",
    who_may: "",
    money: false,
    why: "",
  } as const;
  await pack(one, { ...LUO, rev: 33, tasks: [care] } as Row);
  const page = await text(await one.get("/field/today"));
  expect(page).toContain("养老金 check, look in");
  expect(page).toContain("22 days late");
  expect(await (await one.get(`/field/residents/${id(1)}`)).text()).toContain("Begin verification");
});

test("someone said to have died is not on the list", async () => {
  const one = await phone();
  await pack(one, { ...LUO, rev: 31, life: "death_reported" } as Row);
  expect(await text(await one.get("/field/today"))).not.toContain("罗正英");
});

test("a question of the township is no walk, a picture sent back the same day is", async () => {
  const one = await phone();
  const task = {
    id: id(704),
    kind: "query",
    what: "",
    due_on: null,
    who_may: "",
    money: false,
    why: "谁在家？",
  } as const;
  await pack(one, card(3, "周兴林", "五组", { tasks: [task] }));
  expect(await text(await one.get("/field/today"))).not.toContain("周兴林");

  await record(one.ctx(), visit(id(3)));
  await pack(one, card(3, "周兴林", "五组", { rev: 40, tasks: [{ ...task, kind: "retake", what: "BPIURR" }] }));
  const page = await text(await one.get("/field/today"));
  expect(page.indexOf("周兴林")).toBeLessThan(page.indexOf("Seen today"));
});

test("after fifty people there are fifty more", async () => {
  const one = await phone();
  const due = { benefit: "BPIURR", due_on: "2026-11-30", agency_state: "paying", taken: "" };
  const many = Array.from({ length: 60 }, (_, n) =>
    card(100 + n, `村民${n}`, "一组", { entitlements: [{ ...due, id: id(1000 + n) }] }),
  );
  await pack(one, ...many);
  const page = await (await one.get("/field/today")).text();
  expect(page.match(/class="row" href="\/field\/residents/g)).toHaveLength(50);
  expect(page).toContain("/field/today?rows=100");
  expect(await (await one.get("/field/today?rows=100")).text()).not.toContain("50 more people");
});

test("the look before leaving names who has no gesture, and records nothing", async () => {
  const one = await phone();
  const page = await text(await one.get("/field/departure"));
  expect(page).toContain("Those of 罗正英 are out of date");
  expect(page).toContain("This is not a check-in");
  await one.post("/field/departure");
  expect(one.sends).toEqual(["departure"]);
  expect(await one.store.records.list()).toEqual([]);
});

test("a record not sent yet is no reason to stay", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(2)));
  const page = await (await one.get("/field/departure")).text();
  const line = page.slice(page.indexOf("Records not sent") - 400, page.indexOf("Records not sent"));
  expect(line).not.toContain("check-act");
});

test("what was written and not saved stands on top, and leads back to its form", async () => {
  const one = await phone();
  const path = `/field/visits/new?resident=${id(1)}`;
  await one.store.drafts.keep(`visit:${id(1)}`, { notes: ["腿好多了"] }, "notes", path);
  await one.store.drafts.open(`visit:${id(2)}`); // only looked at
  const page = await (await one.get("/field/today")).text();
  expect(page).toContain(`href="${path}"`);
  expect(page.replace(/<[^>]+>/g, "")).toContain("罗正英Not finished: visit");
  expect(page.match(/Not finished/g)).toHaveLength(1);

  await record(one.ctx(), { ...visit(id(1)), draft: `visit:${id(1)}` });
  expect(await (await one.get("/field/today")).text()).not.toContain("Not finished");
});

test("a verification goes on from its own page; what lay for a day is left in peace", async () => {
  const one = await phone();
  await one.store.drafts.keep(`verification:${id(1)}`, { document: ["id_card"] });
  expect(await (await one.get("/field/today")).text()).toContain(`href="/field/residents/${id(1)}/verification"`);
  one.at.now = new Date(one.at.now.getTime() + 25 * 3_600_000);
  expect(await (await one.get("/field/today")).text()).not.toContain("Not finished");
});

/* ---- while the list is still coming ---- */

test("of a list that is still coming nothing is concluded", async () => {
  const one = await phone();
  await device.remove(one.db, "packed");
  await one.store.everyone.apply([{ id: id(1), area: QINGJIANG, rev: 9, gone: true }], half, 1);
  const page = await text(await one.get("/field/today"));
  expect(page).toContain("The list is still coming: 1 person is here so far");
  expect(page).not.toMatch(/Nobody|All seen|Everyone due|Next is/);
  const before = await text(await one.get("/field/departure"));
  expect(before).toContain("Not brought yet");
  expect(before).not.toContain("One for each person due");
});

test("who is due and here already stands on Today, as so many so far", async () => {
  const one = await phone();
  await device.put(one.db, "cursor", half);
  expect(await text(await one.get("/field/today"))).toContain("1 person to see so far");
  await device.put(one.db, "cursor", { villages: { [QINGJIANG]: 8 }, cursor: "" });
  expect(await text(await one.get("/field/today"))).not.toContain("so far");
});

test("a village gained since makes the list incomplete until it has come", async () => {
  const one = await phone();
  const villages = { ...ME.villages, "520121107203": "新山村" };
  await county.put(one.db, one.vault.ring, "me", { ...ME, villages });
  await record(one.ctx(), visit(id(1)));
  const page = await text(await one.get("/field/today"));
  expect(page).toContain("The list is still coming");
  expect(page).not.toContain("All seen");
});

test("after a restore the list of before is usable, and marked until the new one is whole", async () => {
  const one = await phone();
  await device.put(one.db, "identity", { ...(await device.get(one.db, "identity"))!, epoch: 2 });
  const page = await text(await one.get("/field/today"));
  expect(page).toContain("the one of before stands here");
  expect(page).toContain("罗正英");
});

test("whose post has ended is told so, not that all were seen", async () => {
  const one = await phone();
  await county.put(one.db, one.vault.ring, "me", { ...ME, posts: [], villages: {} });
  await one.store.everyone.drop([QINGJIANG]);
  const page = await (await one.get("/field/today")).text();
  expect(page).toContain("You hold no post now");
  expect(page).toContain("under your name");
});
