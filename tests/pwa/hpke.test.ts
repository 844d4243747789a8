/** Our few lines of HPKE and another implementation open each other's seals. */
import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";
import { expect, test } from "vitest";
import { concat, utf8, words } from "../../pwa/bytes.ts";
import { open, seal } from "../../pwa/hpke.ts";

const theirs = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
const INFO = utf8("daiban-seal/1\nevent\nhash\ndevice");
const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
const point = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));

test.each([
  ["a visit", "罗正英今天挺好的"],
  ["nothing", ""],
  ["200 KB", "x".repeat(200_000)],
])("what we seal, another implementation opens: %s", async (_, text) => {
  const sealed = await seal(point, INFO, utf8(text));
  const enc = sealed.slice(0, 65).buffer;
  const receiver = await theirs.createRecipientContext({ recipientKey: pair.privateKey, enc, info: INFO });
  expect(words(await receiver.open(sealed.slice(65).buffer))).toBe(text);
});

test("what another implementation seals, we open", async () => {
  const recipientPublicKey = await theirs.kem.deserializePublicKey(point.buffer);
  const sender = await theirs.createSenderContext({ recipientPublicKey, info: INFO });
  const sealed = concat(sender.enc, await sender.seal(utf8("罗正英今天挺好的").buffer));
  expect(words(await open(sealed, INFO, pair.privateKey))).toBe("罗正英今天挺好的");
});

test("under another key, other info or with one bit turned it stays closed", async () => {
  const sealed = await seal(point, INFO, utf8("罗正英"));
  const another = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  await expect(open(sealed, INFO, another.privateKey)).rejects.toThrow();
  await expect(open(sealed, utf8("daiban-seal/1\nanother"), pair.privateKey)).rejects.toThrow();
  for (const at of [70, sealed.length - 1]) {
    const turned = sealed.slice();
    turned[at]! ^= 1;
    await expect(open(turned, INFO, pair.privateKey)).rejects.toThrow();
  }
});

test("the same text is never sealed alike, and a point beside the curve is refused", async () => {
  expect(await seal(point, INFO, utf8("a"))).not.toEqual(await seal(point, INFO, utf8("a")));
  const beside = point.slice();
  beside[64]! ^= 1;
  await expect(seal(beside, INFO, utf8("a"))).rejects.toThrow();
});
