import { expect, test } from "vitest";
import { id, phone, type TestPhone } from "../kit.ts";
import { DISABILITY_CARD, LUO_HOME, luo, records, sign } from "./more.ts";

const VISIT = `/field/visits/new?resident=${id(1)}`;

async function request(one: TestPhone, words: string): Promise<string> {
  await one.post(`${LUO_HOME}/request`, { words });
  return (await records(one))[0]!.body.visit as string;
}

test("what is done at the door before the visit is noted belongs to it, and is its reason", async () => {
  const one = await phone();
  await luo(one, { tasks: [DISABILITY_CARD], entitlements: [] });
  const visit = await request(one, "修路灯");
  await one.post(`${LUO_HOME}/deliveries/${DISABILITY_CARD.id}/attempt`, { not_why: "refused" });
  one.at.now = new Date("2026-11-22T02:24:00Z");
  const form = await (await one.get(VISIT)).text();
  for (const reason of ["request", "delivery"]) expect(form).toMatch(new RegExp(`value="${reason}" checked`));
  await one.post(VISIT, { outcome: "refused", reasons: "request" });

  const [ended, attempted, raised] = await records(one);
  expect(attempted!.body.visit).toBe(visit);
  expect(ended!.body).toMatchObject({
    visit,
    requests: [raised!.body.request],
    deliveries: [DISABILITY_CARD.id],
    started_at: "2026-11-22T02:04:01.123Z", // with the first deed, not with a check-in
  });
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

test("a verification after a request is one visit, with both", async () => {
  const one = await phone();
  await luo(one, { consents: { life_verification: "given" }, witness: { name: "陈大兰", relation: "女儿" } });
  const visit = await request(one, "修路灯");
  const start = `${LUO_HOME}/verification`;
  await one.get(start);
  await one.post(start, { document: "id_card" });
  const draft = (await one.store.drafts.get(`verification:${id(1)}`))!;
  await one.store.photos.put(draft.id, "picture", new Uint8Array(2000).buffer, "image/jpeg");
  await one.post(`${start}/camera`, { picture: "hash" });
  const marked = await sign(one, draft.key);
  await one.post(`${start}/confirm`, { ...marked, witness: "before", condition: "weak" });

  const written = await records(one);
  const ended = written.find(({ kind }) => kind === "visit.ended")!;
  expect(ended.body).toMatchObject({ visit, reasons: ["verification", "request"], verifications: [draft.id] });
  expect(ended.body.requests).toHaveLength(1);
  expect(written.find(({ kind }) => kind === "verification.captured")!.body.visit).toBe(visit);
  expect(await one.store.drafts.get(`visit:${id(1)}`)).toBeUndefined();
});
