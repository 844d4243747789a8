/**
 * English, all of it: a file of its own and no part of what every phone keeps. It is fetched once, where the phone first speaks
 * English; from then on the worker keeps it (pwa/sw.ts), also through new versions.
 */
import type { Net } from "./net.ts";

const LIMIT_MS = 10_000; // then Chinese stands in for it

export class English {
  /** Each message at its number; empty until the file is here. */
  words: (string | string[])[] = [];
  #asked = false;

  /** `address` is the file's, `online` whether the county answered lately: without it a file that is not kept is asked for once. */
  constructor(
    readonly net: Net,
    readonly address: string,
    readonly online: () => boolean,
  ) {}

  /** Have the words at hand; false while they cannot be had. */
  async have(): Promise<boolean> {
    if (this.words.length > 0) return true;
    if (this.#asked && !this.online()) return false;
    this.#asked = true;
    const answer = await this.net<typeof this.words>(this.address, { limitMs: LIMIT_MS });
    if (answer.kind === "ok") this.words = answer.body;
    return this.words.length > 0;
  }
}
