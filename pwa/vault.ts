/**
 * The PIN, and what it guards (docs/formats.md §5). The data key is stored only wrapped, by the PIN and by 24 digits that only the
 * county keeps; unwrapped it lives in this page's memory. A CryptoKey in IndexedDB would lie in clear on the disk (seen).
 *
 * Nothing is ever erased for wrong PINs: they only wait longer, and the wait is counted before the PIN is looked at, so that
 * closing the app does not skip it. What the wait is worth against somebody who sets the clock: docs/adr/0011.
 *
 * The 24 digits ("code") are counted: 1, 2, 3 … Opening the phone with one makes the next. An older code goes on opening it
 * until the county said that it has a newer one, so that whatever the county reads out opens it.
 */
import type { IDBPObjectStore } from "idb";
import { buffer, concat, random, utf8, words } from "./bytes.ts";
import { importSigningKey } from "./envelope.ts";
import { Problem } from "./problem.ts";
import type { DB, FieldDB, Sealed, Wrap } from "./store/db.ts";
import type { Heard } from "./store/device.ts";
import { isFull, withReserve } from "./store/reserve.ts";

export const ROUNDS = 600_000; // OWASP 2023 for PBKDF2-SHA-256; 0.5 s on a phone four times slower than ours
/** Seconds to wait after the n-th wrong PIN in a row; the last one stands for all after it. */
export const DELAYS_S = [0, 0, 60, 120, 300, 900, 3600] as const;
/** The same for the 24 digits: they are misheard on a bad line, and nobody guesses them. */
export const CODE_DELAYS_S = [0, 0, 0, 30, 60, 120, 300] as const;
/** A sync that runs when the phone locks may use the key this much longer. */
export const GRACE_MS = 120_000;

type AeadKey = CryptoKey;

interface Keys {
  pin: Wrap;
  /** By the newest code. */
  recovery: Wrap;
  /** Which code that is; missing: the first, of a program that did not count. */
  n?: number;
  /** By older codes, one of which the county may still hold. */
  earlier?: { n: number; wrap: Wrap }[];
  /** PKCS 8 of the device key, sealed under the data key. */
  signing: Sealed;
  /** The 24 digits of the newest code, sealed, until they are sealed to the county. */
  digits: Sealed | null;
}

/** A code as it travels: sealed to the county, signed, so that a locked phone can send it too. */
export interface Code {
  n: number;
  sealed: string;
  signature: string;
  /** The county said that it has it. */
  kept: boolean;
}

interface Wrong {
  count: number;
  /** By the county's clock as this phone knows it, ms. */
  until: number;
}

type Secret = "pin" | "code";
type DeviceStore = IDBPObjectStore<FieldDB, ["device"], "device", "readwrite">;

const NONE: Wrong = { count: 0, until: 0 };
const COUNTED = {
  pin: { under: "wrong", delays: DELAYS_S, wait: "pin-wait" },
  code: { under: "wrong_code", delays: CODE_DELAYS_S, wait: "recovery-wait" },
} as const;

export class Locked extends Error {}

