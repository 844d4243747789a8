/** A phone that is full: words still find room, pictures are refused before they are taken, and nothing is said saved that is not. */
import { expect, onTestFinished, test, vi } from "vitest";
import { record } from "../../pwa/ctx.ts";
import { check } from "../../pwa/store/check.ts";
import * as reserve from "../../pwa/store/reserve.ts";
import { id, LUO, PIN, phone, type TestPhone, visit } from "./kit.ts";

/** As a browser does it: the transaction is aborted. Full as long as `full` says so. */
function disk(full: (store: string) => boolean) {
  const { put, add } = IDBObjectStore.prototype;
  for (const name of ["put", "add"] as const)
    IDBObjectStore.prototype[name] = function (this: IDBObjectStore, value: unknown, key?: IDBValidKey) {
      if (full(this.name)) throw new DOMException("no room", "QuotaExceededError");
      return (name === "put" ? put : add).call(this, value, key);
    } as typeof put;
  onTestFinished(() => {
    Object.assign(IDBObjectStore.prototype, { put, add });
  });
}

const reserved = async (one: TestPhone) => (await one.db.getKey("device", "reserve")) !== undefined;

test("with the PIN some room is kept free for words, once, and it leaves with everything else", async () => {
  const one = await phone();
  expect(await reserve.keep(one.db)).toBe(true);
  const laid = (await one.db.get("device", "reserve")) as ArrayBuffer;
  expect(laid.byteLength).toBe(reserve.RESERVE_BYTES);
  expect(new Set(new Uint8Array(laid.slice(0, 4_096))).size).toBeGreaterThan(200); // noise: a database packs zeros away
  expect(await one.store.photos.room()).toBe(true);
});

test("a visit in words is saved on a full phone with the room that was kept for it", async () => {
  const one = await phone();
  await reserve.keep(one.db);
  disk(() => reservedNow);
  let reservedNow = true;
  const { delete: remove } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.delete = function (key) {
    if (key === "reserve") reservedNow = false; // letting go makes room
    return remove.call(this, key);
  };
  onTestFinished(() => {
    IDBObjectStore.prototype.delete = remove;
  });
  const saved = await record(one.ctx(), visit(id(1)));
  expect(await one.store.records.get(saved.id)).toMatchObject({ state: "queued" });
  expect(await reserved(one)).toBe(false);
});

test("while that room cannot be laid down no picture is taken, and when there is room again one is", async () => {
  const one = await phone();
  let full = true;
  disk(() => full);
  expect(await one.store.photos.room()).toBe(false);
  full = false;
  expect(await one.store.photos.room()).toBe(true);
});

test("where the browser tells how much is left, too little is told before the picture", async () => {
  const one = await phone();
  const left = (bytes: number) =>
    vi.stubGlobal("navigator", {
      storage: { estimate: async () => ({ quota: 100_000_000 + bytes, usage: 100_000_000 }) },
    });
  onTestFinished(() => void vi.unstubAllGlobals());
  left(19_000_000);
  expect(await one.store.photos.room()).toBe(false);
  left(21_000_000);
  expect(await one.store.photos.room()).toBe(true);
  vi.stubGlobal("navigator", { storage: { estimate: () => Promise.reject(new Error("opaque")) } });
  expect(await one.store.photos.room()).toBe(true);
});

test("on a full phone a form still opens", async () => {
  const one = await phone();
  disk(() => true);
  expect((await one.get(`/field/visits/new?resident=${LUO.id}`)).status).toBe(200);
});

test("a save that finds no room at all says so, and the form comes back as it stood", async () => {
  const one = await phone();
  const path = `/field/visits/new?resident=${LUO.id}`;
  await one.get(path);
  disk((store) => store === "outbox" || store === "device");
  const form = { outcome: "not_home", reasons: "care", notes: "门锁着" };
  const answer = await one.post(path, form);
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain("The phone is full, this was not kept");
  expect(one.bugs).toEqual([]);
  expect(await one.store.records.list()).toEqual([]);
  expect((await one.store.drafts.get(`visit:${LUO.id}`))!.fields.notes).toEqual(["门锁着"]);
});

test("a full phone opens with its PIN by the room that was kept for that, and says so where there is none", async () => {
  const one = await phone();
  await reserve.keep(one.db);
  one.store.vault.lock();
  let full = true;
  disk((store) => store === "device" && full);
  const { delete: remove } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.delete = function (key) {
    if (key === "reserve_pin") full = false;
    return remove.call(this, key);
  };
  onTestFinished(() => {
    IDBObjectStore.prototype.delete = remove;
  });
  await one.store.vault.unlock(PIN);
  expect(one.store.vault.unlocked).toBe(true);
  expect(await reserved(one)).toBe(true); // the room for words is still there

  one.store.vault.lock();
  await one.db.delete("device", "reserve_pin");
  full = true;
  const answer = await one.post("/field/unlock", { pin: PIN });
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain("The phone is full, Daiban cannot open");
  expect(one.bugs).toEqual([]);
});

test("a full phone looks for losses at its start all the same", async () => {
  const one = await phone();
  await record(one.ctx(), [visit(id(1)), visit(id(1))]);
  await check(one.db, null);
  const [first] = await one.db.getAllFromIndex("outbox", "seq");
  await one.db.delete("outbox", first!.id);
  disk(() => true);
  expect((await check(one.db, null)).missing).toEqual([[1, 1]]);
});
