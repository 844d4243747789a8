/**
 * The PIN, and what it guards (docs/formats.md §5). The data key is stored only wrapped, by the PIN and by 24 digits that only the
 * county keeps; unwrapped it lives in this page's memory. A CryptoKey in IndexedDB would lie in clear on the disk (seen).
 *
 * Nothing is ever erased for wrong PINs: they only wait longer, and the wait is counted before the PIN is looked at, so that
 * closing the app does not skip it.
 */
import { buffer, concat, random, utf8, words } from "./bytes.ts";
import { importSigningKey } from "./envelope.ts";
import { Problem } from "./problem.ts";
import type { DB, Sealed, Wrap } from "./store/db.ts";

export const ROUNDS = 600_000; // OWASP 2023 for PBKDF2-SHA-256; 0.5 s on a phone four times slower than ours
/** Seconds to wait after the n-th wrong PIN in a row; the last one stands for all after it. */
export const DELAYS_S = [0, 0, 60, 120, 300, 900, 3600] as const;
/** A sync that runs when the phone locks may use the key this much longer. */
export const GRACE_MS = 120_000;

type AeadKey = CryptoKey;

interface Keys {
  pin: Wrap;
  recovery: Wrap;
  /** PKCS 8 of the device key, sealed under the data key. */
  signing: Sealed;
  /** The 24 digits, sealed, until the county has them. */
  digits: Sealed | null;
}

interface Wrong {
  count: number;
  /** Phone clock, ms. */
  until: number;
}

const NONE: Wrong = { count: 0, until: 0 };

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
      signing: await ring.sealBytes("device", "signing", new Uint8Array(signingPkcs8)),
      digits: await ring.seal("device", "digits", digits),
    };
    await this.#put("keys", keys);
    raw.fill(0);
    this.#open(ring);
  }

  /** Milliseconds until a PIN may be tried again. */
  async waitMs(): Promise<number> {
    return this.#left(await this.#wrong());
  }

  #left({ count, until }: Wrong): number {
    // A clock set back must not lock somebody out for a year.
    return Math.max(0, Math.min(until - this.now().getTime(), delayMs(count)));
  }

  /** Count a try before it is made, in one transaction: many windows have no more tries than one. Problem `pin-wait`. */
  async #count(): Promise<number> {
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    const wrong = ((await tx.store.get("wrong")) as Wrong | undefined) ?? NONE;
    const wait = this.#left(wrong);
    const count = wrong.count + 1;
    if (wait === 0) await tx.store.put({ count, until: this.now().getTime() + delayMs(count) }, "wrong");
    await tx.done;
    if (wait > 0) throw new Problem("pin-wait", { seconds: Math.ceil(wait / 1000) }, 422);
    return count;
  }

  /** Throws Problem `pin-wrong` {seconds} or `pin-wait` {seconds}. */
  async unlock(pin: string): Promise<void> {
    const keys = await this.#keys();
    const count = await this.#count();
    let raw: Uint8Array<ArrayBuffer>;
    try {
      raw = await this.#unwrap(keys.pin, pin, "pin");
    } catch {
      throw new Problem("pin-wrong", { seconds: delayMs(count) / 1000 }, 422);
    }
    await this.#put("wrong", NONE);
    this.#open(await this.#ringFrom(keys, raw));
  }

  /** The county's 24 digits open it once; a new PIN and new digits follow at once. */
  async recover(digits: string, newPin: string): Promise<void> {
    refuseWeak(newPin);
    const keys = await this.#keys();
    let raw: Uint8Array<ArrayBuffer>;
    try {
      raw = await this.#unwrap(keys.recovery, digits.replace(/\D/g, ""), "recovery");
    } catch {
      throw new Problem("recovery-wrong", {}, 422);
    }
    const fresh = recoveryDigits();
    const [pin, recovery] = await Promise.all([this.#wrap(raw, newPin, "pin"), this.#wrap(raw, fresh, "recovery")]);
    const ring = await this.#ringFrom(keys, raw);
    await this.#put("keys", { ...keys, pin, recovery, digits: await ring.seal("device", "digits", fresh) });
    await this.#put("wrong", NONE);
    this.#open(ring);
  }

  /** The 24 digits the county does not have yet, or null. */
  async unsentDigits(ring: KeyRing): Promise<string | null> {
    const { digits } = await this.#keys();
    return digits ? ring.open<string>("device", "digits", digits) : null;
  }

  /** The county said it keeps them: forget them here. */
  async forgetDigits(): Promise<void> {
    await this.#put("keys", { ...(await this.#keys()), digits: null });
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

  async #wrong(): Promise<Wrong> {
    return ((await this.db.get("device", "wrong")) as Wrong | undefined) ?? NONE;
  }

  async #put(name: string, value: unknown): Promise<void> {
    const tx = this.db.transaction("device", "readwrite", { durability: "strict" });
    await Promise.all([tx.store.put(value, name), tx.done]);
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

function delayMs(wrong: number): number {
  if (wrong < 1) return 0;
  return DELAYS_S[Math.min(wrong, DELAYS_S.length) - 1]! * 1000;
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
