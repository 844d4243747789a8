/** Starts the phone program: opens the store, gives htmx its answers, and asks for the current address. */
import htmx from "htmx.org";
import { PhoneClock } from "./clock.ts";
import { countWords } from "./count.ts";
import type { Settings } from "./ctx.ts";
import { keepDrafts } from "./drafts.ts";
import { makeEngine } from "./engine.ts";
import { English } from "./english.ts";
import { showFirstError } from "./errors.ts";
import { first } from "./first.ts";
import messages from "./generated/messages.first.json" with { type: "json" };
import { templates } from "./generated/templates.first.js";
import { dropPictures, enliven } from "./islands.ts";
import { Local } from "./local.ts";
import * as marks from "./mark.ts";
import { makeNet } from "./net.ts";
import * as blobs from "./store/blobs.ts";
import { check, noticeEmptied } from "./store/check.ts";
import { open } from "./store/db.ts";
import * as device from "./store/device.ts";
import { PhoneStore } from "./store/index.ts";
import { newestAt } from "./store/records.ts";
import { isFull } from "./store/reserve.ts";
import { pauseMs, Sync } from "./sync.ts";
import { offerUpdates, takeNewest } from "./update.ts";
import { Vault } from "./vault.ts";

const IDLE_MS = 5 * 60_000; // [DEF] then the PIN is asked again
const IDLE_CHECK_MS = 15_000;
const LOCKED_MS = 50;
const CALM_MS = 400; // between two refreshes of a page by itself
const OLD_DRAFT_MS = 30 * 86_400_000;

interface InstallOffer extends Event {
  prompt(): Promise<void>;
}

declare const ENGLISH: string; // the address of its file, put in by pwa/build.mjs

const root = document.documentElement;
const version = root.dataset.version ?? "";

