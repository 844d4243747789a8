/** What `node pwa/build.mjs` made: readable by the oldest phones, each message once, nothing used that was cut. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { transform } from "esbuild";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(ROOT + path, "utf8");
const BUILT = readdirSync(`${ROOT}static/built`).filter((name) => name.endsWith(".js"));
const ENGLISH = readdirSync(`${ROOT}static/built`).find((name) => /^english-\w+\.json$/.test(name))!;
const PROGRAM = BUILT.filter((name) => !/^(office|plain-)/.test(name));
const manifest = JSON.parse(read("static/built/manifest.json"));

/** Main and all it imports before anything is shown. */
function first(): string[] {
  const found = new Set<string>();
  const follow = (name: string) => {
    if (found.has(name)) return;
    found.add(name);
    for (const [, other] of read(`static/built/${name}`).matchAll(/(?:from|import)\s*["']\.\/([\w-]+\.js)["']/g))
      follow(other!);
  };
  follow(manifest.main.split("/").pop());
  return [...found];
}

test.each(PROGRAM)("%s is read by Chromium 85 and Safari 14", async (name) => {
  // es2019, and of newer syntax only what both know (caniuse, esbuild's own table): nothing may be left to lower.
  const supported = Object.fromEntries(
    ["dynamic-import", "bigint", "nullish-coalescing", "optional-chain", "logical-assignment", "class-field"].map(
      (feature) => [feature, true],
    ),
  );
  const as = async (target: string, known = {}) =>
    (
      await transform(read(`static/built/${name}`), {
        target,
        supported: known,
        charset: "utf8",
        minifyWhitespace: true,
      })
    ).code;
  expect((await as("es2019", supported)) === (await as("esnext"))).toBe(true);
});

test("the page around it is read by everything", async () => {
  const plain = BUILT.find((name) => name.startsWith("plain-"))!;
  await expect(transform(read(`static/built/${plain}`), { target: "es5" })).resolves.toBeDefined();
});

test("each message has its number, its Chinese and its English, and only one file has the English", () => {
  const list = (path: string): (string | string[])[] => JSON.parse(read(path));
  const chinese = ["first", "later"].flatMap((name) => list(`pwa/generated/messages.${name}.json`));
  const english = list(`static/built/${ENGLISH}`).map((text) => (typeof text === "string" ? text : text[0]!));
  const catalogue: Record<string, string | string[]> = JSON.parse(read("pwa/generated/messages.json"));
  expect(english.length).toBeGreaterThan(500);
  expect(chinese).toEqual(english.map((text) => catalogue[text]));
  const told = english.filter((text) => text.length > 25);
  for (const name of PROGRAM) expect(told.filter((text) => read(`static/built/${name}`).includes(text))).toEqual([]);
});

test("the first open brings neither signature nor camera nor the rest of the screens, and the worker keeps all of them", () => {
  expect(first().join()).not.toMatch(/signature|camera|later/);
  const kept = read("static/built/sw.js");
  expect(PROGRAM.filter((name) => name !== "sw.js" && !kept.includes(name))).toEqual([]);
  // Each further file is packed without what the others have said: one for the first open, the rest, the signature pad.
  expect(PROGRAM.filter((name) => name !== "sw.js").map((name) => name.split("-")[0])).toEqual([
    ...["chunk", "later", "signature"],
  ]);
});

test("the first open stays within its 65 KB", () => {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  const files = [
    ...first().map((name) => `built/${name}`),
    ...["plain", "styles"].map((name) => manifest[name].slice(8)),
  ];
  const packed = files.map((path) => brotliCompressSync(readFileSync(`${ROOT}static/${path}`), { params }).length);
  // The page itself is 1 KB more; `python -m bench.size` weighs all, as Chromium loads it.
  expect(packed.reduce((sum, bytes) => sum + bytes)).toBeLessThan(64_000);
});

test("the templates ask htmx for nothing that pwa/build/cut.mjs took away", () => {
  const left = /^hx-(get|post|trigger|target|swap|sync|push-url|boost:inherited)$/;
  const trigger = /^(every \d+s|\w+( delay:\d+ms)?( from:#\w+)?(, \w+( delay:\d+ms)?( from:#\w+)?)*)$/;
  const strange: string[] = [];
  for (const folder of ["templates/field", "templates/shared"])
    for (const file of readdirSync(ROOT + folder, { recursive: true }) as string[]) {
      if (!file.endsWith(".html")) continue;
      for (const [, name, value] of read(`${folder}/${file}`).matchAll(/\s(hx-[\w:-]+|data-hx-[\w:-]+)="([^"]*)"/g))
        if (
          !left.test(name!) ||
          /^data-/.test(name!) ||
          /\[|\bjs:|\b(next|previous|find|closest) |throttle|intersect|revealed/.test(value!) ||
          (name === "hx-swap" && value !== "innerHTML") ||
          (name === "hx-trigger" && (!trigger.test(value!) || /\bload\b/.test(value!)))
        )
          strange.push(`${folder}/${file}: ${name}="${value}"`);
      if (/<script|hx-on|hx-swap-oob|hx-preserve/.test(read(`${folder}/${file}`)) && !file.endsWith("shell.html"))
        strange.push(`${folder}/${file}: a script, hx-on, hx-swap-oob or hx-preserve`);
    }
  expect(strange, "write it otherwise, or take it out of pwa/build/cut.mjs").toEqual([]);
});
