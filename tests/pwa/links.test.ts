import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Router } from "../../pwa/router.ts";
import { routes } from "../../pwa/routes.ts";

const FIELD = fileURLToPath(new URL("../../templates/field/", import.meta.url));
const router = new Router(routes);

function templates(folder = FIELD): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? templates(`${folder}${entry.name}/`) : [`${folder}${entry.name}`],
  );
}

/** Addresses written out in a template; what is filled in becomes some id. */
function* addresses(source: string): Generator<[method: string, path: string]> {
  for (const [tag] of source.matchAll(/<(?:a|form|button)\b[^>]*>/g)) {
    const found = /(?:href|action|hx-post|hx-get)="(\/field[^"]*)"/.exec(tag);
    if (!found) continue;
    const post = tag.startsWith("<form") || tag.includes("hx-post");
    const path = found[1]!.replace(/\{%[^%]*%\}[^{]*(?=\{%|$)/g, "").replace(/\{\{[^}]*\}\}/g, "some-id");
    yield [post ? "POST" : "GET", path.split(/[?#]/)[0]!];
  }
}

test.each(templates().map((file) => [file.slice(FIELD.length), file]))(
  "every link of %s leads somewhere",
  (_name, file) => {
    const dead = [...addresses(readFileSync(file, "utf8"))].filter(([method, path]) => !router.match(method, path));
    expect(dead).toEqual([]);
  },
);

test("every address a handler sends on to is answered", () => {
  const folder = fileURLToPath(new URL("../../pwa/handlers/", import.meta.url));
  const dead = readdirSync(folder).flatMap((name) =>
    [...readFileSync(folder + name, "utf8").matchAll(/seeOther\(\s*[`"](\/field[^`"?]*)/g)]
      .map(([, path]) => path!.replace(/\$\{[^}]*\}/g, "some-id"))
      .filter((path) => !router.match("GET", path))
      .map((path) => `${name}: ${path}`),
  );
  expect(dead).toEqual([]);
});
