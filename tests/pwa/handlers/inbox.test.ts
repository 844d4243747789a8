import { expect, test } from "vitest";
import { id, phone } from "../kit.ts";
import { cardOf, DISABILITY_CARD, LUO_HOME, luo, records, told, wentTo } from "./more.ts";

const QUERY = {
  ...{ id: id(701), kind: "query" as const, resident: id(1), about: id(711) },
  words: "敲了门还是打的电话？",
};

test("each line opens its one thing", async () => {
  const one = await phone();
  await told(
    one,
    ...[QUERY, { id: id(702), kind: "sent_back" as const, resident: id(1), about: id(712), words: "手没拍进去" }],
    ...[
      { id: id(703), kind: "assigned" as const, resident: id(2) },
      { id: id(704), kind: "badge" as const },
    ],
    ...[{ id: id(705), kind: "due" as const, resident: id(99) }],
  );
  const page = await (await one.get("/field/inbox")).text();
  for (const href of [`/field/inbox/${id(701)}`, LUO_HOME, `/field/residents/${id(2)}`, `/field/inbox/${id(704)}`])
    expect(page).toContain(`href="${href}"`);
  expect(page).toContain(`href="/field/inbox/${id(705)}"`); // who left the pack has no page any more
  expect(page).toContain("2 things"); // sent back, asked
  expect(await (await one.get(`/field/inbox/${id(704)}`)).text()).toContain('href="/field/me"');
});

test("Today says that something waits, until it is dealt with", async () => {
  const one = await phone();
  await told(one, QUERY);
  expect(await (await one.get("/field/today")).text()).toContain("1 thing for you to do");
  await one.post(`/field/inbox/${id(701)}`, { words: "敲了门。" });
  expect(await (await one.get("/field/today")).text()).not.toContain("/field/inbox");
});

test("a question is answered in its place, once", async () => {
  const one = await phone();
  await luo(one, { tasks: [{ id: id(721), kind: "query", about: id(711), why: QUERY.words }] });
  await told(one, QUERY);
  const page = await (await one.get(`/field/inbox/${id(701)}`)).text();
  expect(page).toContain(QUERY.words);
  expect((await one.post(`/field/inbox/${id(701)}`, { words: " " })).status).toBe(422);
  const answer = await one.post(`/field/inbox/${id(701)}`, { words: "敲了门，邻居出来说的。" });
  expect(wentTo(answer)).toBe("/field/inbox?said=answered");
  expect(await answer.text()).toContain("Dealt with");
  const [written] = await records(one);
  expect(written).toMatchObject({ kind: "query.answered", subject: id(1) });
  expect(written!.body).toEqual({ query: id(711), words: "敲了门，邻居出来说的。" });
  expect((await cardOf(one)).tasks).toEqual([]);
  const after = await (await one.get(`/field/inbox/${id(701)}`)).text();
  expect(after).toContain("敲了门，邻居出来说的。");
  expect(after).not.toContain("<form");
});

test("the task on a person's page opens the same question, by the visit or by itself", async () => {
  const one = await phone();
  await luo(one, { tasks: [{ id: id(721), kind: "query", about: id(711), why: QUERY.words }] });
  for (const path of [id(721), id(711)])
    expect(await (await one.get(`/field/inbox/${path}`)).text()).toContain(QUERY.words);
  await one.post(`/field/inbox/${id(721)}`, { words: "敲了门。" });
  expect((await records(one))[0]!.body).toEqual({ query: id(711), words: "敲了门。" });
});

test("the county's own word that something is done settles a line", async () => {
  const one = await phone();
  await told(one, { ...QUERY, done: true });
  expect(await (await one.get("/field/inbox")).text()).toContain("Nothing new from the township");
});

test("why a record was held is a sentence, what the township wrote stays its own", async () => {
  const one = await phone();
  await told(
    one,
    { id: id(706), kind: "held", about: id(88), words: "time-uncertain" },
    { id: id(707), kind: "held", about: id(89), words: "岗已经停了" },
  );
  const page = await (await one.get("/field/inbox")).text();
  expect(page).not.toContain("time-uncertain");
  expect(page).toContain("岗已经停了");
});

test("what only tells is put away once it was read, what was carried out by itself", async () => {
  const one = await phone();
  await luo(one, { tasks: [DISABILITY_CARD] });
  await told(
    one,
    { id: id(708), kind: "badge", words: "10月31日到期" },
    { id: id(709), kind: "assigned", resident: id(1), about: DISABILITY_CARD.id, words: "残疾人证" },
  );
  expect(await (await one.get("/field/today")).text()).toContain("2 things to know");
  await one.get(`/field/inbox/${id(708)}`);
  expect(await (await one.get("/field/today")).text()).toContain("1 thing to know");
  await one.post(`${LUO_HOME}/deliveries/${DISABILITY_CARD.id}/attempt`, { not_why: "not_home" });
  expect(await (await one.get("/field/today")).text()).not.toContain("to know");
  expect(await (await one.get("/field/inbox")).text()).toContain("10月31日到期"); // it can be read again
});

test("an unknown line is not there", async () => {
  const one = await phone();
  expect((await one.get(`/field/inbox/${id(799)}`)).status).toBe(404);
});

test("a new phone is not asked to read the news of months, but does hear what somebody still waits for", async () => {
  const one = await phone();
  const at = "2026-09-01T08:00:00.000Z";
  await told(
    one,
    { id: id(731), kind: "badge", words: "新证发好了", at },
    { id: id(732), kind: "answer", resident: id(1), about: id(733), words: "下周来领", at },
  );
  expect(await (await one.get("/field/today")).text()).toContain("1 thing to know");
  expect(await (await one.get("/field/inbox")).text()).toContain("新证发好了"); // it can still be read
});
