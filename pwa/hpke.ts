/**
 * HPKE (RFC 9180), base mode, one message for each key: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, as docs/formats.md §2
 * names it. The browser does the cryptography; this only puts the pieces in the RFC's order. tests/pwa/hpke.test.ts opens with
 * another implementation what this seals, and the other way round; tests/vectors/envelope.json does so with the county's.
 */
import { type Bytes, concat, utf8 } from "./bytes.ts";

const ECDH = { name: "ECDH", namedCurve: "P-256" } as const;
const HASH_BYTES = 32;
const NONCE_BYTES = 12;
// §4.1 and §5.1: the names of the suite in what is hashed.
const KEM = Uint8Array.of(...utf8("KEM"), 0x00, 0x10);
const SUITE = Uint8Array.of(...utf8("HPKE"), 0x00, 0x10, 0x00, 0x01, 0x00, 0x02);
const NOTHING = new Uint8Array(0);

/** The sender's fresh public key (65 bytes) and the sealed text behind it. `to` is the receiver's uncompressed point. */
export async function seal(to: Bytes, info: Bytes, plain: Bytes): Promise<Bytes> {
  const theirs = await crypto.subtle.importKey("raw", to, ECDH, false, []);
  const ours = await crypto.subtle.generateKey(ECDH, true, ["deriveBits"]);
  const enc = new Uint8Array(await crypto.subtle.exportKey("raw", ours.publicKey));
  const { key, iv } = await schedule(await secret(theirs, ours.privateKey, enc, to), info, "encrypt");
  return concat(enc, await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain));
}

/** The plain text. Throws when the key, `info` or a bit is another. */
export async function open(sealed: Bytes, info: Bytes, ours: CryptoKey): Promise<ArrayBuffer> {
  const enc = sealed.slice(0, 65);
  const { x, y } = await crypto.subtle.exportKey("jwk", ours);
  const point = await crypto.subtle.importKey("jwk", { kty: "EC", crv: "P-256", x: x!, y: y! }, ECDH, true, []);
  const to = new Uint8Array(await crypto.subtle.exportKey("raw", point));
  const theirs = await crypto.subtle.importKey("raw", enc, ECDH, false, []);
  const { key, iv } = await schedule(await secret(theirs, ours, enc, to), info, "decrypt");
  return crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, sealed.slice(65));
}

/** §4.1: what both sides share. */
async function secret(theirs: CryptoKey, ours: CryptoKey, enc: Bytes, to: Bytes): Promise<Bytes> {
  const dh = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ours, 8 * HASH_BYTES);
  return expand(KEM, await extract(KEM, NOTHING, "eae_prk", dh), "shared_secret", concat(enc, to), HASH_BYTES);
}

/** §5.1, mode_base: the key of the message and its nonce, which is the first and only one. */
async function schedule(
  shared: Bytes,
  info: Bytes,
  use: "encrypt" | "decrypt",
): Promise<{ key: CryptoKey; iv: Bytes }> {
  const [id, hashed] = [await extract(SUITE, NOTHING, "psk_id_hash"), await extract(SUITE, NOTHING, "info_hash", info)];
  const context = concat(Uint8Array.of(0), id, hashed);
  const from = await extract(SUITE, shared, "secret");
  const raw = await expand(SUITE, from, "key", context, HASH_BYTES);
  const iv = await expand(SUITE, from, "base_nonce", context, NONCE_BYTES);
  return { key: await crypto.subtle.importKey("raw", raw, "AES-GCM", false, [use]), iv };
}

/** §4, LabeledExtract. */
function extract(suite: Bytes, salt: Bytes, label: string, ikm: ArrayBuffer | Bytes = NOTHING): Promise<Bytes> {
  // An empty key of HMAC is one of zeros, which every browser takes.
  return hmac(salt.length ? salt : new Uint8Array(HASH_BYTES), concat(utf8("HPKE-v1"), suite, utf8(label), ikm));
}

/** §4, LabeledExpand, for at most one hash's length. */
async function expand(suite: Bytes, prk: Bytes, label: string, info: Bytes, length: number): Promise<Bytes> {
  const labeled = concat(Uint8Array.of(0, length), utf8("HPKE-v1"), suite, utf8(label), info);
  return (await hmac(prk, concat(labeled, Uint8Array.of(1)))).slice(0, length);
}

async function hmac(secret: Bytes, text: Bytes): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, text));
}
