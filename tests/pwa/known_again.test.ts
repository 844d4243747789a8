/** A county put back from a backup that does not know this phone: it says so, keeps all it has, and is set up again as itself. */
import { expect, test } from "vitest";
import { b64, sha256, utf8 } from "../../pwa/bytes.ts";
import { record } from "../../pwa/ctx.ts";
import { makeDeviceKey } from "../../pwa/envelope.ts";
import * as county from "../../pwa/store/county.ts";
import * as device from "../../pwa/store/device.ts";
import type { EnrolmentRequest, Receipt, SyncRequest } from "../../pwa/wire.ts";
import { countyKeys, id, LUO, ME, ok, PIN, phone, refused, type TestPhone, TOWNSHIP, visit } from "./kit.ts";

const NOW = "2026-11-22T02:04:31.123Z";
const CODE = "0123456789";
const SAYS = "does not know this phone now";

/** A phone with one record at the county, one refused there as a stranger's, one not sent; then the county forgets the phone. */
async function forgotten(): Promise<TestPhone> {
  const one = await phone();
  await county.put(one.db, one.vault.ring, "spki", b64((await makeDeviceKey()).spki));
  for (let n = 0; n < 3; n++) await record(one.ctx(), visit(LUO.id));
  const rows = await one.db.getAllFromIndex("outbox", "seq");
  const put = (row: (typeof rows)[number], state: "accepted" | "refused", reason: string) =>
    one.db.put("outbox", { ...row, state, reason, position: state === "accepted" ? 41 : null, received_at: NOW });
  await put(rows[0]!, "accepted", "");
  await put(rows[1]!, "refused", "unknown-device");
  one.county.on((path) => {
    if (path === "/api/phone/challenges") return ok({ challenge: "c" }, 201);
    if (path.startsWith("/api/phone/")) return refused(401, "phone-unknown");
    return undefined;
  });
  return one;
}

/** The restored county once the lead has typed the digits; `as` is the phone it makes of it. */
function releases(one: TestPhone, as: string): { claims: EnrolmentRequest[]; got: string[] } {
  const claims: EnrolmentRequest[] = [];
  const got: string[] = [];
  one.county.on(async (path, { json }) => {
    if (path === "/api/phone/enrolments") {
      claims.push(json as EnrolmentRequest);
      return ok({ enrolment: id(1), claim: "claim-1", expires_at: NOW }, 201);
    }
    if (path === `/api/phone/enrolments/${id(1)}`) {
      const county_key = { id: "k1", public: (await countyKeys()).public };
      const rest = { person: ME.person.id, county: "开阳县", epoch: 77, demo: true, county_key };
      return ok({ state: "released", release: { device: as, mailbox: as === id(800) ? "" : "new-token", ...rest } });
    }
    if (path !== "/api/phone/sync") return undefined;
    const { items } = json as SyncRequest;
    got.push(...items.map((item) => `${item.id} ${item.device}`));
    const receipts = items.map(
      ({ id: event, hash }): Receipt => ({
        ...{ id: event, hash, scope: TOWNSHIP, position: 5, state: "accepted", reason: "", number: "" },
      }),
    );
    return ok({ epoch: 77, now: NOW, receipts });
  });
  return { claims, got };
}

test.each(["open", "locked"])(
  "%s, it notices that the county does not know it, and says so on its pages",
  async (how) => {
    const one = await forgotten();
    expect(await (await one.get("/field/outbox")).text()).not.toContain(SAYS);
    if (how === "locked") one.vault.lock();
    expect(await one.sync.run()).toEqual({ kind: "refused", code: "phone-unknown" });
    if (how === "locked") await one.vault.unlock(PIN);
    for (const path of ["/field/outbox", "/field/today"]) {
      const page = await (await one.get(path)).text();
      expect(page).toContain(SAYS);
      expect(page).toContain("all you noted stays on this phone");
      expect(page).toContain('href="/field/enrol"');
    }
    await record(one.ctx(), visit(LUO.id)); // and one can go on noting
    expect(await one.db.count("outbox")).toBe(4);
  },
);

