// Two libraries without what no page of the phone asks for. What a name here cuts is looked for in the library's source at each
// build: a new version that spells it otherwise stops the build. tests/pwa/built.test.ts walks the templates for uses.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PWA = fileURLToPath(new URL("../", import.meta.url));
const gone = (...names) => Object.fromEntries(names.map((name) => [name, null])); // the whole method
const nothing = (...names) => Object.fromEntries(names.map((name) => [name, ""])); // the whole method, and the lines that call it

/** Whole methods: name → the body that stands in its place. */
const METHODS = {
  // htmx 4.0.1: no morphing, hx-on, scripts and code from strings (the CSP refuses them anyway), partials and swaps out of band,
  // view transitions, preserved elements, hx-vals, hx-disable, hx-indicator, hx-confirm, hx-ignore, redirects by header, selectors other
  // than CSS and "this", a prefix (data-hx-), values appended to inherited ones; classes do not settle: our pages change at once.
  // Of the headers of a request only what pwa/local.ts reads. Only hx-get and hx-post, only innerHTML, and of hx-trigger only
  // events, delay, from and every.
  // Back and forward are answered by pwa/main.ts, which cancels htmx:before:history:restore.
  "htmx.esm.js": {
    ...gone("#morph", "#morphChildren", "#matchesUpcomingSibling", "#findBestMatch", "#isSoftMatch", "#removeNode"),
    ...gone("#moveBefore", "#morphNode", "#populateIdMapWithTree", "#createIdMaps", "#createPersistentIds"),
    ...gone("#apiMethods", "#executeJavaScript", "#submitTransitionTask", "#processTransitionQueue", "#copyAttributes"),
    ...gone("#scanForwardQuery", "#scanBackwardsQuery", "#scanUntilComparison", "#createOOBTask", "#getRootNode"),
    ...gone("#stringHyperscriptStyleSelector", "#findThisElements", "registerExtension", "onLoad", "on"),
    ...gone(
      "#attrName",
      "#attr",
      "#findExt",
      "#normalizeScrollTarget",
      "find",
      "findAll",
      "#prefixes",
      "#prefixSelector",
    ),
    ...gone("#getAttributeObject", "#extractJavascriptContent", "#extractFilter", "#startCSSTransitions"),
    ...gone("#handleHeadersAndMaybeReturnEarly", "#handleTriggerHeader", "#handleHxOnAttributes", "#handleHxHeaders"),
    ...gone("#processPartials", "#processOOB", "#handlePreservedElements", "#insertNodes", "#normalizeSwapStyle"),
    ...gone("#addClass", "#removeClass", "#buildIdentifier"),
    ...nothing("#showIndicators", "#hideIndicators", "#initRequestIndicatorCss", "#restorePreservedElements"),
    ...nothing("#processScripts", "#addInputValues", "#triggerExtensions", "#handleAnchorScroll"),
    ...nothing("#initializeAbortListener", "#disableElements", "#enableElements"),
    "#ignore": "return !elt.closest;",
    "#attributeValue":
      'const inherited = name + ":inherited"; return elt.getAttribute(name) ?? elt.getAttribute(inherited) ?? elt.parentNode?.closest?.("[" + CSS.escape(inherited) + "]")?.getAttribute(inherited) ?? defaultVal;',
    "#initHtmxConfig":
      'this.config = { history: true, mode: "same-origin", defaultSwap: "innerHTML", defaultTimeout: 60000, ...JSON.parse(document.querySelector("meta[name=htmx-config]")?.content ?? "{}") };',
    "#parseTriggerSpecs":
      'return spec.split(",").map((each) => { const [name, ...rest] = each.trim().split(" "); return { name, ...Object.fromEntries(rest.map((pair) => pair.split(":"))) }; });',
    "#determineMethodAndAction":
      'for (const method of ["GET", "POST"]) { const action = elt.getAttribute("hx-" + method); if (action != null) return { action, method }; } const { submitter } = evt; return { action: submitter?.getAttribute("formAction") || elt.getAttribute(elt.matches("a") ? "href" : "action"), method: (submitter?.getAttribute("formmethod") || elt.getAttribute("method") || "GET").toUpperCase() };',
    "#createCoreHeaders": 'return { "HX-Current-URL": location.href };',
    "#parseSwapSpec": "return { style: swapStr };",
    "#parseHTML": 'return new DOMParser().parseFromString(resp, "text/html");',
    "#handleStatusCodes": 'if (this.config.noSwap.includes(ctx.response.status)) ctx.swap = "none";',
    "#initTimeout": 'ctx.requestTimeout = setTimeout(() => ctx.request.abort("timeout"), this.config.defaultTimeout);',
    "#restoreHistory":
      'await this.timeout(1); if ((state ?? history.state)?.htmx) this.#trigger(document, "htmx:before:history:restore", { path: location.pathname + location.search });',
    "#handleScroll": 'if (swapSpec.show === "top") target?.scrollIntoView?.(true);',
    "#normalizeElement": "return cssOrElement;",
    "#maybeAdjustMetaCharacter": "return string;",
    "#findAllExt":
      'const all = maybeSelector ?? eltOrSelector; return all === "this" ? [eltOrSelector] : [...document.querySelectorAll(all)];',
    ajax: "const ctx = this.#createRequestContext(document.body, {}); Object.assign(ctx, options); Object.assign(ctx.request, { action: path, method: verb }); Object.assign(ctx.request.headers, options.headers); return this.#handleTriggerEvent(ctx);",
  },
  // signature_pad 5.1.4: the mark is kept as strokes of one pen, never as a picture; every engine that runs the program has pointer
  // events, which come once for each picture shown, so that nothing slows them further; only the end of a stroke is listened to.
  "signature_pad.js": {
    ...gone("fromDataURL", "toDataURL", "toSVG", "off", "redraw", "equals", "removeEventListener"),
    ...gone("_handleMouseEvents", "_handleMouseDown", "_handleMouseMove", "_handleMouseUp", "_handleTouchEvents"),
    ...gone("_handleTouchStart", "_handleTouchMove", "_handleTouchEnd", "_handleTouchCancel"),
    ...gone("_touchEventToSignatureEvent"),
    _getListenerFunctions: "return window;",
    _getPointGroupOptions: "return this;",
  },
};

