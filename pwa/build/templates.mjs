// Compiles the templates the phone renders (field, shared) into modules of their own under pwa/generated/templates/, and lists
// those a page or a handler asks for in templates.js (all, for tests), templates.first.js and templates.later.js.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { macrosOf, write } from "./writer.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TEMPLATES = join(ROOT, "templates");
const GENERATED = join(ROOT, "pwa/generated");
const ICONS = "shared/icons.html";
const SERVED = "field/shell.html"; // the county renders it: the page around the program

/** What the screens of pwa/first.ts show. */
const FIRST = /^field\/(unlock|enrol-\w+|outbox|today|departure|problems\/.+)\.html$/;

/** All templates in one list (for tests), and the same in two: for the first open, and for later. */
export function compileForPhone() {
  const { names } = compileTemplates(join(GENERATED, "templates"));
  const list = (name, wanted) => writeFileSync(join(GENERATED, name), listOf(names.filter(wanted), "./templates/"));
  list("templates.js", () => true);
  list("templates.first.js", (name) => FIRST.test(name));
  list("templates.later.js", (name) => !FIRST.test(name));
}

/**
 * One module for each template, in `folder`; `more` adds templates that stand in no file (name → source).
 * Gives the names of those that are pages or parts of pages, and not only macros.
 */
export function compileTemplates(folder, more = {}) {
  const sources = { ...Object.fromEntries(files("").map((name) => [name, read(name)])), ...more };
  sources[ICONS] = withoutIdleIcons(sources);
  const macros = memo((name) => macrosOf(sources[name] ?? fail(`templates/${name} is missing`)));
  rmSync(folder, { recursive: true, force: true });
  const names = [];
  for (const [name, source] of Object.entries(sources)) {
    const file = join(folder, script(name));
    const address = (other) => near(file, other ? join(folder, script(other)) : join(ROOT, "pwa/markup.ts"));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, write(name, source, { macros, address }));
    if (!/^shared\//.test(name)) names.push(name);
  }
  return { names };
}

/** A module that exports `templates`: name → template. */
export function listOf(names, folder) {
  const imports = names.map((name, at) => `import t${at} from "${folder}${script(name)}";\n`).join("");
  return `${imports}export const templates = {\n${names.map((name, at) => `${JSON.stringify(name)}: t${at},\n`).join("")}};\n`;
}

const script = (name) => name.replace(/(\.html)?$/, ".js");
const near = (from, to) => relative(dirname(from), to).replace(/^(?!\.)/, "./");
const read = (name) => squeeze(readFileSync(join(TEMPLATES, name), "utf8"));

const BLOCK = "</?(?:aside|dd|div|dl|dt|fieldset|form|h[1-3]|header|legend|li|main|nav|ol|p|section|ul)\\b[^<>]*>";
const BESIDE_A_BLOCK = new RegExp(`\\n(?=${BLOCK})|(?<=${BLOCK})\\n`, "g");

/** Indentation between tags says nothing in HTML and costs bytes on the phone, nor does a line's end beside what stands on lines of its own. */
function squeeze(source) {
  const bare = source.replace(/\{#[\s\S]*?#\}/g, "").replace(/\n\s*/g, "\n");
  return bare.replace(BESIDE_A_BLOCK, "");
}

/** The drawings of shared/icons.html, without those only a desk shows: no template and no handler of the phone says their names. */
function withoutIdleIcons({ [ICONS]: drawings, ...templates }) {
  const scripts = readdirSync(join(ROOT, "pwa"), { recursive: true }).filter((file) =>
    /^(?!generated).*\.ts$/.test(file),
  );
  const said = [
    ...Object.values(templates),
    ...scripts.map((file) => readFileSync(join(ROOT, "pwa", file), "utf8")),
  ].join();
  return drawings.replace(/^"([\w-]+)": '.*',?\n/gm, (line, name) => (said.includes(`"${name}"`) ? line : ""));
}

function memo(make) {
  const made = new Map();
  return (name) => made.get(name) ?? made.set(name, make(name)).get(name);
}

function fail(words) {
  throw new Error(words);
}

function files(folder) {
  const entries = readdirSync(join(TEMPLATES, folder), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const name = folder ? `${folder}/${entry.name}` : entry.name;
      return entry.isDirectory() ? files(name) : [name];
    })
    .filter((name) => /^(field|shared)\/.+\.html$/.test(name) && name !== SERVED)
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) compileForPhone();
