/**
 * The event as the county will hold it: its exact text, its signature, its hash, and the seal around both.
 * docs/formats.md §1 and §2; tests/vectors/envelope.json proves both sides read it alike.
 */
import { type Bytes, b64, buffer, concat, random, sha256, unb64, utf8, words } from "./bytes.ts";
import { open, seal } from "./hpke.ts";
import type { BlobRef, BlobType, Payload, SealedItem } from "./wire.ts";

const SIGN = { name: "ECDSA", hash: "SHA-256" } as const;
const CURVE = { name: "ECDSA", namedCurve: "P-256" } as const;

export interface CountyKey {
  id: string;
  /** b64: the uncompressed point, or an SPKI around it. */
  public: string;
}

export interface SignedEvent {
  payload: string;
  signature: string;
  hash: string;
}

export function signedText(payload: string): Uint8Array<ArrayBuffer> {
  return utf8(`daiban-event/1\n${payload}`);
}

/** Write the payload once, in the order docs/formats.md §1 lists; from here on only this text counts. */
export function payloadText(payload: Payload): string {
  const { id, salt, kind, v, device, seq, prev, scope, after, actor, post, subject, at } = payload;
  const { offset_ms, offset_age_s, body, blobs } = payload;
  return JSON.stringify({
    ...{ id, salt, kind, v, device, seq, prev, scope, after, actor, post, subject, at },
    ...{ offset_ms, offset_age_s, body, blobs },
  });
}

export async function signEvent(payload: string, key: CryptoKey): Promise<SignedEvent> {
  const text = signedText(payload);
  const signature = b64(await crypto.subtle.sign(SIGN, key, text));
  return { payload, signature, hash: await sha256(text) };
}

export async function verifyEvent(event: SignedEvent, key: CryptoKey): Promise<boolean> {
  const text = signedText(event.payload);
  if ((await sha256(text)) !== event.hash) return false;
  return crypto.subtle.verify(SIGN, key, unb64(event.signature), text);
}

/** §4.5: prove to the county that this is the phone it released. */
export async function signChallenge(device: string, challenge: string, key: CryptoKey): Promise<string> {
  return b64(await crypto.subtle.sign(SIGN, key, utf8(`daiban-session/1\n${device}\n${challenge}`)));
}

export async function makeDeviceKey(): Promise<{ pkcs8: ArrayBuffer; spki: ArrayBuffer }> {
  const pair = await crypto.subtle.generateKey(CURVE, true, ["sign", "verify"]);
  return {
    pkcs8: await crypto.subtle.exportKey("pkcs8", pair.privateKey),
    spki: await crypto.subtle.exportKey("spki", pair.publicKey),
  };
}

export function importSigningKey(pkcs8: ArrayBuffer): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, CURVE, false, ["sign"]);
}

export function importVerifyingKey(spki: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("spki", spki, CURVE, true, ["verify"]);
}

/** Six digits both sides compute (§4.3): the lead types what the agent's phone shows. */
export async function sixDigits(typed: string, publicKey: string): Promise<string> {
  const key = await crypto.subtle.importKey("raw", utf8(typed), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const mac = new DataView(await crypto.subtle.sign("HMAC", key, utf8(`daiban-digits/1\n${publicKey}`)));
  // The big-endian 8 bytes modulo 10⁶ in two halves: Safari 14 has no getBigUint64.
  const rest = ((mac.getUint32(0) % 1_000_000) * (2 ** 32 % 1_000_000) + mac.getUint32(4)) % 1_000_000;
  return rest.toString().padStart(6, "0");
}

async function sealFor(county: CountyKey, info: string, plain: Bytes): Promise<string> {
  const bytes = unb64(county.public);
  // An SPKI of P-256 ends with the 65 bytes of the uncompressed point.
  return b64(await seal(bytes.slice(-65), utf8(info), plain));
}

/** §2: nobody but the county can read it; anyone may carry it. */
export async function sealEvent(
  event: SignedEvent,
  id: string,
  device: string,
  county: CountyKey,
): Promise<SealedItem> {
  const plain = utf8(JSON.stringify({ payload: event.payload, signature: event.signature }));
  const sealed = await sealFor(county, `daiban-seal/1\n${id}\n${event.hash}\n${device}`, plain);
  return { id, hash: event.hash, device, key: county.id, sealed };
}

/** §5: the 24 digits that open this phone's data when the PIN is forgotten; only the county keeps them. */
export function sealRecovery(digits: string, device: string, county: CountyKey): Promise<string> {
  return sealFor(county, `daiban-recovery/1\n${device}`, utf8(digits));
}

/** §5: says that a sealed code is this phone's own, and which; the mailbox takes no other. */
export async function signRecovery(device: string, n: number, sealed: string, key: CryptoKey): Promise<string> {
  return b64(await crypto.subtle.sign(SIGN, key, utf8(`daiban-recovery/1\n${device}\n${n}\n${sealed}`)));
}

/** Opens what `seal` closed; the phone never holds the county's private key: for tests and tools. */
export async function openSealed(sealed: string, info: string, privateKey: CryptoKey): Promise<string> {
  return words(await open(unb64(sealed), utf8(info), privateKey));
}

export function countyPrivateKey(pkcs8: ArrayBuffer): Promise<CryptoKey> {
  return crypto.subtle.importKey("pkcs8", pkcs8, { name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
}

/* ---- pictures (§1) ------------------------------------------------------------------------------------------- */

export interface EncryptedBlob {
  ref: BlobRef;
  cipher: ArrayBuffer;
}

const blobInfo = (event: string, role: string) => utf8(`daiban-blob/1\n${event}\n${role}`);

/** Each picture is encrypted once, under a random key of its own that travels inside the event. */
export async function encryptBlob(
  event: string,
  role: string,
  plain: ArrayBuffer,
  type: BlobType,
): Promise<EncryptedBlob> {
  const raw = random(32);
  const iv = random(12);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]);
  const body = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: blobInfo(event, role) }, key, plain);
  const cipher = buffer(concat(iv, body));
  const [outer, inner] = await Promise.all([sha256(cipher), sha256(plain)]);
  const ref = { sha256: outer, plain_sha256: inner, key: b64(raw), bytes: cipher.byteLength, type, role };
  return { ref, cipher };
}

export async function decryptBlob(event: string, role: string, cipher: ArrayBuffer, key: string): Promise<ArrayBuffer> {
  const opened = await crypto.subtle.importKey("raw", unb64(key), "AES-GCM", false, ["decrypt"]);
  const iv = cipher.slice(0, 12);
  const additionalData = blobInfo(event, role);
  return crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData }, opened, cipher.slice(12));
}
