import { expect, test } from "vitest";
import { id, phone } from "../kit.ts";
import { BANK_CARD, cardOf, DISABILITY_CARD, LUO_HOME, luo, records, sign, wentTo } from "./more.ts";

const FORM = `${LUO_HOME}/deliveries/${id(601)}`;
const MONEY = `${LUO_HOME}/deliveries/${id(602)}`;

async function withTask(task: object = DISABILITY_CARD) {
  const one = await phone();
  await luo(one, { tasks: [task] });
  return one;
}

test("a result is handed to the person, who signs, and the task is gone at once", async () => {
  const one = await withTask();
  const page = await (await one.get(FORM)).text();
  expect(page).toContain("残疾人证");
  expect(page).not.toMatch(/name="(to|identity)"[^>]*checked/);
  const signed = await sign(one, `delivery:${id(601)}`);
  const answer = await one.post(FORM, { to: "self", identity: "id_card", ...signed });
  expect(wentTo(answer)).toBe(`${LUO_HOME}?said=delivered`);
  const [visit, written] = await records(one);
  expect(written).toMatchObject({ id: signed.event, kind: "delivery.made", subject: id(1) });
  expect(written!.body).toEqual({
    ...{ delivery: id(601), visit: visit!.id, to: "self", name: "", relation: "", identity_seen: "id_card" },
    mark: { kind: "signature", role: "mark" },
  });
  expect(written!.blobs.map(({ role }) => role)).toEqual(["mark"]);
  expect((await cardOf(one)).tasks).toEqual([]);
});

test("somebody of the same home is named, with how they are related", async () => {
  const one = await withTask();
  const signed = await sign(one, `delivery:${id(601)}`);
  const named = { to: "household_adult", identity: "known", household_name: "陈大兰", ...signed };
  const bare = await one.post(FORM, named);
  expect(bare.status).toBe(422);
  expect(await bare.text()).toContain("Write how they are related");
  await one.post(FORM, { ...named, household_relation: "女儿", guardian_name: "不相干" });
  const [visit, made] = await records(one);
  expect(made!.body).toMatchObject({ to: "household_adult", name: "陈大兰", relation: "女儿" });
  expect(visit!.body.met).toEqual([{ relation: "女儿" }]); // she herself was not there
});

test("a card that draws money goes to the person or the guardian, whatever the form says", async () => {
  const one = await withTask(BANK_CARD);
  const page = await (await one.get(MONEY)).text();
  expect(page).toContain("only into the hands of the person or the guardian");
  expect(page).not.toContain('value="household_adult"');
  const signed = await sign(one, `delivery:${id(602)}`);
  const forged = await one.post(MONEY, {
    to: "household_adult",
    household_name: "陈大兰",
    household_relation: "女儿",
    identity: "id_card",
    ...signed,
  });
  expect(forged.status).toBe(422);
  expect(await forged.text()).toContain("Choose the person or the guardian");
  expect((await one.post(MONEY, { to: "self", identity: "none", ...signed })).status).toBe(422);
  await one.post(MONEY, { to: "guardian", guardian_name: "陈大兰", identity: "id_card", ...signed });
  const [visit, made] = await records(one);
  expect(made!.body).toMatchObject({ to: "guardian", name: "陈大兰" });
  expect(visit!.body.met).toEqual([{ relation: "guardian" }]);
});

test("without a mark nothing is handed over; ink on the slip needs two others", async () => {
  const one = await withTask();
  const form = { to: "self", identity: "known" };
  expect(await (await one.post(FORM, { ...form, mark_kind: "signature", mark: "" })).text()).toContain(
    "Not signed yet",
  );
  const ink = { ...form, mark_kind: "thumbprint", slip: "清江-0142", witness_1: "周兴林" };
  expect(await (await one.post(FORM, ink)).text()).toContain("A thumbprint needs two witnesses");
  const nobody = await (await one.post(FORM, { ...ink, witness_1: "" })).text();
  expect(nobody.split("A thumbprint needs two witnesses")).toHaveLength(3); // said at both
  expect(await (await one.post(FORM, { ...ink, witness_2: "杨秀芝" })).text()).toContain("You cannot be the witness");
  expect(await records(one)).toEqual([]);
  await one.post(FORM, { ...ink, witness_2: "田景芝" });
  const marks = (await records(one)).map(({ body }) => body.mark);
  const given = { kind: "thumbprint", slip: "清江-0142", witnesses: ["周兴林", "田景芝"] };
  expect(marks).toEqual([given, given]);
});

