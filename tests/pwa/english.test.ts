import { expect, test } from "vitest";
import { English } from "../../pwa/english.ts";
import type { Answer, Net } from "../../pwa/net.ts";

const ADDRESS = "/static/built/english-1.json";
const HERE = { kind: "ok", status: 200, body: ["Today", ["one", "many"]], at: 0 } as const;
const GONE = { kind: "unreachable", why: "no-signal" } as const;

function english(answers: Answer<unknown>[]): { file: English; asked: string[]; online: { now: boolean } } {
  const asked: string[] = [];
  const online = { now: false };
  const net = async (path: string) => {
    asked.push(path);
    return answers.shift() ?? GONE;
  };
  return { file: new English(net as Net, ADDRESS, () => online.now), asked, online };
}

test("English is fetched once", async () => {
  const { file, asked } = english([HERE]);
  expect(await file.have()).toBe(true);
  expect(await file.have()).toBe(true);
  expect(file.words).toEqual(HERE.body);
  expect(asked).toEqual([ADDRESS]);
});

test("without signal it is asked for once, and again when the county answers", async () => {
  const { file, asked, online } = english([GONE, HERE]);
  expect(await file.have()).toBe(false);
  expect(await file.have()).toBe(false);
  expect(asked).toHaveLength(1); // else each tap would wait for it
  online.now = true;
  expect(await file.have()).toBe(true);
});

test("what the county refuses is no English", async () => {
  const { file } = english([{ kind: "refused", status: 404, code: "", facts: {} }]);
  expect(await file.have()).toBe(false);
  expect(file.words).toEqual([]);
});
