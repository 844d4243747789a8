/**
 * Words on the phone. In the sources a message is its English text; the build numbers them (pwa/build/words.mjs), so that the
 * phone carries each message once for each language: zh_Hans with the program, English as a file of its own.
 * Two spellings of a gap, each as its side is used to: `%(name)s` in templates, `{name}` in TypeScript.
 */
import type { Translate } from "./ctx.ts";
import type { Lang } from "./filters.ts";

/** A message's number (in tests: its English) → its text, or one text per plural form (Chinese has one). */
export type Catalogue = Record<string, string | string[]> | (string | string[])[];
export type Catalogues = Record<Lang, Catalogue>;
type Values = Record<string, unknown>;

export interface Words<Text> {
  /** In templates, like Jinja's newstyle gettext: values are escaped, the message itself is trusted. */
  gettext(message: string, values?: Values): Text;
  ngettext(one: string, many: string, n: number, values?: Values): Text;
  t: Translate;
}

/** `safe` marks text that needs no more escaping, `escape` escapes a value: both from the template engine. */
export function makeWords<Text>(
  catalogues: Catalogues,
  lang: () => Lang,
  engine: { safe(text: string): Text; escape(value: unknown): string },
): Words<Text> {
  function look(message: string | number, many: string | number, n = 1): string {
    const found = (catalogues[lang()] as Record<string, string | string[]>)[message];
    if (found !== undefined) return typeof found === "string" ? found : (found[n === 1 ? 0 : found.length - 1] ?? "");
    if (typeof message === "string") return n === 1 ? message : String(many);
    return String(catalogues["zh-Hans"][message as never]); // the file of the other language is not here yet
  }
  const fill = (text: string, values: Values) =>
    text.replace(/%(?:%|\((\w+)\)s)/g, (whole, name) => (name ? engine.escape(values[name]) : whole.slice(1)));
  const fillBraces = (text: string, values: Values) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

  const t = ((message, values = {}) => fillBraces(look(message, message), values)) as Translate;
  t.n = (one, many, n, values = {}) => fillBraces(look(one, many, n), { n, ...values });
  return {
    gettext: (message, values = {}) => engine.safe(fill(look(message, message), values)),
    ngettext: (one, many, n, values = {}) => engine.safe(fill(look(one, many, n), { num: n, ...values })),
    t,
  };
}
