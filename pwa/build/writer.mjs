// Writes one template as a small JavaScript module. Nunjucks' own parser reads it; each macro becomes an exported function, each
// block a function of the context, each body one expression that adds strings. pwa/markup.ts is all it needs at run time.
// Only the subset that tests/templates/subset.py allows is known here: what else is met stops the build, with its line.
import nunjucks from "@11ty/nunjucks";

const { parser, nodes } = nunjucks;
const GLOBALS = { _: "words", ngettext: "wordsFor" }; // exported by pwa/markup.ts
const PLAIN = ["default", "join", "length", "upper", "lower", "trim", "first", "last", "replace"]; // also there
const BINARY = { Add: "+", Sub: "-", And: "&&", Or: "||" };
const COMPARE = { "==": "==", "!=": "!=", "===": "===", "!==": "!==", "<": "<", ">": ">", "<=": "<=", ">=": ">=" };
const LOOP = {
  index: "i+1",
  index0: "i",
  first: "!i",
  last: "i==all.length-1",
  length: "all.length",
  revindex: "all.length-i",
};

/** The macros of a template: name → its arguments, each with its default (an AST) or null. */
export function macrosOf(source) {
  const found = new Map();
  for (const node of parser.parse(source, [], {}).children)
    if (node instanceof nodes.Macro) found.set(node.name.value, signature(node));
  return found;
}

/**
 * One template as a module: `export default {parent, blocks, root}` and its macros.
 * `macros(name)` gives the macros of another template, `address(name)` what to write after `from`.
 */
export function write(name, source, { macros, address }) {
  return new Writer(name, macros, address).module(parser.parse(source, [], {}));
}

function signature(macro) {
  const known = [];
  for (const each of macro.args.children) {
    if (each instanceof nodes.Dict) for (const { key, value } of each.children) known.push([key.value, value]);
    else known.push([each.value, null]);
  }
  return known;
}

/** Names that mean something inside one function: name → what to write for it. */
class Scope {
  constructor(kind, names = {}, outer = null) {
    Object.assign(this, { kind, names, outer });
    this.set = outer ? outer.set : new Map(); // what `set` made in this function
  }

  find(name) {
    return this.names[name] ?? this.set.get(name) ?? this.outer?.find(name);
  }

  all() {
    return { ...this.outer?.all(), ...Object.fromEntries(this.set), ...this.names };
  }
}

class Writer {
  constructor(name, macros, address) {
    Object.assign(this, { name, macros, address });
    this.known = new Map(); // macros that can be called here
    this.constants = new Map(); // what is set at the top, for the macros below it
    this.lines = [];
    this.helpers = new Set();
    this.blocks = [];
    this.parent = "null";
  }

  module(root) {
    for (const node of root.children) if (node instanceof nodes.FromImport) this.take(node);
    for (const node of root.children) if (node instanceof nodes.Macro) this.known.set(node.name.value, signature(node));
    const body = root.children.filter((node) => !(node instanceof nodes.FromImport || node instanceof nodes.Macro));
    for (const node of root.children)
      if (node instanceof nodes.Set && node.targets.length === 1) this.constants.set(node.targets[0].value, node.value);
    for (const node of root.children) if (node instanceof nodes.Macro) this.macro(node);
    // Of a page that extends another only what it sets counts; its blocks are called by the other.
    const extended = body.some((node) => node instanceof nodes.Extends);
    const written = this.body(body, new Scope("page"));
    const sets = body.filter((node) => node instanceof nodes.Set || node instanceof nodes.If);
    const text = extended ? this.body(sets, new Scope("page")) : written;
    const blocks = `{ ${this.blocks.map(([block, code]) => `${block}: ${code}`).join(",\n")} }`;
    const helpers = this.helpers.size
      ? `import { ${[...this.helpers].sort().join(", ")} } from ${JSON.stringify(this.address(null))};\n`
      : "";
    return `${helpers}${this.lines.join("\n")}\nexport default { parent: ${this.parent}, blocks: ${blocks}, root: (c, b) => ${text} };\n`;
  }

