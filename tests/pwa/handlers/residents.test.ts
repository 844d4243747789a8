import { expect, test } from "vitest";
import { record } from "../../../pwa/ctx.ts";
import type { Row } from "../../../pwa/wire.ts";
import { id, LUO, phone, QINGJIANG, visit } from "../kit.ts";

const WITH_NUMBER = { ...LUO, rev: 30, id_number: "990101194406072417" } as Row;

test("needs stand before what is due, and what is due before what was", async () => {
  const { get } = await phone();
  const page = await (await get(`/field/residents/${id(1)}`)).text();
  const at = (words: string) => page.indexOf(words);
  expect(at("耳背，大声些")).toBeGreaterThan(0);
  expect(at("养老金 check")).toBeGreaterThan(at("耳背，大声些"));
  expect(at("Visits so far")).toBeGreaterThan(at("养老金 check"));
  expect(page).toContain("Begin verification");
});

test("of someone without a matter only the name is there, and a visit can be noted", async () => {
  const { get } = await phone();
  const page = await (await get(`/field/residents/${id(2)}`)).text();
  expect(page).toContain("Only the name is on this phone");
  expect(page).toContain("Note a visit");
});

test("someone not in the pack does not exist", async () => {
  const { get } = await phone();
  expect((await get(`/field/residents/${id(77)}`)).status).toBe(404);
});

test("a visit written here leads to its record and says where it is", async () => {
  const { ctx, get } = await phone();
  const written = await record(ctx(), visit(id(1)));
  const page = await (await get(`/field/residents/${id(1)}`)).text();
  expect(page).toContain(`/field/records/${written.id}`);
  expect(page).toContain("on this phone");
});

test("the whole ID number is shown for a reason only, and each look is a record", async () => {
  const one = await phone();
  await one.store.everyone.apply([WITH_NUMBER], { villages: { [QINGJIANG]: 30 }, cursor: "" }, 1);
  const path = `/field/residents/${id(1)}/id-number`;
  const asked = await (await one.get(path)).text();
  expect(asked).toContain("ID number of 罗正英");
  expect(asked).not.toContain("0607");
  expect((await one.post(path, {})).status).toBe(422);
  expect(await one.store.records.list()).toEqual([]);

  const shown = await one.post(path, { why: "other", words: "低保申请要填" });
  expect(await shown.text()).toContain("990101 1944 0607 2417");
  expect(shown.headers.get("HX-Push-Url")).toBe("false");
  const [written] = await one.store.records.list();
  expect(written).toMatchObject({ kind: "resident.unmasked", subject: id(1), body: { why: "低保申请要填" } });
  expect(await (await one.get(path)).text()).not.toContain("0607");
});

test("a picture to be taken again says it for the benefit too, with the nearer day", async () => {
  const one = await phone();
  const task = {
    id: id(650),
    kind: "retake",
    what: "BPIURR",
    due_on: "2026-11-27",
    who_may: "",
    money: false,
    why: "手没拍进去",
  };
  await one.store.everyone.apply(
    [{ ...LUO, rev: 31, tasks: [task] } as Row],
    { villages: { [QINGJIANG]: 31 }, cursor: "" },
    1,
  );
  const page = await (await one.get(`/field/residents/${id(1)}`)).text();
  expect(page).toContain("养老金 check, take again");
  expect(page).toContain("22 days late");
  expect(page.match(/id="matter-/g)).toHaveLength(1);
});

test("a visit still on this phone says how it went", async () => {
  const { ctx, get } = await phone();
  const written = visit(id(1));
  await record(ctx(), { ...written, body: { ...written.body, outcome: "not_home", notes: "" } });
  expect(await (await get(`/field/residents/${id(1)}`)).text()).toContain("11月22日, Not at home");
});

test("a number is masked in one way, whoever masked it", async () => {
  const one = await phone();
  const masked = { ...LUO, rev: 30, id_masked: "990***********2417" } as Row;
  await one.store.everyone.apply([masked], { villages: { [QINGJIANG]: 30 }, cursor: "" }, 1);
  expect(await (await one.get(`/field/residents/${id(1)}`)).text()).toContain("990 **** **** 2417");
});

test("what is due in months need not be excused today", async () => {
  const one = await phone();
  const path = `/field/residents/${id(1)}`;
  expect(await (await one.get(path)).text()).toContain("Cannot be done today"); // late
  const later = { ...LUO, rev: 30, entitlements: [{ ...LUO.entitlements[0]!, due_on: "2027-02-28" }] } as Row;
  await one.store.everyone.apply([later], { villages: { [QINGJIANG]: 30 }, cursor: "" }, 1);
  const page = await (await one.get(path)).text();
  expect(page).toContain("Begin verification");
  expect(page).not.toContain("Cannot be done today");
});
