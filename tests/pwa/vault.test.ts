import { expect, test } from "vitest";
import { makeDeviceKey } from "../../pwa/envelope.ts";
import { open } from "../../pwa/store/db.ts";
import { DELAYS_S, GRACE_MS, Locked, recoveryDigits, Vault, weakness } from "../../pwa/vault.ts";
import { PIN } from "./kit.ts";

let count = 0;

async function vault(now = { at: new Date("2026-11-22T02:00:00Z") }) {
  const db = await open({ name: `vault-${++count}` });
  const made = new Vault(db, () => now.at, 10);
  await made.create(PIN, (await makeDeviceKey()).pkcs8);
  return { db, made, now };
}

test("what was sealed opens again after the PIN, in another page", async () => {
  const { db, made } = await vault();
  const sealed = await made.ring.seal("people", "p1", { name: "罗正英" });
  const after = new Vault(db, undefined, 10);
  await after.unlock(PIN);
  expect(await after.ring.open("people", "p1", sealed)).toEqual({ name: "罗正英" });
});

test("a sealed value does not open in another place, nor as another version", async () => {
  const { made } = await vault();
  const sealed = await made.ring.seal("people", "p1", { name: "罗正英" });
  await expect(made.ring.open("people", "p2", sealed)).rejects.toThrow();
  await expect(made.ring.open("drafts", "p1", sealed)).rejects.toThrow();
  await expect(made.ring.open("people", "p1", sealed, 2)).rejects.toThrow();
});

test("nothing on the disk is readable without the PIN", async () => {
  const { db, made } = await vault();
  await db.put("county", { key: "me", version: 1, sealed: await made.ring.seal("county", "me", "罗正英 990101") });
  const plain = [];
  for (const name of db.objectStoreNames) plain.push(...(await db.getAll(name)));
  const bytes = JSON.stringify(plain, (_, value) =>
    value instanceof ArrayBuffer ? Buffer.from(value).toString("latin1") : value,
  );
  expect(bytes).not.toContain("990101");
  expect(bytes).not.toContain(PIN);
});

test("a wrong PIN waits longer each time, also in a new page, and erases nothing", async () => {
  const { db, now } = await vault();
  const made = new Vault(db, () => now.at, 10);
  const waits: number[] = [];
  for (const _ of DELAYS_S) {
    await expect(made.unlock("999998")).rejects.toMatchObject({ code: "pin-wrong" });
    const wait = await new Vault(db, () => now.at, 10).waitMs();
    waits.push(wait / 1000);
    now.at = new Date(now.at.getTime() + wait);
  }
  expect(waits).toEqual([...DELAYS_S]);
  await made.unlock(PIN);
  expect(made.unlocked).toBe(true);
  expect(await made.waitMs()).toBe(0);
});

test("many windows at once have no more tries than one", async () => {
  const { db, now } = await vault();
  const tries = Array.from({ length: 8 }, () => new Vault(db, () => now.at, 10).unlock("999998").catch((e) => e.code));
  const codes = await Promise.all(tries);
  expect(codes.filter((code) => code === "pin-wrong")).toHaveLength(3);
  expect(codes.filter((code) => code === "pin-wait")).toHaveLength(5);
});

test("while it waits even the right PIN is not looked at", async () => {
  const { db, now } = await vault();
  const made = new Vault(db, () => now.at, 10);
  for (let n = 0; n < 3; n++) await made.unlock("999998").catch(() => undefined);
  await expect(made.unlock(PIN)).rejects.toMatchObject({ code: "pin-wait", facts: { seconds: 60 } });
});

test("a clock set back does not make the wait longer than it is", async () => {
  const { db, now } = await vault();
  const made = new Vault(db, () => now.at, 10);
  for (let n = 0; n < 3; n++) await made.unlock("999998").catch(() => undefined);
  now.at = new Date("2020-01-01T00:00:00Z");
  expect(await made.waitMs()).toBe(60_000);
});

test("the count is written before the PIN is tried, so closing the app skips nothing", async () => {
  const { db, now } = await vault();
  const made = new Vault(db, () => now.at, 10);
  const trying = made.unlock("999998").catch(() => undefined);
  // Another page that opens in this very moment already finds the try counted.
  await db.get("device", "keys");
  await trying;
  expect(await db.get("device", "wrong")).toMatchObject({ count: 1 });
});

test("the 24 digits open it once; then new ones stand in their place", async () => {
  const { db, made } = await vault();
  const digits = (await made.unsentDigits(made.ring))!;
  expect(digits).toMatch(/^\d{24}$/);
  const sealed = await made.ring.seal("people", "p1", "x");
  await made.forgetDigits();
  made.lock();
  await made.recover(digits, "274835");
  expect(await made.ring.open("people", "p1", sealed)).toBe("x");
  const fresh = await made.unsentDigits(made.ring);
  expect(fresh).not.toBe(digits);
  const later = new Vault(db, undefined, 10);
  await expect(later.recover(digits, "518263")).rejects.toMatchObject({ code: "recovery-wrong" });
  await later.unlock("274835");
});

test("after the lock a sync that runs keeps its key two minutes, and no longer", async () => {
  const { made } = await vault();
  const { ring } = made;
  const sealed = await ring.seal("people", "p1", "x");
  const { vi } = await import("vitest");
  vi.useFakeTimers();
  made.lock();
  expect(() => made.ring).toThrow(Locked);
  vi.advanceTimersByTime(GRACE_MS - 1);
  expect(ring.alive).toBe(true);
  vi.advanceTimersByTime(1);
  vi.useRealTimers();
  await expect(ring.open("people", "p1", sealed)).rejects.toThrow(Locked);
});

test.each([
  ["111111", "repeated"],
  ["121212", "repeated"],
  ["527527", "repeated"],
  ["112233", "repeated"],
  ["123456", "sequence"],
  ["765432", "sequence"],
  ["890123", "sequence"],
  ["135791", "sequence"],
  ["480507", "date"],
  ["311299", "date"],
  ["194805", "date"],
  ["12345", "length"],
  ["12345a", "length"],
  ["835274", ""],
  ["509183", ""],
])("the PIN %s is refused as %j", (pin, why) => {
  expect(weakness(pin)).toBe(why);
});

test("recovery digits use all ten figures about equally", () => {
  const seen = new Array(10).fill(0);
  for (let n = 0; n < 200; n++) for (const digit of recoveryDigits()) seen[Number(digit)]++;
  for (const times of seen) expect(times).toBeGreaterThan(380);
});
