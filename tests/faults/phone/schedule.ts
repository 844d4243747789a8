/**
 * One schedule: what agents do and what befalls their phones, the way and the county, all by the dice of its seed. Then peace: the
 * way is calm, every phone is opened and sends. What each was told, and shows in the end, goes into the ledger.
 */
import type { Templates } from "../../../pwa/engine.ts";
import * as stored from "../../../pwa/store/records.ts";
import { Chance } from "./chance.ts";
import type { County } from "./county.ts";
import { DAMAGES, type Damage, type Destroyed, damage } from "./damage.ts";
import { bears, type Deed, kindWritten, makeDeed } from "./deeds.ts";
import { Killed } from "./disk.ts";
import { Handset, type HandsetParts, type Page } from "./handset.ts";
import { ask } from "./line.ts";
import { Network } from "./network.ts";
import type { Time } from "./time.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const ROUNDS = 14; // of sending in peace, before what is still here counts as stuck

/** A record as a phone shows it. */
export interface Seen {
  device: string;
  agent: number;
  id: string;
  hash: string;
  seq: number;
  kind: string;
  subject: string | null;
  token: string;
  state: string;
  reason: string;
  number: string;
  /** It stands on the phone in the end too; what the county has kept for long leaves it. */
  stands: boolean;
}

export interface Report {
  story: string[];
  /** Tokens of what agents were told is saved, by the page after the save or by a list of the phone. */
  told: { token: string; kind: string; subject: string | null; agent: number }[];
  /** Every record that a phone ever showed, as it last showed it. */
  seen: Seen[];
  /** What the phones show in the end: in the list of what was not sent, needs the agent, or is looked at. */
  screens: { device: string; refused: number; held: number; waiting: number; text: string }[];
  destroyed: Destroyed[];
  devices: { device: string; agent: number; wiped: boolean; gone: boolean }[];
  bugs: string[];
}

export async function play(seed: number, county: County, given: { templates: Templates; time: Time }): Promise<Report> {
  return new Schedule(seed, county, given).play();
}

type Act =
  | "deed"
  | "send"
  | "two windows"
  | "send locked"
  | "wait"
  | "clock"
  | "power"
  | "room"
  | "damage"
  | "backup"
  | "restore"
  | "weather"
  | "old program"
  | "lost";

class Schedule {
  readonly chance: Chance;
  readonly report: Report = { story: [], told: [], seen: [], screens: [], destroyed: [], devices: [], bugs: [] };
  readonly network: Network;
  readonly time: Time;
  #tokens = new Map<string, Deed & { agent: number }>();
  #seen = new Map<string, Seen>();
  #phones: Handset[] = [];
  /** Deeds that a kill interrupted and nobody knows yet whether they were saved. */
  #open: { phone: Handset; deed: Deed }[] = [];
  #damaged = false;
  #restored = false;

  constructor(
    readonly seed: number,
    readonly county: County,
    given: { templates: Templates; time: Time },
  ) {
    this.chance = new Chance(seed);
    this.time = given.time;
    this.time.begin(county.now);
    this.network = new Network(this.chance, this.time, (what) => this.tell(what));
    const parts: HandsetParts = {
      ...{ ...given, network: this.network, county },
      bug: (error) => this.bug(error),
    };
    for (let agent = 0; agent < (this.chance.happens(0.25) ? 2 : 1); agent++)
      this.#phones.push(new Handset(agent, parts));
  }

  tell(what: string): void {
    this.report.story.push(what);
  }

  bug(error: unknown): void {
    this.report.bugs.push(error instanceof Error ? (error.stack ?? String(error)) : String(error));
  }

  async play(): Promise<Report> {
    for (const phone of this.#phones) {
      await phone.enrol();
      await this.#calmly(phone, (page) => page.sync.run());
    }
    if (this.county.backups) ask("backup", { now: this.time.now });
    this.network.weather = this.chance.weighed([
      [1, "calm"],
      [5, "bad"],
      [3, "storm"],
    ]);
    this.tell(`the way is ${this.network.weather}`);
    const acts = this.chance.between(5, 14);
    for (let act = 0; act < acts; act++) await this.#act(this.chance.one(this.#phones));
    await this.#peace();
    return this.report;
  }

