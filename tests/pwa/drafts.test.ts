import { expect, test } from "vitest";
import type { Draft } from "../../pwa/ctx.ts";
import { leftOver, wordsOf } from "../../pwa/drafts.ts";
import { phone } from "./kit.ts";

const PAGE = "/field/visits/new";
const offered = new Map<string, Set<string> | null>([
  ["outcome", new Set(["done", "not_home"])],
  ["reasons", new Set(["care", "delivery"])],
  ["notes", null],
]);
const draft = (fields: Draft["fields"], pages: Record<string, string> = {}): Draft => ({
  ...{ key: "visit:1", id: "1", fields, pages, focus: "", at: "2026-11-22T02:04:01.123Z" },
});

test("a choice that a new version does not offer any more is told, the others come back as they are", () => {
  const written = draft({ outcome: ["moved_in"], reasons: ["care", "greeting"], notes: ["都好"] });
  expect(leftOver(written, PAGE, offered)).toEqual({ outcome: ["moved_in"], reasons: ["greeting"] });
});

test("a choice that is gone is told in the words that stood beside it", () => {
  const written = { ...draft({ outcome: ["moved_in"] }), choices: { "outcome=moved_in": "搬来了" } };
  expect(wordsOf(leftOver(written, PAGE, offered), written)).toEqual(["搬来了"]);
});

test("a field that is gone is told on the page it was written on, and on no other page of the same draft", () => {
  const written = draft(
    { remarks: ["灯坏了"], mark_kind: ["signature"] },
    { remarks: PAGE, mark_kind: "/field/visits/mark" },
  );
  expect(leftOver(written, PAGE, offered)).toEqual({ remarks: ["灯坏了"] });
  expect(leftOver(written, "/field/visits/mark", new Map([["mark_kind", new Set(["signature"])]]))).toEqual({});
});

test("a form that gained a field, and one left empty, say nothing", () => {
  expect(leftOver(draft({ notes: ["都好"], remarks: [""] }, { remarks: PAGE }), PAGE, offered)).toEqual({});
});

test("a draft remembers on which page each field was written", async () => {
  const one = await phone();
  await one.store.drafts.keep("visit:1", { notes: ["都好"] }, "notes", `${PAGE}?resident=1`);
  await one.store.drafts.keep("visit:1", { mark_kind: ["none"] }, "", "/field/visits/mark?resident=1");
  await one.store.drafts.keep("visit:1", { captured_at: ["x"] });
  expect((await one.store.drafts.get("visit:1"))!.pages).toEqual({ notes: PAGE, mark_kind: "/field/visits/mark" });
});
