import { expect, test } from "vitest";
import type { ResidentCard } from "../../../pwa/ctx.ts";
import { id, phone, type TestPhone } from "../kit.ts";

const NEW = `/field/visits/new?resident=${id(1)}`;
const MARK = `/field/visits/mark?resident=${id(1)}`;
const card = async (one: TestPhone) => (await one.store.people.get(id(1))) as ResidentCard;

test("what is due is why one came, and nothing else is chosen beforehand", async () => {
  const { get } = await phone();
  const page = await (await get(NEW)).text();
  expect(page).toMatch(/value="verification" checked/);
  expect(page).not.toMatch(/name="outcome"[^>]*checked/);
});

test("a visit with nobody at home is noted in one page, with its next day", async () => {
  const one = await phone();
  await one.get(NEW);
  one.at.now = new Date("2026-11-22T02:14:01.123Z");
  const answer = await one.post(NEW, {
    outcome: "not_home",
    reasons: "care",
    met: "neighbour",
    notes: " 去女儿家了 ",
  });
  expect(answer.headers.get("HX-Push-Url")).toBe(`/field/residents/${id(1)}?said=visit`);
  const [written] = await one.store.records.list();
  expect(written).toMatchObject({ kind: "visit.ended", subject: id(1) });
  expect(written!.body).toEqual({
    ...{
      visit: written!.id,
      reasons: ["care"],
      met: [{ relation: "neighbour" }],
      outcome: "not_home",
      where: "",
    },
    ...{ notes: "去女儿家了", mark: null, return_on: "2026-11-29" },
    ...{ started_at: "2026-11-22T02:04:01.123Z", ended_at: "2026-11-22T02:14:01.123Z" },
  });
  expect(await card(one)).toMatchObject({ tries: 1, tasks: [{ kind: "revisit", due_on: "2026-11-29" }] });
});

test("that the badge was shown is noted where the agent says so, and is no where nothing is said", async () => {
  const one = await phone();
  expect(await (await one.get(NEW)).text()).toMatch(/name="badge_shown" value="yes">/);
  await one.post(NEW, { outcome: "refused", reasons: "care", badge_shown: "yes" });
  const [first] = await one.store.records.list();
  expect(first!.body.badge_shown).toBe(true);
  const correction = `/field/records/${first!.id}/correction`;
  expect(await (await one.get(correction)).text()).toMatch(/name="badge_shown" value="yes" checked/);
  await one.post(correction, { outcome: "refused", reasons: "care", why: "没带证" });
  const put = (await one.store.records.list()).find(({ kind }) => kind === "record.corrected");
  expect(put!.body.body).not.toHaveProperty("badge_shown");
});

test("who went for a verification and came back without says why, with the same press", async () => {
  const one = await phone();
  await one.get(NEW);
  await one.post(NEW, {
    outcome: "away",
    reasons: "verification",
    where_away: "广东",
    where_hospital: "没用的",
  });
  const kinds = (await one.store.records.list()).map(({ kind, body }) => [kind, body.outcome, body.where]);
  expect(kinds).toEqual(
    expect.arrayContaining([
      ["verification.not_taken", "away", "广东"],
      ["visit.ended", "away", "广东"],
    ]),
  );
});

test("after the third time the township decides: no new day", async () => {
  const one = await phone();
  for (const _ of [1, 2, 3]) {
    await one.get(NEW);
    await one.post(NEW, { outcome: "not_home", reasons: "care" });
  }
  expect(await card(one)).toMatchObject({ tries: 3, tasks: [] });
});

test("without an outcome or a reason the form comes back with what was typed", async () => {
  const one = await phone();
  const answer = await one.post(NEW, { notes: "门锁着" });
  expect(answer.status).toBe(422);
  const page = await answer.text();
  expect(page).toContain("Choose how it went");
  expect(page).toContain("Choose what you came for");
  expect(page).toContain(">门锁着</textarea>");
  expect(await one.store.records.list()).toEqual([]);
});

