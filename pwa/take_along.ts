/** Taking a colleague's file along: its parts are kept as they are, and sent when there is a signal. */
import { NoBundle, parts } from "./bundle.ts";
import * as carried from "./store/carried.ts";
import type { DB } from "./store/db.ts";

export { NoBundle };

export interface Taken {
  agent: string;
  records: number;
  pictures: number;
  /** Parts that could not be read. */
  damaged: number;
  /** What the file says it holds, or null where its head is gone. */
  said: { records: number; pictures: number } | null;
  whole: boolean;
  /** Sealed for another county: nothing was kept. */
  foreign: number;
  /** This phone's own records: they are in its outbox already. */
  own: boolean;
}

/** Take a colleague's file along, part by part; taken twice it is carried once. Throws NoBundle. */
export async function take(
  db: DB,
  file: Blob,
  me: { device: string; key: string },
  now: Date,
  step: (bytes: number) => void = () => undefined,
): Promise<Taken> {
  const taken: Taken = {
    ...{ agent: "", records: 0, pictures: 0, damaged: 0, said: null, whole: false, foreign: 0, own: false },
  };
  let from = "";
  for await (const part of parts(file, step)) {
    if (part.kind === "damage") taken.damaged++;
    else if (part.kind === "end") taken.whole = true;
    else if (part.kind === "head") {
      from = part.said.device;
      taken.agent = String(part.said.agent ?? "").slice(0, 60);
      taken.said = { records: part.said.records, pictures: part.said.pictures };
    } else if (part.kind === "item" && part.item.key !== me.key) taken.foreign++;
    else {
      from = part.kind === "item" ? part.item.device : from;
      if (from === me.device) {
        taken.own = true;
        return taken;
      }
      await carried.put(db, from, part, taken.agent, now.toISOString());
      if (part.kind === "item") taken.records++;
      else taken.pictures++;
    }
  }
  taken.whole &&= taken.damaged === 0;
  if (from) await carried.note(db, from, taken.said?.records ?? taken.records, taken.whole);
  return taken;
}
