// What the phone needs of static/tokens.css and static/ui.css: all but the faces and sections of the desk and of the door.
import { readFile } from "node:fs/promises";

const NOT_ON_THE_PHONE = /^\/\* ---- (office|public)/;
const OTHER_FACES = /^html\.public\b.*\{[^}]*\}|^@media[^{]*\{\s*html\.office \{[^}]*\}\s*\}/gm;

export const onlyTheField = {
  name: "only-the-field",
  setup(build) {
    build.onLoad({ filter: /static[\\/]ui\.css$/ }, async ({ path }) => {
      const sections = (await readFile(path, "utf8")).split(/^(?=\/\* ---- )/m);
      return { contents: sections.filter((text) => !NOT_ON_THE_PHONE.test(text)).join(""), loader: "css" };
    });
    build.onLoad({ filter: /static[\\/]tokens\.css$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(OTHER_FACES, ""),
      loader: "css",
    }));
  },
};