  async #act(phone: Handset): Promise<void> {
    const { backups } = this.county;
    const act = this.chance.weighed<Act>([
      [10, "deed"],
      [6, "send"],
      [2, "two windows"],
      [2, "send locked"],
      [3, "wait"],
      [1, "clock"],
      [1, "power"],
      [1, "room"],
      [this.#restored ? 0 : 0.7, "damage"],
      [backups ? 1 : 0, "backup"],
      [backups && !this.#damaged && !this.#phones.some(({ lost }) => lost) ? 1 : 0, "restore"],
      [1, "weather"],
      [0.5, "old program"],
      [this.#restored ? 0 : 0.4, "lost"],
    ]);
    if (phone.lost && act !== "wait" && act !== "weather") return this.#foundBySomebody(phone);
    await this.network.arrivals();
    switch (act) {
      case "deed":
        return this.#deed(phone);
      case "send":
        return this.#send(phone);
      case "two windows":
        return this.#twoWindows(phone);
      case "send locked":
        return this.#sendLocked(phone);
      case "wait": {
        const ms = this.chance.one([MINUTE_MS, 7 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS, 3 * DAY_MS, 10 * DAY_MS]);
        this.tell(`${Math.round(ms / MINUTE_MS)} minutes pass`);
        return this.time.pass(ms);
      }
      case "clock":
        phone.skew = this.chance.one([-50 * YEAR_MS, YEAR_MS, -3 * 60 * MINUTE_MS, 5 * 60 * MINUTE_MS, 0]);
        return this.tell(`${phone.name}: its clock is ${Math.round(phone.skew / MINUTE_MS)} minutes off`);
      case "power":
        this.tell(`${phone.name}: the power is gone`);
        return phone.end({ power: true });
      case "room": {
        const left = this.chance.one([40_000, 3_000, 0]);
        phone.disk.leave(left);
        return this.tell(`${phone.name}: ${left} bytes of room are left`);
      }
      case "damage":
        return this.#damage(phone, this.chance.one(DAMAGES));
      case "backup":
        ask("backup", { now: this.time.now });
        return this.tell("the county keeps a backup");
      case "restore":
        this.#restored = true;
        ask("restore", { now: this.time.now });
        return this.tell("the county is put back to its last backup");
      case "weather":
        this.network.weather = this.chance.one(["calm", "bad", "storm"] as const);
        return this.tell(`the way is ${this.network.weather}`);
      case "lost":
        phone.lost = true;
        ask("lose", { device: phone.device, now: this.time.now });
        return this.tell(`${phone.name}: is lost, the township orders it to be emptied`);
      case "old program":
        phone.behind = this.chance.below(3);
        return this.tell(`${phone.name}: its program is ${phone.behind} versions behind`);
    }
  }

  /* ---- the phone at work, and its end at any step */

  /** Work with the phone's window; the browser may end at a step of its own choosing. True: it lived. */
  async #with(
    phone: Handset,
    work: (page: Page) => Promise<unknown>,
    { mayDie = true, unlocked = true } = {},
  ): Promise<boolean> {
    try {
      if (phone.life.dead || phone.pages.length === 0) await phone.open({ unlocked });
      if (mayDie && this.chance.happens(0.35)) phone.life.diesAt = phone.life.steps + this.chance.between(1, 45);
      await work(phone.page);
      phone.life.diesAt = Number.POSITIVE_INFINITY;
      if (mayDie && this.chance.happens(0.1)) throw this.#endNow(phone);
      return true;
    } catch (error) {
      if (!(error instanceof Killed) && !phone.life.dead) {
        this.#unlessNoRoom(phone, error);
        phone.life.diesAt = Number.POSITIVE_INFINITY;
        return true;
      }
      const power = this.chance.happens(0.3);
      this.tell(`${phone.name}: killed after ${phone.life.last}${power ? ", with the power" : ""}`);
      phone.end({ power });
      return false;
    }
  }

  #endNow(phone: Handset): Killed {
    phone.end();
    return new Killed();
  }

