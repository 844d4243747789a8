/** A new version of the program waits until the agent taps, and is not even offered under an open form or a camera. */

const OPEN_WORK = "form[data-draft], .camera";

function register(): Promise<ServiceWorkerRegistration | null> {
  if (!("serviceWorker" in navigator)) return Promise.resolve(null);
  return navigator.serviceWorker
    .register("/field/sw.js", { scope: "/field/", updateViaCache: "none" })
    .catch(() => null);
}

export async function offerUpdates(t: (words: string) => string): Promise<void> {
  const registration = await register();
  if (!registration) return;
  const { serviceWorker } = navigator;
  let asked = false;
  let taken = false; // in another window: this one still runs the version before
  const show = () => {
    const known = document.querySelector(".update");
    if (document.querySelector(OPEN_WORK)) return known?.remove();
    if (taken) return location.reload();
    if (!registration.waiting || !serviceWorker.controller) return known?.remove();
    if (known) return;
    const bar = document.createElement("div");
    bar.className = "update";
    bar.setAttribute("role", "status");
    const words = document.createElement("span");
    words.textContent = t("A new version is here.");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-small";
    button.textContent = t("Update");
    button.addEventListener("click", () => {
      asked = true;
      registration.waiting?.postMessage("take-over");
    });
    bar.append(words, button);
    document.body.prepend(bar);
  };
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", show);
  });
  let first = !serviceWorker.controller; // the very first worker takes over a page that came from the net: nothing changes
  serviceWorker.addEventListener("controllerchange", () => {
    if (asked) location.reload();
    else if (!first) {
      taken = true;
      show();
    }
    first = false;
  });
  document.addEventListener("htmx:after:swap", show);
  document.addEventListener("visibilitychange", () => document.hidden || registration.update().catch(() => undefined));
  show();
}

/** This program is older than the phone's store and cannot run: nothing is open, so the newest one may take over at once. */
export async function takeNewest(): Promise<void> {
  const registration = await register();
  if (!registration) return;
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
  const take = () => registration.waiting?.postMessage("take-over");
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", take));
  take();
  await registration.update().catch(() => undefined); // without signal: at the next start
}
