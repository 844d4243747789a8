/**
 * This phone becomes an agent's: code → PIN twice → six digits the lead types → first pack (docs/formats.md §4).
 * The PIN comes before the claim, so that the device key never lies unsealed on the disk and every step can be resumed after a kill.
 *
 * A phone that the county does not know any more (docs/adr/0015) goes the same way without the PIN: it keeps its key, its id, its
 * mailbox and all it holds, and only says who it is.
 */
import { b64, sha256, utf8 } from "../bytes.ts";
import { type Ctx, Problem, type Route, seeOther } from "../ctx.ts";
import { makeDeviceKey, sixDigits } from "../envelope.ts";
import type { Answer } from "../net.ts";
import * as county from "../store/county.ts";
import * as device from "../store/device.ts";
import type { PhoneStore } from "../store/index.ts";
import { weakness } from "../vault.ts";
import type { EnrolmentClaim, EnrolmentRequest, EnrolmentState, Release } from "../wire.ts";

const TYPED = 10;
const ALPHABET = /^[0-9ABCDEFGHJKMNPQRSTVWXYZ]+$/;
const POLL_LIMIT_MS = 8_000;

/** The claim under way, sealed. */
interface Enrolling {
  enrolment: string;
  claim: string;
  expires_at: string;
  digits: string;
}

export const routes: Route[] = [
  ["GET", "/field/enrol", start, { open: true }],
  ["POST", "/field/enrol", takeCode, { open: true }],
  ["GET", "/field/enrol/pin", choosePin, { open: true }],
  ["POST", "/field/enrol/pin", takePin, { open: true }],
  ["GET", "/field/enrol/pin-again", repeatPin, { open: true }],
  ["POST", "/field/enrol/pin-again", makeVault, { open: true }],
  ["GET", "/field/enrol/claim", claimAgain],
  ["GET", "/field/enrol/digits", showDigits],
  ["GET", "/field/enrol/pack", showPack],
  ["POST", "/field/enrol/pack", fetchPack],
];

async function start(ctx: Ctx): Promise<Response> {
  const store = ctx.store as PhoneStore;
  const keys = await store.vault.exists();
  const again = await forgotten(store);
  if (keys && !again && (await device.get(store.db, "identity")))
    return seeOther((await packed(store)) ? "/field/today" : "/field/enrol/pack");
  // An emptied phone must not look like a new one: what is lost, and what to do, is read first.
  if (!keys && !ctx.env.code && !ctx.session.has("emptied-read") && (await wasEmptied(store)))
    return seeOther("/field/emptied");
  if (keys) {
    if (!ctx.vault.unlocked) return later(ctx, "/field/enrol");
    if (await underWay(store)) return seeOther("/field/enrol/digits");
  }
  return ctx.render("field/enrol-code.html", { code: spaced(ctx.env.code), again, ...installing(ctx), problem: "" });
}

/** i and l are read as 1, o as 0; u is no letter of ours. Case, spaces and hyphens do not matter. */
export function readCode(typed: string): string {
  return typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\s\-–—]/g, "")
    .replace(/[IL]/g, "1")
    .replace(/O/g, "0");
}

async function takeCode(ctx: Ctx): Promise<Response> {
  const typed = ctx.form.get("code") ?? "";
  const code = readCode(typed);
  const problem =
    code && !ALPHABET.test(code) ? "letters" : code.length !== TYPED && code.length !== 26 ? "length" : "";
  const store = ctx.store as PhoneStore;
  if (problem) {
    const facts = { code: typed, again: await forgotten(store), ...installing(ctx), problem, count: code.length };
    return ctx.render("field/enrol-code.html", facts, { status: 422 });
  }
  ctx.session.set("code", code);
  return (await store.vault.exists()) ? claim(ctx) : seeOther("/field/enrol/pin");
}

function choosePin(ctx: Ctx): Promise<Response> | Response {
  if (!ctx.session.has("code")) return seeOther("/field/enrol");
  const problem = ctx.session.get("pin-problem") ?? "";
  ctx.session.delete("pin-problem");
  return ctx.render("field/enrol-pin.html", { again: false, problem, to: "/field/enrol" });
}

