/** The outbox as a file, a colleague's file carried along, and what an emptied phone says. All of it works without the PIN. */
import { contents } from "../bundle.ts";
import { type Ctx, type Route, seeOther } from "../ctx.ts";
import * as carried from "../store/carried.ts";
import * as device from "../store/device.ts";
import type { PhoneStore } from "../store/index.ts";

export const routes: Route[] = [
  ["GET", "/field/bundle", takeOut, { open: true }],
  ["GET", "/field/carry", carry, { open: true }],
  ["POST", "/field/carry/away", putAway, { open: true }],
  ["GET", "/field/emptied", emptied, { open: true }],
  ["POST", "/field/emptied", setUpAgain, { open: true }],
];

/** Back where one came from, as far as this phone can still go there. */
async function back(ctx: Ctx): Promise<string> {
  if (ctx.vault.unlocked) return "/field/outbox";
  return (await (ctx.store as PhoneStore).vault.exists()) ? "/field/unlock" : "/field/emptied";
}

async function takeOut(ctx: Ctx): Promise<Response> {
  const inside = await contents((ctx.store as PhoneStore).db);
  const { records: record_count, pictures: picture_count, unproven, bytes } = inside;
  const size = { megabytes: megabytes(bytes), back: await back(ctx) };
  return ctx.render("field/bundle.html", { record_count, picture_count, unproven, ...size });
}

export function megabytes(bytes: number): string {
  return bytes < 100_000 ? "0.1" : (bytes / 1_000_000).toFixed(bytes < 10_000_000 ? 1 : 0);
}

async function carry(ctx: Ctx): Promise<Response> {
  const { db } = ctx.store as PhoneStore;
  const identity = await device.get(db, "identity");
  if (!identity) return seeOther("/field/enrol");
  return ctx.render("field/carry.html", { carried: await carried.list(db), back: await back(ctx) });
}

async function putAway(ctx: Ctx): Promise<Response> {
  await carried.putAway((ctx.store as PhoneStore).db, ctx.form.get("device") ?? "");
  return seeOther("/field/carry");
}

/** This phone was set up before: what had arrived, what is unknown, and what to do now. */
async function emptied(ctx: Ctx): Promise<Response> {
  const store = ctx.store as PhoneStore;
  const before = await device.get(store.db, "before");
  const { records, pictures } = await contents(store.db);
  if (await store.vault.exists()) return seeOther("/field/today");
  return ctx.render("field/emptied.html", {
    ...{ record_count: records, picture_count: pictures, known: before !== undefined, at: before?.at ?? "" },
    ...{ newest: before?.newest ?? 0, arrived: before?.arrived ?? 0 },
    // The county's own mark says what arrived, not what was written since.
    exact: Boolean(before?.at),
    sends: (await device.get(store.db, "identity")) !== undefined,
  });
}

function setUpAgain(ctx: Ctx): Response {
  ctx.session.set("emptied-read", true);
  return seeOther("/field/enrol");
}
