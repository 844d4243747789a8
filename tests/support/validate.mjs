// Reads lines {"html": …}, answers each with its findings as one line of JSON. Kept running by browser.py.
import { createInterface } from "node:readline";
import { HtmlValidate, StaticConfigLoader } from "html-validate";

const loader = new StaticConfigLoader({
  root: true,
  extends: ["html-validate:recommended"],
  rules: {
    // The browser wrote this text back from its own tree, so how it was spelt is not ours.
    "attr-quotes": "off",
    "attribute-boolean-style": "off",
    "attribute-empty-style": "off",
    "doctype-style": "off",
    "no-implicit-button-type": "off",
    "no-implicit-input-type": "off",
    "no-inline-style": "off", // tests/support/pages.py finds those in what the server wrote
    "no-raw-characters": "off",
    "no-trailing-whitespace": "off",
    "void-style": "off",
    // A title may be short on a phone and long at a desk.
    "long-title": "off",
    // 13 telephone numbers in one sentence need no link each.
    "tel-non-breaking": "off",
    // htmx and our own components carry attributes of their own.
    "no-unknown-attributes": "off",
    // Several boxes of one question share its name.
    "form-dup-name": ["error", { shared: ["radio", "checkbox", "submit", "button", "reset"] }],
    "no-dup-id": "error",
    "prefer-native-element": ["error", { exclude: ["alert", "status", "region", "table", "row", "cell", "rowgroup", "columnheader", "rowheader"] }],
    "no-redundant-role": "off", // roles of tables drawn as cards on a phone (ui/README §3)
    "wcag/h37": "error",
    "input-missing-label": "error",
  },
});
const validator = new HtmlValidate(loader);

for await (const line of createInterface({ input: process.stdin })) {
  const { html } = JSON.parse(line);
  const report = await validator.validateString(html, "page.html");
  const findings = report.results.flatMap((result) =>
    result.messages.map((each) => `${each.ruleId}: ${each.message} (${each.selector ?? `line ${each.line}`})`),
  );
  console.log(JSON.stringify(findings));
}