async function start(): Promise<void> {
  const code = takeFragment();
  // Another window runs a newer program, which wants the store to itself: what is being written here is kept first, and
  // comes back after the PIN.
  let settle: () => Promise<unknown> = async () => undefined;
  const db = await open({
    onBlocking: () => settle(),
    onLetGo: () => location.reload(),
  });
  const mark = marks.read();
  await noticeEmptied(db, mark, marks.clear);
  await check(db, mark);
  const clock = new PhoneClock();
  clock.heard = (await device.get(db, "heard")) ?? null;
  clock.built = Date.parse(root.dataset.built ?? "") || clock.built;
  clock.passed(new Date((await newestAt(db)) ?? 0));
  const vault = new Vault(db);
  const store = new PhoneStore(db, vault, () => clock.now());
  let settings = await store.settings.get();
  dress(settings);
  store.onSettings = (changed) => {
    settings = changed;
    dress(changed);
  };

  store.onEmptied = marks.clear;

  const others = "BroadcastChannel" in window ? new BroadcastChannel("daiban-field") : null;
  others?.addEventListener("message", ({ data }) => {
    if (data === "locked") vault.lock();
    store.refresh();
    refresh();
  });

  let reached = true;
  const sync = new Sync({
    ...{ db, vault, clock, version, sending: store.sending, locks: navigator.locks },
    net: makeNet(window.fetch.bind(window)),
    changed: () => {
      store.refresh();
      others?.postMessage("changed");
      refresh();
    },
    progress: () => {
      store.refresh(); // a long list is seen to grow
      refresh();
    },
    wiped: () => {
      marks.clear();
      location.replace("/field/");
    },
  });

  const session = new Map<string, unknown>();
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const send = async (_why: string): Promise<void> => {
    clearTimeout(timer);
    await marks.write(db).catch(bug);
    const outcome = await sync.run().catch((error: unknown) => {
      if (!isFull(error)) bug(error); // a full phone has said so where somebody wanted to save
      return { kind: "unreachable" as const };
    });
    await marks.write(db).catch(bug);
    const before = reached;
    if (outcome.kind === "done" || outcome.kind === "refused") reached = true;
    if (outcome.kind === "unreachable") reached = false;
    failures = outcome.kind === "done" || outcome.kind === "nothing" ? 0 : failures + 1;
    if (outcome.kind === "unreachable" || outcome.kind === "refused") session.set("stopped", true);
    if (before !== reached) refresh();
    clearTimeout(timer);
    timer = setTimeout(() => send("timer"), pauseMs(failures));
  };

  const net = makeNet(window.fetch.bind(window));
  const online = () => navigator.onLine && reached;
  const english = new English(net, ENGLISH, online);
  const words = {
    "zh-Hans": messages,
    get en() {
      return english.words;
    },
  };
  const engine = makeEngine(templates, words, () => settings.lang);
  let offer: InstallOffer | null = null;
  window.addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offer = event as InstallOffer;
    for (const button of document.querySelectorAll<HTMLElement>("button[data-install]")) button.hidden = false;
  });
  const ios = /iPhone|iPad|iPod/.test(navigator.userAgent);
  const standalone =
    matchMedia("(display-mode: standalone)").matches || (navigator as { standalone?: boolean }).standalone === true;

  const env = { standalone, ios, code, version };

  const local = new Local({
    ...{ routes: first, engine, store, clock, session },
    later: async () => {
      const rest = await import("./later.ts");
      Object.assign(templates, rest.templates);
      messages.push(...rest.messages);
      return rest.routes;
    },
    speak: async (lang = settings.lang) => lang !== "en" || english.have(),
    ...{ env, online, net },
    send: (why) => void send(why),
    bug,
  });

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = (event as CustomEvent).detail;
    if (!new URL(ctx.request.action, location.href).pathname.startsWith("/field")) return;
    ctx.fetch = (action: string, { method, headers, body }: RequestInit) =>
      local.handle(new Request(new URL(action, location.href), { method, headers, body }));
  });
  const go = (path: string, headers: Record<string, string> = {}): Promise<void> =>
    htmx.ajax("GET", path, { target: document.body, swap: "innerHTML", headers });
  const here = () => location.pathname + location.search;
  const refreshHere = () => void go(here(), { "HX-History-Restore-Request": "true" });
  // The lead's code scanned while this page stands open: the browser only changes what is behind the #.
  window.addEventListener("hashchange", () => {
    env.code = takeFragment() || env.code;
    if (location.pathname === "/field/enrol") refreshHere();
  });
  // Back and forward are answered from the store, always fresh; where the page stood is ours to remember, for the browser
  // would put it back before the page is there.
  history.scrollRestoration = "manual";
  const stood = new Map<string, number>();
  document.addEventListener("htmx:before:request", (event) => {
    const { headers } = (event as CustomEvent).detail.ctx.request;
    if (!headers["HX-History-Restore-Request"]) stood.set(here(), scrollY);
  });
  document.addEventListener("htmx:before:history:restore", (event) => {
    event.preventDefault();
    const { path } = (event as CustomEvent).detail;
    go(path, { "HX-History-Restore-Request": "true" }).then(() => scrollTo(0, stood.get(path) ?? 0));
  });

  /** Pages marked data-live follow the sync; never under somebody's hands. */
  let calm: ReturnType<typeof setTimeout> | undefined;
  function refresh(): void {
    if (calm || !document.querySelector("[data-live]")) return;
    calm = setTimeout(() => {
      calm = undefined;
      const pin = document.querySelector<HTMLInputElement>("form[data-pin] input[name=pin]");
      const busy =
        document.activeElement instanceof HTMLInputElement || document.querySelector("form[data-draft]") || pin?.value;
      if (document.querySelector("[data-live]") && !busy) go(here(), { "HX-History-Restore-Request": "true" });
    }, CALM_MS);
  }

  const parts = {
    ...{ store, drafts: store.forms, go: (path: string) => void go(path) },
    unlocked: () => vault.unlocked,
    ...{ refresh: refreshHere, db, send: (why: string) => void send(why) },
    t: engine.t,
    install: { offered: () => offer !== null, ask: async () => offer?.prompt() },
  };
  document.addEventListener("htmx:before:swap", () => {
    if (!document.querySelector("[data-live]")) dropPictures();
  });
  document.addEventListener("htmx:after:process", (event) => {
    if (event.target instanceof Element) enliven(event.target, parts);
  });
  document.addEventListener("htmx:after:swap", showFirstError);
  countWords();
  const flush = keepDrafts(() => store.forms);
  settle = () => {
    flush();
    return store.forms.settled();
  };

  guardIdle(async () => {
    if (!vault.unlocked) return;
    flush();
    document.body.replaceChildren(); // before the next paint: what was open is seen by nobody
    await store.forms.settled();
    vault.lock();
  });

  vault.onChange((unlocked) => {
    if (!unlocked) {
      document.body.replaceChildren();
      dropPictures();
      others?.postMessage("locked");
      // The lock button's own answer puts the next page here; a lock by the clock, the county or another window does not.
      setTimeout(() => document.body.querySelector("main") ?? refreshHere(), LOCKED_MS);
      return;
    }
    askToPersist(db);
    const old = new Date(Date.now() - OLD_DRAFT_MS).toISOString();
    tidy(store, old).catch(bug);
  });
  window.addEventListener("online", () => send("online"));
  window.addEventListener("focus", () => send("focus"));
  document.addEventListener("visibilitychange", () => document.hidden || send("visible"));

  root.dataset.started = "";
  await go(here(), { "HX-History-Restore-Request": "true" });
  idle(() => void local.whole().catch(() => undefined)); // without signal and cache: at the first tap that needs it
  offerUpdates(engine.t);
  send("open");
}

