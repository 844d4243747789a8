/** Small conversions and the two hashes; docs/formats.md says where each is used. */

const text = new TextEncoder();
const back = new TextDecoder("utf-8", { fatal: true });

export type Bytes = Uint8Array<ArrayBuffer>;

export const utf8 = (words: string): Bytes => text.encode(words) as Bytes;
export const words = (bytes: BufferSource): string => back.decode(bytes);

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length)) as Bytes;
}

export function concat(...parts: (ArrayBuffer | Uint8Array)[]): Bytes {
  const views = parts.map((part) => (part instanceof Uint8Array ? part : new Uint8Array(part)));
  const all = new Uint8Array(views.reduce((sum, view) => sum + view.length, 0));
  let at = 0;
  for (const view of views) {
    all.set(view, at);
    at += view.length;
  }
  return all;
}

/** base64url without padding. */
export function b64(bytes: ArrayBuffer | Uint8Array): string {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let binary = "";
  for (let at = 0; at < view.length; at += 0x8000) binary += String.fromCharCode(...view.subarray(at, at + 0x8000));
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

export function unb64(encoded: string): Bytes {
  const binary = atob(encoded.replace(/-/g, "+").replace(/_/g, "/"));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

export function hex(bytes: ArrayBuffer | Uint8Array): string {
  const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  let out = "";
  for (const byte of view) out += byte.toString(16).padStart(2, "0");
  return out;
}

export async function sha256(bytes: BufferSource): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", bytes));
}

/** UUIDv7: 48 bits of milliseconds, then random. Two in one millisecond may stand in either order. */
export function uuid7(now: Date, noise: Uint8Array = random(10)): string {
  const bytes = new Uint8Array(16);
  let ms = now.getTime();
  for (let at = 5; at >= 0; at--) {
    bytes[at] = ms % 256;
    ms = Math.floor(ms / 256);
  }
  bytes.set(noise, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const all = hex(bytes);
  return `${all.slice(0, 8)}-${all.slice(8, 12)}-${all.slice(12, 16)}-${all.slice(16, 20)}-${all.slice(20)}`;
}

/** The bytes as a buffer of their own: IndexedDB keeps buffers, never views or Blobs (older Safari lost those). */
export function buffer(bytes: Uint8Array): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}
