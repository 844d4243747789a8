import { expect, test } from "vitest";
import { id, phone, type TestPhone } from "../kit.ts";
import { BANK_CARD, DISABILITY_CARD, LUO_HOME, luo, records, sign } from "./more.ts";

const VISIT = `/field/visits/new?resident=${id(1)}`;

async function request(one: TestPhone, words: string): Promise<string> {
  await one.post(`${LUO_HOME}/request`, { words });
  const raised = (await records(one)).find(({ kind }) => kind === "request.raised");
  return raised!.body.visit as string;
}

const visits = async (one: TestPhone) => (await records(one)).filter(({ kind }) => kind === "visit.ended");

test("what is done at the door in one going without a visit noted is one visit, not three", async () => {
  const one = await phone();
  await luo(one, { tasks: [DISABILITY_CARD, BANK_CARD], entitlements: [] });
  const visit = await request(one, "修路灯");
  one.at.now = new Date("2026-11-22T02:24:00Z");
  await one.post(`${LUO_HOME}/deliveries/${DISABILITY_CARD.id}/attempt`, { not_why: "refused" });
  const signed = await sign(one, `delivery:${BANK_CARD.id}`);
  await one.post(`${LUO_HOME}/deliveries/${BANK_CARD.id}`, { to: "self", identity: "id_card", ...signed });

  const [made, attempted, ended, raised] = await records(one);
  for (const deed of [made, attempted, raised]) expect(deed!.body.visit).toBe(visit);
  expect(ended).toMatchObject({ id: visit, body: { visit, requests: [raised!.id] } });
  expect(await visits(one)).toHaveLength(1);
});

test("a visit whose form was only opened is the visit of the deed, from when it was opened", async () => {
  const one = await phone();
  const { id: opened } = await one.store.drafts.open(`visit:${id(1)}`);
  one.at.now = new Date("2026-11-22T02:24:00Z");
  expect(await request(one, "修路灯")).toBe(opened);
  const [ended] = await visits(one);
  expect(ended!.body).toMatchObject({
    ...{ visit: opened, started_at: "2026-11-22T02:04:01.123Z", ended_at: "2026-11-22T02:24:00.000Z" },
  });
  expect(await one.store.drafts.get(`visit:${id(1)}`)).toBeUndefined();
});

test("a visit in the middle of being noted takes what is done in it, and stands on Today until it is", async () => {
  const one = await phone();
  await luo(one, { tasks: [DISABILITY_CARD], entitlements: [] });
  const draft = await one.store.drafts.open(`visit:${id(1)}`);
  await one.store.drafts.keep(draft.key, { notes: ["灶好的"] }, "notes", VISIT);
  expect(await request(one, "修路灯")).toBe(draft.id);
  await one.post(`${LUO_HOME}/deliveries/${DISABILITY_CARD.id}/attempt`, { not_why: "refused" });
  expect(await visits(one)).toEqual([]);
  expect(await (await one.get("/field/today")).text()).toContain(`href="${VISIT}"`);

  await one.post(VISIT, { outcome: "refused", reasons: "request" });
  const [ended, attempted, raised] = await records(one);
  expect(attempted!.body.visit).toBe(draft.id);
  expect(ended!.body).toMatchObject({ visit: draft.id, requests: [raised!.id], deliveries: [DISABILITY_CARD.id] });
});

test("what was begun another day and left is not the visit of today", async () => {
  const one = await phone();
  const draft = await one.store.drafts.open(`visit:${id(1)}`);
  await one.store.drafts.keep(draft.key, { notes: ["灶好的"] });
  one.at.now = new Date("2026-11-23T02:00:00Z");
  const visit = await request(one, "修路灯");
  expect(visit).not.toBe(draft.id);
  expect((await visits(one)).map((ended) => ended.id)).toEqual([visit]);
  expect(await one.store.drafts.get(draft.key)).toMatchObject({ fields: { notes: ["灶好的"] } });
});

test("nobody home in the morning is not the visit of a request taken in that afternoon", async () => {
  const one = await phone();
  await one.post(VISIT, { outcome: "not_home", reasons: "care" });
  const [morning] = await records(one);
  one.at.now = new Date("2026-11-22T07:00:00Z");
  expect(await request(one, "修路灯")).not.toBe(morning!.id);
  expect((await visits(one)).map(({ body }) => body.outcome)).toEqual(["done", "not_home"]);
});

test("what comes after the visit was noted belongs to the same one, on that day", async () => {
  const one = await phone();
  await one.post(VISIT, { outcome: "refused", reasons: "care" });
  const [ended] = await records(one);
  expect(await request(one, "修路灯")).toBe(ended!.body.visit);
  one.at.now = new Date("2026-11-23T02:00:00Z");
  expect(await request(one, "修水管")).not.toBe(ended!.body.visit);
});

test("a second visit begun on the same day takes what is done in it", async () => {
  const one = await phone();
  await one.post(VISIT, { outcome: "not_home", reasons: "care" });
  const draft = await one.store.drafts.open(`visit:${id(1)}`);
  await one.store.drafts.keep(draft.key, { notes: ["这次在家"] });
  expect(await request(one, "修路灯")).toBe(draft.id);
});

test("a request after a verification belongs to the visit that was", async () => {
  const one = await phone();
  await luo(one, { consents: { life_verification: "given" }, witness: { name: "陈大兰", relation: "女儿" } });
  const start = `${LUO_HOME}/verification`;
  await one.get(start);
  await one.post(start, { document: "id_card" });
  const draft = (await one.store.drafts.get(`verification:${id(1)}`))!;
  await one.store.photos.put(draft.id, "picture", new Uint8Array(2000).buffer, "image/jpeg");
  await one.post(`${start}/camera`, { picture: "hash" });
  const marked = await sign(one, draft.key);
  await one.post(`${start}/confirm`, { ...marked, witness: "before", condition: "weak" });

  const [ended] = await visits(one);
  expect(ended!.body).toMatchObject({ reasons: ["verification"], verifications: [draft.id] });
  expect(await request(one, "修路灯")).toBe(ended!.id);
  expect(await visits(one)).toHaveLength(1);
});