test("where somebody was met, the visit waits for their sign", async () => {
  const one = await phone();
  await one.get(NEW);
  const asked = await one.post(NEW, { outcome: "done", reasons: ["care"] as unknown as string });
  expect(asked.headers.get("HX-Push-Url")).toBe(MARK);
  expect(await one.store.records.list()).toEqual([]);

  expect((await one.post(MARK, { mark_kind: "signature", mark: "" })).status).toBe(422);
  const draft = (await one.store.drafts.get(`visit:${id(1)}`))!;
  await one.store.photos.put(draft.id, "mark", new Uint8Array([1, 2, 3]).buffer, "image/png");
  const { sha256 } = (await one.store.photos.info(draft.id, "mark"))!;
  await one.post(MARK, { event: draft.id, mark_kind: "signature", mark: sha256 });

  const [written] = await one.store.records.list();
  expect(written).toMatchObject({
    id: draft.id,
    body: { outcome: "done", mark: { kind: "signature", role: "mark" } },
  });
  expect(written!.blobs.map(({ role }) => role)).toEqual(["mark"]);
  expect(written!.body.met).toEqual([{ resident: id(1), relation: "self" }]);
  expect(await one.store.drafts.get(`visit:${id(1)}`)).toBeUndefined();
});

test("a thumbprint in ink needs the slip and two people who are not the agent", async () => {
  const one = await phone();
  await one.get(NEW);
  await one.post(NEW, { outcome: "part_done", reasons: "care", notes: "药没拿到" });
  const print = { mark_kind: "thumbprint", slip: "HL-0007", witness_1: "陈大兰" };
  expect((await one.post(MARK, { ...print, witness_2: "陈大兰" })).status).toBe(422);
  expect((await one.post(MARK, { ...print, witness_2: "杨秀芝" })).status).toBe(422);
  await one.post(MARK, { ...print, witness_2: "周家贵" });
  const [written] = await one.store.records.list();
  expect(written!.body.mark).toEqual({
    kind: "thumbprint",
    slip: "HL-0007",
    witnesses: ["陈大兰", "周家贵"],
  });
});

test("a second tap on the save writes nothing more", async () => {
  const one = await phone();
  await one.get(NEW);
  await one.post(NEW, { outcome: "done", reasons: "care" });
  const draft = (await one.store.drafts.get(`visit:${id(1)}`))!;
  const form = { event: draft.id, mark_kind: "none", mark_why: "手受伤了" };
  await one.post(MARK, form);
  const again = await one.post(MARK, form);
  expect(again.headers.get("HX-Push-Url")).toBe(`/field/residents/${id(1)}?said=visit`);
  expect(await one.store.records.list()).toHaveLength(1);
});

test("a second tap on a visit without a sign writes nothing more, also while the first is being kept", async () => {
  const one = await phone();
  const awayBy = async (taps: (form: Record<string, string>) => Promise<Response[]>) => {
    await one.get(NEW);
    const { id: event } = (await one.store.drafts.get(`visit:${id(1)}`))!;
    const answers = await taps({ event, outcome: "away", reasons: "care" });
    for (const answer of answers)
      expect(answer.headers.get("HX-Push-Url")).toBe(`/field/residents/${id(1)}?said=visit`);
  };
  await awayBy(async (form) => [await one.post(NEW, form), await one.post(NEW, form)]);
  expect(await one.store.records.list()).toHaveLength(1);
  await awayBy((form) => Promise.all([one.post(NEW, form), one.post(NEW, form)]));
  expect(await one.store.records.list()).toHaveLength(2);
  expect(await one.store.drafts.get(`visit:${id(1)}`)).toBeUndefined();
});

test("a family that says they passed away is asked three things, and nothing before", async () => {
  const one = await phone();
  await one.get(NEW);
  const answer = await one.post(NEW, { outcome: "death_reported", reasons: "care" });
  expect(answer.headers.get("HX-Push-Url")).toBe(`/field/residents/${id(1)}/death?visit=1`);
  expect(await one.store.records.list()).toEqual([]);
});
