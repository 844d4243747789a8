import { expect, test } from "vitest";
import { lastDay } from "../../../pwa/working_days.ts";
import { id, phone, type TestPhone } from "../kit.ts";
import { DISABILITY_CARD, LUO_HOME, luo, records, wentTo } from "./more.ts";

const VISIT = `/field/visits/new?resident=${id(1)}`;

/** 罗正英 was not at home, by this phone. 22 November 2026 is a Sunday. */
async function visited(one: TestPhone): Promise<string> {
  await one.post(VISIT, { outcome: "not_home", reasons: "care", notes: "去女儿家了" });
  return (await records(one))[0]!.id;
}

test("the record is read, and its form comes filled with what was written", async () => {
  const one = await phone();
  const visit = await visited(one);
  const page = await (await one.get(`/field/records/${visit}`)).text();
  expect(page).toContain("去女儿家了");
  expect(page).toContain(`href="/field/records/${visit}/correction"`);
  const form = await (await one.get(`/field/records/${visit}/correction`)).text();
  expect(form).toMatch(/value="not_home" checked/);
  expect(form).toContain(">去女儿家了</textarea>");
  expect(form).toContain('name="why"');
});

test("a correction is a new record that names the old one, which stays struck", async () => {
  const one = await phone();
  const visit = await visited(one);
  const path = `/field/records/${visit}/correction`;
  const changed = { outcome: "away", where_away: "广东", reasons: "care", notes: "去女儿家了" };
  const bare = await one.post(path, changed);
  expect(bare.status).toBe(422);
  expect(await bare.text()).toContain("Say in a few words what was wrong");

  const answer = await one.post(path, { ...changed, why: "点错了" });
  const [correction, old] = await records(one);
  expect(correction).toMatchObject({ kind: "record.corrected", subject: id(1) });
  expect(correction!.body).toMatchObject({
    corrects: visit,
    why: "点错了",
    body: { visit, outcome: "away", where: "广东" },
  });
  expect(old).toMatchObject({ id: visit, body: { outcome: "not_home" } });
  expect(wentTo(answer)).toBe(`/field/records/${correction!.id}?said=corrected`);
  const page = await answer.text();
  expect(page).toContain("点错了");
  expect(page).toContain("struck");
  const before = await (await one.get(`/field/records/${visit}`)).text();
  expect(before).toContain("corrected");
  expect(before).not.toContain("/correction");
});

test("what was corrected once is corrected again from its correction, not from the first", async () => {
  const one = await phone();
  const visit = await visited(one);
  const away = { outcome: "away", reasons: "care", why: "点错了" };
  await one.post(`/field/records/${visit}/correction`, away);
  const [first] = await records(one);
  const again = await one.post(`/field/records/${visit}/correction`, away);
  expect(again.status).toBe(409);
  expect(await (await one.get(`/field/records/${first!.id}/correction`)).text()).toMatch(/value="away" checked/);
  await one.post(`/field/records/${first!.id}/correction`, { outcome: "hospital", reasons: "care", why: "是住院" });
  expect((await records(one))[0]!.body).toMatchObject({ corrects: first!.id, body: { outcome: "hospital" } });
});

test("two working days, then the township", async () => {
  const one = await phone();
  const visit = await visited(one);
  one.at.now = new Date("2026-11-24T15:59:59Z"); // the last second of Tuesday in Shanghai
  expect((await one.get(`/field/records/${visit}/correction`)).status).toBe(200);
  one.at.now = new Date("2026-11-24T16:00:00Z");
  const late = await one.get(`/field/records/${visit}/correction`);
  expect(late.status).toBe(403);
  expect(await late.text()).toContain("李国秀");
  expect(await (await one.get(`/field/records/${visit}`)).text()).toContain("are over");
});

test.each([
  ["2026-11-20", "2026-11-24", {}], // Friday: the weekend does not count
  [
    "2026-09-30",
    "2026-10-09",
    { no_working_days: ["2026-10-01", "2026-10-02", "2026-10-05", "2026-10-06", "2026-10-07"] },
  ],
  ["2026-10-09", "2026-10-12", { working_weekends: ["2026-10-10"] }], // a Saturday worked for a holiday
])("working days are the county's: from %s to %s", (from, until, calendar) => {
  expect(lastDay(from, 2, { no_working_days: [], working_weekends: [], ...calendar })).toBe(until);
});

