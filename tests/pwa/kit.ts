/** A phone without a browser: the real store, vault, router and templates over fake-indexeddb, and a county that answers as told. */
import { existsSync } from "node:fs";
import { b64 } from "../../pwa/bytes.ts";
import { PhoneClock } from "../../pwa/clock.ts";
import type { Ctx, Fact, Route } from "../../pwa/ctx.ts";
import { makeEngine, type Templates } from "../../pwa/engine.ts";
import { countyPrivateKey, makeDeviceKey } from "../../pwa/envelope.ts";
import { Local } from "../../pwa/local.ts";
import type { Answer, Ask, Net } from "../../pwa/net.ts";
import { routes as allRoutes } from "../../pwa/routes.ts";
import * as county from "../../pwa/store/county.ts";
import { type DB, open } from "../../pwa/store/db.ts";
import * as device from "../../pwa/store/device.ts";
import { PhoneStore } from "../../pwa/store/index.ts";
import { Sync } from "../../pwa/sync.ts";
import { Vault } from "../../pwa/vault.ts";
import type { County, Me, Row } from "../../pwa/wire.ts";

export const QINGJIANG = "520121107202";
export const TOWNSHIP = "520121107000";
export const PIN = "835274";
const FEW_ROUNDS = 10; // PBKDF2 as such is the browser's; here only that it is used

let count = 0;

export const id = (n: number): string => `0193a000-0000-7000-8000-${String(n).padStart(12, "0")}`;

export const ME: Me = {
  version: "m1",
  person: { id: id(900), name: "杨秀芝", initials: "yxz", unit: "清江村", duty: "清江村代办员", phone: "10286310427" },
  posts: [
    {
      id: id(901),
      role: "agent",
      area: QINGJIANG,
      area_name: "清江村",
      scope: TOWNSHIP,
      scope_name: "花梨镇",
      from_on: "2026-01-01",
    },
  ],
  villages: { [QINGJIANG]: "清江村" },
  badge: null,
  lead: { name: "李国秀", relation: "", phone: "10285550101" },
};

export const COUNTY: County = {
  ...{ version: "c1", name: "开阳县", gestures: [{ code: "fist", words: "请老人握个拳头", english: "" }] },
  ...{ consents: [], benefits: { BPIURR: "养老金" }, needs: { hearing: "耳背，大声些" }, phones: [] },
  ...{ retry_days: 7, max_tries: 3, due_days: 90, correction_days: 2, no_working_days: [], working_weekends: [] },
  ...{ lease_days: 30, photo_bytes: 150_000 },
};

export const LUO = {
  ...{
    id: id(1),
    area: QINGJIANG,
    rev: 7,
    card: "full" as const,
    name: "罗正英",
    initials: "lzy",
    household: "12",
    group: "三组",
  },
  ...{ sex: "female", birth_year: 1944, needs: ["hearing"], tail: "2417", id_masked: "990***********2417" },
  entitlements: [{ id: id(501), benefit: "BPIURR", due_on: "2026-10-31", agency_state: "paying", taken: "" }],
} satisfies Row;

export const CHEN = {
  ...{
    id: id(2),
    area: QINGJIANG,
    rev: 8,
    card: "name" as const,
    name: "陈国发",
    initials: "cgf",
    household: "3",
    group: "五组",
  },
} satisfies Row;

export interface TestPhone {
  db: DB;
  name: string;
  vault: Vault;
  store: PhoneStore;
  clock: PhoneClock;
  county: FakeCounty;
  sync: Sync;
  local: Local;
  session: Map<string, unknown>;
  /** Why it was asked to send. */
  sends: string[];
  bugs: unknown[];
  wiped: number;
  at: { now: Date };
  ctx(): Ctx;
  get(path: string): Promise<Response>;
  post(path: string, form?: Record<string, string>): Promise<Response>;
}

/** What the county was asked, and what it is told to answer. */
export class FakeCounty {
  asked: { path: string; ask: Ask }[] = [];
  #answers: ((path: string, ask: Ask) => Answer<unknown> | undefined | Promise<Answer<unknown> | undefined>)[] = [];

  /** The newest rule is asked first; `undefined` passes on. */
  on(rule: (path: string, ask: Ask) => Answer<unknown> | undefined | Promise<Answer<unknown> | undefined>): void {
    this.#answers.unshift(rule);
  }

  readonly net: Net = async <T>(path: string, ask: Ask = {}): Promise<Answer<T>> => {
    this.asked.push({ path, ask: structuredClone(ask) });
    for (const rule of this.#answers) {
      const answer = await rule(path, ask);
      if (answer) return answer as Answer<T>;
    }
    return { kind: "unreachable", why: "no-signal" };
  };
}

