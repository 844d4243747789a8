import { expect, test } from "vitest";
import { id, phone, type TestPhone } from "./kit.ts";

const NEW = `/field/visits/new?resident=${id(1)}`;
const REQUEST = `/field/residents/${id(1)}/request`;
const went = (answer: Response): string => answer.headers.get("HX-Push-Url") ?? "";

/** Two windows of one phone, both with the same form open. */
async function windows(form: string): Promise<[TestPhone, TestPhone]> {
  const first = await phone();
  await first.get(form);
  const second = await phone({ enrolled: false, name: first.name });
  await second.vault.unlock("835274");
  await second.get(form);
  return [first, second];
}

test("what another window saved under the same form is not taken for saved here", async () => {
  const [first, second] = await windows(NEW);
  expect(went(await first.post(NEW, { outcome: "not_home", reasons: "care", notes: "门锁着" }))).toContain(
    "said=visit",
  );
  const answer = await second.post(NEW, { outcome: "not_home", reasons: "care", notes: "邻居说住院了" });
  expect(answer.status).toBe(409);
  expect(await answer.text()).toContain("Another window saved this form with other words");
  // The words stand in the form, and the next save keeps them as a record of their own.
  expect((await second.store.drafts.get(`visit:${id(1)}`))?.fields.notes).toEqual(["邻居说住院了"]);
  const again = await second.post(NEW, { outcome: "not_home", reasons: "care", notes: "邻居说住院了" });
  expect(went(again)).toContain("said=visit");
  const notes = (await second.store.records.list()).map(({ body }) => body.notes);
  expect(notes.sort()).toEqual(["邻居说住院了", "门锁着"].sort());
});

test("words typed in the second window come back in its form", async () => {
  const [first, second] = await windows(REQUEST);
  const draft = await second.store.drafts.open(`request:${id(1)}`);
  await second.store.drafts.keep(draft.key, { words: ["换轮椅"] }, "words", REQUEST);
  await first.post(REQUEST, { event: draft.id, words: "修路灯" });
  const answer = await second.post(REQUEST, { event: draft.id, words: "换轮椅" });
  expect(answer.status).toBe(409);
  expect(await answer.text()).toContain(`href="${REQUEST}"`);
  const kept = await second.store.drafts.get(draft.key);
  expect(kept?.fields.words).toEqual(["换轮椅"]);
  expect(kept?.id).not.toBe(draft.id);
  expect(went(await second.post(REQUEST, { event: kept!.id, words: "换轮椅" }))).toContain("said=request");
  const words = (await second.store.records.list()).flatMap(({ body }) => body.words ?? []);
  expect(words.sort()).toEqual(["修路灯", "换轮椅"].sort());
});

test("the same words in both windows are one save, tapped twice", async () => {
  const [first, second] = await windows(REQUEST);
  const { id: event } = await second.store.drafts.open(`request:${id(1)}`);
  await first.post(REQUEST, { event, words: "修路灯" });
  expect(went(await second.post(REQUEST, { event, words: "修路灯" }))).toContain("said=request");
  expect((await second.store.records.list()).filter(({ kind }) => kind === "request.raised")).toHaveLength(1);
});