  no(node, why) {
    throw new Error(`templates/${this.name}:${(node.lineno ?? 0) + 1}: ${why}; see pwa/build/writer.mjs`);
  }

  help(name) {
    this.helpers.add(name);
    return name;
  }

  take(node) {
    const from = node.template.value;
    const there = this.macros(from);
    const names = node.names.children.map((each) =>
      each instanceof nodes.Pair ? [each.key.value, each.value.value] : [each.value, each.value],
    );
    for (const [name, alias] of names) {
      if (!there.has(name)) this.no(node, `${from} has no macro ${name}`);
      this.known.set(alias, there.get(name));
    }
    const list = names.map(([name, alias]) => `m_${name} as m_${alias}`).join(", ");
    this.lines.push(`import { ${list} } from ${JSON.stringify(this.address(from))};`);
  }

  macro(node) {
    const args = signature(node).map(([name]) => name);
    const scope = new Scope("macro", Object.fromEntries(args.map((name) => [name, `v_${name}`])));
    const defaults = signature(node).map(([name, value]) =>
      value ? `v_${name} = ${this.value(value, new Scope("macro"))}` : `v_${name}`,
    );
    const text = this.body(node.body.children, scope);
    const own = [...scope.set.values()];
    this.lines.push(
      `export function m_${node.name.value}(${[...defaults, "v_caller"].join(", ")}) {` +
        `${own.length ? ` let ${own.join(", ")};` : ""} return ${this.help("safe")}(${text}); }`,
    );
  }

  /** A piece of template as one expression: strings and safe texts, added. */
  body(children, scope) {
    const parts = children.flatMap((node) => this.part(node, scope)).filter((part) => part !== '""');
    return parts.join(" + ") || '""';
  }

  part(node, scope) {
    if (node instanceof nodes.Output) return node.children.map((each) => this.output(each, scope));
    if (node instanceof nodes.If) {
      const no = node.else_ ? this.body([node.else_].flatMap(flat), scope) : '""';
      return `(${this.value(node.cond, scope)} ? ${this.body(flat(node.body), scope)} : ${no})`;
    }
    if (node instanceof nodes.For) return this.loop(node, scope);
    if (node instanceof nodes.Set) return this.set(node, scope);
    if (node instanceof nodes.Block) {
      const block = node.name.value;
      const inner = new Scope("block");
      const text = this.body(flat(node.body), inner);
      const own = [...inner.set].map(([name, local]) => `${local} = c.${name}`); // until it is set, the page's own
      this.blocks.push([
        block,
        own.length ? `(c, b) => { let ${own.join(", ")}; return ${text}; }` : `(c, b) => ${text}`,
      ]);
      return `b.${block}(c, b)`;
    }
    if (node instanceof nodes.Extends) {
      this.parent = "parent";
      this.lines.push(`import parent from ${JSON.stringify(this.address(node.template.value))};`);
      return [];
    }
    if (node instanceof nodes.Include) {
      const part = `p${this.lines.length}`;
      this.lines.push(`import ${part} from ${JSON.stringify(this.address(node.template.value))};`);
      const names = Object.entries(scope.all()).map(([name, local]) => `${name}: ${local}`);
      return `${this.help("whole")}(${part}, { ${["...c", ...names].join(", ")} })`;
    }
    if (node instanceof nodes.NodeList) return node.children.flatMap((each) => this.part(each, scope));
    return this.no(node, `${node.typename} is not known here`);
  }

  output(node, scope) {
    if (node instanceof nodes.TemplateData) return JSON.stringify(node.value);
    if (node instanceof nodes.Filter && node.name.value === "safe")
      return `${this.help("plain")}(${this.value(node.args.children[0], scope)})`;
    // Macros and messages are safe already.
    if (node instanceof nodes.FunCall && !(node instanceof nodes.Filter)) return this.value(node, scope);
    return `${this.help("escaped")}(${this.value(node, scope)})`;
  }