export const ok = <T>(body: T, status = 200): Answer<T> => ({ kind: "ok", status, body, at: Date.now() });
export const refused = (status: number, code = "", facts = {}): Answer<never> => ({
  kind: "refused",
  status,
  code,
  facts,
});
export const cut = (): Answer<never> => ({ kind: "unreachable", why: "cut" });

/** A fresh phone; `enrolled` has its PIN, its pack (罗正英 in full, 陈国发 by name) and is open. */
export async function phone({
  enrolled = true,
  name = `phone-${++count}`,
  routes = allRoutes,
}: {
  enrolled?: boolean;
  name?: string;
  routes?: Iterable<Route>;
} = {}): Promise<TestPhone> {
  const at = { now: new Date("2026-11-22T02:04:01.123Z") };
  const db = await open({ name });
  const clock = new PhoneClock(() => at.now);
  const vault = new Vault(db, () => at.now, FEW_ROUNDS);
  const store = new PhoneStore(db, vault, () => at.now);
  const fake = new FakeCounty();
  const session = new Map<string, unknown>();
  const made = { wiped: 0, sends: [] as string[], bugs: [] as unknown[] };
  const sync = new Sync({
    ...{ db, vault, clock, net: fake.net, version: "test", sending: store.sending, locks: undefined },
    changed: () => store.refresh(),
    wiped: () => void made.wiped++,
  });
  const engine = makeEngine(await templates(), { "zh-Hans": {}, en: {} }, () => "zh-Hans");
  const local = new Local({
    ...{ routes, engine, store, clock, session, net: fake.net },
    env: { standalone: true, ios: false, code: "", version: "test" },
    online: () => true,
    send: (why) => void made.sends.push(why),
    bug: (error) => void made.bugs.push(error),
  });
  if (enrolled) await enrol(db, vault, store);
  const base = "http://localhost:8000";
  const ctx = (): Ctx =>
    ({
      ...{
        request: new Request(base),
        url: new URL(base),
        params: {},
        query: new URLSearchParams(),
        form: new URLSearchParams(),
      },
      ...{
        store,
        vault,
        clock,
        session,
        net: fake.net,
        t: engine.t,
        isFragment: false,
        send: (why: string) => void made.sends.push(why),
      },
      env: { standalone: true, ios: false, code: "", version: "test" },
      render: async () => new Response(""),
    }) as unknown as Ctx;
  return Object.assign(made, {
    ...{ db, name, vault, store, clock, county: fake, sync, local, session, at, ctx },
    get: (path: string) => local.handle(new Request(base + path)),
    post: (path: string, form: Record<string, string> = {}) =>
      local.handle(new Request(base + path, { method: "POST", body: new URLSearchParams(form) })),
  });
}

async function enrol(db: DB, vault: Vault, store: PhoneStore): Promise<void> {
  const key = await countyKeys();
  const { pkcs8 } = await makeDeviceKey();
  await vault.create(PIN, pkcs8);
  await device.put(db, "identity", {
    ...{ device: id(800), mailbox: "mailbox-token", person: ME.person.id, county: "开阳县", epoch: 1, demo: true },
    county_key: { id: "k1", public: key.public },
  });
  await county.put(db, vault.ring, "me", ME);
  await county.put(db, vault.ring, "county", COUNTY);
  await device.put(db, "versions", { me: ME.version, county: COUNTY.version });
  await device.put(db, "agent", ME.person.name);
  await device.put(db, "packed", 1);
  await store.everyone.apply([LUO, CHEN], { villages: { [QINGJIANG]: 8 }, cursor: "" }, 1);
}

let keys: Promise<{ public: string; private: CryptoKey }> | undefined;

/** The county's pair, one for all tests. */
export function countyKeys(): Promise<{ public: string; private: CryptoKey }> {
  keys ??= (async () => {
    const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
    const point = await crypto.subtle.exportKey("raw", pair.publicKey);
    const pkcs8 = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
    return { public: b64(point), private: await countyPrivateKey(pkcs8) };
  })();
  return keys;
}

export async function templates(): Promise<Templates> {
  const path = new URL("../../pwa/generated/templates.js", import.meta.url);
  if (!existsSync(path)) throw new Error("pwa/generated/templates.js is missing: run `node pwa/build.mjs`");
  return (await import("../../pwa/generated/templates.js")).templates;
}

/** A visit, as a handler would write it. */
export function visit(subject: string, extra: Partial<Fact> = {}): Fact {
  return {
    kind: "visit.ended",
    subject,
    body: {
      ...{ visit: id(300), reasons: ["care"], met: [], outcome: "done", notes: "都好" },
      ...{ started_at: "2026-11-22T01:50:00.000Z", ended_at: "2026-11-22T02:04:00.000Z" },
    },
    ...extra,
  };
}
