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

export function compileTemplates(to = join(ROOT, "pwa/generated/templates.js")) {
  const env = new nunjucks.Environment(null, { autoescape: true });
  const compiled = FOLDERS.flatMap((folder) => files(join(ROOT, "templates"), folder))
    .filter((name) => !SERVED.has(name))
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
    .flatMap((entry) =>
      entry.isDirectory() ? files(root, `${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
    )
    .filter((name) => name.endsWith(".html") && name !== "field/shell.html") // the server renders the shell
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`${compileTemplates()} templates`);
