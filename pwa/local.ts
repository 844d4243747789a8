/**
 * The server inside the page: htmx asks for `/field/…`, this answers. No DOM here, so a test can ask it too.
 *
 * - Follows 303 itself, and gives htmx the last address to put into the history.
 * - A locked phone answers only `open` routes; anything else shows the unlock page and remembers where it was going.
 * - A thrown Problem becomes its page; a bug becomes the page that says what is kept.
 */
import {
  type Clock,
  type Ctx,
  type Env,
  type Lock,
  type PageFacts,
  type Route,
  type Session,
  seeOther,
} from "./ctx.ts";
import type { Engine } from "./engine.ts";
import type { Lang } from "./filters.ts";
import { Problem } from "./problem.ts";
import { openQuestions } from "./questions.ts";
import { page } from "./render.ts";
import { type Match, Router } from "./router.ts";
import * as device from "./store/device.ts";
import type { PhoneStore } from "./store/index.ts";
import { isFull } from "./store/reserve.ts";
import { Locked } from "./vault.ts";

const HOPS = 5;
const DAY_MS = 86_400_000;
const LEASE_DAYS = 30; // [DEF] design §3; the county's own figure comes with `me`

export interface Parts {
  routes: Iterable<Route>;
  engine: Engine;
  store: PhoneStore;
  clock: Clock;
  session: Session;
  env: Env;
  online: () => boolean;
  send: (why: string) => void;
  /** The rest of the program's screens, fetched when one of them is asked for. */
  later?: () => Promise<Iterable<Route>>;
  /** Have the words of this language, or of the chosen one, at hand; false while they cannot be had: Chinese stands in. */
  speak?: (lang?: Lang) => Promise<boolean>;
  /** A bug: told to the console, once. */
  bug: (error: unknown) => void;
  net: Ctx["net"];
}

export class Local {
  #router: Router;
  #whole: Promise<void> | null = null;

  constructor(readonly parts: Parts) {
    this.#router = new Router(parts.routes);
  }

