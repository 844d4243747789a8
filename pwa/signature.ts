/** The resident's mark: strokes as compact JSON (≤ 8 KB), sealed and stored after each stroke. signature_pad comes only here. */
import SignaturePad from "signature_pad";
import { utf8, words } from "./bytes.ts";
import type { Store } from "./ctx.ts";
import { hidden, submit } from "./forms.ts";

const LIMIT = 8 * 1024;

/** `{v, w, h, strokes: [[x0, y0, dx, dy, …], …]}` in whole CSS pixels of a pad w × h; after the first point, differences. */
export interface Strokes {
  v: 1;
  w: number;
  h: number;
  strokes: number[][];
}

type Points = { points: { x: number; y: number }[] }[];

export async function openPad(pad: HTMLElement, { photos }: { photos: Store["photos"] }): Promise<void> {
  const canvas = pad.querySelector("canvas");
  const form = pad.closest("form");
  const { event, role } = pad.dataset;
  if (!canvas || !form || !event || !role) return;
  const clear = form.querySelector<HTMLButtonElement>("[data-signature-clear]");
  const notKept = form.querySelector<HTMLElement>("[data-signature-not-kept]");
  const field = hidden(form, role);
  const before = await photos.get(event, role);
  const ink = new SignaturePad(canvas, { minDistance: 3, penColor: getComputedStyle(pad).color });

  const resize = () => {
    const ratio = Math.min(3, window.devicePixelRatio || 1);
    const { width, height } = canvas.getBoundingClientRect();
    if (!width) return;
    const data = ink.toData();
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.getContext("2d")!.scale(ratio, ratio);
    ink.clear();
    ink.fromData(data);
  };
  resize();
  new ResizeObserver(resize).observe(canvas);

  const store = async () => {
    if (ink.isEmpty()) {
      await photos.remove(event, role);
      field.value = "";
    } else {
      const { width, height } = canvas.getBoundingClientRect();
      const json = utf8(JSON.stringify(compact(ink.toData() as Points, width, height)));
      field.value = (await photos.put(event, role, json.buffer, "application/json")).sha256;
    }
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  let storing: Promise<void> = Promise.resolve();
  let unstored = 0;
  const changed = () => {
    if (clear) clear.hidden = ink.isEmpty();
    unstored++;
    storing = storing
      .then(store)
      .then(
        () => true,
        () => false, // the disk is full; what was signed stays on the glass
      )
      .then((kept) => {
        unstored--;
        if (notKept) notKept.hidden = kept;
      });
  };
  ink.addEventListener("endStroke", changed);
  clear?.addEventListener("click", () => {
    ink.clear();
    changed();
  });
  holdForm(form, () => (unstored ? storing : null));

  if (before?.type === "application/json") {
    const { strokes } = JSON.parse(words(before.bytes)) as Strokes;
    ink.fromData(strokes.map((stroke) => ({ points: spread(stroke) })) as never); // in the pad's own colour and width
    field.value = (await photos.info(event, role))?.sha256 ?? "";
    if (clear) clear.hidden = false;
  }
  pad.dataset.open = "";
}

/** Whoever saves while the last stroke is being sealed waits that moment: what was signed is never called missing. */
function holdForm(form: HTMLFormElement, storing: () => Promise<void> | null): void {
  const hold = (event: SubmitEvent) => {
    if (!form.isConnected) return document.removeEventListener("submit", hold, true);
    const wait = event.target === form && storing();
    if (!wait) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    wait.then(() => submit(form, event.submitter));
  };
  document.addEventListener("submit", hold, true);
}

/** Fewer points until it fits: a mark is recognised by its shape, not by its sampling. */
export function compact(data: Points, width: number, height: number): Strokes {
  for (let step = 1; ; step++) {
    const strokes = data.map(({ points }) =>
      differences(points.filter((_, at) => at % step === 0 || at === points.length - 1)),
    );
    const mark: Strokes = { v: 1, w: Math.round(width), h: Math.round(height), strokes };
    if (JSON.stringify(mark).length <= LIMIT || step > 64) return mark;
  }
}

function differences(points: { x: number; y: number }[]): number[] {
  let [px, py] = [0, 0];
  return points.flatMap(({ x, y }) => {
    const [rx, ry] = [Math.round(x), Math.round(y)];
    const out = [rx - px, ry - py];
    [px, py] = [rx, ry];
    return out;
  });
}

function spread(stroke: number[]): { x: number; y: number; pressure: number; time: number }[] {
  const points = [];
  let [x, y] = [0, 0];
  for (let at = 0; at + 1 < stroke.length; at += 2) {
    x += stroke[at]!;
    y += stroke[at + 1]!;
    points.push({ x, y, pressure: 0.5, time: at * 16 });
  }
  return points;
}
