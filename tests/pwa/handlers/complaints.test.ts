import { expect, test } from "vitest";
import { id, phone } from "../kit.ts";
import { records, told, wentTo } from "./more.ts";

const FORM = "/field/complaints/new";

test("a complaint is said in one's own words and names nobody", async () => {
  const one = await phone();
  expect(await (await one.get("/field/complaints")).text()).toContain("Nothing said yet");
  const answer = await one.post(FORM, { kind: "complaint", words: "同一个电话要填两次。" });
  expect(wentTo(answer)).toBe("/field/complaints?said=complaint");
  expect(await answer.text()).toContain("同一个电话要填两次。");
  const [written] = await records(one);
  expect(written).toMatchObject({ kind: "complaint.made", subject: null });
  expect(written!.body).toEqual({ complaint: written!.id, kind: "complaint", words: "同一个电话要填两次。" });
});

test("it is said which of the two, and something is said", async () => {
  const one = await phone();
  const page = await (await one.post(FORM, {})).text();
  expect(page).toContain("Choose one of the two");
  expect(page).toContain("Write what you want to say");
});

test("what was said stands as it was put right", async () => {
  const one = await phone();
  await one.post(FORM, { kind: "complaint", words: "重复填。" });
  const [first] = await records(one);
  await one.post(`/field/records/${first!.id}/correction`, {
    kind: "complaint",
    words: "同一个电话要填两次。",
    why: "写漏了",
  });
  const page = await (await one.get("/field/complaints")).text();
  expect(page).toContain("同一个电话要填两次。");
  expect(page).not.toContain("重复填。");
});

test("the answer stands with what it answers, and leads there from the inbox", async () => {
  const one = await phone();
  await one.post(FORM, { kind: "suggestion", words: "按寨子排。" });
  await one.post(FORM, { kind: "complaint", words: "重复填。" });
  const [, suggestion] = await records(one);
  await told(one, { id: id(701), kind: "answer", about: suggestion!.id, words: "下月起按寨子排。" });
  const page = await (await one.get("/field/complaints")).text();
  const [ofComplaint, ofSuggestion] = page.split("<article").slice(1);
  expect(ofSuggestion).toContain("下月起按寨子排。");
  expect(ofComplaint).not.toContain("下月起按寨子排。");
  expect(await (await one.get(`/field/inbox/${id(701)}`)).text()).toContain('href="/field/complaints"');
});
