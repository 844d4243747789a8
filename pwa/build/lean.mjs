// Nunjucks compiles each template to wordy JavaScript: every import, block, look-up and loop is spelled out in full, which is
// four fifths of the phone program. Here those spellings become calls of a few helpers that do the same.
// What is not met exactly stays as it is; the parity tests render every template through this.

/** Stands once before all templates; `R` is the slim runtime. */
export const HELPERS = `import nunjucks from "@11ty/nunjucks/browser/nunjucks-slim.js";
const R = nunjucks.runtime;
const has = Object.prototype.hasOwnProperty;
const fail = (error) => { if (error) throw error; };
const S = (value) => R.suppressValue(value, true);
const L = R.contextOrFrameLookup;
const M = R.memberLookup;
const C = (context, frame, name, values) => R.callWrap(L(context, frame, name), name, context, values);
const F = (env, context, name, ...values) => env.getFilter(name).apply(context, values);
const I = (env, name, then) => env.getTemplate(name, false, "", false, (error, found) => {
  fail(error);
  found.getExported((wrong, exported) => { fail(wrong); then(exported); });
});
const Z = (then) => then();
const X = (exported, name) => {
  if (!has.call(exported, name)) throw new Error("cannot import '" + name + "'");
  return exported[name];
};
const B = (parent, name, env, context, frame, then) => parent ? then("") : context.getBlock(name)(env, context, frame, R, (error, text) => {
  fail(error);
  then(text);
});
const V = (frame, context, name, value) => {
  if (!frame.topLevel) return;
  context.setVariable(name, value);
  context.addExport(name, value);
};
const P = (frame, at, length) => {
  frame.set("loop.index", at + 1);
  frame.set("loop.index0", at);
  frame.set("loop.revindex", length - at);
  frame.set("loop.revindex0", length - at - 1);
  frame.set("loop.first", at === 0);
  frame.set("loop.last", at === length - 1);
  frame.set("loop.length", length);
};
const K = (values) => {
  const frame = new R.Frame();
  if (has.call(values, "caller")) frame.set("caller", values.caller);
  return frame;
};
const H = (error) => R.handleError(error, 0, 0);
`;

const T = "t_\\d+";
const STEPS = [
  // Line numbers for error messages serve nobody on a phone.
  [/lineno = \d+, colno = \d+, /g, ""],
  [/var lineno = \d+;\nvar colno = \d+;\n/g, ""],
  [/runtime\.handleError\(e, lineno, colno\)/g, "H(e)"],
  [
    /runtime\.callWrap\(runtime\.contextOrFrameLookup\(context, frame, "(\w+)"\), "\1", context, /g,
    'C(context, frame, "$1", ',
  ],
  [/runtime\.contextOrFrameLookup\(/g, "L("],
  [/runtime\.memberLookup\(/g, "M("],
  [/runtime\.suppressValue\(/g, "S("],
  [/, env\.opts\.autoescape\)/g, ")"],
  [/env\.getFilter\("(\w+)"\)\.call\(context, /g, 'F(env, context, "$1", '],
  [
    new RegExp(
      `env\\.getTemplate\\(("[^"]+"), false, "[^"]+", false, function\\((${T}),(${T})\\) \\{\\nif\\(\\2\\) \\{ cb\\(\\2\\); return; \\}\\n\\3\\.getExported\\(function\\((${T}),\\3\\) \\{\\nif\\(\\4\\) \\{ cb\\(\\4\\); return; \\}`,
      "g",
    ),
    "I(env, $1, function($3) {Z(function() {",
  ],
  [
    new RegExp(
      `if\\(Object\\.prototype\\.hasOwnProperty\\.call\\((${T}), "(\\w+)"\\)\\) \\{\\nvar (${T}) = \\1\\.\\2;\\n\\} else \\{\\ncb\\(new Error\\("cannot import '\\2'"\\)\\); return;\\n\\}`,
      "g",
    ),
    'var $3 = X($1, "$2");',
  ],
  [
    new RegExp(
      `\\(parentTemplate \\? function\\(e, c, f, r, cb\\) \\{ cb\\(""\\); \\} : context\\.getBlock\\(("\\w+")\\)\\)\\(env, context, frame, runtime, function\\((${T}),(${T})\\) \\{\\nif\\(\\2\\) \\{ cb\\(\\2\\); return; \\}\\n`,
      "g",
    ),
    "B(parentTemplate, $1, env, context, frame, function($3) {\n",
  ],
  [
    new RegExp(
      `if\\(frame\\.topLevel\\) \\{\\ncontext\\.setVariable\\(("\\w+"), (${T})\\);\\n\\}\\nif\\(frame\\.topLevel\\) \\{\\ncontext\\.addExport\\(\\1, \\2\\);\\n\\}`,
      "g",
    ),
    "V(frame, context, $1, $2);",
  ],
  [
    new RegExp(
      `frame\\.set\\("loop\\.index", (${T}) \\+ 1\\);\\nframe\\.set\\("loop\\.index0", \\1\\);\\nframe\\.set\\("loop\\.revindex", (${T}) - \\1\\);\\nframe\\.set\\("loop\\.revindex0", \\2 - \\1 - 1\\);\\nframe\\.set\\("loop\\.first", \\1 === 0\\);\\nframe\\.set\\("loop\\.last", \\1 === \\2 - 1\\);\\nframe\\.set\\("loop\\.length", \\2\\);`,
      "g",
    ),
    "P(frame, $1, $2);",
  ],
  [
    /frame = new runtime\.Frame\(\);\nkwargs = kwargs \|\| \{\};\nif \(Object\.prototype\.hasOwnProperty\.call\(kwargs, "caller"\)\) \{\nframe\.set\("caller", kwargs\.caller\); \}/g,
    "frame = K(kwargs = kwargs || {});",
  ],
];

export function lean(code) {
  const opened = code.split("runtime.suppressValue(").length;
  const closed = code.split(", env.opts.autoescape)").length;
  if (opened !== closed) throw new Error("Nunjucks spells its output otherwise than pwa/build/lean.mjs expects");
  let short = code;
  for (const [long, brief] of STEPS) short = short.replace(long, brief);
  // An imported name that only goes into the context needs no variable of its own.
  return short.replace(
    new RegExp(`var (${T}) = (X\\(${T}, ("\\w+")\\));\\n(context\\.setVariable|frame\\.set)\\(\\3, \\1\\);`, "g"),
    (all, name, found, word, set) =>
      short.split(new RegExp(`\\b${name}\\b`)).length === 3 ? `${set}(${word}, ${found});` : all,
  );
}
