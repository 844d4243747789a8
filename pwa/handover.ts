/** Two living boxes: making the file of one's own records, and taking a colleague's file along. Their words stand in the page. */
import { NoBundle, type Packed, pack } from "./bundle.ts";
import type { DB } from "./store/db.ts";
import * as device from "./store/device.ts";
import { take } from "./take_along.ts";

/** Blob addresses die with the page that made them. */
const KEEP_MS = 60_000;

export function makeFile(box: HTMLElement, db: DB): void {
  const make = part<HTMLButtonElement>(box, "make");
  const ready = part(box, "ready");
  const bar = box.querySelector("progress")!;
  let packed: Packed | undefined;
  make.addEventListener("click", async () => {
    make.disabled = true;
    bar.hidden = false;
    say(box, "packing");
    try {
      packed = await pack(db, new Date(), (done, all) => {
        bar.max = all;
        bar.value = done;
      });
    } catch {
      say(box, "failed");
      make.disabled = false;
      return;
    } finally {
      bar.hidden = true;
    }
    make.hidden = true;
    ready.hidden = false;
    part(box, "share").hidden = shareable(packed) === null;
    say(box, "made");
    ready.querySelector<HTMLElement>("button:not([hidden])")?.focus();
  });
  part(box, "save").addEventListener("click", () => {
    if (!packed) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(packed.file);
    link.download = packed.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), KEEP_MS);
    say(box, "saved");
  });
  part(box, "share").addEventListener("click", async () => {
    const file = packed && shareable(packed);
    if (!file) return;
    // A fresh tap: the browser opens its sheet only under a finger, and packing may have taken longer than that counts.
    await navigator.share({ files: [file] }).then(
      () => say(box, "shared"),
      (error: Error) => error.name === "AbortError" || say(box, "unshared"),
    );
  });
}

/** Chromium shares only names it knows, and a text is one; the county looks into the file, not at its name. */
function shareable({ file, name }: Packed): File | null {
  const named = [new File([file], name, { type: file.type }), new File([file], `${name}.txt`, { type: "text/plain" })];
  return named.find((one) => navigator.canShare?.({ files: [one] }) ?? false) ?? null;
}

export function pickFile(
  box: HTMLElement,
  { db, send, refresh }: { db: DB; send: (why: string) => void; refresh: () => void },
): void {
  const field = box.querySelector<HTMLInputElement>("input[type=file]")!;
  const bar = box.querySelector("progress")!;
  const choose = part<HTMLButtonElement>(box, "choose");
  choose.addEventListener("click", () => field.click()); // the browser's own words are in its own language, and small
  field.addEventListener("change", async () => {
    const file = field.files?.[0];
    const identity = await device.get(db, "identity");
    if (!file || !identity) return;
    choose.disabled = true;
    bar.hidden = false;
    bar.max = Math.max(1, file.size);
    say(box, "reading");
    try {
      const me = { device: identity.device, key: identity.county_key.id };
      const taken = await take(db, file, me, new Date(), (bytes) => {
        bar.value = bytes;
      });
      if (taken.own) say(box, "own");
      else if (!taken.records && taken.foreign) say(box, "foreign");
      else if (!taken.records) say(box, "broken");
      else {
        send("carry");
        refresh();
      }
    } catch (error) {
      // No room is the likeliest of the others; what was kept until then is carried.
      say(box, error instanceof NoBundle ? "none" : "room");
    } finally {
      bar.hidden = true;
      choose.disabled = false;
      field.value = "";
    }
  });
}

function part<T extends HTMLElement = HTMLButtonElement>(box: HTMLElement, name: string): T {
  return box.querySelector<T>(`[data-part=${name}]`)!;
}

/** One of the sentences the page holds, in its one place that is read out. */
function say(box: HTMLElement, name: string, values: Record<string, string | number> = {}): void {
  const words =
    box.querySelector<HTMLTemplateElement>(`template[data-words=${name}]`)?.content.textContent?.trim() ?? "";
  const said = box.querySelector<HTMLElement>("[role=status]")!;
  said.textContent = words.replace(/\{(\w+)\}/g, (_, key: string) => String(values[key] ?? ""));
  said.hidden = false;
}
