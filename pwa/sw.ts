/** Keeps the shell, so that the icon opens without signal. Nothing else: no data, no bodies, never /api. */
interface Extendable extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Worker {
  addEventListener(type: "install" | "activate", on: (event: Extendable) => void): void;
  addEventListener(type: "fetch", on: (event: Fetching) => void): void;
  addEventListener(type: "message", on: (event: MessageEvent) => void): void;
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}
const worker = self as unknown as Worker; // the DOM's types and the worker's cannot stand in one program

declare const CACHE: string; // name with the hash of the files, put in by pwa/build.mjs
declare const FILES: string[];
declare const ENGLISH: string; // the file of English words: kept from when it is first asked for

const SHELL = "/field/";

worker.addEventListener("install", (event) => {
  // `reload`: what the browser's own cache still holds of an older version must not get in.
  const fresh = (paths: string[]) => paths.map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(spoken().then((english) => keep(fresh([SHELL, ...FILES, ...english]))));
});

/** The file of English, where the version before kept one. */
async function spoken(): Promise<string[]> {
  for (const name of (await caches.keys()).filter(ours)) {
    const kept = await (await caches.open(name)).keys();
    if (kept.some(({ url }) => /\/english-\w+\.json$/.test(url))) return [ENGLISH];
  }
  return [];
}

const ours = (name: string) => name.startsWith("daiban-");

const page = (answer: Response) => (answer.headers.get("Content-Type") ?? "").startsWith("text/html");

/** All of one version, or nothing: the version before stays until then. */
async function keep(wanted: Request[]): Promise<void> {
  const answers = await Promise.all(wanted.map((request) => fetch(request)));
  // A network's own page may answer for any address, with 200.
  if (answers.some((answer, at) => !answer.ok || answer.redirected || page(answer) !== (at === 0)))
    throw new Error("not the files of this version");
  // The county may have been renewed meanwhile: then its page names files that are not kept here.
  const named = (await answers[0]!.clone().text()).match(/\/static\/built\/[\w.-]+\.(?:js|css)/g) ?? [];
  if (named.length === 0 || named.some((file) => !FILES.includes(file))) throw new Error("the page of another version");
  const cache = await caches.open(CACHE);
  await Promise.all(answers.map((answer, at) => cache.put(wanted[at]!, answer)));
}

worker.addEventListener("activate", (event) => {
  const old = (name: string) => ours(name) && name !== CACHE;
  // The version before stays, for a window that still runs it under an open form asks for its parts (camera, signature).
  const clean = async () => {
    const gone = (await caches.keys()).filter(old).slice(0, -1); // in the order they were made
    await Promise.all(gone.map((name) => caches.delete(name)));
  };
  event.waitUntil(clean().then(() => worker.clients.claim()));
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method !== "GET") return; // no body ever crosses the worker
  if (url.pathname.startsWith("/static/")) event.respondWith(fromShell(request));
  else if (request.mode === "navigate" && url.pathname.startsWith("/field")) event.respondWith(fromShell(SHELL));
});

// A new version waits until the agent taps the bar: never under an open form.
worker.addEventListener("message", (event) => {
  if (event.data === "take-over") worker.skipWaiting();
});

async function fromShell(wanted: Request | string): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(wanted, { ignoreSearch: true });
  const found = kept ?? (wanted === SHELL ? undefined : await caches.match(wanted));
  if (found) return found;
  const answer = await fetch(wanted);
  const english = wanted !== SHELL && new URL((wanted as Request).url).pathname === ENGLISH;
  if (english && answer.ok && !page(answer)) await cache.put(wanted, answer.clone()).catch(() => undefined); // a full phone speaks it all the same
  return answer;
}

export {};
