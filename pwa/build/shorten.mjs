// Terser after esbuild: it knows more that means the same in fewer bytes (3 % of the program, packed).
import { readFileSync, writeFileSync } from "node:fs";
import { minify } from "terser";

const LEVEL = 2019; // as esbuild's target

/** Write the scripts in `folder` anew, each with its map; nothing that is only probably the same ("unsafe" in Terser's words). */
export async function shorten(folder, names) {
  for (const name of names) {
    const file = folder + name;
    const source = readFileSync(file, "utf8");
    const { code, map } = await minify(
      { [name]: source },
      {
        module: true,
        ecma: LEVEL,
        compress: { passes: 3, pure_getters: true }, // nothing of ours is read for what the reading does
        format: { quote_style: 1 }, // always the single one: the HTML in our strings has the double one
        nameCache: { vars: { props: namesOfImports(source) } },
        sourceMap: { content: readFileSync(`${file}.map`, "utf8"), filename: name },
      },
    );
    writeFileSync(file, code);
    writeFileSync(`${file}.map`, map);
  }
}

/** What a file takes from another keeps the name it has there: `import{a,b}` in place of `import{a as x,b as y}`. */
function namesOfImports(source) {
  const lists = [...source.matchAll(/^import\{([^}]*)\}from/gm)].map(([, list]) => list.split(","));
  return Object.fromEntries(
    lists
      .flat()
      .map((each) => each.split(" as "))
      .map(([there, here = there]) => [`$${here}`, there]),
  );
}
