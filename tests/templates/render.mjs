// Renders with the phone's own engine. Standard input: one JSON array of {template, context, lang}; output: the HTML of each.
// A template starting with "{" or a newline is source text (it calls macros); everything else is a file of templates/.
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import nunjucks from "@11ty/nunjucks";
import { compileTemplates } from "../../pwa/build/templates.mjs";
import { makeEngine } from "../../pwa/engine.ts";

const jobs = JSON.parse(readFileSync(0, "utf8"));
// Beside the real one, for it imports the runtime from node_modules.
const module = fileURLToPath(new URL(`../../pwa/generated/templates-${process.pid}.mjs`, import.meta.url));
compileTemplates(module);
const { templates } = await import(pathToFileURL(module));
rmSync(module);
const catalogue = JSON.parse(readFileSync(new URL("../../pwa/generated/messages.json", import.meta.url), "utf8"));

let lang = "zh-Hans";
const compiler = new nunjucks.Environment(null, { autoescape: true });
jobs.forEach(({ source }, n) => {
  if (source === undefined) return;
  const code = nunjucks.precompileString(source, { name: `case-${n}`, env: compiler, wrapper: ([one]) => one.template });
  templates[`case-${n}`] = new Function(code)();
});
const engine = makeEngine(templates, catalogue, () => lang);
const answers = jobs.map((job, n) => {
  lang = job.lang;
  try {
    return { html: engine.render(job.template ?? `case-${n}`, job.context) };
  } catch (error) {
    return { error: `${error.message}` };
  }
});
process.stdout.write(JSON.stringify(answers));
