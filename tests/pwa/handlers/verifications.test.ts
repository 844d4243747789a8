import { expect, test } from "vitest";
import type { ResidentCard } from "../../../pwa/ctx.ts";
import * as county from "../../../pwa/store/county.ts";
import type { Row } from "../../../pwa/wire.ts";
import { COUNTY, id, LUO, phone, QINGJIANG, type TestPhone } from "../kit.ts";

const HOME = `/field/residents/${id(1)}`;
const START = `${HOME}/verification`;
const CAMERA = `${START}/camera`;
const CONFIRM = `${START}/confirm`;

const READY: Partial<Row> = {
  consents: { life_verification: "given" },
  condition: "weak",
  witness: { name: "陈大兰", relation: "女儿", resident: null },
  challenge: {
    id: id(600),
    gestures: { normal: "fist", bedridden: "none" },
    ends_at: "2026-12-20T00:00:00Z",
  },
};

async function ready(more: Partial<Row> = {}): Promise<TestPhone> {
  const one = await phone();
  await one.store.everyone.apply(
    [{ ...LUO, ...READY, rev: 40, ...more } as Row],
    { villages: { [QINGJIANG]: 40 }, cursor: "" },
    1,
  );
  return one;
}

/** What the camera island does: keep the picture, then send its form. */
async function shoot(one: TestPhone, path = CAMERA): Promise<Response> {
  const draft = (await one.store.drafts.get(`verification:${id(1)}`))!;
  await one.store.photos.put(draft.id, "picture", new Uint8Array(2000).buffer, "image/jpeg");
  return one.post(path, { picture: "hash" });
}

async function sign(one: TestPhone): Promise<Record<string, string>> {
  const draft = (await one.store.drafts.get(`verification:${id(1)}`))!;
  await one.store.photos.put(draft.id, "mark", new Uint8Array([7, 7, 7]).buffer, "image/png");
  const { sha256 } = (await one.store.photos.info(draft.id, "mark"))!;
  return { event: draft.id, mark_kind: "signature", mark: sha256 };
}

const went = (answer: Response): string | null => answer.headers.get("HX-Push-Url");

test("where consent stands: document, picture, witness, kept; the visit is kept with it", async () => {
  const one = await ready();
  expect(await (await one.get(START)).text()).toContain("990***********2417".slice(0, 3));
  expect(went(await one.post(START, { document: "id_card" }))).toBe(CAMERA);
  expect(await (await one.get(CAMERA)).text()).toContain("请老人握个拳头");
  one.at.now = new Date("2026-11-22T02:06:00.000Z");
  expect(went(await shoot(one))).toBe(CONFIRM);
  const page = await (await one.get(CONFIRM)).text();
  expect(page).toMatch(/value="weak" checked/); // from last time, and said so
  expect(page).toContain("(as last time)");
  expect(page).not.toMatch(/name="witness"[^>]*checked/);

  one.at.now = new Date("2026-11-22T02:07:00.000Z");
  const marked = await sign(one);
  expect(went(await one.post(CONFIRM, { ...marked, witness: "before", condition: "weak" }))).toBe(
    `${HOME}?said=verification`,
  );

  const records = await one.store.records.list();
  const captured = records.find(({ kind }) => kind === "verification.captured")!;
  const visit = records.find(({ kind }) => kind === "visit.ended")!;
  expect(records).toHaveLength(2);
  expect(captured.body).toEqual({
    ...{
      verification: captured.id,
      visit: visit.id,
      entitlements: [id(501)],
      challenge: id(600),
      gesture: "fist",
    },
    ...{
      document: "id_card",
      condition: "weak",
      witness: { name: "陈大兰", relation: "女儿", resident: null },
      kin: false,
    },
    ...{
      captured_at: "2026-11-22T02:06:00.000Z",
      retake_of: null,
      mark: { kind: "signature", role: "mark" },
    },
  });
  expect(captured.blobs.map(({ role }) => role).sort()).toEqual(["mark", "picture"]);
  expect(visit.body).toMatchObject({
    ...{ visit: visit.id, reasons: ["verification"], outcome: "done", verifications: [captured.id] },
    ...{ mark: { kind: "signature", role: "mark" }, started_at: "2026-11-22T02:04:01.123Z" },
  });
  const card = (await one.store.people.get(id(1))) as ResidentCard;
  expect(card.entitlements[0]).toMatchObject({ taken: "captured" });
  expect(await (await one.get(HOME)).text()).toContain("waiting for the agency");
});

