/** An agent's phone: its disk, its clock, and the real program over them, opened and ended as often as the schedule likes. */
import { b64 } from "../../../pwa/bytes.ts";
import { PhoneClock } from "../../../pwa/clock.ts";
import { type Engine, makeEngine, type Templates } from "../../../pwa/engine.ts";
import { makeDeviceKey } from "../../../pwa/envelope.ts";
import { Local } from "../../../pwa/local.ts";
import * as marks from "../../../pwa/mark.ts";
import { makeNet } from "../../../pwa/net.ts";
import type { Problem } from "../../../pwa/problem.ts";
import { routes } from "../../../pwa/routes.ts";
import { check, noticeEmptied } from "../../../pwa/store/check.ts";
import { type DB, open } from "../../../pwa/store/db.ts";
import * as device from "../../../pwa/store/device.ts";
import { PhoneStore } from "../../../pwa/store/index.ts";
import { type Outcome, Sync } from "../../../pwa/sync.ts";
import { Vault } from "../../../pwa/vault.ts";
import type { County } from "./county.ts";
import { Disk, Life } from "./disk.ts";
import { ask } from "./line.ts";
import type { Network } from "./network.ts";
import type { Time } from "./time.ts";

export const PIN = "835274";
const FEW_ROUNDS = 10; // PBKDF2 as such is the browser's
const BASE = "https://daiban.example";

/** One window of the program. */
export interface Page {
  db: DB;
  vault: Vault;
  store: PhoneStore;
  clock: PhoneClock;
  sync: Sync;
  get(path: string): Promise<Response>;
  post(path: string, form?: Record<string, string>): Promise<Response>;
}

export interface HandsetParts {
  templates: Templates;
  time: Time;
  network: Network;
  county: County;
  /** A fault of the program itself, not of what surrounds it. */
  bug: (error: unknown) => void;
}

let count = 0;

export class Handset {
  readonly disk = new Disk();
  /** Of its database; every schedule has new ones. */
  readonly store = `phone-${++count}`;
  readonly cookies = new Map<string, string>();
  /** Its `localStorage`, which a browser that evicts leaves. */
  readonly storage = new Map<string, string>();
  /** ms that its clock is ahead of the county's. */
  skew = 0;
  /** How many versions its program is behind the server's. */
  behind = 0;
  life = new Life(this.disk);
  pages: Page[] = [];
  device = "";
  /** The township ordered it to be emptied; its agent has it no more. */
  lost = false;
  /** Orders obeyed, as its screen says. */
  wiped = 0;
  #locks = new Map<string, true>();

  constructor(
    readonly agent: number,
    readonly parts: HandsetParts,
  ) {}

  /** As the story calls it. */
  get name(): string {
    return `phone ${this.agent + 1}`;
  }

  now(): Date {
    return new Date(this.parts.time.now + this.skew);
  }

  get page(): Page {
    return this.pages[0]!;
  }