  /** Have all screens at hand; called when the phone is idle, so that no tap waits for it. */
  whole(): Promise<void> {
    this.#whole ??= (async () => {
      if (this.parts.later) this.#router.add(await this.parts.later());
    })().catch((error) => {
      this.#whole = null; // not in the cache and no signal: the next tap tries again
      throw error;
    });
    return this.#whole;
  }

  async #match(method: string, path: string): Promise<Match | undefined> {
    const known = this.#router.match(method, path);
    if (known) return known;
    await this.whole().catch((error) => {
      this.parts.bug(error);
      throw new Problem("part-missing", {}, 500);
    });
    return this.#router.match(method, path);
  }

  /** What htmx calls instead of the network. */
  async handle(request: Request): Promise<Response> {
    let asked = request;
    for (let hop = 0; hop < HOPS; hop++) {
      const answer = await this.#answer(asked);
      const next = answer.status === 303 ? answer.headers.get("Location") : null;
      if (next === null) return withAddress(answer, asked, hop > 0 || asked.method !== "GET");
      asked = new Request(new URL(next, asked.url), { headers: asked.headers });
    }
    throw new Error(`too many redirects from ${new URL(request.url).pathname}`);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const { store } = this.parts;
    await this.parts.speak?.();
    try {
      const match = await this.#match(request.method, url.pathname);
      if (!match) throw new Problem("not-found", {}, 404);
      if (!match.open) {
        const enrolled = await store.vault.exists();
        if (!enrolled) return seeOther("/field/enrol");
        if (!store.vault.unlocked) return await this.#unlockFirst(url, request);
        const released = (await device.get(store.db, "identity")) !== undefined;
        if (!released && !url.pathname.startsWith("/field/enrol")) return seeOther("/field/enrol");
        await this.#underLease(url.pathname);
      }
      return await match.handler(await this.#ctx(request, url, match.params));
    } catch (error) {
      if (error instanceof Locked) return this.#unlockFirst(url, request);
      return this.#refusal(error, request, url);
    }
  }

  async #unlockFirst(url: URL, request: Request): Promise<Response> {
    // A form caught by the lock comes back with its draft: its own page is where it goes on.
    const from = request.method === "GET" ? url.pathname + url.search : backOf(request);
    this.parts.session.set("after", from);
    return seeOther("/field/unlock");
  }

  /** Not heard for too long: the pack closes until the county answers; what was written stays and can be sent. */
  async #underLease(path: string): Promise<void> {
    if (/^\/field\/(outbox|me|enrol)/.test(path)) return;
    if (await device.get(this.parts.store.db, "replaced")) throw new Problem("phone-replaced", {}, 403);
    const heard = await device.get(this.parts.store.db, "heard");
    const days = (await device.get(this.parts.store.db, "lease_days")) ?? LEASE_DAYS;
    const age = heard ? this.parts.clock.now().getTime() - heard.at : 0;
    if (age > days * DAY_MS) throw new Problem("lease-over", { days }, 403);
  }

  async #refusal(error: unknown, request: Request, url: URL): Promise<Response> {
    const full = isFull(error) ? new Problem("phone-full", {}, 422) : null;
    const problem = error instanceof Problem ? error : (full ?? new Problem("bug", {}, 500));
    if (problem.code === "bug") this.parts.bug(error);
    const ctx = await this.#ctx(request, url, {});
    const headers: Record<string, string> = request.method === "GET" ? {} : { "HX-Push-Url": "false" };
    return ctx.render(
      `field/problems/${problem.code}.html`,
      { problem: problem.facts, back: backOf(request) },
      {
        status: problem.status,
        headers,
      },
    );
  }

  async #ctx(request: Request, url: URL, params: Record<string, string>): Promise<Ctx> {
    const { engine, store, clock, session, env, send, net } = this.parts;
    const posted = request.method !== "GET" && request.method !== "DELETE";
    const form = new URLSearchParams(posted && !request.bodyUsed ? await request.text() : "");
    const { vault } = store;
    const lock: Lock = {
      get unlocked() {
        return vault.unlocked;
      },
      lock: async () => {
        await store.forms.settled();
        vault.lock();
      },
    };
    return {
      ...{ request, url, params, query: url.searchParams, form, store, vault: lock, clock, session, env, send, net },
      speak: async (lang) => (await this.parts.speak?.(lang)) ?? true,
      t: engine.t,
      isFragment: request.headers.get("HX-Request-Type") === "partial",
      render: async (template, context = {}, init = {}) =>
        page(engine, await this.#facts(url.pathname), template, context, init),
    };
  }

  async #facts(path: string): Promise<PageFacts> {
    const { store, clock, env, online } = this.parts;
    const [settings, counts, identity, agent, unknown] = await Promise.all([
      store.settings.get(),
      store.outbox.counts(),
      device.get(store.db, "identity"),
      device.get(store.db, "agent"),
      device.get(store.db, "unknown"),
    ]);
    const questions = store.vault.unlocked ? (await openQuestions(store)).length : 0;
    return {
      ...{ path, lang: settings.lang, view: settings.view, now: clock.now().toISOString(), today: clock.today() },
      ...{ online: online(), waiting: counts.waiting, needs_you: counts.needs_you + questions, agent: agent ?? "" },
      ...{ demo: identity?.demo ?? false, version: env.version, locked: !store.vault.unlocked },
      ...{ clock: clock.wrong(), unknown: unknown ?? false },
    };
  }
}

/** The page a refused form came from: its link goes back there. */
function backOf(request: Request): string {
  const from = request.headers.get("HX-Current-URL");
  const path = from ? new URL(from).pathname : "/field/today";
  return path.startsWith("/field/") ? path : "/field/today";
}

/** A Response made here has no address of its own: say which page it is, or that it is none (a form shown again). */
function withAddress(answer: Response, asked: Request, moved: boolean): Response {
  const url = new URL(asked.url);
  const replace = asked.headers.has("HX-History-Restore-Request"); // the start, back and forward add no step
  if (moved && asked.method === "GET")
    answer.headers.set(replace ? "HX-Replace-Url" : "HX-Push-Url", url.pathname + url.search);
  else if (asked.method !== "GET" && !answer.headers.has("HX-Push-Url")) answer.headers.set("HX-Push-Url", "false");
  return answer;
}