/** The enrolment code stands behind the #: read it, and take it out of the address. */
function takeFragment(): string {
  const code = location.pathname.startsWith("/field/enrol") ? decodeURIComponent(location.hash.slice(1)) : "";
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

/** Language, size of the words; kept where plain.js finds them before the first paint. */
function dress({ lang, view }: Settings): void {
  root.className = view;
  root.lang = lang;
  localStorage.setItem("daiban-dress", JSON.stringify({ lang, view }));
}

/** Calls back when nobody touched the phone for a while, at the latest when it is looked at again, before that is painted. */
function guardIdle(lock: () => void): void {
  let last = Date.now();
  const check = () => {
    if (Date.now() - last <= IDLE_MS) return;
    last = Date.now();
    lock();
  };
  for (const touch of ["pointerdown", "keydown", "input", "scroll"])
    document.addEventListener(
      touch,
      () => {
        last = Date.now();
      },
      { capture: true, passive: true },
    );
  document.addEventListener("visibilitychange", () => document.hidden || check());
  window.addEventListener("pageshow", check);
  setInterval(check, IDLE_CHECK_MS);
}

/** After the first page has been painted. */
function idle(work: () => void): void {
  if ("requestIdleCallback" in window) window.requestIdleCallback(work, { timeout: 2_000 });
  else setTimeout(work, 300); // Safari
}

async function askToPersist(db: Parameters<typeof device.put>[0]): Promise<void> {
  const kept = await navigator.storage?.persist?.().catch(() => false);
  await device.put(db, "persisted", kept ?? false);
}

/** Pictures of drafts nobody will save. */
async function tidy(store: PhoneStore, before: string): Promise<void> {
  const drafts = new Set((await store.drafts.list()).map(({ id }) => id));
  const oldest = Date.parse(before).toString(16).padStart(12, "0");
  await blobs.sweep(store.db, drafts, (event) => event.replace(/-/g, "").slice(0, 12) < oldest);
}

function bug(error: unknown): void {
  console.error(error);
}

if (root.dataset.plain === undefined)
  start().catch((error) => {
    bug(error);
    const newer = error instanceof DOMException && error.name === "VersionError"; // written by a program newer than this one
    // Else the store could not be opened: private mode, full disk, or damaged.
    const words = document.querySelector<HTMLElement>(`[data-plain=${newer ? "newer" : "storage"}]`);
    if (words) words.hidden = false;
    const opening = document.getElementById("opening");
    if (opening) opening.hidden = true;
    root.dataset.started = "";
    if (newer) takeNewest();
  });
