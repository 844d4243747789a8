/**
 * The same seed, the same story. Cryptography runs on threads of its own and ends when it likes; here its results come in the order they
 * were asked for, and the disk waits meanwhile. Random bytes fall by the seed too.
 */
import { Chance } from "./chance.ts";
import { atOnce } from "./crypto.ts";

const soon = globalThis.setImmediate;
let pending = 0;
let dice = new Chance(0);

/** Random bytes of the program are this seed's from now on. */
export function begin(seed: number): void {
  dice = new Chance(seed ^ 0x5eed);
}

export function install(): void {
  const { subtle } = crypto;
  let last: Promise<unknown> = Promise.resolve();
  const asynchronous = [
    "encrypt",
    "decrypt",
    "sign",
    "verify",
    "digest",
    "generateKey",
    "importKey",
    "exportKey",
  ] as const;
  for (const name of [...asynchronous, "deriveBits", "deriveKey"] as const) inOrder(name);

  function inOrder(name: keyof SubtleCrypto): void {
    const work = (subtle[name] as (...given: unknown[]) => Promise<unknown>).bind(subtle);
    const one = (...given: unknown[]) => {
      pending += 1;
      const before = last;
      const done = soonest(name, given) ?? work(...given);
      done.catch(() => undefined);
      const mine = before
        .then(() => done)
        .finally(() => {
          pending -= 1;
          if (pending === 0 && stalled) soon(turn);
        });
      last = mine.catch(() => undefined);
      return mine;
    };
    Object.defineProperty(subtle, name, { value: one, configurable: true });
  }

  /** Worked out at once where that is possible, but heard of only when all that runs has come to rest, as from a thread. */
  function soonest(name: keyof SubtleCrypto, given: unknown[]): Promise<unknown> | undefined {
    const result = atOnce(name, given);
    return result && new Promise((resolve) => soon(resolve)).then(result);
  }

  const queue: (() => void)[] = [];
  let stalled = false;
  const turn = () => {
    stalled = pending > 0;
    if (stalled) return; // goes on when the last of them is done
    const task = queue.shift();
    if (queue.length) soon(turn);
    task?.();
  };
  const held = (task: () => void) => {
    queue.push(task);
    if (queue.length === 1) soon(turn);
  };
  Object.assign(globalThis, { setImmediate: held, CompressionStream: undefined });
  Object.defineProperty(crypto, "getRandomValues", { configurable: true, value: randomly });
}

/** What is longer than any key or picture only takes room: its beginning will do. */
function randomly(bytes: Uint8Array): Uint8Array {
  for (let at = 0; at < Math.min(bytes.length, 8_192); at++) bytes[at] = dice.below(256);
  return bytes;
}