test("a gesture that a sync brings after the picture does not take the place of the one in it", async () => {
  const one = await ready();
  await one.post(START, { document: "id_card" });
  await one.get(CAMERA);
  await shoot(one);
  const newer = { id: id(601), gestures: { normal: "palm-open" }, ends_at: "2027-01-20T00:00:00Z" };
  const row = { ...LUO, ...READY, challenge: newer, rev: 41 } as Row;
  await one.store.everyone.apply([row], { villages: { [QINGJIANG]: 41 }, cursor: "" }, 1);
  await one.get(CONFIRM);
  await one.post(CONFIRM, { ...(await sign(one)), witness: "before", condition: "weak" });
  const captured = (await one.store.records.list()).find(({ kind }) => kind === "verification.captured")!;
  expect(captured.body).toMatchObject({ challenge: id(600), gesture: "fist" });
});

test("the first time, consent is asked on a page of its own before anything else", async () => {
  const one = await ready({ consents: {} });
  const text = {
    purpose: "life_verification",
    version: "2026-1",
    words: "我来帮您办养老金认证",
    english: "",
  };
  await county.put(one.db, one.vault.ring, "county", { ...COUNTY, consents: [text] });
  expect(went(await one.get(START))).toBe(`${HOME}/consents/life_verification?then=verification`);
});

test("whoever does not want a picture is shown another way", async () => {
  const one = await ready({ consents: { life_verification: "withdrawn" } });
  const page = await (await one.get(START)).text();
  expect(page).toContain("does not want a picture. That is fine.");
  expect(page).not.toContain("/camera");
});

test("a relation does not take the picture: another agent is asked for", async () => {
  const one = await ready({ kin: true });
  expect(went(await one.get(START))).toBe(`${HOME}/kin`);
  await one.post(`${HOME}/kin`);
  const [written] = await one.store.records.list();
  expect(written).toMatchObject({
    kind: "verification.not_taken",
    body: { outcome: "kin", entitlements: [id(501)] },
  });
  expect(await (await one.get(HOME)).text()).not.toContain(START);
});

test("a gesture out of date, or none at all, warns and lets the picture be taken", async () => {
  const late = await ready({
    challenge: { ...READY.challenge!, ends_at: "2026-11-22T02:00:00Z" },
  } as Partial<Row>);
  await late.post(START, { document: "none" });
  expect(await (await late.get(CAMERA)).text()).toContain("out of date");
  const without = await ready({ challenge: null } as Partial<Row>);
  await without.post(START, { document: "none" });
  expect(await (await without.get(CAMERA)).text()).toContain("No gesture was brought along");
  expect(went(await shoot(without))).toBe(CONFIRM);
});

test("another gesture stays with the picture", async () => {
  const one = await ready();
  await one.post(START, { document: "household_book" });
  expect(await (await one.get(`${START}/gestures`)).text()).toContain("ability=one_side");
  await shoot(one, `${CAMERA}?ability=bedridden`);
  await one.post(CONFIRM, {
    ...(await sign(one)),
    witness: "other",
    witness_other: "周家贵，邻居",
    condition: "bedridden",
  });
  const captured = (await one.store.records.list()).find(({ kind }) => kind === "verification.captured")!;
  expect(captured.body).toMatchObject({
    gesture: "none",
    witness: { name: "周家贵", relation: "邻居" },
    document: "household_book",
  });
});

test("without a picture there is nothing to confirm", async () => {
  const one = await ready();
  expect((await one.get(CONFIRM)).status).toBe(404);
  await one.post(START, { document: "id_card" });
  expect(went(await one.post(CAMERA, { picture: "made up" }))).toContain(CAMERA);
  expect(went(await one.get(CONFIRM))).toBe(CAMERA);
});

test("killed after the picture it goes on there, but not another day", async () => {
  const one = await ready();
  await one.post(START, { document: "id_card" });
  await shoot(one);
  expect(went(await one.get(START))).toBe(CONFIRM);
  expect(await (await one.get(CAMERA)).text()).toContain(`${START}?again=1`); // and one can step back out of it
  expect(await (await one.get(`${START}?again=1`)).text()).toContain("I have seen their:");
  one.at.now = new Date("2026-11-23T02:00:00.000Z");
  expect(await (await one.get(START)).text()).toContain("I have seen their:");
  expect(went(await one.get(CONFIRM))).toBe(CAMERA);
});

test("witness, condition and mark are asked for; the agent is no witness", async () => {
  const one = await ready({ condition: "" });
  await one.post(START, { document: "id_card" });
  await shoot(one);
  const empty = await one.post(CONFIRM, { mark_kind: "signature" });
  expect(empty.status).toBe(422);
  const page = await empty.text();
  for (const words of ["Choose who stands by", "Choose how they are", "Not signed yet"]) expect(page).toContain(words);
  const self = await one.post(CONFIRM, {
    ...(await sign(one)),
    witness: "other",
    witness_other: "杨秀芝",
    condition: "weak",
  });
  expect(await self.text()).toContain("You cannot be the witness");
  expect(await one.store.records.list()).toEqual([]);
});