  /** Start the browser, or one more window of it; the PIN is given unless told otherwise. */
  async open({ unlocked = true } = {}): Promise<Page> {
    if (this.life.dead) {
      this.life = new Life(this.disk);
      this.pages = [];
      this.#locks.clear();
    }
    const { life, parts } = this;
    const read = () => this.now();
    const db = await open({ name: this.store });
    Disk.belongs(db, life);
    this.#inHand();
    const mark = marks.read(this.storage.get("daiban-mark") ?? null, [...this.cookies.values()].join("; "));
    const wiped = () => {
      this.storage.clear();
      this.cookies.delete("daiban-phone");
      this.wiped++;
    };
    await life.lived(noticeEmptied(db, mark, wiped));
    await life.lived(check(db, mark));
    const clock = new PhoneClock(read);
    clock.heard = (await device.get(db, "heard")) ?? null;
    const vault = new Vault(db, read, FEW_ROUNDS);
    const store = new PhoneStore(db, vault, read);
    const net = makeNet(
      parts.network.fetcher(life, this.cookies, (path, json) => this.#older(path, json)),
      () => read().getTime(),
    );
    const sync = new Sync({
      ...{ db, vault, clock, net, version: "faults", sending: store.sending, locks: this.#lockManager(life) },
      changed: () => store.refresh(),
      wiped,
    });
    const engine = engineOf(parts.templates);
    const local = new Local({
      ...{ routes, engine, store, clock, session: new Map(), net },
      env: { standalone: true, ios: false, code: "", version: "faults" },
      online: () => true,
      send: () => void marks.write(db).catch(() => undefined), // as every save does before it sends; sending is the schedule's
      bug: (error) => {
        if (!life.dead && (error as Error)?.name !== "QuotaExceededError" && (error as Error)?.name !== "AbortError")
          parts.bug(error);
      },
    });
    const lived = (path: string, init?: RequestInit) => life.lived(local.handle(new Request(BASE + path, init)));
    const page: Page = {
      ...{ db, vault, store, clock, sync },
      get: (path) => lived(path),
      post: (path, form = {}) => lived(path, { method: "POST", body: new URLSearchParams(form) }),
    };
    this.pages.push(page);
    if (unlocked && (await vault.exists())) {
      await this.#unlock(vault);
      await life.lived(store.warm());
    }
    await life.lived(marks.write(db));
    return page;
  }

  /** Killed while the PIN was looked at, it counts as a wrong one: after three of them the agent waits. */
  async #unlock(vault: Vault): Promise<void> {
    for (;;)
      try {
        return await this.life.lived(vault.unlock(PIN));
      } catch (error) {
        if ((error as Problem).code !== "pin-wait") throw error;
        this.parts.time.pass(await vault.waitMs());
      }
  }

  /** Make it this agent's, as the released enrolment leaves it; the pack comes with the first sync. */
  async enrol(): Promise<void> {
    const page = await this.open();
    const { pkcs8, spki } = await makeDeviceKey();
    await page.vault.create(PIN, pkcs8);
    const release = ask<device.Identity>("enrol", {
      ...{ agent: this.agent, public_key: b64(new Uint8Array(spki)), now: this.parts.time.now },
    });
    await device.put(page.db, "identity", release);
    this.device = release.device;
  }

  /** Send and fetch with every window at once; only one of them does it. */
  async send(page = this.page): Promise<Outcome> {
    this.#inHand();
    await this.life.lived(marks.write(page.db));
    const outcome = await this.life.lived(page.sync.run());
    await this.life.lived(marks.write(page.db));
    return outcome;
  }

  /** One phone at a time is worked with: what the program calls `localStorage` is its own. */
  #inHand(): void {
    const { storage } = this;
    const localStorage = {
      getItem: (name: string) => storage.get(name) ?? null,
      setItem: (name: string, value: string) => storage.set(name, value),
      removeItem: (name: string) => storage.delete(name),
    };
    Object.defineProperty(globalThis, "localStorage", { value: localStorage, configurable: true });
  }

  /** SIGKILL; `power`: the whole phone went dark. */
  end({ power = false } = {}): void {
    this.life.end();
    for (const { db } of this.pages) db.close();
    if (power) this.disk.powerCut();
  }

  /** Web Locks: one holder a name, freed when the browser ends. */
  #lockManager(life: Life): LockManager {
    const held = this.#locks;
    return {
      request: async (name: string, _: unknown, work: (lock: object | null) => unknown) => {
        if (held.has(name)) return work(null);
        held.set(name, true);
        try {
          return await work({});
        } finally {
          if (!life.dead) held.delete(name);
        }
      },
    } as unknown as LockManager;
  }

  /** What an older program says: it does not know the newest members yet. */
  #older(path: string, json: string): string {
    if (this.behind === 0 || !/\/(sync|mailbox)$/.test(path)) return json;
    const body = JSON.parse(json) as Record<string, unknown>;
    const unknown = ["recovery", "heads", "waiting", "page", "done"].slice(0, this.behind === 1 ? 2 : 5);
    for (const name of unknown) delete body[name];
    return JSON.stringify({ ...body, version: `faults-${this.behind}` });
  }
}

let engine: Engine | undefined;

function engineOf(templates: Templates): Engine {
  engine ??= makeEngine(templates, { "zh-Hans": {}, en: {} }, () => "zh-Hans");
  return engine;
}
