/// <reference lib="webworker" />
/** Keeps the shell, so that the icon opens without signal. Nothing else: no data, no bodies, never /api. */
declare const self: ServiceWorkerGlobalScope;
declare const CACHE: string; // name with the hash of the files, put in by pwa/build.mjs
declare const FILES: string[];

const SHELL = "/field/";

self.addEventListener("install", (event) => {
  // `reload`: what the browser's own cache still holds of an older version must not get in.
  const fresh = [SHELL, ...FILES].map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  const old = (name: string) => name.startsWith("daiban-") && name !== CACHE;
  const clean = async () => Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
  event.waitUntil(clean().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (request.method !== "GET") return; // no body ever crosses the worker
  if (url.pathname.startsWith("/static/")) event.respondWith(fromShell(request));
  else if (request.mode === "navigate" && url.pathname.startsWith("/field")) event.respondWith(fromShell(SHELL));
});

// A new version waits until the agent taps the bar: never under an open form.
self.addEventListener("message", (event) => {
  if (event.data === "take-over") self.skipWaiting();
});

async function fromShell(wanted: Request | string): Promise<Response> {
  const cache = await caches.open(CACHE);
  return (await cache.match(wanted, { ignoreSearch: true })) ?? fetch(wanted);
}
