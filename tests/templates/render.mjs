// Renders with the phone's own engine. Standard input: one JSON array of {template | source, context, lang}; output: the HTML of each.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compileTemplates, listOf } from "../../pwa/build/templates.mjs";
import { makeEngine } from "../../pwa/engine.ts";

const jobs = JSON.parse(readFileSync(0, "utf8"));
const name = (job, n) => job.template ?? `case-${n}`;
const cases = Object.fromEntries(jobs.flatMap((job, n) => (job.source === undefined ? [] : [[name(job, n), job.source]])));
// Beside the real ones; a name of its own, for several run at once.
const folder = fileURLToPath(new URL(`../../pwa/generated/templates-${process.pid}`, import.meta.url));
let templates;
try {
  const { names } = compileTemplates(folder, cases);
  writeFileSync(`${folder}/all.mjs`, listOf(names, "./"));
  ({ templates } = await import(pathToFileURL(`${folder}/all.mjs`)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const chinese = JSON.parse(readFileSync(new URL("../../pwa/generated/messages.json", import.meta.url), "utf8"));

let lang = "zh-Hans";
const engine = makeEngine(templates, { "zh-Hans": chinese, en: {} }, () => lang);
const answers = jobs.map((job, n) => {
  lang = job.lang;
  try {
    return { html: engine.render(name(job, n), job.context) };
  } catch (error) {
    return { error: `${error.message}` };
  }
});
process.stdout.write(JSON.stringify(answers));
