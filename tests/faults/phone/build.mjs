// Bundles the fault machine's phones for Node: `node build.mjs OUT [RULE]`. RULE breaks one rule of the program on purpose, to show that
// the machine sees it; the text it changes must be there.
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const [out, rule = ""] = process.argv.slice(2);

const BREAKS = {
  "delete only on a receipt": {
    file: "pwa/talk.ts",
    text: "if (!fromCounty(answer.body)) throw new Cut();",
    instead: 'for (const { id } of batch) await db.delete("outbox", id); $&',
  },
};

const broken = {
  name: "broken",
  setup({ onLoad }) {
    const { file, text, instead } = BREAKS[rule];
    onLoad({ filter: new RegExp(`${file.replace("/", "\\/")}$`) }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      if (!source.includes(text)) throw new Error(`${file} has no line to break: ${text}`);
      return { contents: source.replace(text, instead), loader: "ts" };
    });
  },
};

await build({
  entryPoints: [new URL("main.ts", import.meta.url).pathname],
  outfile: out,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  logLevel: "error",
  plugins: rule ? [broken] : [],
  // fake-indexeddb chooses its files by `import`; two copies would not know each other.
  conditions: ["import"],
});
