import { expect, test } from "vitest";
import { id, phone, type TestPhone } from "../kit.ts";
import { CONSENTS, countySays, LUO_HOME, luo, picture, records, wentTo } from "./more.ts";

const FORM = `${LUO_HOME}/request`;
const KEY = `request:${id(1)}`;
const bytes = async (one: TestPhone, role: string) => {
  const draft = await one.store.drafts.open(KEY);
  const found = await one.store.photos.get(draft.id, role);
  return found && [...new Uint8Array(found.bytes)];
};

test("what somebody needs is kept in their own words, with who may act for them", async () => {
  const one = await phone();
  await one.get(FORM);
  const answer = await one.post(FORM, {
    ...{
      words: " 想换残疾人证。\r\n旧的看不清了 ",
      may_name: "罗大明",
      may_relation: "侄儿",
      may_phone: "102-8631 0427",
    },
  });
  expect(wentTo(answer)).toBe(`${LUO_HOME}?said=request`);
  const [visit, written] = await records(one);
  expect(written).toMatchObject({ kind: "request.raised", subject: id(1), subject_name: "罗正英" });
  expect(written!.body).toEqual({
    ...{ request: written!.id, visit: visit!.id, words: "想换残疾人证。\n旧的看不清了", papers: [] },
    may_act: { name: "罗大明", relation: "侄儿", phone: "10286310427" },
  });
  expect(await one.store.drafts.get(KEY)).toBeUndefined();
});

test("a request nobody notes a visit for is one by itself, and nobody was asked to sign", async () => {
  const one = await phone();
  await one.get(FORM);
  await one.post(FORM, { words: "修路灯" });
  const [visit, raised] = await records(one);
  expect(visit).toMatchObject({ kind: "visit.ended", subject: id(1), id: raised!.body.visit, seq: raised!.seq + 1 });
  expect(visit!.body).toMatchObject({
    ...{ visit: visit!.id, reasons: ["request"], outcome: "done", requests: [raised!.id] },
    mark: { kind: "none", why: "only a request was taken in" },
  });
});

test("the form says what is missing and keeps the rest", async () => {
  const one = await phone();
  const answer = await one.post(FORM, { may_relation: "侄儿", may_phone: "102863104" });
  expect(answer.status).toBe(422);
  const page = await answer.text();
  expect(page).toContain("Write what they want");
  expect(page).toContain("Write who acts for them");
  expect(page).toContain("Too short by 2. A mobile number has 11 figures, this has 9");
  expect(page).toContain('value="侄儿"');
  expect(await records(one)).toEqual([]);
});

test("a paper is pictured only after consent, asked once and for this purpose alone", async () => {
  const one = await phone();
  await countySays(one, { consents: CONSENTS });
  await luo(one, { consents: { life_verification: "given" } });
  const asked = await one.get(`${FORM}/papers/new`);
  expect(wentTo(asked)).toBe(`${LUO_HOME}/consents/request_papers?then=papers`);
  expect(await asked.text()).toContain("念：request_papers");

  const given = await one.post(`${LUO_HOME}/consents/request_papers?then=papers`, { by: "self", answer: "aloud" });
  expect(wentTo(given)).toBe(`${FORM}/papers/new`);
  expect(await given.text()).toContain('data-role="paper-1"');
  expect(wentTo(await one.get(`${FORM}/papers/new`))).toBeNull(); // the second time the camera opens at once
});

test("pictures are named, removed and counted without gaps, and travel in their order", async () => {
  const one = await phone();
  await luo(one, { consents: { request_papers: "given" } });
  for (const [n, name] of [
    [1, "id_card"],
    [2, "household_book"],
    [3, "other"],
  ] as const) {
    await picture(one, KEY, `paper-${n}`, n);
    const shown = await one.post(`${FORM}/papers/new`, { [`paper-${n}`]: "hash" });
    expect(wentTo(shown)).toBe(`${FORM}/papers/${n}`);
    await one.post(`${FORM}/papers/${n}`, { paper: name, other: "出院小结" });
  }
  await one.post(`${FORM}/papers/2/remove`);
  expect([await bytes(one, "paper-1"), await bytes(one, "paper-2"), await bytes(one, "paper-3")]).toEqual([
    [1],
    [3],
    undefined,
  ]);

  await one.post(FORM, { words: "报销住院费" });
  const [, written] = await records(one);
  expect(written!.body.papers).toEqual(["ID card", "出院小结"]);
  expect(written!.blobs.map(({ role }) => role)).toEqual(["paper-1", "paper-2"]);
});

test("a second tap on the save is the same request", async () => {
  const one = await phone();
  const { id: event } = await one.store.drafts.open(KEY);
  await one.post(FORM, { event, words: "修路灯" });
  await one.post(FORM, { event, words: "修路灯" });
  expect((await records(one)).map(({ kind }) => kind)).toEqual(["visit.ended", "request.raised"]);
});

test("who did not want pictures is not asked by the form, and the request goes on", async () => {
  const one = await phone();
  await countySays(one, { consents: CONSENTS });
  const refused = await one.post(`${LUO_HOME}/consents/request_papers?then=papers`, { by: "self", answer: "refused" });
  expect(wentTo(refused)).toBe(FORM);
  expect(await refused.text()).toContain("They did not want pictures");
  await one.post(FORM, { words: "修路灯" });
  expect((await records(one)).map(({ kind }) => kind)).toEqual(["visit.ended", "request.raised", "consent.refused"]);
});

test("nobody can be asked about who is not in the pack", async () => {
  const one = await phone();
  expect((await one.get(`/field/residents/${id(99)}/request`)).status).toBe(404);
  expect((await one.get(`${FORM}/papers/1`)).status).toBe(404);
});
