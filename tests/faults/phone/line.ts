/**
 * The line to the process that holds the county: one JSON text a line. A question waits for its answer without letting anything else of
 * this process run on, so that who is first never depends on how busy the machine is.
 */
import { readSync, writeSync } from "node:fs";

const chunk = Buffer.alloc(1 << 16);
let rest = Buffer.alloc(0) as Buffer;

/** Ask the county's process to do something, by name. */
export function ask<T>(op: string, facts: Record<string, unknown> = {}): T {
  say({ op, ...facts });
  return heard() as T;
}

export function say(words: unknown): void {
  const text = Buffer.from(`${JSON.stringify(words)}\n`);
  for (let at = 0; at < text.length; ) at += writeSync(1, text, at);
}

/** The next line; null when the other side has closed. */
export function heard(): unknown {
  for (;;) {
    const end = rest.indexOf("\n");
    if (end >= 0) {
      const line = rest.toString("utf8", 0, end);
      rest = rest.subarray(end + 1);
      return JSON.parse(line);
    }
    const got = readSync(0, chunk);
    if (got === 0) return null;
    rest = Buffer.concat([rest, chunk.subarray(0, got)]);
  }
}