  loop(node, scope) {
    const pair = node.name instanceof nodes.Array;
    const names = pair ? node.name.children.map(({ value }) => value) : [node.name.value];
    const inner = new Scope(
      "loop",
      { loop: "loop", ...Object.fromEntries(names.map((each) => [each, `v_${each}`])) },
      scope,
    );
    const locals = names.map((each) => `v_${each}`);
    const text = this.body(flat(node.body), inner);
    const each = this.help(pair ? "eachPair" : "each");
    const other = node.else_ ? `, () => ${this.body(flat(node.else_), scope)}` : "";
    const head = pair ? `[${locals.join(", ")}]` : locals[0];
    return `${each}(${this.value(node.arr, scope)}, (${head}, i, all) => ${text}${other})`;
  }

  set(node, scope) {
    if (node.body || node.targets.length !== 1) this.no(node, "write {% set name = value %}");
    const name = node.targets[0].value;
    const value = this.value(node.value, scope);
    if (scope.kind === "loop") this.no(node, "no `set` inside a loop");
    if (scope.kind === "page") return `(c.${name} = ${value}, "")`;
    if (!scope.find(name)) scope.set.set(name, `v_${name}`);
    return `(${scope.find(name)} = ${value}, "")`;
  }

  /** An expression, as a value. */
  value(node, scope) {
    if (node instanceof nodes.Literal) return JSON.stringify(node.value);
    if (node instanceof nodes.Symbol) return this.symbol(node, scope);
    if (node instanceof nodes.LookupVal) {
      if (node.target instanceof nodes.Symbol && node.target.value === "loop")
        return LOOP[node.val.value] ? `(${LOOP[node.val.value]})` : this.no(node, `no loop.${node.val.value}`);
      const target = this.value(node.target, scope);
      const { val } = node;
      return val instanceof nodes.Literal && /^[a-z_]\w*$/i.test(val.value)
        ? `${target}?.${val.value}`
        : `${target}?.[${this.value(val, scope)}]`;
    }
    if (node instanceof nodes.Group) return `(${node.children.map((each) => this.value(each, scope)).join(", ")})`;
    if (node instanceof nodes.Array) return `[${node.children.map((each) => this.value(each, scope)).join(", ")}]`;
    if (node instanceof nodes.Dict) return this.dict(node, scope);
    if (node instanceof nodes.InlineIf) {
      const no = node.else_ ? this.value(node.else_, scope) : '""';
      return `(${this.value(node.cond, scope)} ? ${this.value(node.body, scope)} : ${no})`;
    }
    if (node instanceof nodes.Compare) {
      if (node.ops.length !== 1) this.no(node, "no chained comparison");
      return `(${this.value(node.expr, scope)} ${COMPARE[node.ops[0].type]} ${this.value(node.ops[0].expr, scope)})`;
    }
    if (node instanceof nodes.In) {
      const found = `${this.help("within")}(${this.value(node.left, scope)}, ${this.value(node.right, scope)})`;
      return node.not ? `!${found}` : found;
    }
    if (node instanceof nodes.Not) return `!${this.value(node.target, scope)}`;
    if (node instanceof nodes.Neg) return `(-${this.value(node.target, scope)})`;
    if (node instanceof nodes.FloorDiv)
      return `Math.floor(${this.value(node.left, scope)} / ${this.value(node.right, scope)})`;
    if (BINARY[node.typename])
      return `(${this.value(node.left, scope)} ${BINARY[node.typename]} ${this.value(node.right, scope)})`;
    if (node instanceof nodes.Filter) return this.filter(node, scope);
    if (node instanceof nodes.FunCall) return this.call(node, scope);
    if (node instanceof nodes.Caller) return this.caller(node, scope);
    return this.no(node, `${node.typename} is not known here`);
  }

