// Two libraries without what no page of the phone asks for. What a name here cuts is looked for in the library's source at each
// build: a new version that spells it otherwise stops the build. tests/structure/test_phone_size.py walks the templates for uses.
import { readFileSync } from "node:fs";

const gone = (...names) => Object.fromEntries(names.map((name) => [name, null])); // the whole method

const LIBRARIES = {
  // htmx 4.0.1: no morphing, hx-on, scripts and code from strings (the CSP refuses them anyway), partials and swaps out of band,
  // view transitions, preserved elements, hx-vals, hx-disable, hx-indicator, hx-confirm, hx-ignore, redirects by header, selectors other
  // than CSS and "this", a prefix (data-hx-), values appended to inherited ones; classes do not settle: our pages change at once.
  // Back and forward are answered by pwa/main.ts, which cancels htmx:before:history:restore.
  "htmx.esm.js": {
    ...gone("#morph", "#morphChildren", "#matchesUpcomingSibling", "#findBestMatch", "#isSoftMatch", "#removeNode"),
    ...gone("#moveBefore", "#morphNode", "#populateIdMapWithTree", "#createIdMaps", "#createPersistentIds"),
    ...gone("#apiMethods", "#executeJavaScript", "#submitTransitionTask", "#processTransitionQueue", "#copyAttributes"),
    ...gone("#scanForwardQuery", "#scanBackwardsQuery", "#scanUntilComparison", "#createOOBTask", "#getRootNode"),
    ...gone("#stringHyperscriptStyleSelector", "#findThisElements", "registerExtension", "onLoad", "on"),
    ...gone("#attrName", "#findExt", "#normalizeScrollTarget", "find", "findAll"),
    "#attr": "return elt.getAttribute(name);",
    "#prefixes": "return [s];",
    "#ignore": "return !elt.closest;",
    "#attributeValue":
      'const inherited = name + ":inherited"; return elt.getAttribute(name) ?? elt.getAttribute(inherited) ?? elt.parentNode?.closest?.("[" + CSS.escape(inherited) + "]")?.getAttribute(inherited) ?? defaultVal;',
    "#initHtmxConfig":
      'this.config = { history: true, mode: "same-origin", defaultSwap: "innerHTML", defaultTimeout: 60000, noSwap: [204, 304] }; HCON.merge(document.querySelector("meta[name=htmx-config]")?.content ?? {}, this.config);',
    "#restoreHistory":
      'await this.timeout(1); if ((state ?? history.state)?.htmx) this.#trigger(document, "htmx:before:history:restore", { path: location.pathname + location.search });',
    "#handleScroll": 'if (swapSpec.show === "top") target?.scrollIntoView?.(true);',
    "#showIndicators": "",
    "#hideIndicators": "",
    "#initRequestIndicatorCss": "",
    "#handleHxOnAttributes": "",
    "#handlePreservedElements": "",
    "#restorePreservedElements": "",
    "#processScripts": "",
    "#processPartials": "return []",
    "#processOOB": "return []",
    "#startCSSTransitions": "return []",
    "#handleTriggerHeader": "",
    "#handleHxHeaders": "",
    "#getAttributeObject": "",
    "#addInputValues": "",
    "#extractJavascriptContent": "",
    "#extractFilter": "return [str]",
    "#triggerExtensions": "return true",
    "#handleHeadersAndMaybeReturnEarly": "",
    "#handleAnchorScroll": "",
    "#initializeAbortListener": "",
    "#disableElements": "",
    "#enableElements": "",
    "#normalizeSwapStyle": "return style",
    "#findAllExt":
      'const all = maybeSelector ?? eltOrSelector; return all === "this" ? [eltOrSelector] : [...document.querySelectorAll(all)];',
  },
  // signature_pad 5.1.4: the mark is kept as strokes, never as a picture.
  "signature_pad.js": { ...gone("fromDataURL", "toDataURL", "toSVG", "off"), redraw: "" },
};

/** Statements in the middle of htmx's methods, each from its first words to the brace that closes it, and what stands in its place. */
const PIECES = {
  "htmx.esm.js": [
    ["this\\.#internalAPI = \\{", "\\};", ""], // for extensions
    ["this\\.#hxOnQuery = ", "let init", "let init"],
    ["let hxOnNodes = ", "\\}", ""],
    ["// Handle confirmation", "\\}", ""],
    ["let javascriptContent = ", "\\} else if \\(usesQueryParams\\)", "if (usesQueryParams)"],
    ["\\} else if \\(spec\\.throttle\\) \\{", "\\}", "}"],
    ["if \\(eventName === 'intersect'", "\\}", ""],
    ["if \\(filter\\) \\{", "\\}", ""],
    [
      "\\} else if \\(swapStyle === 'textContent'\\) \\{",
      "\\} else if \\(swapStyle === 'outerHTML'",
      "} else if (swapStyle === 'outerHTML'",
    ],
    ["\\} else if \\(swapStyle === 'outerSync'\\) \\{", "\\} else \\{", "} else {"],
    ["let methods = this\\.#extMethods", "\\}(?=\\n *if)", "let handled = false;"],
    ["// submit all transition tasks", "\\}", ""],
  ],
};

/** `source` without the pieces and methods named, each by what stands in its place or its body; throws when one is not found. */
function cut(source, methods, pieces = []) {
  let short = source;
  for (const [from, to, instead] of pieces) {
    const piece = new RegExp(`^([ \\t]+)${from}[\\s\\S]*?\\n\\1(?:${to})`, "m");
    if (!piece.test(short)) throw new Error(`${from} is not found any more: look at pwa/build/cut.mjs again`);
    short = short.replace(piece, (_, indent) => indent + instead);
  }
  for (const [name, body] of Object.entries(methods)) {
    const method = new RegExp(`^([ \\t]+)((?:async )?${name}\\([\\s\\S]*?\\) \\{)\\n[\\s\\S]*?^\\1\\}$`, "m");
    if (!method.test(short)) throw new Error(`${name} is not found any more: look at pwa/build/cut.mjs again`);
    short = short.replace(method, (_, indent, head) => (body === null ? "" : `${indent}${head} ${body} }`));
  }
  return short;
}

/** Reads the libraries so; `change` is done to what is left. */
export const smallLibraries = (change) => ({
  name: "small-libraries",
  setup(build) {
    build.onLoad({ filter: /(htmx\.esm|signature_pad)\.js$/ }, ({ path }) => {
      const name = path.split(/[\\/]/).pop();
      return { contents: change(cut(readFileSync(path, "utf8"), LIBRARIES[name], PIECES[name])), loader: "js" };
    });
  },
});
