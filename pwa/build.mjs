// Builds the phone program into static/built/: bundles with hashed names, and manifest.json, which the shell's route and the
// worker read. Run `node pwa/build.mjs [--watch]`.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";
import { smallLibraries } from "./build/cut.mjs";
import { openPrivates, openUnderscored, PRIVATE } from "./build/privates.mjs";
import { shorten } from "./build/shorten.mjs";
import { onlyTheField } from "./build/styles.mjs";
import { compileForPhone } from "./build/templates.mjs";
import { Messages, OURS } from "./build/words.mjs";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BUILT = `${ROOT}static/built/`;
const OUT = `${ROOT}static/.building-${process.pid}/`; // put in place whole, so that a server never sees half of it
const version = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")).version;

compileForPhone();
mkdirSync(OUT, { recursive: true });
process.on("exit", () => rmSync(OUT, { recursive: true, force: true })); // a build that failed leaves nothing behind

const shared = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  charset: "utf8",
  legalComments: "linked",
  target: ["es2019"], // for Chromium 85 and Safari 14, which also know these:
  supported: {
    "dynamic-import": true,
    bigint: true,
    "nullish-coalescing": true,
    "optional-chain": true,
    "logical-assignment": true,
    "class-field": true,
  },
  format: "esm",
  metafile: true,
  logLevel: "warning",
};

const program = {
  ...shared,
  entryPoints: { main: "pwa/main.ts", styles: "pwa/styles.css" },
  outdir: OUT,
  splitting: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  external: ["/static/*"],
  define: { "process.env.NODE_ENV": '"production"' },
};
const messages = new Messages(`${ROOT}pwa/generated/messages.json`); // translations/merge.py writes it
await divideWords();
const english = `english-${hash(JSON.stringify(messages.english))}.json`; // no part of what every phone keeps: pwa/english.ts
writeFileSync(OUT + english, JSON.stringify(messages.english));
const ENGLISH = JSON.stringify(`/static/built/${english}`);
// What is fetched later says that main has come before, so that all main brings is one file and compresses as one.
const FETCHED_LATER = /[\\/]pwa[\\/](later|signature)\.ts$/;
const ourSources = {
  name: "our-sources",
  setup(build) {
    build.onLoad({ filter: OURS }, ({ path }) => ({
      contents:
        (FETCHED_LATER.test(path) ? 'import "./main.ts"; ' : "") +
        openPrivates(messages.number(readFileSync(path, "utf8"))),
      loader: path.endsWith(".ts") ? "ts" : "js",
    }));
  },
};
const page = await build({
  ...program,
  plugins: [
    onlyTheField,
    ourSources,
    smallLibraries({ "htmx.esm.js": openPrivates, "signature_pad.js": openUnderscored }),
  ],
  mangleProps: PRIVATE,
  define: { ...program.define, ENGLISH },
  sourcemap: "external", // beside the files, for whoever reads a trace; no phone fetches or names them
});
await shorten(
  OUT,
  Object.keys(page.metafile.outputs).flatMap((path) => path.match(/[^/]+\.js$/) ?? []),
);

const built = (name) =>
  Object.entries(page.metafile.outputs)
    .filter(([file, { entryPoint }]) => entryPoint === name && !file.endsWith(".map"))
    .map(([file]) => `/static/built/${file.split("/").pop()}`)[0];

// plain.js is ES5 and stays so; its name changes with its words.
const { code: plainScript } = await transform(readFileSync(`${ROOT}pwa/plain.js`, "utf8"), {
  minify: true,
  target: "es5",
});
const plain = `plain-${hash(plainScript)}.js`;
writeFileSync(OUT + plain, plainScript);

const main = withoutStub(built("pwa/main.ts"));
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
  define: { CACHE: JSON.stringify(`daiban-${cache}`), FILES: JSON.stringify(precache), ENGLISH },
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

/** A first bundle, thrown away, says which sources the first open brings: their messages go with them, the others with the rest. */
async function divideWords() {
  for (const list of ["first", "later"]) writeList(list, []);
  const { outputs } = (await build({ ...program, plugins: [onlyTheField], write: false, minify: false })).metafile;
  const first = new Set();
  const follow = (file) => {
    if (first.has(file)) return;
    first.add(file);
    for (const { kind, path } of outputs[file].imports) if (kind === "import-statement") follow(path);
  };
  follow(Object.keys(outputs).find((file) => outputs[file].entryPoint === "pwa/main.ts"));
  const sources = (files) => files.flatMap((file) => Object.keys(outputs[file].inputs));
  messages.take(sources([...first]), messages.first);
  messages.take(sources(Object.keys(outputs).filter((file) => !first.has(file))), messages.later);
  for (const list of ["first", "later"]) writeList(list, messages[list]);
}

/** esbuild's own file for main says only where the rest is: the page asks for that at once, one wait less on a slow net. */
function withoutStub(stub) {
  const file = OUT + stub.split("/").pop();
  const [, chunk] = readFileSync(file, "utf8").match(/^import'\.\/([\w-]+\.js)';\n?$/) ?? [];
  if (!chunk) throw new Error(`${stub} says more than where main is: look at FETCHED_LATER in pwa/build.mjs`);
  rmSync(file);
  rmSync(`${file}.map`);
  return `/static/built/${chunk}`;
}

function hash(content) {
  return createHash("sha256").update(content).digest("hex").slice(0, 8);
}

function writeList(name, list) {
  writeFileSync(`${ROOT}pwa/generated/messages.${name}.json`, JSON.stringify(list));
}
