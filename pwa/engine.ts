/** The template engine of the phone: Nunjucks' slim runtime (no eval), our templates, filters and words. */
import nunjucks from "@11ty/nunjucks/browser/nunjucks-slim.js";
import { type Lang, makeFilters } from "./filters.ts";
import { type Catalogue, makeWords } from "./i18n.ts";

export interface Engine {
  render(template: string, context: Record<string, unknown>): string;
  t: ReturnType<typeof makeWords>["t"];
}

export function makeEngine(templates: Record<string, unknown>, catalogue: Catalogue, lang: () => Lang): Engine {
  const { Environment, PrecompiledLoader, lib, runtime } = nunjucks;
  const env = new Environment(new PrecompiledLoader(templates), { autoescape: true });
  const words = makeWords(catalogue, lang, {
    safe: (text) => new runtime.SafeString(text),
    escape: (value) => (value instanceof runtime.SafeString ? String(value) : lib.escape(String(value ?? ""))),
  });
  // Nunjucks hands keyword arguments over as one last object, which is what both take.
  env.addGlobal("_", words.gettext);
  env.addGlobal("ngettext", words.ngettext);
  for (const [name, filter] of Object.entries(makeFilters(lang))) env.addFilter(name, filter);
  return { render: (template, context) => env.render(template, context), t: words.t };
}