function takePin(ctx: Ctx): Promise<Response> | Response {
  const pin = ctx.form.get("pin") ?? "";
  const problem = weakness(pin);
  if (problem)
    return ctx.render("field/enrol-pin.html", { again: false, problem, to: "/field/enrol" }, { status: 422 });
  ctx.session.set("pin", pin);
  return seeOther("/field/enrol/pin-again");
}

function repeatPin(ctx: Ctx): Promise<Response> | Response {
  if (!ctx.session.has("pin")) return seeOther("/field/enrol/pin");
  return ctx.render("field/enrol-pin.html", { again: true, problem: "", to: "/field/enrol" });
}

async function makeVault(ctx: Ctx): Promise<Response> {
  const pin = ctx.session.get("pin");
  ctx.session.delete("pin");
  if (ctx.form.get("pin") !== pin) {
    ctx.session.set("pin-problem", "different");
    return seeOther("/field/enrol/pin");
  }
  const store = ctx.store as PhoneStore;
  if ((await store.db.count("outbox")) > 0) {
    // The keys of a former self are gone: what it wrote travels as it is, sealed, and the new chain begins at one.
    const { keepForFormerSelf } = await import("../later.ts");
    await keepForFormerSelf(store.db, ctx.clock.now());
  }
  const { pkcs8, spki } = await makeDeviceKey();
  await store.vault.create(pin as string, pkcs8);
  await county.put(store.db, store.vault.ring, "spki", b64(spki));
  return claim(ctx);
}

/** After a lock or without signal: the code is still in memory, or a new one is needed. */
function claimAgain(ctx: Ctx): Promise<Response> | Response {
  return ctx.session.has("code") ? claim(ctx) : seeOther("/field/enrol");
}

async function claim(ctx: Ctx): Promise<Response> {
  const store = ctx.store as PhoneStore;
  if (!ctx.vault.unlocked) return later(ctx, "/field/enrol/claim");
  const code = ctx.session.get("code") as string;
  const public_key = (await county.get<string>(store.db, store.vault.ring, "spki"))!;
  const identity = await device.get(store.db, "identity");
  const asked: EnrolmentRequest = {
    ...{ code, public_key, version: ctx.env.version },
    again: identity ? { device: identity.device, mailbox: await sha256(utf8(identity.mailbox)) } : null,
  };
  const answer = await ctx.net<EnrolmentClaim>("/api/phone/enrolments", { json: asked });
  if (answer.kind === "unreachable" || unheard(answer)) throw new Problem("enrol-no-signal", {}, 409);
  ctx.session.delete("code");
  if (answer.kind === "refused") throw new Problem("enrol-code-refused", { too_often: answer.status === 429 }, 409);
  const digits = await sixDigits(code.slice(0, TYPED), public_key);
  const { enrolment, claim: token, expires_at } = answer.body;
  const state: Enrolling = { enrolment, claim: token, expires_at, digits };
  await county.put(store.db, store.vault.ring, "enrolling", state);
  return seeOther("/field/enrol/digits");
}

