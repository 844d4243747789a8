/**
 * The PIN was forgotten: the township reads out 24 digits, and a new PIN is chosen. All of it without signal, and nothing is lost.
 * Digits and PIN wait in this page's memory only; left alone for a while, or killed, it begins again.
 */
import { type Ctx, Problem, type Route, seeOther } from "../ctx.ts";
import { DIGITS, GROUPS, readDigits } from "../recovery.ts";
import * as device from "../store/device.ts";
import type { PhoneStore } from "../store/index.ts";
import { weakness } from "../vault.ts";

const GROUP = DIGITS / GROUPS;
const GOOD_FOR_MS = 10 * 60_000; // from the right digits to the new PIN

export const routes: Route[] = [
  ["GET", "/field/recover", show, { open: true }],
  ["POST", "/field/recover", takeDigits, { open: true }],
  ["GET", "/field/recover/pin", choosePin, { open: true }],
  ["POST", "/field/recover/pin", takePin, { open: true }],
  ["GET", "/field/recover/pin-again", repeatPin, { open: true }],
  ["POST", "/field/recover/pin-again", openAgain, { open: true }],
  ["GET", "/field/recover/done", done],
  ["POST", "/field/recover/anew", anew, { open: true }],
];

async function show(ctx: Ctx): Promise<Response> {
  return (await elsewhere(ctx)) ?? page(ctx, "", 200);
}

/** Only where somebody is locked out: not before a PIN was chosen, not while open, not under an order. */
async function elsewhere(ctx: Ctx): Promise<Response | null> {
  const { db, vault } = ctx.store as PhoneStore;
  if (!(await vault.exists())) return seeOther("/field/enrol");
  if (ctx.vault.unlocked || (await device.get(db, "order"))) return seeOther("/field/unlock");
  return null;
}

async function takeDigits(ctx: Ctx): Promise<Response> {
  const away = await elsewhere(ctx);
  if (away) return away;
  const groups = Array.from({ length: GROUPS }, (_, at) => readDigits(ctx.form.get(`group-${at + 1}`) ?? ""));
  ctx.session.set("recover-typed", groups);
  const digits = groups.join("");
  if (digits.length !== DIGITS) return page(ctx, "length", 422);
  try {
    await (ctx.store as PhoneStore).vault.tryCode(digits);
  } catch (error) {
    if (!(error instanceof Problem) || error.code === "phone-full") throw error;
    return page(ctx, error.code, error.status);
  }
  ctx.session.delete("recover-typed");
  ctx.session.set("recover", { digits, until: ctx.clock.now().getTime() + GOOD_FOR_MS });
  return seeOther("/field/recover/pin");
}

/** The digits that were right a moment ago. */
function digitsOf(ctx: Ctx): string | null {
  const found = ctx.session.get("recover") as { digits: string; until: number } | undefined;
  const left = found ? found.until - ctx.clock.now().getTime() : 0;
  if (found && left > 0 && left <= GOOD_FOR_MS) return found.digits;
  forget(ctx);
  return null;
}

function forget({ session }: Ctx): void {
  for (const name of ["recover", "recover-pin", "recover-typed", "recover-problem"]) session.delete(name);
}

function choosePin(ctx: Ctx): Promise<Response> | Response {
  if (!digitsOf(ctx)) return seeOther("/field/recover");
  const problem = ctx.session.get("recover-problem") ?? "";
  ctx.session.delete("recover-problem");
  return pinPage(ctx, false, problem as string);
}

function takePin(ctx: Ctx): Promise<Response> | Response {
  if (!digitsOf(ctx)) return seeOther("/field/recover");
  const pin = ctx.form.get("pin") ?? "";
  const problem = weakness(pin);
  if (problem) return pinPage(ctx, false, problem, 422);
  ctx.session.set("recover-pin", pin);
  return seeOther("/field/recover/pin-again");
}

function repeatPin(ctx: Ctx): Promise<Response> | Response {
  if (!digitsOf(ctx) || !ctx.session.has("recover-pin")) return seeOther("/field/recover/pin");
  return pinPage(ctx, true, "");
}

async function openAgain(ctx: Ctx): Promise<Response> {
  const away = await elsewhere(ctx);
  if (away) return away;
  const digits = digitsOf(ctx);
  if (!digits) return seeOther("/field/recover");
  const pin = ctx.session.get("recover-pin") as string;
  ctx.session.delete("recover-pin");
  if (ctx.form.get("pin") !== pin) {
    ctx.session.set("recover-problem", "different");
    return seeOther("/field/recover/pin");
  }
  const store = ctx.store as PhoneStore;
  await store.vault.recover(digits, pin);
  forget(ctx);
  await store.warm();
  ctx.send("recovered");
  return seeOther("/field/recover/done");
}

/** What is all there, in figures, before the work goes on where it was. */
async function done(ctx: Ctx): Promise<Response> {
  const [counts, drafts, people] = await Promise.all([
    ctx.store.outbox.counts(),
    ctx.store.drafts.list(),
    ctx.store.people.count(),
  ]);
  return ctx.render("field/recovered.html", { counts, drafts: drafts.length, people: people.all });
}

/** Nothing was ever noted on it and the county has no code of it: it is set up once more. */
async function anew(ctx: Ctx): Promise<Response> {
  const away = await elsewhere(ctx);
  if (away) return away;
  const store = ctx.store as PhoneStore;
  if (!(await nothingHere(store))) return seeOther("/field/recover");
  await device.wipe(store.db);
  ctx.session.clear();
  return seeOther("/field/enrol");
}

async function nothingHere({ db, vault }: PhoneStore): Promise<boolean> {
  if (await vault.hasCodeAtCounty()) return false;
  const kept = await Promise.all((["outbox", "drafts", "ciphers"] as const).map((name) => db.count(name)));
  return kept.every((count) => count === 0);
}

async function page(ctx: Ctx, problem: string, status: number): Promise<Response> {
  const store = ctx.store as PhoneStore;
  const typed = (ctx.session.get("recover-typed") as string[] | undefined) ?? [];
  const groups = Array.from({ length: GROUPS }, (_, at) => typed[at] ?? "");
  return ctx.render(
    "field/recover.html",
    {
      groups,
      problem,
      short: problem === "length" ? groups.findIndex((group) => group.length !== GROUP) + 1 : 0,
      seconds: Math.ceil((await store.vault.waitMs("code")) / 1000),
      call: (await device.get(store.db, "call")) ?? null,
      at_county: await store.vault.hasCodeAtCounty(),
      nothing_here: await nothingHere(store),
    },
    { status },
  );
}

function pinPage(ctx: Ctx, again: boolean, problem: string, status = 200): Promise<Response> {
  return ctx.render("field/enrol-pin.html", { again, problem, to: "/field/recover" }, { status });
}
