/** The template engine of the phone: compiled templates (pwa/build/writer.mjs), our filters and words. No eval. */
import { type Lang, makeFilters } from "./filters.ts";
import { type Catalogues, makeWords } from "./i18n.ts";
import { escaped, render, safe, type Template } from "./markup.ts";

export type Templates = Record<string, Template>;

export interface Engine {
  render(template: string, context: Record<string, unknown>): string;
  t: ReturnType<typeof makeWords>["t"];
}

/** `templates` and `catalogues` may grow while the program runs. */
export function makeEngine(templates: Templates, catalogues: Catalogues, lang: () => Lang): Engine {
  const words = makeWords(catalogues, lang, { safe, escape: escaped });
  const filters = makeFilters(lang);
  return {
    render: (name, context) => {
      const template = templates[name];
      if (!template) throw new Error(`there is no template ${name}`);
      return render(template, context, words, filters);
    },
    t: words.t,
  };
}
