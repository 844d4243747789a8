/**
 * Words on the phone. English is the source text and the key; `pwa/generated/messages.json` (made by
 * `translations/merge.py`) holds zh_Hans: message → text, or one text per plural form (Chinese has one).
 * Two spellings of a gap, each as its side is used to: `%(name)s` in templates, `{name}` in TypeScript.
 */
import type { Translate } from "./ctx.ts";
import type { Lang } from "./filters.ts";

export type Catalogue = Record<string, string | string[]>;
type Values = Record<string, unknown>;

export interface Words {
  /** In templates, like Jinja's newstyle gettext: values are escaped, the message itself is trusted. */
  gettext(message: string, values?: Values): unknown;
  ngettext(one: string, many: string, n: number, values?: Values): unknown;
  t: Translate;
}

/** `safe` marks text that needs no more escaping, `escape` escapes a value: both from the template engine. */
export function makeWords(
  catalogue: Catalogue,
  lang: () => Lang,
  engine: { safe(text: string): unknown; escape(value: unknown): string },
): Words {
  function look(one: string, many: string, n: number | undefined): string {
    const found = lang() === "zh-Hans" ? catalogue[one] : undefined;
    if (found !== undefined) return typeof found === "string" ? found : (found[0] ?? one);
    return n === undefined || n === 1 ? one : many;
  }
  const fill = (text: string, values: Values) =>
    text.replace(/%(?:%|\((\w+)\)s)/g, (whole, name) => (name ? engine.escape(values[name]) : whole.slice(1)));
  const fillBraces = (text: string, values: Values) =>
    text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));

  const t = ((message, values = {}) => fillBraces(look(message, message, undefined), values)) as Translate;
  t.n = (one, many, n, values = {}) => fillBraces(look(one, many, n), { n, ...values });
  return {
    gettext: (message, values = {}) => engine.safe(fill(look(message, message, undefined), values)),
    ngettext: (one, many, n, values = {}) => engine.safe(fill(look(one, many, n), { num: n, ...values })),
    t,
  };
}
