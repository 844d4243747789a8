/** What the county's side wrote, read by the phone's code; tests/test_envelope_vectors.py reads the other way round. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { b64, sha256, unb64, words } from "../../pwa/bytes.ts";
import {
  countyPrivateKey,
  decryptBlob,
  importSigningKey,
  importVerifyingKey,
  openSealed,
  signEvent,
  signedText,
  sixDigits,
  verifyEvent,
} from "../../pwa/envelope.ts";

const vectors = JSON.parse(readFileSync(new URL("../vectors/envelope.json", import.meta.url), "utf8"));
const county = await countyPrivateKey(unb64(vectors.county_key.private_key_pkcs8).buffer);

for (const side of ["phone", "county"] as const) {
  const { event, item, blob, digits, public_key } = vectors[side];

  test(`an event of the ${side}'s: hash and signature are of its exact text`, async () => {
    expect(await sha256(signedText(event.payload))).toBe(event.hash);
    const key = await importVerifyingKey(unb64(public_key));
    expect(await verifyEvent(event, key)).toBe(true);
    expect(
      await verifyEvent({ ...event, payload: event.payload.replace('"v": 1', '"v":1').replace('"v":1', '"v":2') }, key),
    ).toBe(false);
  });

  test(`an item sealed by the ${side} opens only under its own id, hash and device`, async () => {
    const info = `daiban-seal/1\n${item.id}\n${item.hash}\n${item.device}`;
    const { payload, signature } = JSON.parse(await openSealed(item.sealed, info, county));
    expect({ payload, signature }).toEqual({ payload: event.payload, signature: event.signature });
    await expect(openSealed(item.sealed, info.replace(item.device, "another"), county)).rejects.toThrow();
  });

  test(`a picture of the ${side}'s opens with its key, as its event and role only`, async () => {
    const cipher = unb64(blob.cipher).buffer;
    expect(await sha256(cipher)).toBe(blob.ref.sha256);
    const plain = await decryptBlob(blob.event, blob.ref.role, cipher, blob.ref.key);
    expect(b64(plain)).toBe(blob.plain);
    expect(await sha256(plain)).toBe(blob.ref.plain_sha256);
    await expect(decryptBlob(blob.event, "other", cipher, blob.ref.key)).rejects.toThrow();
  });

  test(`the six digits of the ${side}'s come out alike`, async () => {
    expect(await sixDigits(digits.typed, digits.public_key)).toBe(digits.digits);
  });
}

test("the recovery digits open for the county alone", async () => {
  const { device, digits, sealed } = vectors.phone.recovery;
  expect(await openSealed(sealed, `daiban-recovery/1\n${device}`, county)).toBe(digits);
});

test("a payload is signed as it stands, never rebuilt", async () => {
  const key = await importSigningKey(unb64(vectors.phone.private_key_pkcs8).buffer);
  const payload = '{"b":1,  "a":"\\u0041 石"}';
  const signed = await signEvent(payload, key);
  expect(signed.payload).toBe(payload);
  expect(words(signedText(payload))).toBe(`daiban-event/1\n${payload}`);
});
