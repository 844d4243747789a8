import { expect, test } from "vitest";
import { sixDigits } from "../../pwa/envelope.ts";
import { readCode } from "../../pwa/handlers/enrol.ts";
import * as device from "../../pwa/store/device.ts";
import { countyKeys, cut, id, ok, PIN, phone, refused, type TestPhone } from "./kit.ts";

const CODE = "0123456789ABCDEFGHJKMNPQRS";
const RELEASE = async () => ({
  ...{ device: id(800), mailbox: "m", person: id(900), county: "开阳县", epoch: 1, demo: true },
  county_key: { id: "k1", public: (await countyKeys()).public },
});

/** A county that takes the code once and answers `state` to every question after it. */
function county(one: TestPhone, state: { now: "waiting" | "released" | "void" | "expired" }) {
  const claimed: { code: string; public_key: string }[] = [];
  one.county.on(async (path, { json }) => {
    if (path === "/api/phone/enrolments") {
      claimed.push(json as { code: string; public_key: string });
      return ok({ enrolment: id(1), claim: "claim-1", expires_at: "2026-11-22T02:14:00Z" }, 201);
    }
    if (path === `/api/phone/enrolments/${id(1)}`)
      return ok({ state: state.now, release: state.now === "released" ? await RELEASE() : null });
    return undefined;
  });
  return claimed;
}

async function upToDigits(one: TestPhone): Promise<Response> {
  await one.post("/field/enrol", { code: CODE.slice(0, 10) });
  await one.post("/field/enrol/pin", { pin: PIN });
  return one.post("/field/enrol/pin-again", { pin: PIN });
}

test("a new phone asks for the code, whatever was asked for", async () => {
  const one = await phone({ enrolled: false });
  const answer = await one.get("/field/today");
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/enrol");
  expect(await answer.text()).toContain('name="code"');
});

test("code, PIN twice, six digits, release: the phone is its agent's", async () => {
  const one = await phone({ enrolled: false });
  const state: { now: "waiting" | "released" } = { now: "waiting" };
  const claimed = county(one, state);
  const page = await (await upToDigits(one)).text();
  const digits = await sixDigits(CODE.slice(0, 10), claimed[0]!.public_key);
  expect(page.replace(/\D/g, "")).toContain(digits);
  expect((await one.get("/field/enrol/digits?poll=1")).status).toBe(204);
  state.now = "released";
  const answer = await one.get("/field/enrol/digits?poll=1");
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/enrol/pack");
  expect((await device.get(one.db, "identity"))!.device).toBe(id(800));
  expect(one.sends).toContain("enrolled");
});

test("killed while the lead types, the phone goes on after its PIN", async () => {
  const one = await phone({ enrolled: false });
  const state: { now: "waiting" | "released" } = { now: "waiting" };
  county(one, state);
  await upToDigits(one);
  const after = await phone({ enrolled: false, name: one.name });
  state.now = "released";
  county(after, state);
  expect((await after.get("/field/")).headers.get("HX-Push-Url")).toBe("/field/unlock");
  const answer = await after.post("/field/unlock", { pin: PIN });
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/enrol/digits");
  await after.get("/field/enrol/digits?poll=1");
  expect(await device.get(after.db, "identity")).toBeDefined();
});

test("the device key is never on the disk unsealed, not even while the lead types", async () => {
  const one = await phone({ enrolled: false });
  county(one, { now: "waiting" });
  await upToDigits(one);
  for (const name of one.db.objectStoreNames)
    for (const value of await one.db.getAll(name)) expect(JSON.stringify(value)).not.toMatch(/CryptoKey|pkcs8|MIGH/);
  expect(one.vault.ring.signing.extractable).toBe(false);
});

test("two different PINs begin again; a weak one is refused", async () => {
  const one = await phone({ enrolled: false });
  await one.post("/field/enrol", { code: CODE });
  expect((await one.post("/field/enrol/pin", { pin: "123456" })).status).toBe(422);
  await one.post("/field/enrol/pin", { pin: PIN });
  const answer = await one.post("/field/enrol/pin-again", { pin: "509183" });
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/enrol/pin");
  expect(await one.vault.exists()).toBe(false);
});

test.each([
  ["not good", () => refused(404, "enrolment-code-unknown"), "enrol-code-refused"],
  ["no signal", () => cut(), "enrol-no-signal"],
])("when the county says %s, the page says what to do and the PIN stays", async (_, answer, code) => {
  const one = await phone({ enrolled: false });
  one.county.on(() => answer());
  const page = await upToDigits(one);
  expect(page.status).toBe(409);
  expect(one.bugs).toEqual([]);
  expect(await one.vault.exists()).toBe(true);
  expect(code).toMatch(/^enrol-/);
});

test("without signal the same code goes on later", async () => {
  const one = await phone({ enrolled: false });
  one.county.on(() => cut());
  await upToDigits(one);
  county(one, { now: "waiting" });
  const answer = await one.get("/field/enrol/claim");
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/enrol/digits");
});

test.each(["void", "expired"] as const)("a code that is %s asks for a new one", async (now) => {
  const one = await phone({ enrolled: false });
  county(one, { now });
  await upToDigits(one);
  expect((await one.get("/field/enrol/digits?poll=1")).status).toBe(409);
  expect((await one.get("/field/enrol/digits")).headers.get("HX-Push-Url")).toBe("/field/enrol");
});

test("a county that stumbles ends nothing: the same phone goes on when it stands again", async () => {
  const one = await phone({ enrolled: false });
  one.county.on(() => refused(500, "bug"));
  await upToDigits(one);
  county(one, { now: "released" });
  await one.get("/field/enrol/claim");
  one.county.on(() => refused(500, "bug"));
  expect((await one.get("/field/enrol/digits?poll=1")).status).toBe(200); // it says that the county is not heard
  expect((await one.get("/field/enrol/digits?poll=1&unheard=1")).status).toBe(204);
  county(one, { now: "released" });
  await one.get("/field/enrol/digits?poll=1&unheard=1");
  expect((await device.get(one.db, "identity"))!.device).toBe(id(800));
});

test("asking for the page spends nothing", async () => {
  const one = await phone({ enrolled: false });
  await one.get("/field/enrol");
  await one.get("/field/enrol");
  expect(one.county.asked).toEqual([]);
});

test.each([
  ["01234-56789", "0123456789"],
  ["oiL23 4567o", "0112345670"],
  ["abcde—fghjk", "ABCDEFGHJK"],
  ["０１２３４５６７８９", "0123456789"],
])("%s is read as %s", (typed, code) => {
  expect(readCode(typed)).toBe(code);
});

test("a U, or a sign too few, is said at the field, and what was typed stays", async () => {
  const one = await phone({ enrolled: false });
  const answer = await one.post("/field/enrol", { code: "01234-5678U" });
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain("01234-5678U");
  expect((await one.post("/field/enrol", { code: "01234" })).status).toBe(422);
});