test("what could not be handed over goes back, with the reason", async () => {
  const one = await withTask();
  expect((await one.post(`${FORM}/attempt`, {})).status).toBe(422);
  expect(await (await one.post(`${FORM}/attempt`, { not_why: "other" })).text()).toContain(
    "Say in a few words what happened",
  );
  const answer = await one.post(`${FORM}/attempt`, { not_why: "not_home", words: "门锁着" });
  expect(wentTo(answer)).toBe(`${LUO_HOME}?said=attempted`);
  const [visit, written] = await records(one);
  expect(visit).toMatchObject({
    ...{ kind: "visit.ended", id: written!.body.visit },
    body: { outcome: "not_home", reasons: ["delivery"], deliveries: [id(601)], notes: "门锁着", met: [], mark: null },
  });
  expect(written).toMatchObject({
    kind: "delivery.attempted",
    body: { delivery: id(601), why: "not_home", words: "门锁着" },
  });
  const { tasks, tries } = await cardOf(one);
  expect(tries).toBe(1);
  expect(tasks.map(({ kind, due_on }) => [kind, due_on])).toEqual([["revisit", visit!.body.return_on]]);
});

test("a thing that could not be handed over for another reason is a visit nobody comes again for", async () => {
  const one = await withTask();
  await one.post(`${FORM}/attempt`, { not_why: "other", words: "名字印错了" });
  const [visit] = await records(one);
  expect(visit!.body).toMatchObject({ outcome: "part_done", met: [], return_on: null, notes: "名字印错了" });
  expect(visit!.body.mark).toMatchObject({ kind: "none", why: expect.stringContaining("could not be handed over") });
  expect((await cardOf(one)).tasks).toEqual([]);
});

test("a hand-over nobody notes a visit for is one by itself, signed with the same strokes", async () => {
  const one = await phone();
  const care = { ...DISABILITY_CARD, id: id(603), kind: "care", what: "" };
  await luo(one, { tasks: [DISABILITY_CARD, care] });
  const signed = await sign(one, `delivery:${id(601)}`);
  await one.post(FORM, { to: "self", identity: "id_card", ...signed });
  const [visit, made] = await records(one);
  expect(visit).toMatchObject({ kind: "visit.ended", subject: id(1), id: made!.body.visit, seq: made!.seq + 1 });
  expect(visit!.body).toMatchObject({
    ...{ visit: visit!.id, reasons: ["delivery"], outcome: "done", deliveries: [id(601)] },
    ...{ mark: { kind: "signature", role: "mark" }, met: [{ resident: id(1), relation: "self" }] },
  });
  expect(visit!.blobs).toMatchObject([{ role: "mark" }]);
  const strokes = await one.store.photos.get(visit!.id, "mark");
  expect([...new Uint8Array(strokes!.bytes)]).toEqual([1, 2, 3]);
  expect((await cardOf(one)).tasks.map(({ kind }) => kind)).toEqual(["care"]); // looking in is still to do
});

test("told of a death at the door, the gentle page comes next", async () => {
  const one = await withTask();
  const answer = await one.post(`${FORM}/attempt`, { not_why: "death_reported" });
  expect(wentTo(answer)).toBe(`${LUO_HOME}/death`);
});

test("a delivery that is no longer this agent's says so", async () => {
  const one = await phone();
  expect((await one.get(FORM)).status).toBe(404);
  expect(one.bugs).toEqual([]);
});