test("no answer, or a county that stumbles, is no reason to say so", async () => {
  const one = await forgotten();
  for (const answer of [refused(401, ""), refused(503, "bug"), refused(403, "phone-locked")]) {
    one.county.on((path) => (path === "/api/phone/mailbox" ? answer : undefined));
    await one.sync.run();
    expect(await device.get(one.db, "unknown")).toBeUndefined();
  }
});

test("a phone the county knows is not set up twice", async () => {
  const one = await phone();
  expect((await one.get("/field/enrol")).headers.get("HX-Push-Url")).toBe("/field/today");
});

test("set up again it asks for no new PIN, says who it was, and is the same phone with all it holds", async () => {
  const one = await forgotten();
  const before = (await device.get(one.db, "identity"))!;
  await one.sync.run();
  one.vault.lock();
  expect((await one.get("/field/enrol")).headers.get("HX-Push-Url")).toBe("/field/unlock");
  await one.post("/field/unlock", { pin: PIN });
  const page = await (await one.get("/field/enrol")).text();
  expect(page).toContain("Your PIN stays");
  const { claims, got } = releases(one, id(800));
  expect((await one.post("/field/enrol", { code: CODE })).headers.get("HX-Push-Url")).toBe("/field/enrol/digits");
  expect(claims[0]!.again).toEqual({ device: id(800), mailbox: await sha256(utf8("mailbox-token")) });
  expect(claims[0]!.public_key).toBe(await county.get(one.db, one.vault.ring, "spki"));
  const answer = await one.get("/field/enrol/digits?poll=1");
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/enrol/pack");
  expect(one.sends).toContain("enrolled");
  expect(await device.get(one.db, "identity")).toEqual({ ...before, epoch: 0 });
  expect(await one.db.count("records")).toBe(3);
  await one.sync.run();
  const rows = await one.db.getAllFromIndex("outbox", "seq");
  expect(got.sort()).toEqual(rows.map((row) => `${row.id} ${id(800)}`).sort()); // what was refused as a stranger's too, each once
  expect(rows.map(({ state }) => state)).toEqual(["accepted", "accepted", "accepted"]);
  expect(await (await one.get("/field/outbox")).text()).not.toContain(SAYS);
});

test("a lease that is over does not stand in its way", async () => {
  const one = await forgotten();
  await one.sync.run();
  await device.put(one.db, "heard", { at: one.at.now.getTime() - 31 * 86_400_000, offset_ms: 0 });
  releases(one, id(800));
  await one.post("/field/enrol", { code: CODE });
  expect((await one.get("/field/enrol/digits")).status).toBe(200);
});

test("a conversation that was quicker than the page to learn it leaves nothing behind", async () => {
  const one = await forgotten();
  await one.sync.run();
  const { got } = releases(one, id(800));
  await one.post("/field/enrol", { code: CODE });
  await one.sync.run();
  expect(got.length).toBe(3);
  expect((await one.get("/field/enrol/digits?poll=1")).headers.get("HX-Push-Url")).toBe("/field/enrol/pack");
  expect(await one.db.getKey("county", "enrolling")).toBeUndefined();
});

test("a county that makes it a new phone gets what the former one wrote under the former one's name", async () => {
  const one = await forgotten();
  const wrote = (await one.db.getAllFromIndex("outbox", "seq")).map(({ id: event }) => event);
  await one.sync.run();
  releases(one, id(801));
  await one.post("/field/enrol", { code: CODE });
  await one.get("/field/enrol/digits?poll=1");
  const now = (await device.get(one.db, "identity"))!;
  expect([now.device, now.mailbox]).toEqual([id(801), "new-token"]);
  const carried = (await one.db.getAll("carried_parts")).map(({ event, device: from }) => [event, from]);
  expect(carried.sort()).toEqual(wrote.map((event) => [event, id(800)]).sort());
  await record(one.ctx(), visit(LUO.id));
  expect((await one.db.getAll("outbox")).map(({ seq, item }) => [seq, item!.device])).toEqual([[1, id(801)]]);
});
