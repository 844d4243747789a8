/** The PIN, and the lock. After the PIN the agent is where the lock found him. */
import { type Ctx, Problem, type Route, seeOther } from "../ctx.ts";
import * as device from "../store/device.ts";
import type { PhoneStore } from "../store/index.ts";
import { packed } from "./enrol.ts";

export const routes: Route[] = [
  ["GET", "/field/unlock", show, { open: true }],
  ["POST", "/field/unlock", unlock, { open: true }],
  ["POST", "/field/lock", lock, { open: true }],
];

async function show(ctx: Ctx): Promise<Response> {
  const store = ctx.store as PhoneStore;
  if (!(await store.vault.exists())) return seeOther("/field/enrol");
  if (ctx.vault.unlocked) return next(ctx, store);
  return page(ctx, store, "", 200);
}

async function unlock(ctx: Ctx): Promise<Response> {
  const store = ctx.store as PhoneStore;
  if (!(await store.vault.exists())) return seeOther("/field/enrol");
  if (await device.get(store.db, "order")) return page(ctx, store, "", 403);
  try {
    await store.vault.unlock(ctx.form.get("pin") ?? "");
  } catch (error) {
    if (!(error instanceof Problem) || error.code === "phone-full") throw error;
    return page(ctx, store, error.code, error.status);
  }
  await store.warm();
  ctx.send("unlock");
  return next(ctx, store);
}

async function lock(ctx: Ctx): Promise<Response> {
  await ctx.vault.lock();
  ctx.session.clear();
  return seeOther("/field/unlock");
}

async function next(ctx: Ctx, store: PhoneStore): Promise<Response> {
  const after = ctx.session.get("after");
  ctx.session.delete("after");
  if (!(await device.get(store.db, "identity")))
    return seeOther(typeof after === "string" && after.startsWith("/field/enrol") ? after : "/field/enrol");
  if (!(await packed(store))) return seeOther("/field/enrol/pack");
  return seeOther(typeof after === "string" ? after : "/field/today");
}

async function page(ctx: Ctx, store: PhoneStore, problem: string, status: number): Promise<Response> {
  const seconds = Math.ceil((await store.vault.waitMs()) / 1000);
  const order = (await device.get(store.db, "order")) ?? "";
  const call = (await device.get(store.db, "call")) ?? null;
  const { pictures } = await ctx.store.outbox.counts();
  const headers: Record<string, string> = status === 200 ? {} : { "HX-Push-Url": "false" };
  return ctx.render("field/unlock.html", { problem, seconds, order, call, pictures }, { status, headers });
}