test("each kind with a form comes back in that form and keeps its marks and pictures", async () => {
  const one = await phone();
  await luo(one, { tasks: [DISABILITY_CARD] });
  await one.post(`${LUO_HOME}/request`, { words: "修路灯" });
  await one.post(`${LUO_HOME}/deliveries/${id(601)}/attempt`, { not_why: "not_home" });
  await one.post("/field/complaints/new", { kind: "complaint", words: "重复填" });
  await one.post("/field/people/new", { name: "王桂珍", area: "520121107202" });
  const by = Object.fromEntries((await records(one)).map((record) => [record.kind, record.id]));
  const put = async (kind: string, form: Record<string, string>) => {
    const path = `/field/records/${by[kind]}/correction`;
    expect((await one.get(path)).status).toBe(200);
    await one.post(path, { why: "写错了", ...form });
    const [newest] = await records(one);
    expect(newest).toMatchObject({ kind: "record.corrected", body: { corrects: by[kind] } });
    return (newest!.body as { body: unknown }).body;
  };
  expect(await put("request.raised", { words: "修水管" })).toMatchObject({
    request: by["request.raised"],
    words: "修水管",
  });
  expect(await put("delivery.attempted", { not_why: "away" })).toMatchObject({ delivery: id(601), why: "away" });
  expect(await put("complaint.made", { kind: "suggestion", words: "少填" })).toMatchObject({
    kind: "suggestion",
    words: "少填",
  });
  expect(await put("resident.provisional", { name: "王桂芳", area: "520121107202" })).toMatchObject({ name: "王桂芳" });
});

test("what is known of a person is noted again, any day", async () => {
  const one = await phone();
  await one.post(`${LUO_HOME}/changes`, { phone: "10211112222", needs: "hearing" });
  const [noted] = await records(one);
  one.at.now = new Date("2026-12-22T02:00:00Z");
  const page = await (await one.get(`/field/records/${noted!.id}`)).text();
  expect(page).toContain("102 1111 2222");
  expect(page).toContain(`href="${LUO_HOME}/changes"`);
  expect(page).not.toContain("are over");
});

test("a second tap writes one correction", async () => {
  const one = await phone();
  const path = `/field/records/${await visited(one)}/correction`;
  await one.get(path);
  const { id: event } = await one.store.drafts.open(
    path.replace("/field/records/", "correct:").replace("/correction", ""),
  );
  const form = { event, outcome: "away", reasons: "care", why: "点错了" };
  const first = await one.post(path, form);
  const second = await one.post(path, form);
  expect(second.status).toBe(200);
  expect(wentTo(second)).toBe(wentTo(first));
  expect((await records(one)).filter(({ kind }) => kind === "record.corrected")).toHaveLength(1);
});

test("a record that is not this phone's does not exist", async () => {
  const one = await phone();
  expect((await one.get(`/field/records/${id(77)}`)).status).toBe(404);
});

test("the person's page shows what stands, and the first one struck, wherever the county's row is by now", async () => {
  const one = await phone();
  const visit = await visited(one);
  await one.post(`/field/records/${visit}/correction`, {
    outcome: "away",
    reasons: "care",
    notes: "去广东了",
    why: "点错了",
  });
  const [correction] = await records(one);
  const rows = async () =>
    (await (await one.get(LUO_HOME)).text()).match(/<a class="row" href="\/field\/records\/[^>]*>/g);
  const page = await (await one.get(LUO_HOME)).text();
  expect(page.indexOf("去广东了")).toBeLessThan(page.indexOf("<s>去女儿家了</s>"));
  expect(await rows()).toHaveLength(2);
  // The county tells of the corrected visit under its correction's id.
  const told = {
    id: correction!.id,
    on: "2026-11-22",
    reasons: ["care"],
    outcome: "away",
    by: "杨秀芝",
    notes: "去广东了",
  };
  await luo(one, { past: [told] });
  expect((await (await one.get(LUO_HOME)).text()).match(/去广东了/g)).toHaveLength(1);
});
