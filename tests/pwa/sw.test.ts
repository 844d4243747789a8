import { expect, test, vi } from "vitest";

const FILES = ["/static/built/main-1.js", "/static/built/styles-1.css", "/static/icons/icon-192.png"];
const SHELL =
  '<html><script type="module" src="/static/built/main-1.js"></script><link href="/static/built/styles-1.css">';

type Answer = [body: string, type: string, status?: number];
const SITE: Record<string, Answer> = {
  "/field/": [SHELL, "text/html; charset=utf-8"],
  "/static/built/main-1.js": ["start()", "text/javascript"],
  "/static/built/styles-1.css": ["body{}", "text/css"],
  "/static/icons/icon-192.png": ["png", "image/png"],
};

/** Install the worker where the network answers so; gives what it keeps. */
async function install(change: Record<string, Answer>): Promise<{ kept: string[]; done: Promise<unknown> }> {
  const kept: string[] = [];
  let done: Promise<unknown> = Promise.resolve();
  const pathOf = (request: Request) => new URL(request.url).pathname;
  vi.resetModules();
  vi.stubGlobal("CACHE", "daiban-1");
  vi.stubGlobal("FILES", FILES);
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
  vi.stubGlobal("caches", { open: async () => cache });
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
