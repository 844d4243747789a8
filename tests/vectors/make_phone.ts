/**
 * Writes the phone's half of tests/vectors/envelope.json with the phone's own code. Node 24 runs it as it stands:
 * `node tests/vectors/make_phone.ts`. The halves are committed; run again only when docs/formats.md gains something.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { b64, unb64, utf8 } from "../../pwa/bytes.ts";
import {
  encryptBlob,
  importSigningKey,
  makeDeviceKey,
  payloadText,
  sealEvent,
  sealRecovery,
  signChallenge,
  signEvent,
  sixDigits,
} from "../../pwa/envelope.ts";

const FILE = new URL("./envelope.json", import.meta.url);
const vectors = JSON.parse(readFileSync(FILE, "utf8"));
const county = { id: vectors.county_key.id, public: vectors.county_key.public };
const device = "0193a000-0000-7000-8000-000000000800";
const event = "0193a000-0000-7000-8000-000000000001";

const keys = await makeDeviceKey();
const signing = await importSigningKey(keys.pkcs8);
const plain = utf8("not a real picture");
const { ref, cipher } = await encryptBlob(event, "picture", plain.buffer as ArrayBuffer, "image/jpeg");
const payload = payloadText({
  ...{ id: event, salt: b64(new Uint8Array(16).fill(7)), kind: "visit.ended", v: 1, device, seq: 1, prev: "" },
  ...{ scope: "520121107000", after: 41, actor: device, post: device, subject: null },
  ...{ at: "2026-11-22T10:04:01.123Z", offset_ms: -1200, offset_age_s: 3600 },
  body: { notes: "老人说“好”，\n腿好多了 😀", outcome: "done" },
  blobs: [ref],
});
const signed = await signEvent(payload, signing);
const digits = "123456789012345678901234";

vectors.phone = {
  public_key: b64(keys.spki),
  private_key_pkcs8: b64(keys.pkcs8),
  event: signed,
  item: await sealEvent(signed, event, device, county),
  blob: { event, ref, cipher: b64(cipher), plain: b64(plain) },
  session: { device, challenge: "challenge-1", signature: await signChallenge(device, "challenge-1", signing) },
  recovery: { device, digits, sealed: await sealRecovery(digits, device, county) },
  digits: { typed: "0123456789", public_key: b64(keys.spki), digits: await sixDigits("0123456789", b64(keys.spki)) },
};
if (unb64(vectors.phone.event.signature).length !== 64) throw new Error("not a raw signature");
writeFileSync(FILE, `${JSON.stringify(vectors, null, 2)}\n`);
