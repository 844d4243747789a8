import { expect, test, vi } from "vitest";

const FILES = ["/static/built/main-1.js", "/static/built/styles-1.css", "/static/icons/icon-192.png"];
const SHELL =
  '<html><script type="module" src="/static/built/main-1.js"></script><link href="/static/built/styles-1.css">';

type Answer = [body: string, type: string, status?: number];
const ENGLISH = "/static/built/english-1.json";
const SITE: Record<string, Answer> = {
  "/field/": [SHELL, "text/html; charset=utf-8"],
  "/static/built/main-1.js": ["start()", "text/javascript"],
  "/static/built/styles-1.css": ["body{}", "text/css"],
  "/static/icons/icon-192.png": ["png", "image/png"],
  [ENGLISH]: ["[]", "application/json"],
};

/** Install the worker where the network answers so; gives what it keeps. */
async function install(
  change: Record<string, Answer>,
  before: Record<string, string[]> = {},
): Promise<{ kept: string[]; done: Promise<unknown> }> {
  const kept: string[] = [];
  let done: Promise<unknown> = Promise.resolve();
  const pathOf = (request: Request) => new URL(request.url).pathname;
  vi.resetModules();
  vi.stubGlobal("CACHE", "daiban-1");
  vi.stubGlobal("FILES", FILES);
  vi.stubGlobal("ENGLISH", ENGLISH);
  vi.stubGlobal(
    "Request",
    class extends Request {
      constructor(path: string, init?: RequestInit) {
        super(new URL(path, "https://county.example"), init);
      }
    },
  );
  vi.stubGlobal("fetch", async (request: Request) => {
    const [body, type, status = 200] = { ...SITE, ...change }[pathOf(request)]!;
    return new Response(body, { status, headers: { "Content-Type": type } });
  });
  const cache = {
    put: async (request: Request) => void kept.push(pathOf(request)),
    addAll: async (requests: Request[]) => void kept.push(...requests.map(pathOf)),
  };
  const older = (name: string) => ({
    keys: async () => before[name]!.map((path) => ({ url: `https://county.example${path}` })),
  });
  vi.stubGlobal("caches", {
    keys: async () => Object.keys(before),
    open: async (name: string) => (name in before ? older(name) : cache),
  });
  vi.stubGlobal("self", {
    addEventListener: (type: string, on: (event: unknown) => void) => {
      if (type !== "install") return;
      on({
        waitUntil: (until: Promise<unknown>) => {
          done = until;
        },
      });
    },
  });
  await import("../../pwa/sw.ts");
  await done.catch(() => undefined);
  vi.unstubAllGlobals();
  return { kept, done };
}

test("a version is kept whole", async () => {
  const { kept, done } = await install({});
  await done;
  expect(kept).toEqual(["/field/", ...FILES]);
});

test("English comes along where the version before kept it, and nowhere else", async () => {
  const spoken = { "daiban-0": ["/field/", "/static/built/english-0.json"] };
  expect((await install({}, spoken)).kept).toEqual(["/field/", ...FILES, ENGLISH]);
  expect((await install({}, { "daiban-0": ["/field/"] })).kept).toEqual(["/field/", ...FILES]);
  expect((await install({}, { other: spoken["daiban-0"] })).kept).toEqual(["/field/", ...FILES]);
  const { kept, done } = await install({ [ENGLISH]: ["<h1>Welcome</h1>", "text/html"] }, spoken);
  await expect(done).rejects.toThrow();
  expect(kept).toEqual([]);
});

test.each<[string, Record<string, Answer>]>([
  ["a network's own page for a script", { "/static/built/main-1.js": ["<h1>Welcome</h1>", "text/html"] }],
  ["a network's own page for the shell", { "/field/": ["<h1>Welcome</h1>", "text/html"] }],
  ["a page that names files of another version", { "/field/": [SHELL.replace("main-1", "main-2"), "text/html"] }],
  ["a file that is not there", { "/static/icons/icon-192.png": ["", "image/png", 404] }],
])("%s is not taken for a version: nothing is kept", async (_, change) => {
  const { kept, done } = await install(change);
  await expect(done).rejects.toThrow();
  expect(kept).toEqual([]);
});