  symbol(node, scope) {
    const name = node.value;
    const found = scope.find(name);
    if (found) return found === "loop" ? this.no(node, "only loop.index and its like") : found;
    if (name === "caller") return "v_caller";
    if (name === "none" || name === "true" || name === "false") return name === "none" ? "null" : name;
    let outer = scope;
    while (outer.outer) outer = outer.outer;
    if (outer.kind === "macro" && this.constants.has(name)) return this.constant(name);
    if (outer.kind === "macro") this.no(node, `a macro is given all it shows: ${name} is none of its arguments`);
    return `c.${name}`;
  }

  constant(name) {
    const line = `const k_${name} = ${this.value(this.constants.get(name), new Scope("macro"))};`;
    if (!this.lines.includes(line)) this.lines.push(line);
    return `k_${name}`;
  }

  dict(node, scope) {
    const pairs = node.children.map(({ key, value }) => `${JSON.stringify(key.value)}: ${this.value(value, scope)}`);
    return `{ ${pairs.join(", ")} }`;
  }

  filter(node, scope) {
    const name = node.name.value;
    const args = node.args.children.map((each) => this.value(each, scope)).join(", ");
    if (name === "safe") return `${this.help("safe")}(${this.help("plain")}(${args}))`;
    return PLAIN.includes(name) ? `${this.help(`${name}_`)}(${args})` : `${this.help("filters")}.${name}(${args})`;
  }

  call(node, scope) {
    if (!(node.name instanceof nodes.Symbol)) this.no(node, "no methods and no functions of values");
    const name = node.name.value;
    const given = node.args.children.filter((each) => !(each instanceof nodes.KeywordArgs));
    const named = node.args.children
      .filter((each) => each instanceof nodes.KeywordArgs)
      .flatMap(({ children }) => children);
    if (GLOBALS[name]) {
      const values = given.map((each) => this.value(each, scope));
      if (named.length)
        values.push(`{ ${named.map(({ key, value }) => `${key.value}: ${this.value(value, scope)}`).join(", ")} }`);
      return `${this.help(GLOBALS[name])}(${values.join(", ")})`;
    }
    if (name === "caller") return `v_caller(${given.map((each) => this.value(each, scope)).join(", ")})`;
    const args = this.known.get(name);
    if (!args) this.no(node, `no macro ${name}`);
    return `m_${name}(${this.arguments(node, args, given, named, scope).join(", ")})`;
  }

  /** What a macro is called with, in its own order; `null` keeps a value that is not there from turning into a default that shows. */
  arguments(node, args, given, named, scope) {
    if (given.length > args.length) this.no(node, `more than ${args.length} arguments`);
    const values = args.map(([arg, standard], at) => {
      const value = given[at] ?? named.find(({ key }) => key.value === arg)?.value;
      if (!value) return "void 0";
      const code = this.value(value, scope);
      const mayMiss = value instanceof nodes.Symbol || value instanceof nodes.LookupVal;
      return standard?.value && mayMiss ? `(${code} ?? null)` : code;
    });
    const names = [...args.map(([arg]) => arg), "caller"];
    const strange = named.find(({ key }) => !names.includes(key.value));
    if (strange) this.no(node, `no argument ${strange.key.value}`);
    const caller = named.find(({ key }) => key.value === "caller");
    if (caller) values.push(this.value(caller.value, scope));
    while (values.at(-1) === "void 0") values.pop();
    return values;
  }

  caller(node, scope) {
    const names = node.args.children.map(({ value }) => value);
    const inner = new Scope("caller", Object.fromEntries(names.map((name) => [name, `v_${name}`])), scope);
    return `(${names.map((name) => `v_${name}`).join(", ")}) => ${this.help("safe")}(${this.body(flat(node.body), inner)})`;
  }
}

const flat = (node) => (node instanceof nodes.NodeList ? node.children : [node]);