test("a second tap on the save keeps one verification and one visit", async () => {
  const one = await ready();
  await one.post(START, { document: "id_card" });
  await shoot(one);
  const form = { ...(await sign(one)), witness: "before", condition: "healthy" };
  await one.post(CONFIRM, form);
  expect(went(await one.post(CONFIRM, form))).toBe(`${HOME}?said=verification`);
  expect(await one.store.records.list()).toHaveLength(2);
});

test("killed at the camera it comes back there, but not another day", async () => {
  const one = await ready();
  await one.post(START, { document: "id_card" });
  await one.get(CAMERA);
  expect(went(await one.get(START))).toBe(CAMERA);
  one.at.now = new Date("2026-11-23T02:06:00.000Z");
  expect(await (await one.get(START)).text()).toContain("I have seen their:");
});

test("a picture sent back is taken again for the same entitlements, and names the first", async () => {
  const task = {
    id: id(650),
    kind: "retake",
    what: "BPIURR",
    due_on: "2026-11-27",
    who_may: "",
    money: false,
    why: "手没拍进去",
  };
  const taken = { ...(LUO as ResidentCard).entitlements[0]!, taken: "captured" };
  const one = await ready({ tasks: [task], entitlements: [taken] } as Partial<Row>);
  expect(await (await one.get(HOME)).text()).toContain("Take it again");
  expect(await (await one.get(`${START}?retake=${id(650)}`)).text()).toContain("手没拍进去");
  await one.post(START, { document: "id_card" });
  await shoot(one);
  await one.post(CONFIRM, { ...(await sign(one)), witness: "before", condition: "weak" });
  const captured = (await one.store.records.list()).find(({ kind }) => kind === "verification.captured")!;
  expect(captured.body).toMatchObject({ retake_of: id(650), entitlements: [id(501)] });
  expect(((await one.store.people.get(id(1))) as ResidentCard).tasks).toEqual([]);
});

test("a doubt about the entitlement is told, with who said so, and stops nothing", async () => {
  const one = await ready();
  expect((await one.post(`${HOME}/loss`, { loss: "missing" })).status).toBe(422);
  await one.post(`${HOME}/loss`, { loss: "missing", remarks: "儿子说三年没有消息" });
  const [written] = await one.store.records.list();
  expect(written!.body).toMatchObject({
    outcome: "suspected_loss",
    loss: "missing",
    remarks: "儿子说三年没有消息",
  });
  expect(await (await one.get(HOME)).text()).toContain("Begin verification");
});

test("done by the family in the official app, its number stands for the picture", async () => {
  const one = await ready({ consents: { life_verification: "refused" } });
  const path = `${HOME}/app`;
  expect(await (await one.get(START)).text()).toContain(path);
  const form = { witness: "before", condition: "weak" };
  expect((await one.post(path, form)).status).toBe(422);
  expect(went(await one.post(path, { ...form, receipt: "AH-20261122-88" }))).toBe(`${HOME}?said=verification`);
  const captured = (await one.store.records.list()).find(({ kind }) => kind === "verification.captured")!;
  expect(captured.body).toMatchObject({
    official_app_receipt: "AH-20261122-88",
    document: "none",
    mark: { kind: "none" },
  });
  expect(captured.blobs).toEqual([]);
});

test("what was written beside the picture can be put right, the picture stays", async () => {
  const one = await ready();
  await one.post(START, { document: "id_card" });
  await shoot(one);
  await one.post(CONFIRM, { ...(await sign(one)), witness: "other", witness_other: "周家贵，邻居", condition: "weak" });
  const captured = (await one.store.records.list()).find(({ kind }) => kind === "verification.captured")!;
  const path = `/field/records/${captured.id}/correction`;
  expect(await (await one.get(path)).text()).toMatch(/value="before" checked>.*?邻居 周家贵/s);
  const right = {
    why: "见证人记错了",
    document: "household_book",
    witness: "other",
    witness_other: "陈大兰，女儿",
    condition: "bedridden",
    remarks: "",
  };
  await one.post(path, right);
  const corrected = (await one.store.records.list()).find(({ kind }) => kind === "record.corrected")!;
  expect(corrected.body).toMatchObject({
    ...{ corrects: captured.id, why: "见证人记错了" },
    body: { document: "household_book", condition: "bedridden", witness: { name: "陈大兰" }, mark: captured.body.mark },
  });
});

test("a form left open since yesterday began just now", async () => {
  const one = await ready();
  await one.get(START);
  one.at.now = new Date("2026-11-23T02:00:00.000Z");
  await one.post(START, { document: "id_card" });
  await shoot(one);
  await one.post(CONFIRM, { ...(await sign(one)), witness: "before", condition: "weak" });
  const visit = (await one.store.records.list()).find(({ kind }) => kind === "visit.ended")!;
  expect(visit.body.started_at).toBe("2026-11-23T02:00:00.000Z");
});