/** A worker of version 3 over these caches. */
async function worker(
  kept: Record<string, Record<string, string>>,
  county = () => new Response("from the county", { status: 404 }),
  full = false,
) {
  const gone: string[] = [];
  const on: Record<string, (event: never) => void> = {};
  vi.resetModules();
  vi.stubGlobal("CACHE", "daiban-3");
  vi.stubGlobal("FILES", FILES);
  vi.stubGlobal("ENGLISH", ENGLISH);
  const asked = (wanted: Request | string) =>
    new URL(typeof wanted === "string" ? wanted : wanted.url, "https://c.example").pathname;
  const answer = (body: string | undefined) => (body === undefined ? undefined : new Response(body));
  vi.stubGlobal("caches", {
    keys: async () => Object.keys(kept),
    delete: async (name: string) => void gone.push(name),
    open: async (name: string) => ({
      match: async (wanted: Request | string) => answer(kept[name]?.[asked(wanted)]),
      put: async (wanted: Request, put: Response) => {
        if (full) throw new DOMException("", "QuotaExceededError");
        kept[name]![asked(wanted)] = await put.text();
      },
    }),
    match: async (wanted: Request | string) =>
      answer(Object.values(kept).find((files) => asked(wanted) in files)?.[asked(wanted)]),
  });
  vi.stubGlobal("fetch", async () => county());
  vi.stubGlobal("self", {
    location: { origin: "https://c.example" },
    clients: { claim: async () => undefined },
    addEventListener: (type: string, how: (event: never) => void) => {
      on[type] = how;
    },
  });
  await import("../../pwa/sw.ts");
  const wait = async (type: string, event: object, member: "waitUntil" | "respondWith") => {
    let done: Promise<unknown> = Promise.resolve();
    on[type]!({ ...event, [member]: (until: Promise<unknown>) => (done = until) } as never);
    return done;
  };
  return {
    gone,
    activate: () => wait("activate", {}, "waitUntil"),
    get: async (path: string, mode = "cors") => {
      const request = { method: "GET", url: `https://c.example${path}`, mode };
      return ((await wait("fetch", { request }, "respondWith")) as Response).text();
    },
  };
}

test("the version before keeps its parts for a window that still runs it; those before it go", async () => {
  const { gone, activate, get } = await worker({
    "daiban-1": {},
    "daiban-2": { "/static/built/camera-2.js": "camera of 2", "/field/": "page of 2" },
    "daiban-3": { "/field/": "page of 3" },
    other: {},
  });
  await activate();
  expect(gone).toEqual(["daiban-1"]);
  expect(await get("/static/built/camera-2.js")).toBe("camera of 2");
  expect(await get("/field/today", "navigate")).toBe("page of 3");
  vi.unstubAllGlobals();
});

test("English is kept from the first time it is asked for; nothing else of the net is", async () => {
  const caches: Record<string, Record<string, string>> = { "daiban-3": {} };
  let signal = true;
  const county = () => {
    if (!signal) throw new TypeError("Failed to fetch");
    return new Response("the words", { headers: { "Content-Type": "application/json" } });
  };
  const { get } = await worker(caches, county);
  expect(await get(ENGLISH)).toBe("the words");
  expect(await get("/static/built/office.js")).toBe("the words");
  expect(caches["daiban-3"]).toEqual({ [ENGLISH]: "the words" });
  signal = false;
  expect(await get(ENGLISH)).toBe("the words");
  await expect(get("/static/built/office.js")).rejects.toThrow();
  vi.unstubAllGlobals();
});

test.each<[string, () => Response]>([
  ["a network's own page", () => new Response("<h1>Welcome</h1>", { headers: { "Content-Type": "text/html" } })],
  ["a refusal", () => new Response("gone", { status: 404 })],
])("%s is not kept for English", async (_, county) => {
  const caches: Record<string, Record<string, string>> = { "daiban-3": {} };
  await (await worker(caches, county)).get(ENGLISH);
  expect(caches["daiban-3"]).toEqual({});
  vi.unstubAllGlobals();
});

test("a full phone speaks English all the same", async () => {
  const { get } = await worker({ "daiban-3": {} }, () => new Response("the words"), true);
  expect(await get(ENGLISH)).toBe("the words");
  vi.unstubAllGlobals();
});