/** The opened keys, handed to whoever works with sealed values. Dies two minutes after the lock. */
export class KeyRing {
  #data: AeadKey | null;
  #signing: CryptoKey | null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(data: AeadKey, signing: CryptoKey) {
    this.#data = data;
    this.#signing = signing;
  }

  get alive(): boolean {
    return this.#data !== null;
  }

  get signing(): CryptoKey {
    if (!this.#signing) throw new Locked();
    return this.#signing;
  }

  async seal(store: string, id: string, value: unknown, version = 1): Promise<Sealed> {
    return this.sealBytes(store, id, utf8(JSON.stringify(value)), version);
  }

  async open<T>(store: string, id: string, sealed: Sealed, version = 1): Promise<T> {
    return JSON.parse(words(await this.openBytes(store, id, sealed, version))) as T;
  }

  async sealBytes(store: string, id: string, plain: Uint8Array<ArrayBuffer>, version = 1): Promise<Sealed> {
    if (!this.#data) throw new Locked();
    const iv = random(12);
    const body = await crypto.subtle.encrypt(aead(iv, `${store}\n${id}\n${version}`), this.#data, plain);
    return buffer(concat(iv, body));
  }

  async openBytes(store: string, id: string, sealed: Sealed, version = 1): Promise<ArrayBuffer> {
    if (!this.#data) throw new Locked();
    const iv = new Uint8Array(sealed, 0, 12);
    return crypto.subtle.decrypt(aead(iv, `${store}\n${id}\n${version}`), this.#data, sealed.slice(12));
  }

  die(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#data = null;
    this.#signing = null;
  }

  dieIn(ms: number): void {
    this.#timer = setTimeout(() => this.die(), ms);
    (this.#timer as { unref?: () => void }).unref?.();
  }
}

function aead(iv: Uint8Array<ArrayBuffer>, about: string): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: utf8(about) };
}

export class Vault {
  #ring: KeyRing | null = null;
  #listeners: ((unlocked: boolean) => void)[] = [];

  constructor(
    readonly db: DB,
    readonly now: () => Date = () => new Date(),
    readonly rounds: number = ROUNDS,
  ) {}

  get unlocked(): boolean {
    return this.#ring !== null;
  }

  /** The keys; throws `Locked` when the PIN has not been given. */
  get ring(): KeyRing {
    if (!this.#ring) throw new Locked();
    return this.#ring;
  }

  onChange(listener: (unlocked: boolean) => void): void {
    this.#listeners.push(listener);
  }

  async exists(): Promise<boolean> {
    return (await this.db.getKey("device", "keys")) !== undefined;
  }

  /** Choose the PIN: make the data key, wrap it twice, seal the device's signing key, unlock. */
  async create(pin: string, signingPkcs8: ArrayBuffer): Promise<void> {
    refuseWeak(pin);
    const raw = random(32);
    const digits = recoveryDigits();
    const [pinWrap, recoveryWrap] = await Promise.all([
      this.#wrap(raw, pin, "pin"),
      this.#wrap(raw, digits, "recovery"),
    ]);
    const ring = await ringOf(raw, signingPkcs8);
    const keys: Keys = {
      pin: pinWrap,
      recovery: recoveryWrap,
      n: 1,
      signing: await ring.sealBytes("device", "signing", new Uint8Array(signingPkcs8)),
      digits: await ring.seal("device", "digits", digits),
    };
    await this.#put({ keys });
    raw.fill(0);
    this.#open(ring);
  }

  /** Milliseconds until it may be tried again. */
  async waitMs(secret: Secret = "pin"): Promise<number> {
    const tx = this.db.transaction("device", "readwrite");
    const { left } = await this.#look(secret, tx.store);
    await tx.done;
    return left;
  }

  /** Count a try before it is made, in one transaction: many windows have no more tries than one. Problem `…-wait`. */
  async #count(secret: Secret): Promise<number> {
    return this.#withRoom(() => this.#countOne(secret));
  }

  /** Opening needs a little room. Problem `phone-full` {opening} where there is none at all. */
  #withRoom<T>(write: () => Promise<T>): Promise<T> {
    return withReserve(this.db, write, "reserve_pin").catch((error: unknown) => {
      throw isFull(error) ? new Problem("phone-full", { opening: true }, 422) : error;
    });
  }

  async #countOne(secret: Secret): Promise<number> {
    const { under, delays, wait } = COUNTED[secret];
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    const { wrong, left, time } = await this.#look(secret, tx.store);
    const count = wrong.count + 1;
    if (left === 0) await tx.store.put({ count, until: time + delayMs(count, delays) }, under);
    await tx.done;
    if (left > 0) throw new Problem(wait, { seconds: Math.ceil(left / 1000) }, 422);
    return count;
  }

  /** It was the right one; on a phone without any room the tries stay counted, and it opens all the same. */
  async #forgive(misses: Record<string, Wrong>): Promise<void> {
    await withReserve(this.db, () => this.#put(misses), "reserve_pin").catch((error: unknown) => {
      if (!isFull(error)) throw error;
    });
  }

  /**
   * What is left of a wait, by the county's time as far as it is known: a clock set forward wins nothing once the county has
   * been heard. By a clock that was set back the wait begins anew, once: nobody is locked out until it has caught up.
   */
  async #look(secret: Secret, store: DeviceStore): Promise<{ wrong: Wrong; left: number; time: number }> {
    const { under, delays } = COUNTED[secret];
    const wrong = ((await store.get(under)) as Wrong | undefined) ?? NONE;
    const heard = (await store.get("heard")) as Heard | undefined;
    const time = this.now().getTime() + (heard?.offset_ms ?? 0);
    const whole = delayMs(wrong.count, delays);
    if (wrong.until - time > whole) await store.put({ ...wrong, until: time + whole }, under);
    return { wrong, left: Math.max(0, Math.min(wrong.until - time, whole)), time };
  }

  /** Throws Problem `pin-wrong` {seconds} or `pin-wait` {seconds}. */
  async unlock(pin: string): Promise<void> {
    const keys = await this.#keys();
    const count = await this.#count("pin");
    let raw: Uint8Array<ArrayBuffer>;
    try {
      raw = await this.#unwrap(keys.pin, pin, "pin");
    } catch {
      throw new Problem("pin-wrong", { seconds: delayMs(count, DELAYS_S) / 1000 }, 422);
    }
    await this.#forgive({ wrong: NONE, wrong_code: NONE });
    this.#open(await this.#ringFrom(keys, raw));
  }

  /** Whether these 24 digits open the phone; a try like any other. Throws Problem `recovery-wrong` or `recovery-wait`. */
  async tryCode(digits: string): Promise<void> {
    (await this.#byCode(digits)).raw.fill(0);
  }

  /**
   * Open with a code and choose a new PIN; the next code takes its place at once, and older ones go on opening until the county
   * has it. Throws as `tryCode`, and Problem `pin-weak`.
   */
  async recover(digits: string, newPin: string): Promise<void> {
    refuseWeak(newPin);
    const { raw, n: used } = await this.#byCode(digits);
    for (;;) {
      const keys = await this.#keys();
      const n = (keys.n ?? 1) + 1;
      const fresh = recoveryDigits();
      const [pin, recovery] = await Promise.all([this.#wrap(raw, newPin, "pin"), this.#wrap(raw, fresh, "recovery")]);
      const ring = await this.#ringFrom(keys, raw.slice());
      const sealed = await ring.seal("device", "digits", fresh);
      const earlier = [...(keys.earlier ?? []).filter((each) => each.n >= used), { n: n - 1, wrap: keys.recovery }];
      if (await this.#replace(keys, { ...keys, pin, recovery, n, earlier, digits: sealed })) {
        raw.fill(0);
        this.#open(ring);
        return;
      }
      ring.die(); // another window was quicker: its PIN gives way to this one, and its code stands beside
    }
  }

  /** Put the new keys in the place of those they were made from, and forget the misses; false when those are no more. */
  async #replace(from: Keys, to: Keys): Promise<boolean> {
    return this.#withRoom(() => this.#replaceOnce(from, to));
  }

  async #replaceOnce(from: Keys, to: Keys): Promise<boolean> {
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    const now = (await tx.store.get("keys")) as Keys | undefined;
    const same = now !== undefined && (now.n ?? 1) === (from.n ?? 1);
    if (same)
      await Promise.all([
        tx.store.put({ ...to, earlier: to.earlier ?? [] }, "keys"),
        tx.store.put(NONE, "wrong"),
        tx.store.put(NONE, "wrong_code"),
      ]);
    await tx.done;
    return same;
  }

  async #byCode(digits: string): Promise<{ raw: Uint8Array<ArrayBuffer>; n: number }> {
    const count = await this.#count("code");
    const keys = await this.#keys();
    const wraps = [{ n: keys.n ?? 1, wrap: keys.recovery }, ...[...(keys.earlier ?? [])].reverse()];
    for (const { n, wrap } of wraps) {
      const raw = await this.#unwrap(wrap, digits, "recovery").catch(() => null);
      if (!raw) continue;
      await this.#forgive({ wrong_code: NONE });
      return { raw, n };
    }
    throw new Problem("recovery-wrong", { seconds: delayMs(count, CODE_DELAYS_S) / 1000 }, 422);
  }

  /** The 24 digits that are not sealed to the county yet, or null. */
  async unsentDigits(ring: KeyRing): Promise<string | null> {
    const { digits } = await this.#keys();
    return digits ? ring.open<string>("device", "digits", digits) : null;
  }

  /** Whether the county can read out a code that opens this phone: not before it has heard the first one. */
  async hasCodeAtCounty(): Promise<boolean> {
    const { n, digits } = await this.#keys();
    return (n ?? 1) > 1 || (digits === null && (await this.codeToSend()) === null);
  }

  /** Have the newest code sealed to the county by `seal`, and keep it as it travels in place of its digits. */
  async sealCode(
    ring: KeyRing,
    seal: (n: number, digits: string) => Promise<Pick<Code, "sealed" | "signature">>,
  ): Promise<void> {
    const keys = await this.#keys();
    if (!keys.digits) return;
    const n = keys.n ?? 1;
    const sealed = await seal(n, await ring.open<string>("device", "digits", keys.digits));
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    const now = (await tx.store.get("keys")) as Keys | undefined;
    if (now && (now.n ?? 1) === n && now.digits)
      await Promise.all([
        tx.store.put({ n, ...sealed, kept: false }, "code"),
        tx.store.put({ ...now, n, digits: null }, "keys"),
      ]);
    await tx.done;
  }

  /** The code the county does not have yet, or null; also while the phone is locked. */
  async codeToSend(): Promise<Code | null> {
    const code = (await this.db.get("device", "code")) as Code | undefined;
    return code && !code.kept ? code : null;
  }

  /** The county has code `n` or a newer one: older ones open no more. An answer to an older request changes nothing newer. */
  async codeKept(n: number): Promise<void> {
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    const [code, keys] = await Promise.all([tx.store.get("code"), tx.store.get("keys")]);
    const sent = code as Code | undefined;
    if (sent?.n === n) await tx.store.put({ ...sent, kept: true }, "code");
    const before = keys as Keys | undefined;
    if (before?.earlier?.length)
      await tx.store.put({ ...before, earlier: before.earlier.filter((each) => each.n >= n) }, "keys");
    await tx.done;
  }

  /** The county was restored and may have gone back to an older code: it is sent this one again. */
  async offerCodeAgain(): Promise<void> {
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    const code = (await tx.store.get("code")) as Code | undefined;
    if (code) await tx.store.put({ ...code, kept: false }, "code");
    await tx.done;
  }

  lock(): void {
    const ring = this.#ring;
    this.#ring = null;
    ring?.dieIn(GRACE_MS);
    if (ring) for (const listener of this.#listeners) listener(false);
  }

  /** Lock without the grace a running sync has: the phone is to be emptied. */
  shut(): void {
    const ring = this.#ring;
    this.lock();
    ring?.die();
  }

  #open(ring: KeyRing): void {
    this.#ring = ring;
    for (const listener of this.#listeners) listener(true);
  }

  async #ringFrom(keys: Keys, raw: Uint8Array<ArrayBuffer>): Promise<KeyRing> {
    const data = await dataKey(raw);
    const pkcs8 = await crypto.subtle.decrypt(
      aead(new Uint8Array(keys.signing, 0, 12), "device\nsigning\n1"),
      data,
      keys.signing.slice(12),
    );
    raw.fill(0);
    return new KeyRing(data, await importSigningKey(pkcs8));
  }

  async #keys(): Promise<Keys> {
    const keys = (await this.db.get("device", "keys")) as Keys | undefined;
    if (!keys) throw new Problem("not-enrolled", {}, 404);
    return keys;
  }

  async #put(values: Record<string, unknown>): Promise<void> {
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    await Promise.all([...Object.entries(values).map(([name, value]) => tx.store.put(value, name)), tx.done]);
  }

  async #wrap(raw: Uint8Array<ArrayBuffer>, secret: string, use: "pin" | "recovery"): Promise<Wrap> {
    const salt = random(16);
    const iv = random(12);
    const key = await stretch(secret, salt, this.rounds);
    const body = await crypto.subtle.encrypt(aead(iv, `daiban-wrap/1\n${use}`), key, raw);
    return { salt: buffer(salt), rounds: this.rounds, wrapped: buffer(concat(iv, body)) };
  }

  async #unwrap(wrap: Wrap, secret: string, use: "pin" | "recovery"): Promise<Uint8Array<ArrayBuffer>> {
    const key = await stretch(secret, new Uint8Array(wrap.salt), wrap.rounds);
    const about = aead(new Uint8Array(wrap.wrapped, 0, 12), `daiban-wrap/1\n${use}`);
    return new Uint8Array(await crypto.subtle.decrypt(about, key, wrap.wrapped.slice(12)));
  }
}

