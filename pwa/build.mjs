// Builds the phone program into static/built/: bundles with hashed names, and manifest.json, which the shell's route and the
// worker read. Run `node pwa/build.mjs [--watch]`.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { compileTemplates } from "./build/templates.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const OUT = `${ROOT}static/built/`;
const version = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).version;

compileTemplates();
const words = `${ROOT}pwa/generated/messages.json`;
if (!existsSync(words)) {
  mkdirSync(`${ROOT}pwa/generated`, { recursive: true });
  writeFileSync(words, "{}\n"); // translations/merge.py writes the real one
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });

const shared = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  legalComments: "linked",
  target: ["es2019"], // for Chromium 85 and Safari 14, which also know import() and BigInt
  supported: { "dynamic-import": true, bigint: true },
  format: "esm",
  metafile: true,
  logLevel: "warning",
};

const page = await build({
  ...shared,
  entryPoints: { main: "pwa/main.ts", styles: "pwa/styles.css" },
  outdir: OUT,
  splitting: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  external: ["/static/*"],
  sourcemap: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
});

const built = (name) =>
  Object.entries(page.metafile.outputs)
    .filter(([file, { entryPoint }]) => entryPoint === name && !file.endsWith(".map"))
    .map(([file]) => `/${file}`)[0];

// plain.js is ES5 and stays as written; its name changes with its words.
const plainSource = readFileSync(`${ROOT}pwa/plain.js`);
const plain = `plain-${createHash("sha256").update(plainSource).digest("hex").slice(0, 8)}.js`;
writeFileSync(OUT + plain, plainSource);

const main = built("pwa/main.ts");
const styles = built("pwa/styles.css");
const scripts = readdirSync(OUT).filter((file) => file.endsWith(".js"));
const icons = readdirSync(`${ROOT}static/icons`).filter((file) => file.endsWith(".png"));

// All a cold start without signal needs; the shell page itself is added under its own address.
const precache = [
  styles,
  ...scripts.map((file) => `/static/built/${file}`),
  ...icons.map((file) => `/static/icons/${file}`),
].sort();
const digest = createHash("sha256");
for (const path of precache) digest.update(path).update(readFileSync(ROOT + path.slice(1)));
digest.update(readFileSync(`${ROOT}templates/field/shell.html`));
const cache = digest.digest("hex").slice(0, 12);

await build({
  ...shared,
  entryPoints: { sw: "pwa/sw.ts" },
  outdir: OUT,
  format: "iife",
  entryNames: "[name]",
  define: { CACHE: JSON.stringify(`daiban-${cache}`), FILES: JSON.stringify(precache) },
});

// The desk's script; no part of what a phone keeps.
await build({
  ...shared,
  entryPoints: { office: "static/office.ts" },
  outdir: OUT,
  format: "iife",
  entryNames: "[name]",
});

const manifest = { version: `${version}-${Number.parseInt(cache.slice(0, 6), 16)}`, main, styles, plain: `/static/built/${plain}` };
writeFileSync(`${OUT}manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
console.log(`phone program ${manifest.version}: ${precache.length} files`);