const line = null;
/** Statements in the middle of methods, each from its first words to the brace that closes it, or its line; what stands in its place. */
const PIECES = {
  "htmx.esm.js": [
    ["const HCON = \\{", "\\};", ""],
    ['if \\(strategy === "queue all"\\) \\{', '\\} else if \\(strategy !== "abort"', 'if (strategy !== "abort"'],
    ["#HCON = HCON", "#boostSelector", "#actionSelector = '[hx-get],[hx-post]';\n #boostSelector"],
    ["#verbs = ", "#historyInitialized", "#historyInitialized"],
    ["this\\.#internalAPI = \\{", "\\};", ""], // for extensions
    ["this\\.#hxOnQuery = ", "let init", "let init"],
    ["this\\.#actionSelector = ", line, ""],
    ["select: this", "target: this", "target: this"],
    ["replace: this", "request: \\{", "request: {"],
    ["if \\(ctx\\.target\\) \\{", "\\}", ""],
    ["if \\(sourceElement\\._htmx\\?\\.boosted\\) \\{", "\\}", ""],
    ["let hxConfig = ", "\\}", ""],
    ["let valsResult = ", "if \\(valsResult\\).*", ""],
    ["if \\(ctx\\.values\\) \\{", "\\}", ""],
    ["let headersResult = ", "if \\(headersResult\\).*", ""],
    ["if \\(ctx\\.request\\.method === 'DIALOG'\\)", line, ""],
    ["let javascriptContent = ", "\\} else if \\(usesQueryParams\\)", "if (usesQueryParams)"],
    ["if \\(url\\.origin === location\\.origin\\) \\{", "\\}$", "ctx.request.action = url.href;"],
    ['\\} else if \\(\\(this\\.#attributeValue\\(elt, "hx-encoding"', line, "} else {"],
    ["// Handle confirmation", "\\}", ""],
    ["if\\(this\\.#handleHeadersAndMaybeReturnEarly", "\\}", ""],
    ["if \\(ctx\\.hx\\.retarget\\)", "if \\(ctx\\.hx\\.reselect\\).*", ""],
    ["// An extension that took over", "await ctx\\.extensionPromise.*", ""],
    ["if \\(ctx\\.hx\\?\\.trigger\\) \\{", "\\}", ""],
    ["if \\(!ctx\\.keepIndicators\\) \\{", "\\}", ""],
    ["let \\[eventName, filter\\] = ", line, "let eventName = spec.name;"],
    [
      "if \\(spec\\.from === 'outside'\\) fromElts",
      "else if .*",
      "if (spec.from) fromElts = this.#findAllExt(elt, spec.from);",
    ],
    ["if \\(spec\\.halt \\|\\| spec\\.prevent\\)", "if \\(spec\\.once\\) \\{", "if (spec.once) {"],
    ["if \\(spec\\.once\\) \\{", "\\}", ""],
    ["\\} else if \\(spec\\.throttle\\) \\{", "\\}", "}"],
    ["if \\(spec\\.from === 'self' && ", "if \\(spec\\.target && .*", ""],
    ["if \\(filter\\) \\{", "\\}", ""],
    ["other\\.throttledEvent = ", line, ""],
    ["if \\(eventName === 'intersect'", "\\}", ""],
    ["if \\(eventName === 'load'\\) \\{", "\\}", ""],
    ["if \\(!\\(root instanceof Element\\)\\) \\{", "\\}", ""], // a shadow root
    ["if \\(force\\) this", line, ""],
    ["let hxOnNodes = ", "\\}", ""],
    ["if \\(spec\\.throttleTimeout\\)", "spec\\.observer.*", ""],
    ["if \\(force\\) delete", line, ""],
    ["let response = text", "response = response\\.replace.*", "let response = text, title = '';"],
    [
      "let startTag = ",
      "\\}$",
      "let fragment = this.#parseHTML('<template>' + response + '</template>').querySelector('template').content;",
    ],
    ["// Process OOB and partials", "let hasPartials.*", ""],
    ["let mainSwap = this", line, "let mainSwap = this.#processMainSwap(ctx, fragment);"],
    ["let swapPromises = ", "await Promise.*", "await this.#insertContent(mainSwap);"],
    ["if \\(\\n\\s+swapSpec\\.style === 'delete'", "\\) \\{", "{"],
    ["if \\(ctx\\.select\\) \\{", "\\}", ""],
    ["transition: ctx", line, ""],
    ["if \\(typeof target === 'string'\\) \\{", "\\}", ""],
    ["if \\(typeof swapSpec === 'string'\\) \\{", "\\}", ""],
    ["// Body fragment: strip", "// innerHTML/outerHTML swaps.*", ""],
    ["if \\(swapStyle === 'innerHTML' \\|\\| ", line, "{"],
    ["settleTasks = cssTransition", line, ""],
    ["let pantry = .*\\n\\s+let newContent", line, "let newContent = [...fragment.childNodes];"],
    [
      "try \\{\\n\\s+if \\(swapStyle === 'innerHTML'",
      "\\}$",
      "for (const child of target.children) this.#cleanup(child); target.replaceChildren(...newContent);",
    ],
    ["for \\(const elt of newContent\\) \\{\\n\\s+this\\.#addClass", "\\}", ""],
    ["if \\(cssTransition && settleTasks", "\\}", ""],
    ['this\\.#removeClass\\(elt, "htmx-added"\\)', line, ""],
    ["\\} else if \\(detail\\.warn\\) \\{", "\\}$", "}"],
    ["let hxInclude = ", line, ""],
    ["if \\(hxInclude\\) \\{", "\\}", ""],
  ],
  "signature_pad.js": [
    [
      "this\\.canvasContextOptions = ",
      "this\\._handlePointerDown",
      "this._strokeMoveUpdate = this._strokeUpdate; this._handlePointerDown",
    ],
    ["this\\._handleTouchCancel = ", "this\\._ctx = ", "this._ctx = "],
    ["const isIOS = ", "\\}$", "this._handlePointerEvents();"],
    ['removeEventListener\\("mousemove"', 'removeEventListener\\("touchcancel".*', ""],
    ["const cancelled = ", "\\}", ""],
    ['case "mousedown":', 'case "pointerdown":', 'case "pointerdown":'],
    ["\\.\\.\\.pointGroupOptions,", line, ""],
    ['this\\.dispatchEvent\\(\\n\\s+new CustomEvent\\("beforeUpdate', "\\);", ""],
    ['this\\.dispatchEvent\\(new CustomEvent\\("afterUpdateStroke', line, ""],
  ],
};

