/**
 * What the program asks of Web Crypto most often, worked out by OpenSSL at once. Node gives each of these to a thread, and handing it over
 * costs several times what it takes. The keys are Web Crypto's own; whatever is not as expected here goes to Web Crypto.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  diffieHellman,
  KeyObject,
  sign,
  verify,
} from "node:crypto";

const TAG_BYTES = 16;
const P256_BYTES = 32;

type Bytes = ArrayBuffer | Uint8Array<ArrayBuffer>;
type Given = unknown[];

/** The result, or the fault, as a function that gives it; undefined: Web Crypto shall do it. */
export function atOnce(name: keyof SubtleCrypto, given: Given): (() => ArrayBuffer | boolean) | undefined {
  const work = WORKS[name];
  if (!work) return undefined;
  try {
    const result = work(given);
    return result === undefined ? undefined : () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

const WORKS: Partial<Record<keyof SubtleCrypto, (given: Given) => ArrayBuffer | boolean | undefined>> = {
  digest: ([how, bytes]) =>
    how === "SHA-256" ? alone(createHash("sha256").update(view(bytes as Bytes)).digest()) : undefined,

  encrypt([how, key, plain]) {
    const aes = aesOf(how as AesGcmParams, key as CryptoKey, "encrypt");
    if (!aes) return undefined;
    const cipher = createCipheriv(aes.name, aes.key, aes.iv);
    cipher.setAAD(aes.about);
    const sealed = cipher.update(view(plain as Bytes));
    return alone(Buffer.concat([sealed, cipher.final(), cipher.getAuthTag()]));
  },

  decrypt([how, key, sealed]) {
    const aes = aesOf(how as AesGcmParams, key as CryptoKey, "decrypt");
    if (!aes) return undefined;
    const bytes = view(sealed as Bytes);
    const end = bytes.length - TAG_BYTES;
    if (end < 0) throw damaged();
    const cipher = createDecipheriv(aes.name, aes.key, aes.iv);
    cipher.setAAD(aes.about);
    cipher.setAuthTag(bytes.subarray(end));
    const plain = cipher.update(bytes.subarray(0, end));
    try {
      cipher.final();
    } catch {
      throw damaged(); // the tag does not fit
    }
    return alone(plain);
  },

  sign([how, key, text]) {
    if (!may(key as CryptoKey, "sign")) return undefined;
    const bytes = view(text as Bytes);
    if (how === "HMAC" && hashOf((key as CryptoKey).algorithm) === "SHA-256")
      return alone(createHmac("sha256", keyOf(key as CryptoKey)).update(bytes).digest());
    if (!isEcdsa(how as EcdsaParams)) return undefined;
    return alone(sign("sha256", bytes, { key: keyOf(key as CryptoKey), dsaEncoding: "ieee-p1363" }));
  },

  verify([how, key, signature, text]) {
    if (!isEcdsa(how as EcdsaParams) || !may(key as CryptoKey, "verify")) return undefined;
    const fits = { key: keyOf(key as CryptoKey), dsaEncoding: "ieee-p1363" } as const;
    return verify("sha256", view(text as Bytes), fits, view(signature as Bytes));
  },

  deriveBits([how, key, bits]) {
    const { name, public: theirs } = how as EcdhKeyDeriveParams;
    if (name !== "ECDH" || bits !== 8 * P256_BYTES || !may(key as CryptoKey, "deriveBits")) return undefined;
    return alone(diffieHellman({ privateKey: keyOf(key as CryptoKey), publicKey: keyOf(theirs) }));
  },
};

function aesOf(how: AesGcmParams, key: CryptoKey, use: KeyUsage) {
  const { length } = key.algorithm as AesKeyAlgorithm;
  if (how.name !== "AES-GCM" || how.tagLength !== undefined || !may(key, use)) return undefined;
  const about = how.additionalData ? view(how.additionalData as Bytes) : new Uint8Array();
  return { name: `aes-${length}-gcm` as "aes-256-gcm", key: keyOf(key), iv: view(how.iv as Bytes), about };
}

const damaged = () => new DOMException("The operation failed for an operation-specific reason", "OperationError");
const may = (key: CryptoKey, use: KeyUsage) => key.usages.includes(use);
const hashOf = (how: KeyAlgorithm) => (how as HmacKeyAlgorithm).hash.name;
const isEcdsa = (how: EcdsaParams) => how.name === "ECDSA" && how.hash === "SHA-256";

const keys = new WeakMap<CryptoKey, KeyObject>();

function keyOf(key: CryptoKey): KeyObject {
  const found = keys.get(key) ?? KeyObject.from(key);
  keys.set(key, found);
  return found;
}

const view = (bytes: Bytes) => (bytes instanceof ArrayBuffer ? new Uint8Array(bytes) : bytes);

/** In a buffer of its own: Node cuts small ones from a common piece. */
function alone(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
