/** The PIN was forgotten: the whole way back in, without any signal, and what stands in its way. */
import { expect, test } from "vitest";
import { record } from "../../../pwa/ctx.ts";
import * as device from "../../../pwa/store/device.ts";
import { CHEN, id, LUO, PIN, phone, type TestPhone, visit } from "../kit.ts";

const NEW = "274835";

/** A phone that was locked, and the digits the county holds. */
async function locked(): Promise<{ one: TestPhone; digits: string }> {
  const one = await phone();
  const { vault } = one;
  let digits = "";
  await vault.sealCode(vault.ring, async (_n, found) => {
    digits = found;
    return { sealed: "", signature: "" };
  });
  await vault.codeKept(1);
  await device.put(one.db, "call", { name: "李国秀", phone: "10285550101" });
  return { one, digits };
}

const typed = (digits: string, spell = (group: string) => group) =>
  new URLSearchParams(digits.match(/.{1,4}/g)!.map((group, at) => [`group-${at + 1}`, spell(group)]));

async function send(one: TestPhone, path: string, body: URLSearchParams): Promise<Response> {
  return one.local.handle(new Request(`http://localhost:8000${path}`, { method: "POST", body }));
}

async function newPin(one: TestPhone, pin = NEW): Promise<string> {
  await one.post("/field/recover/pin", { pin });
  return (await one.post("/field/recover/pin-again", { pin })).text();
}

test("with the digits and a new PIN it is open again, all is there, and nothing was asked of the county", async () => {
  const { one, digits } = await locked();
  await record(one.ctx(), visit(LUO.id));
  await one.store.photos.put(id(77), "picture", new TextEncoder().encode("a picture").buffer, "image/jpeg");
  await one.store.drafts.keep(`visit:${CHEN.id}`, { notes: ["腿好多了"] }, "notes", `/field/visits/new?who=${CHEN.id}`);
  one.vault.lock();
  expect(await (await one.get("/field/unlock")).text()).toContain('href="/field/recover"');
  const page = await (await one.get("/field/recover")).text();
  expect(page).toContain("tel:10285550101");
  expect(page).toContain('name="group-1"');
  expect(await (await send(one, "/field/recover", typed(digits))).text()).toContain("/field/recover/pin");
  expect(await newPin(one)).toContain('href="/field/unlock"');
  expect(one.vault.unlocked).toBe(true);
  expect(await one.store.records.list()).toHaveLength(1);
  expect((await one.store.drafts.get(`visit:${CHEN.id}`))!.fields).toEqual({ notes: ["腿好多了"] });
  expect(await one.store.photos.get(id(77), "picture")).toBeDefined();
  expect(one.county.asked).toEqual([]);
  expect(one.sends).toContain("recovered");
  one.vault.lock();
  expect((await one.post("/field/unlock", { pin: PIN })).status).toBe(422);
  await one.post("/field/unlock", { pin: NEW });
  expect(one.vault.unlocked).toBe(true);
});

test("after it the work goes on where the lock found it", async () => {
  const { one, digits } = await locked();
  one.vault.lock();
  await one.get("/field/outbox");
  await send(one, "/field/recover", typed(digits));
  await newPin(one);
  expect((await one.get("/field/unlock")).headers.get("HX-Push-Url")).toBe("/field/outbox");
});

test.each([
  ["spaces and hyphens", (digits: string) => digits.replace(/(..)/g, "$1 -")],
  ["full-width figures", (digits: string) => digits.replace(/\d/g, (d) => String.fromCharCode(0xff10 + Number(d)))],
])("digits with %s are read as they are meant", async (_, spell) => {
  const { one, digits } = await locked();
  one.vault.lock();
  expect((await send(one, "/field/recover", typed(digits, spell))).status).toBe(200);
});

test("wrong digits stay in their boxes, so that only the group misheard is typed anew; then it waits", async () => {
  const { one } = await locked();
  one.vault.lock();
  const wrong = "123443211234432112344321";
  for (let n = 1; n <= 4; n++) {
    const answer = await send(one, "/field/recover", typed(wrong));
    expect(answer.status).toBe(422);
    const page = await answer.text();
    expect(page).toContain('value="4321"');
    expect(page.includes("data-wait")).toBe(n === 4);
  }
  expect(await (await one.get("/field/recover")).text()).toContain('data-wait="30"');
  expect((await one.post("/field/unlock", { pin: PIN })).status).toBe(200); // who remembers after all is not held up
});

test("too few digits are no try", async () => {
  const { one } = await locked();
  one.vault.lock();
  const page = await (await send(one, "/field/recover", typed("123443211"))).text();
  expect(page).toContain('aria-invalid="true"');
  expect(await one.db.get("device", "wrong_code")).toBeUndefined();
});

test("two PINs that differ, and one that is guessed first, are asked for anew; the digits need no second reading", async () => {
  const { one, digits } = await locked();
  one.vault.lock();
  await send(one, "/field/recover", typed(digits));
  expect((await one.post("/field/recover/pin", { pin: "123456" })).status).toBe(422);
  await one.post("/field/recover/pin", { pin: NEW });
  const again = await one.post("/field/recover/pin-again", { pin: "518263" });
  expect(again.headers.get("HX-Push-Url")).toBe("/field/recover/pin");
  expect(one.vault.unlocked).toBe(false);
  await newPin(one);
  expect(one.vault.unlocked).toBe(true);
});

test("right digits are good for ten minutes, not for whoever finds the phone an hour later", async () => {
  const { one, digits } = await locked();
  one.vault.lock();
  await send(one, "/field/recover", typed(digits));
  one.at.now = new Date(one.at.now.getTime() + 600_000);
  expect(await newPin(one)).toContain('name="group-1"');
  expect(one.vault.unlocked).toBe(false);
});

test("without the digits no PIN can be chosen", async () => {
  const { one } = await locked();
  one.vault.lock();
  expect(await newPin(one)).toContain('name="group-1"');
  expect(one.vault.unlocked).toBe(false);
});

test.each(["lock", "wipe"] as const)("under the order %s nobody opens it", async (order) => {
  const { one, digits } = await locked();
  one.vault.lock();
  await send(one, "/field/recover", typed(digits));
  await one.post("/field/recover/pin", { pin: NEW });
  await device.put(one.db, "order", order);
  await one.post("/field/recover/pin-again", { pin: NEW });
  expect(one.vault.unlocked).toBe(false);
  expect((await one.get("/field/recover")).headers.get("HX-Push-Url")).toBe("/field/unlock");
});

test("a phone the county has no code of says so; with nothing noted on it, it can begin again", async () => {
  const one = await phone();
  one.vault.lock();
  const page = await (await one.get("/field/recover")).text();
  expect(page).toContain('action="/field/recover/anew"');
  await one.post("/field/recover/anew");
  expect(await one.vault.exists()).toBe(false);
});

test("with anything noted on it, it never begins again by itself", async () => {
  const one = await phone();
  await record(one.ctx(), visit(LUO.id));
  one.vault.lock();
  expect(await (await one.get("/field/recover")).text()).not.toContain("/field/recover/anew");
  await one.post("/field/recover/anew");
  expect(await one.vault.exists()).toBe(true);
  expect(await one.db.count("outbox")).toBe(1);
});
