import { expect, test } from "vitest";
import * as county from "../../../pwa/store/county.ts";
import { id, ME, phone, QINGJIANG } from "../kit.ts";
import { cardOf, records, wentTo } from "./more.ts";

const FORM = "/field/people/new";
const WANG = {
  name: "王桂珍",
  area: QINGJIANG,
  group: "三组",
  sex: "female",
  birth_year: "1947",
  why_here: "去年搬来跟女儿住",
};

test("somebody not in the list is noted, found again and visited like anybody", async () => {
  const one = await phone();
  await one.get(FORM);
  const answer = await one.post(FORM, WANG);
  const [written] = await records(one);
  const wang = written!.subject!;
  expect(wentTo(answer)).toBe(`/field/residents/${wang}?said=provisional`);
  expect(written).toMatchObject({ kind: "resident.provisional", subject_name: "王桂珍" });
  expect(written!.body).toEqual({
    ...{
      name: "王桂珍",
      sex: "female",
      birth_year: 1947,
      phone: "",
      area: QINGJIANG,
      group: "三组",
      id_number: "",
      why: "去年搬来跟女儿住",
    },
  });
  expect(wang).not.toBe(written!.id);
  expect(await cardOf(one, wang)).toMatchObject({ card: "full", state: "provisional", area: QINGJIANG });
  expect(await (await one.post("/field/find", { q: "王桂" })).text()).toContain("王桂珍");

  const visit = `/field/visits/new?resident=${wang}`;
  expect(await (await one.get(visit)).text()).toContain("王桂珍");
  await one.post(visit, { outcome: "not_home", reasons: "care" });
  expect((await records(one))[0]).toMatchObject({ kind: "visit.ended", subject: wang });
});

test("a name and a village are enough; with one village there is nothing to choose", async () => {
  const one = await phone();
  const page = await (await one.get(FORM)).text();
  expect(page).toContain(`<input type="hidden" name="area" value="${QINGJIANG}">`);
  await one.post(FORM, { name: "王桂珍", area: QINGJIANG });
  expect((await records(one))[0]!.body).toMatchObject({ name: "王桂珍", birth_year: null, id_number: "" });
});

test("of several villages one is chosen, and none that is not one's own", async () => {
  const one = await phone();
  await county.put(one.db, one.vault.ring, "me", { ...ME, villages: { ...ME.villages, "520121107200": "花梨村" } });
  expect(await (await one.get(FORM)).text()).toContain("花梨村");
  for (const area of ["", "520121208206"]) {
    const answer = await one.post(FORM, { name: "王桂珍", area });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("Choose the village they live in");
  }
});

test.each([
  ["99052119470304123", "Too short by 1. An ID number has 18 figures, this has 17"],
  ["9905211947030412345", "Too long by 1"],
  ["99052119470304123Z", "Only figures, and an X at the very end"],
  ["990521194713041230", "no birthday"],
  ["990521194703041230", "The last figure does not fit"],
])("a wrong ID number says what would be right: %s", async (id_number, words) => {
  const one = await phone();
  const answer = await one.post(FORM, { ...WANG, id_number });
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain(words);
  expect(await records(one)).toEqual([]);
});

test("the standard's own numbers are right, however they are typed", async () => {
  const one = await phone();
  await one.post(FORM, { ...WANG, id_number: " 110105 1949 1231 002x " });
  expect((await records(one))[0]!.body.id_number).toBe("11010519491231002X");
});

test("a second tap is the same person", async () => {
  const one = await phone();
  await one.get(FORM);
  const { id: event } = await one.store.drafts.open("provisional");
  const first = await one.post(FORM, { ...WANG, event });
  const second = await one.post(FORM, { ...WANG, event });
  expect(wentTo(second)).toBe(wentTo(first));
  expect(await records(one)).toHaveLength(1);
});

test("the next person noted is another one", async () => {
  const one = await phone();
  for (const name of ["王桂珍", "王桂芳"]) {
    await one.get(FORM);
    await one.post(FORM, { ...WANG, name });
  }
  const [second, first] = await records(one);
  expect(second!.subject).not.toBe(first!.subject);
  expect(id(1)).not.toBe(first!.subject);
});

test("the name nobody has in Find need not be typed again", async () => {
  const one = await phone();
  for (const [q, name] of [
    ["欧阳国珍", "欧阳国珍"],
    ["罗正英", ""],
    ["oygz", ""],
  ] as const) {
    await one.post("/field/find", { q });
    expect(await (await one.get(FORM)).text()).toContain(`name="name" type="text" value="${name}"`);
  }
});