  /** A disk without room may refuse anything; whatever else a page throws is a fault of the program. */
  #unlessNoRoom(phone: Handset, error: unknown): void {
    if (phone.disk.quota === Number.POSITIVE_INFINITY) this.bug(error);
  }

  async #calmly(phone: Handset, work: (page: Page) => Promise<unknown>): Promise<void> {
    const { weather } = this.network;
    this.network.weather = "calm";
    await this.#with(phone, work, { mayDie: false });
    this.network.weather = weather;
  }

  async #calmlyLocked(phone: Handset, work: (page: Page) => Promise<unknown>): Promise<void> {
    if (!phone.life.dead) phone.end();
    const { weather } = this.network;
    this.network.weather = "calm";
    await this.#with(phone, work, { mayDie: false, unlocked: false });
    this.network.weather = weather;
  }

  async #deed(phone: Handset, page?: Page): Promise<void> {
    const again = this.#open.findIndex((one) => one.phone === phone);
    const deed = again >= 0 && this.chance.happens(0.8) ? this.#open.splice(again, 1)[0]!.deed : this.#newDeed(phone);
    let saved: boolean | undefined;
    await this.#with(phone, async (main) => {
      const here = this.chance.happens(0.1) ? this.#jumpingDuring(phone, page ?? main) : (page ?? main);
      if (await this.#isThere(phone, here, deed)) saved = true;
      else saved = await deed.do(here);
      await this.#look(phone, here);
    });
    if (saved) this.#told(phone, deed);
    else if (saved === undefined) this.#open.push({ phone, deed });
    this.tell(
      `${phone.name}: ${deed.kind} of ${deed.resident.name} (${deed.token}): ${saved ? "told saved" : "not told"}`,
    );
  }

  /** The same window, but the phone's clock jumps while the visit is under way. */
  #jumpingDuring(phone: Handset, page: Page): Page {
    return {
      ...page,
      post: (path, form) => {
        phone.skew += this.chance.one([-2 * DAY_MS, 5 * 60 * MINUTE_MS, YEAR_MS]);
        this.tell(`${phone.name}: its clock jumps under an open form`);
        return page.post(path, form);
      },
    };
  }

  #newDeed(phone: Handset): Deed {
    const token = `记${this.seed}-${this.#tokens.size}号`;
    const deed = makeDeed(this.chance, this.county.residents, token);
    this.#tokens.set(token, { ...deed, agent: phone.agent });
    return deed;
  }

  #told(phone: Handset, deed: Deed): void {
    const others = ["resident.provisional", "complaint.made", "record.corrected"]; // are not about whom it began with
    const subject = others.includes(kindWritten(deed)) ? null : deed.resident.id;
    if (!this.report.told.some(({ token }) => token === deed.token))
      this.report.told.push({ token: deed.token, kind: kindWritten(deed), subject, agent: phone.agent });
  }

  /** Whoever was interrupted looks at the list of the phone first. */
  async #isThere(_: Handset, page: Page, deed: Deed): Promise<boolean> {
    return (await page.store.records.list()).some((record) => bears(record, deed.token));
  }

  /** What the phone shows of its records now. Shown is told. */
  async #look(phone: Handset, page: Page): Promise<void> {
    for (const seen of this.#seen.values()) if (seen.device === phone.device) seen.stands = false;
    for (const record of await page.store.records.list()) {
      const deed = [...this.#tokens.values()].find(({ token }) => bears(record, token));
      const { id, hash, seq, kind, subject, state, reason, number } = record;
      const seen = { device: phone.device, agent: phone.agent, id, hash, seq, kind, subject, state, reason, number };
      this.#seen.set(id, { ...seen, token: deed?.token ?? "", stands: true });
      if (deed && kind === kindWritten(deed)) this.#told(phone, deed);
    }
  }

  async #send(phone: Handset): Promise<void> {
    await this.#with(phone, async (page) => {
      const outcome = await phone.send(page);
      this.tell(`${phone.name}: sent: ${outcome.kind}`);
      await this.#look(phone, page);
    });
  }

  async #sendLocked(phone: Handset): Promise<void> {
    if (!phone.life.dead) phone.end();
    await this.#with(
      phone,
      async (page) => {
        const outcome = await phone.send(page);
        this.tell(`${phone.name}: sent while locked: ${outcome.kind}`);
      },
      { unlocked: false },
    );
    if (!phone.life.dead) phone.end();
  }

  /** Whoever has it starts it without the PIN: it sends what it has, is emptied, and says so. */
  async #foundBySomebody(phone: Handset): Promise<void> {
    this.tell(`${phone.name}: somebody starts it`);
    return this.#sendLocked(phone);
  }

  async #twoWindows(phone: Handset): Promise<void> {
    this.tell(`${phone.name}: two windows at once`);
    const deeds = [this.#newDeed(phone), this.#newDeed(phone)];
    const done: boolean[] = [];
    await this.#with(phone, async (first) => {
      const second = await phone.open();
      const works = [
        ...deeds.map(async (deed, at) => {
          done[at] = await deed.do([first, second][at]!);
        }),
        phone.send(this.chance.one([first, second])),
      ];
      const results = await Promise.allSettled(works);
      const failed = results.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
      if (failed) throw failed.reason;
      await this.#look(phone, second);
    });
    deeds.forEach((deed, at) => {
      if (done[at]) this.#told(phone, deed);
      this.tell(`  ${deed.kind} of ${deed.resident.name} (${deed.token}): ${done[at] ? "told saved" : "not told"}`);
    });
  }

  async #damage(phone: Handset, what: Damage): Promise<void> {
    phone.disk.quota = Number.POSITIVE_INFINITY;
    await this.#calmly(phone, (page) => this.#look(phone, page));
    phone.end();
    const gone = await damage(what, phone, this.chance);
    this.#damaged = true;
    this.report.destroyed.push(...gone);
    this.tell(
      `${phone.name}: ${what}: ${gone.map(({ seq, role }) => `${seq}${role && ` ${role}`}`).join(", ") || "nothing lost"}`,
    );
    if (what !== "everything evicted") return;
    this.report.devices.push({ device: phone.device, agent: phone.agent, wiped: false, gone: true });
    await phone.enrol();
    await this.#calmly(phone, (page) => page.sync.run());
  }

  /* ---- peace, and what everybody shows in the end */

  async #peace(): Promise<void> {
    this.tell("peace");
    this.network.weather = "calm";
    if (this.chance.happens(0.5)) await this.network.arrivals(true);
    for (const phone of this.#phones) {
      phone.disk.quota = Number.POSITIVE_INFINITY;
      phone.behind = 0;
      phone.end();
      await this.#settle(phone);
    }
    await this.network.arrivals(true);
    if (this.county.backups) {
      ask("backup", { now: this.time.now });
      for (const phone of this.#phones) await this.#settle(phone); // now it may let go of what it held
    }
    for (const phone of this.#phones) await this.#last(phone);
    this.report.seen = [...this.#seen.values()];
  }

  async #settle(phone: Handset): Promise<void> {
    for (let round = 0; round < ROUNDS; round++) {
      this.time.pass(10 * MINUTE_MS);
      let left = 1;
      const work = phone.lost ? this.#calmlyLocked : this.#calmly;
      await work.call(this, phone, async (page) => {
        const outcome = await phone.send(page);
        const { waiting, pictures } = await stored.counts(page.db);
        left = waiting + pictures + (phone.lost && phone.wiped === 0 ? 1 : 0);
        if (outcome.kind !== "done") this.tell(`${phone.name}: sent in peace: ${outcome.kind}, ${left} left`);
        else if (left) left += 1; // once more than it says: a receipt may have come for what was sent before
      });
      if (left === 0) return;
    }
    this.tell(`${phone.name}: not all has left it`);
  }

  async #last(phone: Handset): Promise<void> {
    if (phone.lost && phone.wiped === 0) this.bug(`${phone.name} was to be emptied and is not`);
    const work = phone.lost ? this.#calmlyLocked : this.#calmly;
    await work.call(this, phone, async (page) => {
      if (phone.lost) return;
      await this.#look(phone, page);
      const counts = await stored.counts(page.db);
      const text = page.vault.unlocked ? await (await page.get("/field/outbox")).text() : "";
      const { needs_you: refused, held, waiting, pictures } = counts;
      this.report.screens.push({ device: phone.device, refused, held, waiting: waiting + pictures, text });
    });
    const wiped = phone.wiped > 0;
    this.report.devices.push({ device: phone.device, agent: phone.agent, wiped, gone: false });
    phone.end();
  }
}
