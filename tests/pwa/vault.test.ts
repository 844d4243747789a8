import { expect, onTestFinished, test } from "vitest";
import { makeDeviceKey } from "../../pwa/envelope.ts";
import { open } from "../../pwa/store/db.ts";
import * as reserve from "../../pwa/store/reserve.ts";
import { CODE_DELAYS_S, DELAYS_S, GRACE_MS, Locked, recoveryDigits, Vault, weakness } from "../../pwa/vault.ts";
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

test("by a clock set back the wait is as long as it is, and ends", async () => {
  const { db, now } = await vault();
  const made = new Vault(db, () => now.at, 10);
  for (let n = 0; n < 3; n++) await made.unlock("999998").catch(() => undefined);
  now.at = new Date("2020-01-01T00:00:00Z");
  expect(await made.waitMs()).toBe(60_000);
  now.at = new Date("2020-01-01T00:00:59Z");
  expect(await new Vault(db, () => now.at, 10).waitMs()).toBe(1_000);
  now.at = new Date("2020-01-01T00:01:00Z");
  await made.unlock(PIN);
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

/** What the county holds, as the phone sends it: the digits themselves, for here nothing is sealed to anybody. */
const inClear = async (n: number, digits: string) => ({ sealed: digits, signature: String(n) });

/** Send the newest code; the county keeps it, and says so unless told otherwise. */
async function codeSent(made: Vault, { heard = true } = {}): Promise<string> {
  await made.sealCode(made.ring, inClear);
  const { n, sealed } = (await made.codeToSend())!;
  if (heard) await made.codeKept(n);
  return sealed;
}

test("the 24 digits open it, and once the county has the next ones only those do", async () => {
  const { db, made } = await vault();
  const digits = await codeSent(made);
  expect(digits).toMatch(/^\d{24}$/);
  expect(await made.unsentDigits(made.ring)).toBeNull();
  const sealed = await made.ring.seal("people", "p1", "x");
  made.lock();
  await made.recover(digits, "274835");
  expect(await made.ring.open("people", "p1", sealed)).toBe("x");
  const next = await codeSent(made);
  expect(next).not.toBe(digits);
  const later = new Vault(db, undefined, 10);
  await expect(later.recover(digits, "518263")).rejects.toMatchObject({ code: "recovery-wrong" });
  await later.unlock("274835");
  await later.recover(next, "518263");
});

test("recovered out of signal and forgotten again: what the county has still opens it, and so does what may have got through", async () => {
  const { made } = await vault();
  const first = await codeSent(made);
  await made.recover(first, "274835");
  const second = await codeSent(made, { heard: false }); // sent, and the answer never came
  await made.recover(first, "518263");
  await made.recover(second, "740293");
  const fourth = await codeSent(made);
  await expect(made.recover(first, "835274")).rejects.toMatchObject({ code: "recovery-wrong" });
  await made.recover(fourth, "835274");
});

test("an answer to an older code neither forgets a newer one nor keeps it from being sent", async () => {
  const { made } = await vault();
  const first = await codeSent(made, { heard: false });
  await made.recover(first, "274835");
  await made.codeKept(1); // the sync that carried the first code ends now
  expect(await made.unsentDigits(made.ring)).toMatch(/^\d{24}$/);
  const second = await codeSent(made, { heard: false });
  await made.codeKept(1);
  expect(await made.codeToSend()).toMatchObject({ n: 2 });
  await made.recover(first, "518263"); // the county holds the first until it has another
  expect(second).not.toBe(first);
});

test("a code sealed while another window recovers does not bring the old keys back", async () => {
  const { db, made } = await vault();
  const first = (await made.unsentDigits(made.ring))!;
  const { ring } = made;
  await made.sealCode(ring, async (n, digits) => {
    await new Vault(db, undefined, 10).recover(first, "274835");
    return inClear(n, digits);
  });
  await new Vault(db, undefined, 10).unlock("274835");
  expect(await made.unsentDigits(ring)).not.toBe(first);
  expect(await made.unsentDigits(ring)).not.toBeNull();
});

test("two windows that recover at once leave one PIN, and what the county holds still opens it", async () => {
  const { db, made } = await vault();
  const first = await codeSent(made);
  await Promise.all(["274835", "518263"].map((pin) => new Vault(db, undefined, 10).recover(first, pin)));
  const after = new Vault(db, undefined, 10);
  const opened = await Promise.all(
    ["274835", "518263"].map((pin) =>
      after.unlock(pin).then(
        () => 1,
        () => 0,
      ),
    ),
  );
  expect(opened.filter(Boolean)).toHaveLength(1);
  await after.recover(first, "740293");
});

test("wrong digits wait too, by a count of their own, and hold up neither the PIN nor the other way round", async () => {
  const { db, made, now } = await vault();
  const right = await codeSent(made);
  const other = new Vault(db, () => now.at, 10);
  const waits: number[] = [];
  for (const _ of CODE_DELAYS_S) {
    await expect(other.tryCode("0".repeat(24))).rejects.toMatchObject({ code: "recovery-wrong" });
    const wait = await new Vault(db, () => now.at, 10).waitMs("code");
    waits.push(wait / 1000);
    now.at = new Date(now.at.getTime() + wait - 1);
    if (wait)
      await expect(other.tryCode(right)).rejects.toMatchObject({ code: "recovery-wait", facts: { seconds: 1 } });
    now.at = new Date(now.at.getTime() + 1);
  }
  expect(waits).toEqual([...CODE_DELAYS_S]);
  expect(await other.waitMs("pin")).toBe(0);
  await expect(other.tryCode("0".repeat(24))).rejects.toThrow();
  for (let n = 0; n < 3; n++) await other.unlock("999998").catch(() => undefined);
  expect(await other.waitMs("pin")).toBe(60_000);
  now.at = new Date(now.at.getTime() + 300_000);
  await other.recover(right, "274835");
  expect(await other.waitMs("pin")).toBe(0);
  expect(await other.waitMs("code")).toBe(0);
});

test("a try at the digits is counted before it is made", async () => {
  const { db, made } = await vault();
  const trying = made.tryCode("0".repeat(24)).catch(() => undefined);
  await db.get("device", "keys");
  await trying;
  expect(await db.get("device", "wrong_code")).toMatchObject({ count: 1 });
});

test("a clock set forward wins nothing once the county has been heard", async () => {
  const { db, now } = await vault();
  const made = new Vault(db, () => now.at, 10);
  for (let n = 0; n < 3; n++) await made.unlock("999998").catch(() => undefined);
  now.at = new Date(now.at.getTime() + 3_600_000); // an hour forward by hand, five seconds later
  await db.put("device", { at: now.at.getTime(), offset_ms: -3_595_000 }, "heard");
  expect(await made.waitMs()).toBe(55_000);
});

test("keys of a program that did not count its codes open and go on", async () => {
  const { db, made } = await vault();
  const first = (await made.unsentDigits(made.ring))!;
  const { n: _n, ...old } = (await db.get("device", "keys")) as { n: number };
  await db.put("device", { ...old, digits: null }, "keys"); // its one code was sent long ago
  const later = new Vault(db, undefined, 10);
  await later.unlock(PIN);
  await later.sealCode(later.ring, inClear);
  expect(await later.codeToSend()).toBeNull();
  await later.recover(first, "274835");
  await later.sealCode(later.ring, inClear);
  expect(await later.codeToSend()).toMatchObject({ n: 2 });
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

test("a full phone takes a new PIN by the room kept for opening; without any it says that it cannot open", async () => {
  const { db, made } = await vault();
  const digits = await codeSent(made);
  await reserve.keep(db);
  made.lock();
  const { put } = IDBObjectStore.prototype;
  const { delete: remove } = IDBObjectStore.prototype;
  onTestFinished(() => {
    Object.assign(IDBObjectStore.prototype, { put, delete: remove });
  });
  let full = true;
  IDBObjectStore.prototype.put = function (value, key) {
    if (full) throw new DOMException("no room", "QuotaExceededError");
    return put.call(this, value, key);
  };
  IDBObjectStore.prototype.delete = function (key) {
    if (key === "reserve_pin") full = false;
    return remove.call(this, key);
  };
  await made.recover(digits, "274835");
  expect(made.unlocked).toBe(true);
  const next = await codeSent(made);
  made.lock();
  full = true;
  await expect(made.recover(next, "518263")).rejects.toMatchObject({ code: "phone-full", facts: { opening: true } });
});
