// Writes templates/shared/icons.html: the few Tabler icons in use, as one inline macro.
// Run `node pwa/build/icons.mjs` after changing a list; the file it writes is committed.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NAMES = {
  places: "calendar-due search cloud-up id-badge-2 list-check shield-check chart-bar users device-mobile file-import",
  states:
    "alert-triangle clock circle-check circle-dashed circle-x calendar-x player-pause help-circle cloud-off home-off alert-circle info-circle ban lock",
  needs: "ear walk wheelchair bed eye-off message-language phone-off",
  acts: "camera bulb refresh phone check arrow-left arrow-back-up chevron-right x backspace user-plus id eye text-size message-2 download printer filter",
  rest: "coffee inbox pencil package home",
};

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** The drawing as one path, for all its lines are drawn alike; in a field of 24 units, so that two decimals are enough. */
function shape(name) {
  const svg = readFileSync(here(`../../node_modules/@tabler/icons/icons/outline/${name}.svg`), "utf8");
  const paths = [...svg.replace(/<path stroke="none"[^>]*>/, "").matchAll(/ d="([^"]*)"/g)].map(([, path]) => path);
  return paths.join("").replace(/\d*\.\d{3,}/g, (number) => `${+Number(number).toFixed(2)}`.replace(/^0\./, "."));
}

const lines = Object.values(NAMES)
  .flatMap((names) => names.split(" "))
  .map((name) => `  "${name}": '${shape(name)}'`);

writeFileSync(
  here("../../templates/shared/icons.html"),
  `{#- shared/icons.html: icon(name), always beside a word except back, close, clear, delete. Made by pwa/build/icons.mjs, not by hand.
    The geometry is Tabler Icons 3.51 (https://tabler.io/icons), MIT: static/icons/LICENSE-tabler.txt. -#}
{% set shapes = {
${lines.join(",\n")}
} %}
{% macro icon(name) %}<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{{ shapes[name] }}"/></svg>{% endmacro %}
`,
);
console.log(`${lines.length} icons`);
