// Numbers the phone's messages. In the sources a message is its English text; in the built program it is a number, so that a
// phone keeps it once for each language: zh_Hans with the program (first, later), English in a file fetched when it is chosen.
import { readFileSync } from "node:fs";

// `t("…")`, `t.n("…", "…", n)` in TypeScript; `words("…")`, `wordsFor("…", "…", n)` in compiled templates.
const TEXT = String.raw`"((?:[^"\\]|\\.)*)"`;
const SPOKEN = new RegExp(String.raw`\b(t|t\.n|words|wordsFor)\((\s*)${TEXT}(?:\s*,\s*${TEXT})?`, "g");
export const OURS = /[\\/]pwa[\\/].*\.(ts|js)$/;

export class Messages {
  #chinese;
  #numbers = new Map();
  first = [];
  later = [];
  english = [];

  /** `file` is messages.json: English → Chinese, or a list of plural forms (Chinese has one). */
  constructor(file) {
    this.#chinese = JSON.parse(readFileSync(file, "utf8"));
  }

  /** Take the messages of these files in their order; those of the first open have to come first. */
  take(files, catalogue) {
    for (const file of files.filter((each) => OURS.test(`/${each}`)))
      for (const [, , , one, many] of withoutComments(file).matchAll(SPOKEN)) {
        const english = JSON.parse(`"${one}"`);
        const forms = many === undefined ? english : [english, JSON.parse(`"${many}"`)];
        const known = this.#numbers.get(english);
        if (known === undefined) {
          this.#numbers.set(english, this.english.push(forms) - 1);
          catalogue.push(this.#chinese[english] ?? english);
        } else if (many !== undefined) this.english[known] = forms;
      }
  }

  /** The same source with numbers in place of the texts. */
  number(source) {
    return source.replace(SPOKEN, (whole, how, _space, one, many) => {
      const number = this.#numbers.get(JSON.parse(`"${one}"`));
      if (number === undefined) return whole; // an example in a comment
      const lines = "\n".repeat(whole.split("\n").length - 1); // a trace finds its line
      return `${how}(${lines}${number}${many === undefined ? "" : ", 0"}`;
    });
  }
}

const withoutComments = (file) => readFileSync(file, "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
