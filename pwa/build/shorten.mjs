// Terser after esbuild: it knows more that means the same in fewer bytes (3 % of the program, packed).
import { readFileSync, writeFileSync } from "node:fs";
import { minify } from "terser";

const LEVEL = 2019; // as esbuild's target

/** Write the scripts in `folder` anew, each with its map; nothing that is only probably the same ("unsafe" in Terser's words). */
export async function shorten(folder, names) {
  for (const name of names) {
    const file = folder + name;
    const { code, map } = await minify(
      { [name]: readFileSync(file, "utf8") },
      {
        module: true,
        ecma: LEVEL,
        compress: { passes: 3 },
        sourceMap: { content: readFileSync(`${file}.map`, "utf8"), filename: name },
      },
    );
    writeFileSync(file, code);
    writeFileSync(`${file}.map`, map);
  }
}