function dataKey(raw: Uint8Array<ArrayBuffer>): Promise<AeadKey> {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

async function ringOf(raw: Uint8Array<ArrayBuffer>, pkcs8: ArrayBuffer): Promise<KeyRing> {
  return new KeyRing(await dataKey(raw), await importSigningKey(pkcs8));
}

async function stretch(secret: string, salt: Uint8Array<ArrayBuffer>, iterations: number): Promise<AeadKey> {
  const base = await crypto.subtle.importKey("raw", utf8(secret), "PBKDF2", false, ["deriveKey"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, base, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

function delayMs(wrong: number, delays: readonly number[]): number {
  if (wrong < 1) return 0;
  return delays[Math.min(wrong, delays.length) - 1]! * 1000;
}

/** 24 digits without bias: bytes above 249 are thrown again. */
export function recoveryDigits(): string {
  let digits = "";
  while (digits.length < 24) for (const byte of random(32)) if (byte < 250 && digits.length < 24) digits += byte % 10;
  return digits;
}

/** Problem `pin-weak` {why}: six digits that a finder would try first. */
export function refuseWeak(pin: string): void {
  const why = weakness(pin);
  if (why) throw new Problem("pin-weak", { why }, 422);
}

export function weakness(pin: string): "" | "length" | "repeated" | "sequence" | "date" {
  if (!/^\d{6}$/.test(pin)) return "length";
  const pairs = /^(\d)(?:\1){5}$|^(\d\d)\2\2$|^(\d{3})\3$|^(\d)\4(\d)\5(\d)\6$|^(\d)\7\7(\d)\8\8$/;
  if (pairs.test(pin)) return "repeated";
  const step = (n: number) => [...pin].every((d, at) => at === 0 || (Number(d) - Number(pin[at - 1]) + 10) % 10 === n);
  if (step(1) || step(9) || step(2) || step(8) || ["147258", "258369", "159753", "147369"].includes(pin))
    return "sequence";
  const [a, b, c] = [Number(pin.slice(0, 2)), Number(pin.slice(2, 4)), Number(pin.slice(4))];
  const day = (month: number, date: number) => month >= 1 && month <= 12 && date >= 1 && date <= 31;
  const yearMonth = (a === 19 || (a === 20 && b <= 29)) && c >= 1 && c <= 12;
  return day(b, c) || day(b, a) || yearMonth ? "date" : "";
}
