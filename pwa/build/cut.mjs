// Two libraries without what no page of the phone asks for. What a name here cuts is looked for in the library's source at each
// build: a new version that spells it otherwise stops the build. tests/structure/test_phone_size.py walks the templates for uses.
import { readFileSync } from "node:fs";

const gone = (...names) => Object.fromEntries(names.map((name) => [name, `throw new Error("cut: pwa/build/cut.mjs")`]));

const LIBRARIES = {
  // htmx 4.0.1: no morphing, hx-on, scripts and code from strings (the CSP refuses them anyway), partials and swaps out of band,
  // view transitions, preserved elements, hx-vals, hx-disable, redirects by header, selectors other than CSS and "this"; classes do not settle: our pages change at once.
  "htmx.esm.js": {
    ...gone("#morph", "#morphChildren", "#matchesUpcomingSibling", "#findBestMatch", "#isSoftMatch", "#removeNode"),
    ...gone("#moveBefore", "#morphNode", "#populateIdMapWithTree", "#createIdMaps", "#createPersistentIds"),
    ...gone("#apiMethods", "#executeJavaScript", "#submitTransitionTask", "#processTransitionQueue", "#copyAttributes"),
    ...gone("#scanForwardQuery", "#scanBackwardsQuery", "#scanUntilComparison", "#createOOBTask", "#getRootNode"),
    ...gone("#stringHyperscriptStyleSelector", "#findThisElements", "registerExtension", "onLoad", "on"),
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

/** `source` without the methods named, each by what stands in its body; throws when one is not found. */
function cut(source, methods) {
  let short = source;
  for (const [name, body] of Object.entries(methods)) {
    const method = new RegExp(`^([ \\t]+)((?:async )?${name}\\([\\s\\S]*?\\) \\{)\\n[\\s\\S]*?^\\1\\}$`, "m");
    if (!method.test(short)) throw new Error(`${name} is not found any more: look at pwa/build/cut.mjs again`);
    short = short.replace(method, (_, indent, head) => `${indent}${head} ${body} }`);
  }
  return short;
}

/** Reads the libraries so; `change` is done to what is left. */
export const smallLibraries = (change) => ({
  name: "small-libraries",
  setup(build) {
    build.onLoad({ filter: /(htmx\.esm|signature_pad)\.js$/ }, ({ path }) => ({
      contents: change(cut(readFileSync(path, "utf8"), LIBRARIES[path.split(/[\\/]/).pop()])),
      loader: "js",
    }));
  },
});
