/** The few living things on a page: PIN pad, waits, pictures, drafts, camera, signature. Each is found by its data attribute. */
import type { Store } from "./ctx.ts";
import { restore } from "./drafts.ts";
import { submit } from "./forms.ts";
import type { DB } from "./store/db.ts";
import type { Drafts } from "./store/drafts.ts";

export interface IslandParts {
  store: Store;
  drafts: Drafts;
  unlocked: () => boolean;
  go: (path: string) => void;
  refresh: () => void;
  t: (words: string) => string;
  db: DB;
  send: (why: string) => void;
  install: { offered: () => boolean; ask: () => Promise<void> };
}

const urls = new Set<string>();

/** `root` is what htmx has just put in place; it may itself be an island. */
export function enliven(root: Element, parts: IslandParts): void {
  if (parts.unlocked()) restore(all(root, "form[data-draft]:not([data-draft-fresh])"), parts.drafts, parts.t);
  for (const form of all<HTMLFormElement>(root, "form[data-pin]")) pinPad(form);
  for (const line of all<HTMLElement>(root, "[data-wait]")) countdown(line, parts.refresh);
  for (const image of all<HTMLImageElement>(root, "img[data-photo]")) photo(image, parts.store);
  for (const button of all<HTMLButtonElement>(root, "button[data-install]")) {
    button.hidden = !parts.install.offered();
    button.addEventListener("click", () => parts.install.ask().then(parts.refresh));
  }
  for (const view of all<HTMLElement>(root, "[data-camera]"))
    import("./later.ts").then(({ openCamera }) =>
      openCamera(view, { photos: parts.store.photos, limit: () => photoBytes(parts.store), go: parts.go }),
    );
  for (const boxes of all<HTMLElement>(root, "[data-groups]"))
    import("./later.ts").then(({ openGroups }) => openGroups(boxes));
  for (const box of all<HTMLElement>(root, "[data-bundle]"))
    import("./later.ts").then(({ makeFile }) => makeFile(box, parts.db));
  for (const box of all<HTMLElement>(root, "[data-carry]"))
    import("./later.ts").then(({ pickFile }) => pickFile(box, parts));
  for (const pad of all<HTMLElement>(root, "[data-signature]"))
    import("./signature.ts").then(({ openPad }) => openPad(pad, { photos: parts.store.photos }));
}

function all<T extends HTMLElement>(root: Element, selector: string): T[] {
  const inside = [...root.querySelectorAll<T>(selector)];
  return root.matches(selector) ? [root as T, ...inside] : inside;
}

/** Blob addresses die with the page that showed them, and at the lock. */
export function dropPictures(): void {
  for (const url of urls) URL.revokeObjectURL(url);
  urls.clear();
}

async function photoBytes(store: Store): Promise<number> {
  return (await store.county.get().catch(() => null))?.photo_bytes ?? 150_000;
}

/** Six digits by thumb; the form leaves by itself with the sixth. */
function pinPad(form: HTMLFormElement): void {
  const field = form.querySelector<HTMLInputElement>("input[name=pin]")!;
  const dots = form.querySelector<HTMLElement>(".dots")!;
  const set = (pin: string) => {
    if (form.dataset.sent !== undefined || form.dataset.closed !== undefined) return;
    field.value = pin.slice(0, 6);
    for (const [at, dot] of [...dots.children].entries()) dot.classList.toggle("on", at < field.value.length);
    dots.setAttribute("aria-label", (dots.dataset.words ?? "").replace("{n}", String(field.value.length)));
    if (field.value.length < 6) return;
    form.dataset.sent = "";
    // One frame, so that the sixth dot is seen before the key is worked out.
    requestAnimationFrame(() => setTimeout(() => submit(form)));
  };
  form.addEventListener("click", (event) => {
    const key = (event.target as Element).closest<HTMLElement>("[data-key]")?.dataset.key;
    if (key === "back") set(field.value.slice(0, -1));
    else if (key) set(field.value + key);
  });
  const typed = (event: KeyboardEvent) => {
    if (!form.isConnected) document.removeEventListener("keydown", typed);
    else if (/^\d$/.test(event.key)) set(field.value + event.key);
    else if (event.key === "Backspace") set(field.value.slice(0, -1));
  };
  document.addEventListener("keydown", typed);
}

/**
 * `data-wait="seconds"`, `data-words="Again in {s}"`: says the time left, then asks for the page anew, or, where people type
 * meanwhile, opens the button `data-opens`. The wait itself is the vault's.
 */
function countdown(line: HTMLElement, refresh: () => void): void {
  const began = { wall: Date.now(), steady: performance.now() };
  const timer = setInterval(tick, 1000);
  function tick(): void {
    // One stands still while the phone sleeps, the other jumps when the clock is set.
    const past = Math.max(Date.now() - began.wall, performance.now() - began.steady);
    const left = Math.ceil(Number(line.dataset.wait) - past / 1000);
    if (!line.isConnected) clearInterval(timer);
    else if (left <= 0) {
      clearInterval(timer);
      const opens = document.getElementById(line.dataset.opens ?? "") as HTMLButtonElement | null;
      line.hidden = opens !== null;
      if (opens) opens.disabled = false;
      else refresh();
    } else {
      const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
      line.textContent = (line.dataset.words ?? "{s}").replace("{s}", clock);
    }
  }
  tick();
}

async function photo(image: HTMLImageElement, store: Store): Promise<void> {
  const [event, role] = image.dataset.photo!.split("/");
  const found = await store.photos.get(event!, role!).catch(() => undefined);
  if (!found || !image.isConnected) return;
  const url = URL.createObjectURL(new Blob([found.bytes], { type: found.type }));
  urls.add(url);
  image.src = url;
}
