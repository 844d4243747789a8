import { expect, test } from "vitest";
import { dayOf } from "../../../pwa/handlers/deaths.ts";
import { id, phone } from "../kit.ts";
import { cardOf, LUO_HOME, luo, records, wentTo } from "./more.ts";

const FORM = `${LUO_HOME}/death`;
const TOLD = { told: "family", on: "11月20日", seen: "none" };

test("three answers, and nothing is due any more", async () => {
  const one = await phone();
  expect(await (await one.get("/field/today")).text()).toContain("罗正英");
  const page = await (await one.get(FORM)).text();
  expect(page).not.toMatch(/checked|notice-act|tag-act/);
  const answer = await one.post(FORM, TOLD);
  expect(wentTo(answer)).toBe(`${LUO_HOME}?said=death`);
  const [written] = await records(one);
  expect(written).toMatchObject({ kind: "death.reported", subject: id(1) });
  expect(written!.body).toEqual({
    ...{
      death: written!.id,
      visit: null,
      reporter: "family",
      relation: "family",
      died_on: "2026-11-20",
      source: "family",
      words: "",
    },
  });
  expect(await cardOf(one)).toMatchObject({ life: "death_reported" });
  expect(await (await one.get("/field/today")).text()).not.toContain(`${LUO_HOME}"`);
  expect(await answer.text()).not.toContain("Begin verification");
});

test("the outcome of a visit leads here, and both are written together or not at all", async () => {
  const one = await phone();
  const visit = `/field/visits/new?resident=${id(1)}`;
  await one.get(visit);
  const next = await one.post(visit, { outcome: "death_reported", reasons: "verification", notes: "门口挂了白" });
  expect(wentTo(next)).toBe(`${FORM}?visit=1`);
  expect(await next.text()).toContain(`action="${FORM}?visit=1"`);
  expect(await records(one)).toEqual([]);

  await one.post(`${FORM}?visit=1`, TOLD);
  const written = await records(one);
  expect(written.map(({ kind }) => kind).sort()).toEqual(["death.reported", "verification.not_taken", "visit.ended"]);
  const went = written.find(({ kind }) => kind === "visit.ended")!;
  expect(went.body).toMatchObject({ outcome: "death_reported", notes: "门口挂了白", mark: null });
  expect(written.find(({ kind }) => kind === "death.reported")!.body.visit).toBe(went.body.visit);
  expect(await one.store.drafts.get(`visit:${id(1)}`)).toBeUndefined();
});

test("a paper seen makes it the source; a day told roughly is kept as told", async () => {
  const one = await phone();
  await one.post(FORM, { told: "other", told_name: "卖豆腐的老周", on: "十月初", seen: "cremation_certificate" });
  expect((await records(one))[0]!.body).toMatchObject({
    ...{ reporter: "卖豆腐的老周", relation: "", died_on: null, source: "document" },
    words: "Saw the cremation certificate；Day as told: 十月初",
  });
});

test("what is not answered is asked for, a day to come is not believed", async () => {
  const one = await phone();
  const page = await (await one.post(FORM, { on: "2026年12月1日" })).text();
  for (const line of ["Choose who told you", "Choose one, none yet is an answer too", "That day is still to come"])
    expect(page).toContain(line);
  expect(await (await one.post(FORM, { ...TOLD, told: "other" })).text()).toContain("Write who it is");
  expect(await records(one)).toEqual([]);
});

test.each([
  ["2026年10月8日", "2026-10-08"],
  ["10月8号", "2026-10-08"],
  ["10.8", "2026-10-08"],
  ["２０２６/１０/８", "2026-10-08"],
  ["2026-10-08", "2026-10-08"],
  ["昨天", "2026-11-21"],
  ["前天", "2026-11-20"],
  ["12月30日", "2025-12-30"], // said in November: last year's
  ["2月30日", ""],
  ["上周", ""],
  ["", ""],
])("a day is understood as people write it: %s", (said, day) => {
  expect(dayOf(said, "2026-11-22")).toBe(day);
});

test("heard wrong: the first record stays, and what was due stands again", async () => {
  const one = await phone();
  await one.post(FORM, TOLD);
  const wrong = `${FORM}/mistaken`;
  expect((await one.post(wrong, { why: "" })).status).toBe(422);
  await one.post(wrong, { why: "今天在家见到了" });
  const [correction, first] = await records(one);
  expect(correction).toMatchObject({
    kind: "record.corrected",
    body: {
      corrects: first!.id,
      why: "今天在家见到了",
      body: { death: first!.id, died_on: "2026-11-20", mistaken: true },
    },
  });
  expect(await cardOf(one)).toMatchObject({ life: "" });
  expect(await (await one.get("/field/today")).text()).toContain("罗正英");
  await one.post(wrong, { why: "再点一次" });
  expect(await records(one)).toHaveLength(2);
});

test("somebody else's report is put right by the township, whom the page calls", async () => {
  const one = await phone();
  await luo(one, { life: "death_reported" });
  const page = await (await one.get(`${FORM}/mistaken`)).text();
  expect(page).toContain("tel:10285550101");
  expect(page).not.toContain("Put it right");
  expect(wentTo(await one.get(FORM))).toBe(LUO_HOME);
});
