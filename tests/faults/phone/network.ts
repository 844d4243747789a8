/**
 * The way between a phone and its county, and all that becomes of a request and of its answer there: lost, doubled, late by minutes or
 * by weeks, overtaken, cut in the middle, answered by somebody else; or the county's process dies while it works on it.
 */
import type { Chance } from "./chance.ts";
import type { Life } from "./disk.ts";
import { ask } from "./line.ts";
import type { Time } from "./time.ts";

interface Asked {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
  /** Bytes of the body that arrive. */
  cut?: number;
  /** The county's process ends before this step of its work. */
  dies?: number;
  [name: string]: unknown;
}

interface Answered {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** The process ended before an answer left it. */
  died?: string;
}

type Fate =
  | "well"
  | "lost"
  | "answer lost"
  | "twice"
  | "five at once"
  | "late"
  | "cut"
  | "answer cut"
  | "county dies"
  | "somebody else answers"
  | "gateway";

const FATES: Record<Weather, readonly (readonly [number, Fate])[]> = {
  calm: [[1, "well"]],
  bad: [
    [10, "well"],
    [2, "lost"],
    [3, "answer lost"],
    [1, "twice"],
    [1, "five at once"],
    [2, "late"],
    [1, "cut"],
    [1, "answer cut"],
    [2, "county dies"],
    [1, "somebody else answers"],
    [1, "gateway"],
  ],
  storm: [
    [3, "well"],
    [2, "lost"],
    [4, "answer lost"],
    [1, "twice"],
    [1, "five at once"],
    [3, "late"],
    [2, "cut"],
    [2, "answer cut"],
    [4, "county dies"],
    [1, "somebody else answers"],
    [1, "gateway"],
  ],
};

export type Weather = "calm" | "bad" | "storm";

const DAY_MS = 86_400_000;
const DELAYS_MS = [2_000, 90_000, 3_600_000, DAY_MS, 5 * DAY_MS, 30 * DAY_MS];

/** What a network's own page, or its machine, says for the county. */
const OTHERS = [
  { status: 200, body: "<html><title>免费WiFi</title>请输入手机号</html>" },
  { status: 200, body: '{"ret":0,"msg":"ok"}' },
  { status: 200, body: '{"epoch":"1","now":"?","receipts":[]}' },
  { status: 200, body: "[]" },
  { status: 200, body: "" },
  { status: 201, body: '{"offset":0}' },
  { status: 204, body: "" },
  { status: 409, body: '{"code":"offset","facts":{"offset":999999}}' },
  { status: 401, body: "" },
] as const;

export class Network {
  weather: Weather = "calm";
  /** Requests that wait somewhere on their way. */
  #late: { at: number; asked: Asked }[] = [];

  constructor(
    readonly chance: Chance,
    readonly time: Time,
    readonly tell: (what: string) => void,
  ) {}

  /** `fetch` of one phone: its cookies, its life. `edit` is what an older program would have sent instead. */
  fetcher(life: Life, cookies: Map<string, string>, edit: (path: string, json: string) => string): typeof fetch {
    return (async (path: string, init: RequestInit) => {
      life.step(`send ${path.split("?")[0]}`);
      const asked = await written(path, init, cookies, edit);
      const answer = await this.#carry(asked, init.signal!);
      life.step(`answer of ${path.split("?")[0]}`);
      const cookie = answer.headers["set-cookie"];
      if (cookie) cookies.set(cookie.split("=")[0]!, cookie.split(";")[0]!);
      const empty = answer.status === 204 || answer.status === 304;
      return new Response(empty ? null : answer.body, { status: answer.status });
    }) as typeof fetch;
  }

  async #carry(asked: Asked, signal: AbortSignal): Promise<Answered> {
    const { chance } = this;
    const fate = chance.weighed(FATES[this.weather]);
    if (fate !== "well") this.tell(`${asked.path.split("?")[0]}: ${fate}`);
    switch (fate) {
      case "lost":
        throw await this.#silence(signal);
      case "answer lost":
        await this.#deliver(asked);
        throw await this.#silence(signal);
      case "twice":
        await this.#deliver(asked);
        return this.#deliver(asked);
      case "five at once":
        return usable(chance.one(ask<Answered[]>("five", { ...asked, now: this.time.now })));
      case "late":
        this.#late.push({ at: this.time.now + chance.one(DELAYS_MS), asked });
        throw await this.#silence(signal, true);
      case "cut": {
        const bytes = Buffer.from(asked.body, "base64").byteLength;
        await this.#deliver({ ...asked, cut: chance.below(Math.max(1, bytes)) });
        throw noSignal();
      }
      case "answer cut": {
        const answer = await this.#deliver(asked);
        if (chance.happens(0.5)) throw noSignal();
        return { ...answer, body: answer.body.slice(0, chance.below(Math.max(1, answer.body.length))) };
      }
      case "county dies": {
        const answer = await this.#deliver({ ...asked, dies: chance.between(1, 60) });
        this.tell(`  the county died ${answer.died ?? "after its answer, which got lost"}`);
        throw noSignal();
      }
      case "somebody else answers":
        return { ...chance.one(OTHERS), headers: {} };
      case "gateway":
        if (chance.happens(0.5)) await this.#deliver(asked);
        return { status: chance.one([502, 503, 504]), headers: {}, body: "<html>Bad Gateway</html>" };
    }
    return this.#deliver(asked);
  }

  /** What waited long enough arrives now, in any order; nobody hears its answer any more. */
  async arrivals(all = false): Promise<void> {
    const due = this.#late.filter(({ at }) => all || at <= this.time.now);
    this.#late = this.#late.filter((each) => !due.includes(each));
    while (due.length) {
      const { asked } = due.splice(this.chance.below(due.length), 1)[0]!;
      this.tell(`${asked.path.split("?")[0]}: arrives at last`);
      ask("ask", { ...asked, now: this.time.now });
    }
  }

  async #deliver(asked: Asked): Promise<Answered> {
    return usable(ask<Answered>("ask", { ...asked, now: this.time.now }));
  }

  /** No answer: at once as without signal, or only when the program loses patience. */
  async #silence(signal: AbortSignal, long = this.chance.happens(0.5)): Promise<Error> {
    if (!long || signal.aborted) return noSignal();
    const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    this.time.losePatience();
    await ended;
    return new DOMException("aborted", "AbortError");
  }
}

const noSignal = () => new TypeError("Failed to fetch");

/** A process that died has not answered. */
function usable(answer: Answered): Answered {
  if (answer.died !== undefined && answer.status === 0) throw noSignal();
  return answer;
}

async function written(
  path: string,
  init: RequestInit,
  cookies: Map<string, string>,
  edit: (path: string, json: string) => string,
): Promise<Asked> {
  const headers = Object.fromEntries(Object.entries(init.headers as Record<string, string>));
  if (cookies.size) headers.Cookie = [...cookies.values()].join("; ");
  let body = Buffer.alloc(0) as Buffer;
  if (typeof init.body === "string") body = Buffer.from(edit(path, init.body));
  else if (init.body) body = Buffer.from(init.body as ArrayBuffer);
  return { method: init.method ?? "GET", path, headers, body: body.toString("base64") };
}
