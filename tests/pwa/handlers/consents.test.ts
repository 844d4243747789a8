import { expect, test } from "vitest";
import { id, phone } from "../kit.ts";
import { CONSENTS, cardOf, countySays, LUO_HOME, luo, records, wentTo } from "./more.ts";

const ASK = `${LUO_HOME}/consents/life_verification`;

async function asked() {
  const one = await phone();
  await countySays(one, { consents: CONSENTS });
  return one;
}

test("the county's words are read, and the press says how they were told", async () => {
  const one = await asked();
  const page = await (await one.get(ASK)).text();
  expect(page).toContain("念：life_verification");
  expect(page).not.toMatch(/name="by"[^>]*checked/);
  const answer = await one.post(`${ASK}?then=verification`, { by: "self", answer: "dialect" });
  expect(wentTo(answer)).not.toContain("consents");
  const [written] = await records(one);
  expect(written).toMatchObject({ kind: "consent.given", subject: id(1) });
  expect(written!.body).toEqual({
    ...{
      consent: written!.id,
      purpose: "life_verification",
      text_version: "2026-1",
      told: "dialect",
      by: "self",
      guardian: "",
    },
  });
  expect((await cardOf(one)).consents).toEqual({ life_verification: "given" });
});

test("each purpose is asked for itself", async () => {
  const one = await asked();
  await one.post(ASK, { by: "self", answer: "aloud" });
  const page = await (await one.get(`${LUO_HOME}/consents`)).text();
  expect(page.match(/not asked/g)).toHaveLength(2);
  expect((await one.get(`${LUO_HOME}/consents/advertising`)).status).toBe(404);
});

test("whom the township proposes for the roster is asked from their own page, once", async () => {
  const one = await asked();
  const task = { id: id(720), kind: "consent" as const, what: "care_roster", why: "独居" };
  await luo(one, { tasks: [task], entitlements: [] });
  const page = await (await one.get(LUO_HOME)).text();
  expect(page).toContain("ask whether they want to be on the care roster");
  expect(page).toContain("独居");
  expect(page).toContain(`href="${LUO_HOME}/consents/care_roster"`);
  expect(await (await one.get("/field/today")).text()).toContain("ask whether they want to be on the care roster");
  await one.post(ASK, { by: "self", answer: "aloud" });
  expect((await cardOf(one)).tasks).toHaveLength(1);
  await one.post(`${LUO_HOME}/consents/care_roster`, { by: "self", answer: "refused" });
  expect((await cardOf(one)).tasks).toEqual([]);
});

test("a guardian answers by name", async () => {
  const one = await asked();
  const bare = await one.post(ASK, { by: "guardian", answer: "read" });
  expect(bare.status).toBe(422);
  expect(await bare.text()).toContain("Write the guardian&#39;s name");
  expect(await (await one.post(ASK, { answer: "read" })).text()).toContain("Choose who answers");
  await one.post(ASK, { by: "guardian", guardian: "陈大兰", answer: "read" });
  expect((await records(one))[0]!.body).toMatchObject({ by: "guardian", guardian: "陈大兰", told: "read" });
});

test("a refusal is kept as an answer and another way stays open", async () => {
  const one = await asked();
  await one.post(ASK, { by: "self", answer: "refused" });
  expect(await records(one)).toMatchObject([{ kind: "consent.refused" }]);
  expect(await (await one.get(`${LUO_HOME}/consents`)).text()).toContain("Without a picture it goes by a witness");
});

test("what was given can be taken back without a reason, and given again", async () => {
  const one = await asked();
  await luo(one, { consents: { life_verification: "given" } });
  const page = await one.get(`${ASK}/withdrawal`);
  expect(await page.text()).toContain("Their benefit does not stop for this");
  const answer = await one.post(`${ASK}/withdrawal`, {});
  expect(wentTo(answer)).toBe(`${LUO_HOME}/consents?said=consent_withdrawn`);
  expect(await answer.text()).toContain("They thought again");
  expect(await records(one)).toMatchObject([
    { kind: "consent.withdrawn", body: { purpose: "life_verification", why: "" } },
  ]);
  expect((await cardOf(one)).consents.life_verification).toBe("withdrawn");
});
