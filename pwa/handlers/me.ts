/** The badge with its printed code, this phone, language and size of the words, lock, forget this phone. */
import type { Ctx, Route, Settings } from "../ctx.ts";
import { Problem, seeOther } from "../ctx.ts";
import * as device from "../store/device.ts";
import type { PhoneStore } from "../store/index.ts";
import { isWritten } from "../unfinished.ts";

const VIEWS: Record<string, Settings["view"]> = { usual: "", elder: "elder", max: "elder elder-max" };

export const routes: Route[] = [
  ["GET", "/field/me", show],
  ["GET", "/field/me/phone", phone],
  ["GET", "/field/me/view", view],
  ["POST", "/field/me/view", setView],
  ["GET", "/field/me/forget", askForget],
  ["POST", "/field/me/forget", sureForget],
  ["POST", "/field/me/forget/sure", forget],
];

async function show(ctx: Ctx): Promise<Response> {
  const { badge, person, posts, lead } = await ctx.store.me.get();
  const places = [...new Set(posts.map(({ area_name }) => area_name))];
  return ctx.render("field/me.html", {
    badge: badge && { ...badge, duty: dutyAt(places, badge.duty) },
    // Only the drawing of a code: its own tags, nothing that could run.
    qr: badge ? drawing(badge.qr) : "",
    person,
    lead,
    valid: badge ? badge.state === "active" && badge.valid_to >= ctx.clock.today() : false,
  });
}

/** 清江村代办员: whoever looks at the badge sees for where, also where the badge itself leaves it out. */
export function dutyAt(places: string[], duty: string): string {
  return `${places.filter((place) => !duty.includes(place)).join("、")}${duty}`;
}

async function phone(ctx: Ctx): Promise<Response> {
  const { db } = ctx.store as PhoneStore;
  const [counts, people, heard, persisted, identity, offset] = await Promise.all([
    ctx.store.outbox.counts(),
    ctx.store.people.count(),
    ctx.store.outbox.lastHeard(),
    device.get(db, "persisted"),
    device.get(db, "identity"),
    ctx.clock.offset(),
  ]);
  const estimate = await globalThis.navigator?.storage?.estimate?.().catch(() => null);
  const free = estimate?.quota ? Math.max(0, estimate.quota - (estimate.usage ?? 0)) : null;
  return ctx.render("field/me-phone.html", {
    ...{ counts, people, heard: heard ?? "", persisted: persisted ?? false },
    device: identity?.device.slice(0, 8) ?? "",
    county: identity?.county ?? "",
    measured: free !== null,
    // Half of what the browser promises: it promises the same space to others. More than 999 is "plenty".
    photos: Math.min(999, Math.floor((free ?? 0) / 2 / 160_000)),
    used: estimate?.usage ? Math.max(1, Math.round(estimate.usage / 1_000_000)) : 0,
    compared: offset.ms !== null,
    minutes: Math.round((offset.ms ?? 0) / 60_000),
  });
}

async function view(ctx: Ctx): Promise<Response> {
  return ctx.render("field/me-view.html", { settings: await ctx.store.settings.get(), errors: {} });
}

/** English counts once it is on the phone; the size of the words counts at once. */
async function setView(ctx: Ctx): Promise<Response> {
  const { settings } = ctx.store;
  const view = VIEWS[ctx.form.get("view") ?? ""] ?? "";
  const lang = ctx.form.get("lang") === "en" ? "en" : "zh-Hans";
  if (lang !== (await settings.get()).lang && !(await ctx.speak(lang))) {
    await settings.set({ view });
    const errors = {
      lang: ctx.t(
        "English has to be fetched once, and there is no signal now. Choose it where there is; all stays as it is.",
      ),
    };
    return ctx.render("field/me-view.html", { settings: await settings.get(), errors }, { status: 422 });
  }
  await settings.set({ lang, view });
  return seeOther(ctx.form.has("done") ? "/field/me" : "/field/me/view");
}

async function askForget(ctx: Ctx): Promise<Response> {
  return ctx.render("field/me-forget.html", {
    counts: await ctx.store.outbox.counts(),
    drafts: (await ctx.store.drafts.list()).filter(isWritten).length,
    sure: false,
  });
}

/** The second page says once more what would be lost, and its button is the only solid red one of the program. */
async function sureForget(ctx: Ctx): Promise<Response> {
  const counts = await ctx.store.outbox.counts();
  const drafts = (await ctx.store.drafts.list()).filter(isWritten).length;
  const facts = { counts, drafts, sure: true };
  return ctx.render("field/me-forget.html", facts);
}

async function forget(ctx: Ctx): Promise<Response> {
  if (ctx.form.get("sure") !== "yes") throw new Problem("forget-unsure", {}, 422);
  const store = ctx.store as PhoneStore;
  store.vault.shut();
  await device.wipe(store.db);
  store.onEmptied();
  ctx.session.clear();
  return seeOther("/field/enrol");
}

/** The SVG of the printed code with nothing but its shapes; anything else is not drawn. */
export function drawing(svg: string): string {
  const clean = svg.replace(/^\s*<\?xml[^>]*\?>\s*/, "").trim();
  const harmless =
    /^<svg[\s>][\s\S]*<\/svg>$/.test(clean) &&
    !/<(?!\/?(?:svg|path|rect|g|title)[\s>/])|\son\w+\s*=|href|style|script|url\(/i.test(clean);
  return harmless ? clean : "";
}