/** htmx tells each step by an event; what nobody here listens to is not told. */
function onlyHeard(source) {
  const files = readdirSync(PWA, { recursive: true }).filter((file) => /^(?!generated).*\.ts$/.test(file));
  const heard = files.flatMap((file) => readFileSync(PWA + file, "utf8").match(/htmx:[\w:]+/g) ?? []);
  return source.replace(
    /this\.#trigger\([\w.]+, "(htmx:[\w:]+)"(?:, (?:\{[^}]*\}|\w+))?(?:, true)?\)/g,
    (told, name) => (name === "htmx:error" || heard.includes(name) ? told : "true"),
  );
}

/** `source` without the pieces and methods named, each by what stands in its place or its body; throws when one is not found. */
function cut(source, methods, pieces) {
  let short = source;
  const replace = (what, pattern, instead) => {
    if (!pattern.test(short)) throw new Error(`${what} is not found any more: look at pwa/build/cut.mjs again`);
    short = short.replace(pattern, instead);
  };
  for (const [from, to, instead] of pieces) {
    const rest = to === line ? ".*" : `[\\s\\S]*?\\n\\1(?:${to})`;
    replace(from, new RegExp(`^([ \\t]+)${from}${rest}`, "m"), (_, indent) => indent + instead);
  }
  for (const [name, body] of Object.entries(methods)) {
    const method = new RegExp(`^([ \\t]+)((?:async )?${name}\\([\\s\\S]*?\\) \\{)\\n[\\s\\S]*?^\\1\\}$`, "m");
    replace(name, method, (_, indent, head) => (body ? `${indent}${head} ${body} }` : ""));
    if (body === "") short = short.replace(new RegExp(`^[ \\t]+this\\.${name}\\(.*\\);?$`, "gm"), "");
  }
  return short;
}

/** Reads the libraries so; `change` (name → function) is done to what is left. */
export const smallLibraries = (change) => ({
  name: "small-libraries",
  setup(build) {
    build.onLoad({ filter: /(htmx\.esm|signature_pad)\.js$/ }, ({ path }) => {
      const name = path.split(/[\\/]/).pop();
      return {
        contents: change[name](onlyHeard(cut(readFileSync(path, "utf8"), METHODS[name], PIECES[name]))),
        loader: "js",
      };
    });
  },
});
