/** What pwa/build/writer.mjs refuses, with the place; what it writes is held to Jinja2 by tests/templates/test_parity.py. */
import { expect, test } from "vitest";
// @ts-expect-error a build script without types
import { macrosOf, write } from "../../pwa/build/writer.mjs";

const TAGS = '{% macro tag(kind, words="") %}<b class="{{ kind }}">{{ words }}</b>{% endmacro %}';
const one = (source: string): string =>
  write("field/x.html", source, { macros: () => macrosOf(TAGS), address: (name: string | null) => `./${name}` });
const TAKE = '{% from "shared/tags.html" import tag %}\n';

test.each([
  [
    "a macro that takes what it was not given",
    "{% macro row() %}{{ page.today }}{% endmacro %}",
    "page is none of its",
  ],
  ["a macro nobody wrote", "{{ badge('a') }}", "no macro badge"],
  ["an argument the macro does not have", `${TAKE}{{ tag("a", colour="red") }}`, "no argument colour"],
  ["too many arguments", `${TAKE}{{ tag("a", "b", "c") }}`, "more than 2 arguments"],
  ["a name the other file does not have", '{% from "shared/tags.html" import row %}', "has no macro row"],
  ["a set inside a loop", "{% for one in people %}{% set n = one %}{% endfor %}", "inside a loop"],
  ["a method", "{{ name.upper() }}", "no methods"],
  ["a test", "{% if name is defined %}a{% endif %}", "is not known here"],
  ["a loop's word that the engines count otherwise", "{% for a in b %}{{ loop.depth }}{% endfor %}", "no loop.depth"],
])("%s stops the build", (_, source, why) => {
  expect(() => one(`\n${source}`)).toThrow(new RegExp(`templates/field/x\\.html:\\d+: .*${why}`));
});

test("what is printed is escaped, and only markup of ours is not", () => {
  expect(one("{{ name }}")).toContain("escaped(c.name)");
  expect(one("{{ names|listing }}")).toContain("escaped(filters.listing(c.names))");
  expect(one(`${TAKE}{{ tag("a", name) }}`)).toContain('m_tag("a", c.name)');
  expect(one("{{ drawing|safe }}")).toContain("plain(c.drawing)");
});

test("a page keeps its words apart from the page it extends", () => {
  const page = one('{% extends "field/_task.html" %}{% set place = "me" %}lost{% block main %}kept{% endblock %}');
  expect(page).toContain('c.place = "me"');
  expect(page).toContain('main: (c, b) => "kept"');
  expect(page).not.toContain("lost");
});
