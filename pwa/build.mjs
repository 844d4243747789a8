// Builds the phone program into static/built/: bundles with hashed names, and manifest.json, which the shell's route and the
// worker read. Run `node pwa/build.mjs [--watch]`.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { onlyTheField } from "./build/styles.mjs";
import { compileForPhone } from "./build/templates.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BUILT = `${ROOT}static/built/`;
const OUT = `${ROOT}static/.building-${process.pid}/`; // put in place whole, so that a server never sees half of it
const version = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).version;

compileForPhone();
splitMessages();
mkdirSync(OUT, { recursive: true });

const shared = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  legalComments: "linked",
  target: ["es2019"], // for Chromium 85 and Safari 14, which also know these:
  supported: {
    "dynamic-import": true,
    bigint: true,
    "nullish-coalescing": true,
    "optional-chain": true,
    "logical-assignment": true,
  },
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
  plugins: [onlyTheField],
  sourcemap: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
});

const built = (name) =>
  Object.entries(page.metafile.outputs)
    .filter(([file, { entryPoint }]) => entryPoint === name && !file.endsWith(".map"))
    .map(([file]) => `/static/built/${file.split("/").pop()}`)[0];

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
for (const path of precache)
  digest
    .update(path)
    .update(readFileSync(path.replace("/static/built/", OUT).replace(/^\/static\/icons\//, `${ROOT}static/icons/`)));
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

const manifest = {
  built: new Date().toISOString(), // no phone's clock that is right stands before it
  version: `${version}-${Number.parseInt(cache.slice(0, 6), 16)}`,
  main,
  styles,
  plain: `/static/built/${plain}`,
};
writeFileSync(`${OUT}manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
rmSync(BUILT, { recursive: true, force: true });
renameSync(OUT, BUILT);
console.log(`phone program ${manifest.version}: ${precache.length} files`);

/** The words of the first screens, and the others: a message is of the first when its English stands in one of their sources. */
function splitMessages() {
  const folder = `${ROOT}pwa/generated/`;
  const whole = `${folder}messages.json`; // translations/merge.py writes it
  if (!existsSync(whole)) writeFileSync(whole, "{}\n");
  const handlers = ["enrol", "unlock", "outbox", "me", "today", "find", "residents"].map(
    (name) => `handlers/${name}.ts`,
  );
  const sources = [...readdirSync(`${ROOT}pwa`).filter((name) => name.endsWith(".ts")), ...handlers];
  const text = [`${folder}templates.first.js`, ...sources.map((name) => `${ROOT}pwa/${name}`)]
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const first = {};
  const later = {};
  for (const [english, words] of Object.entries(JSON.parse(readFileSync(whole, "utf8"))))
    (text.includes(JSON.stringify(english)) ? first : later)[english] = words;
  writeFileSync(`${folder}messages.first.json`, JSON.stringify(first));
  writeFileSync(`${folder}messages.later.json`, JSON.stringify(later));
}
