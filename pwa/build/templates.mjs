// Compiles the templates the phone renders (field, shared) into one module, pwa/generated/templates.js.
// At run time only Nunjucks' slim runtime is needed: no eval, so the CSP stays strict.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import nunjucks from "@11ty/nunjucks";
import { HELPERS, lean } from "./lean.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDERS = ["field", "shared"];
const SERVED = new Set(["field/shell.html"]); // the county renders it: the page around the program

/** What the first screens show; all they extend, import or include comes with them. */
const FIRST = /^field\/(unlock|enrol-\w+|outbox|me(-\w+)?|today|departure|find|_found|resident|problems\/.+)\.html$/;

/** All templates in one module (for tests), and the same in two: for the first open, and for later. */
export function compileForPhone() {
  const folder = join(ROOT, "pwa/generated");
  const all = FOLDERS.flatMap((each) => files(join(ROOT, "templates"), each));
  const first = new Set();
  const follow = (name) => {
    if (first.has(name) || !all.includes(name)) return;
    first.add(name);
    const source = readFileSync(join(ROOT, "templates", name), "utf8");
    for (const [, used] of source.matchAll(/\{%-?\s*(?:extends|from|import|include)\s+"([^"]+)"/g)) follow(used);
  };
  all.filter((name) => FIRST.test(name)).forEach(follow);
  compileTemplates();
  compileTemplates(join(folder, "templates.first.js"), (name) => first.has(name));
  compileTemplates(join(folder, "templates.later.js"), (name) => !first.has(name));
}

export function compileTemplates(to = join(ROOT, "pwa/generated/templates.js"), wanted = () => true) {
  const env = new nunjucks.Environment(null, { autoescape: true });
  const compiled = FOLDERS.flatMap((folder) => files(join(ROOT, "templates"), folder))
    .filter((name) => !SERVED.has(name) && wanted(name))
    .map((name) => {
      const source = squeeze(readFileSync(join(ROOT, "templates", name), "utf8"));
      const code = nunjucks.precompileString(source, {
        name,
        env,
        wrapper: ([{ template }]) => `(function () {\n${template}\n})()`,
      });
      return `${JSON.stringify(name)}: ${lean(code)}`;
    });
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(
    to,
    `// made by pwa/build/templates.mjs\n${HELPERS}\nexport const templates = {\n${compiled.join(",\n")}\n};\n`,
  );
  return compiled.length;
}

/** Indentation between tags says nothing in HTML and costs bytes on the phone. */
function squeeze(source) {
  return source.replace(/\{#[\s\S]*?#\}/g, "").replace(/\n\s*/g, "\n");
}

function files(root, folder) {
  let entries = [];
  try {
    entries = readdirSync(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  return entries
    .flatMap((entry) => (entry.isDirectory() ? files(root, `${folder}/${entry.name}`) : [`${folder}/${entry.name}`]))
    .filter((name) => name.endsWith(".html") && name !== "field/shell.html") // the server renders the shell
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`${compileTemplates()} templates`);
