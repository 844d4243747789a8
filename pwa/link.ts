/**
 * What fits the link to the county: batches of records from 5 to 200, pieces of pictures from 64 KB to the whole, pages of rows from
 * 64 KB (10 KB as they travel). Each grows while it gets through and halves after a cut; after three cuts in a row the link is left
 * alone for a while.
 */
import type { DB } from "./store/db.ts";
import * as device from "./store/device.ts";

export const FIRST_BATCH = 5;
export const MAX_BATCH = 200;
export const FIRST_PIECE = 64 * 1024;
export const LEAST_PIECE = 8 * 1024;
const FIRST_PAGE = 64 * 1024;
const MAX_PAGE = 512 * 1024;
const LEAST_PAGE = 4 * 1024;
const MAX_CUTS = 3;

/** The link was cut, or an answer was nobody's we know: this conversation is over. */
export class Cut extends Error {}

export class Link {
  #cuts = 0;

  constructor(readonly db: DB) {}

  async sizes(): Promise<device.Link> {
    return { ...{ batch: FIRST_BATCH, piece: FIRST_PIECE, page: FIRST_PAGE }, ...(await device.get(this.db, "link")) };
  }

  async halve(...units: (keyof device.Link)[]): Promise<void> {
    const sizes = await this.sizes();
    const least = { batch: 1, piece: LEAST_PIECE, page: LEAST_PAGE };
    for (const unit of units) sizes[unit] = Math.max(least[unit], Math.floor(sizes[unit] / 2));
    await device.put(this.db, "link", sizes);
  }

  async grow(units: { batch?: boolean; piece?: boolean; page?: boolean }): Promise<void> {
    if (!units.batch && !units.piece && !units.page) return;
    const sizes = await this.sizes();
    if (units.batch) sizes.batch = Math.min(MAX_BATCH, sizes.batch * 2);
    if (units.page) sizes.page = Math.min(MAX_PAGE, sizes.page * 2);
    if (units.piece) sizes.piece *= 2;
    await device.put(this.db, "link", sizes);
  }

  /** No answer came: smaller the next time. Throws Cut where there is no signal or it is the third in a row. */
  async cut(why: "no-signal" | "too-slow" | "cut", ...units: (keyof device.Link)[]): Promise<void> {
    await this.halve(...units);
    this.#cuts += 1;
    if (this.#cuts >= MAX_CUTS || why === "no-signal") throw new Cut();
  }

  /** Something got through. */
  held(): void {
    this.#cuts = 0;
  }
}