/** Shows the digits; asked again every two seconds by the page itself, it answers 204 until something happened. */
async function showDigits(ctx: Ctx): Promise<Response> {
  const store = ctx.store as PhoneStore;
  const identity = await device.get(store.db, "identity");
  if (identity && !(await forgotten(store))) {
    await county.remove(store.db, "enrolling"); // a conversation of its own was quicker to learn that it is known again
    return seeOther("/field/enrol/pack");
  }
  const state = await underWay(store);
  if (!state) return seeOther("/field/enrol");
  const polled = ctx.query.get("poll") === "1";
  const path = `/api/phone/enrolments/${state.enrolment}`;
  const answer = polled ? await ctx.net<EnrolmentState>(path, { token: state.claim, limitMs: POLL_LIMIT_MS }) : null;
  if (answer?.kind === "ok" && answer.body.state === "released" && answer.body.release) {
    await become(store, identity, answer.body.release, ctx.clock.now());
    await county.remove(store.db, "enrolling");
    ctx.send("enrolled");
    return seeOther("/field/enrol/pack");
  }
  const notHeard = answer !== null && unheard(answer);
  const gone = answer?.kind === "refused" && !notHeard && answer.status !== 429;
  if (gone || (answer?.kind === "ok" && (answer.body.state === "void" || answer.body.state === "expired"))) {
    await county.remove(store.db, "enrolling");
    const twice = answer?.kind === "ok" && answer.body.state === "void";
    throw new Problem("enrol-ended", { twice }, 409);
  }
  if (polled && notHeard === (ctx.query.get("unheard") === "1")) return new Response(null, { status: 204 });
  const { digits } = state;
  return ctx.render("field/enrol-digits.html", { digits: [digits.slice(0, 3), digits.slice(3)], unheard: notHeard });
}

/** The released phone: a new one, or the one it was. With no epoch of its own it offers all it holds with the next answer. */
async function become(store: PhoneStore, was: device.Identity | undefined, release: Release, now: Date): Promise<void> {
  if (!was) {
    await device.put(store.db, "forgotten", []); // from its first record on, what is missing is missed
    return device.put(store.db, "identity", release);
  }
  if (release.device !== was.device) {
    // The county would not have it as the one it was: what that one wrote travels under its own name, as it is.
    const { keepForFormerSelf } = await import("../later.ts");
    await keepForFormerSelf(store.db, now);
    store.refresh();
  }
  await device.put(store.db, "identity", { ...release, mailbox: release.mailbox || was.mailbox, epoch: 0 });
  await device.remove(store.db, "unknown");
}

/** Set up before, and not known to the county any more. */
async function forgotten(store: PhoneStore): Promise<boolean> {
  return (await device.get(store.db, "unknown")) ?? false;
}

/** No answer, or a county that stumbles: nothing is decided, and the same is asked again. */
function unheard(answer: Answer<unknown>): boolean {
  return answer.kind === "unreachable" || (answer.kind === "refused" && answer.status >= 500);
}

async function showPack(ctx: Ctx): Promise<Response> {
  const store = ctx.store as PhoneStore;
  if (!(await device.get(store.db, "identity"))) return seeOther("/field/enrol");
  const people = await ctx.store.people.count();
  const ready = await packed(store);
  const stopped = ctx.session.get("stopped") === true;
  const shown = `${people.all} ${ready} ${stopped}`;
  if (ctx.query.get("shown") === shown) return new Response(null, { status: 204 });
  if (ready) await ctx.store.people.full();
  return ctx.render("field/enrol-pack.html", {
    people: people.all,
    full: people.full,
    ready,
    stopped,
    shown: encodeURIComponent(shown),
  });
}

function fetchPack(ctx: Ctx): Response {
  ctx.session.delete("stopped");
  ctx.send("pack");
  return seeOther("/field/enrol/pack");
}

/** A mark or what is left in the store says that this phone was set up before. */
export async function wasEmptied(store: PhoneStore): Promise<boolean> {
  return (await device.get(store.db, "before")) !== undefined || (await store.db.count("outbox")) > 0;
}

export async function packed(store: PhoneStore): Promise<boolean> {
  const identity = await device.get(store.db, "identity");
  // A restored server sends its pack anew; what is here stays usable meanwhile.
  return identity !== undefined && (await device.get(store.db, "packed")) !== undefined;
}

async function underWay(store: PhoneStore): Promise<Enrolling | undefined> {
  return county.get<Enrolling>(store.db, store.vault.ring, "enrolling");
}

function later(ctx: Ctx, path: string): Response {
  ctx.session.set("after", path);
  return seeOther("/field/unlock");
}

function installing(ctx: Ctx): { standalone: boolean; ios: boolean } {
  return { standalone: ctx.env.standalone, ios: ctx.env.ios };
}

function spaced(code: string): string {
  return code.length > TYPED ? code : code.replace(/^(.{5})(.+)$/, "$1-$2");
}
