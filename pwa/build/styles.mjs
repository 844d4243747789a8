// What the phone needs of static/ui.css: all but the sections of the desk and of the door.
import { readFile } from "node:fs/promises";

const NOT_ON_THE_PHONE = /^\/\* ---- (office|public)/;

export const onlyTheField = {
  name: "only-the-field",
  setup(build) {
    build.onLoad({ filter: /static[\\/]ui\.css$/ }, async ({ path }) => {
      const sections = (await readFile(path, "utf8")).split(/^(?=\/\* ---- )/m);
      return { contents: sections.filter((text) => !NOT_ON_THE_PHONE.test(text)).join(""), loader: "css" };
    });
  },
};
