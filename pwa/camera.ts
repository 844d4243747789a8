/**
 * The live camera, and only that: no gallery, no file. The picture is shrunk to the county's size, re-drawn (which leaves no EXIF),
 * encrypted and stored before the view closes. Markup contract: pwa/ctx.ts.
 */
import type { Store } from "./ctx.ts";
import { hidden, submit } from "./forms.ts";

const LONGEST = 1600; // px: a face in a half-length picture keeps more than 300 px
const QUALITIES = [0.82, 0.72, 0.62, 0.52, 0.42];
const SHRINK = 0.8;

export interface CameraParts {
  photos: Store["photos"];
  limit: () => Promise<number>;
  go: (path: string) => void;
}

export async function openCamera(view: HTMLElement, { photos, limit, go }: CameraParts): Promise<void> {
  const video = view.querySelector<HTMLVideoElement>("[data-camera-view]");
  const shutter = view.querySelector<HTMLButtonElement>("[data-camera-shutter]");
  const torch = view.querySelector<HTMLButtonElement>("[data-camera-torch]");
  const refused = view.querySelector<HTMLElement>("[data-camera-refused]");
  const notKept = view.querySelector<HTMLElement>("[data-camera-not-kept]");
  const full = view.querySelector<HTMLElement>("[data-camera-full]");
  if (!video || !shutter) return;
  shutter.disabled = true;
  if (!(await photos.room())) {
    // Said before anybody is asked to hold still for a picture that could not be kept.
    view.classList.add("camera-refused");
    if (full) full.hidden = false;
    video.hidden = true;
    return;
  }
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: {
        facingMode: { ideal: view.dataset.facing ?? "environment" },
        width: { ideal: LONGEST },
        height: { ideal: 1200 },
      },
    });
  } catch {
    view.classList.add("camera-refused");
    if (refused) refused.hidden = false;
    video.hidden = true;
    return;
  }
  const close = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  if (!view.isConnected) return close();
  closeWhenGone(view, close);
  video.srcObject = stream;
  await video.play().catch(() => undefined);
  shutter.disabled = false;

  const [track] = stream.getVideoTracks();
  const able = track?.getCapabilities?.() as (MediaTrackCapabilities & { torch?: boolean }) | undefined;
  if (torch && track && able?.torch) {
    torch.hidden = false;
    torch.addEventListener("click", () => {
      const on = torch.getAttribute("aria-pressed") !== "true";
      track
        .applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] })
        .then(() => torch.setAttribute("aria-pressed", String(on)))
        .catch(() => undefined);
    });
  }

  shutter.addEventListener("click", async (press) => {
    press.preventDefault(); // the form goes when the picture is kept
    if (shutter.disabled) return;
    shutter.disabled = true; // a second tap waits for nothing
    if (notKept) notKept.hidden = true;
    const { event, role, next } = view.dataset;
    try {
      const jpeg = await shrink(video, await limit());
      const stored = await photos.put(event!, role!, jpeg, "image/jpeg");
      close();
      const form = view.closest("form");
      if (form) {
        hidden(form, role!).value = stored.sha256;
        submit(form);
      } else if (next) go(next);
    } catch {
      shutter.disabled = false; // the disk is full: said in the view, which stays open to try again
      if (notKept) notKept.hidden = false;
    }
  });
}

/** A JPEG of at most `limit` bytes, drawn anew: nothing of the camera's own data is left in it. */
async function shrink(video: HTMLVideoElement, limit: number): Promise<ArrayBuffer> {
  let scale = Math.min(1, LONGEST / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  const frame = await still(video);
  for (;;) {
    canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
    canvas.getContext("2d")!.drawImage(frame, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", quality));
      if (blob && blob.size <= limit) return blob.arrayBuffer();
    }
    scale *= SHRINK;
  }
}

/** The moment of the press, at full size: shrinking takes a while and the picture must not move meanwhile. */
async function still(video: HTMLVideoElement): Promise<CanvasImageSource> {
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")!.drawImage(video, 0, 0);
  return canvas;
}

/** The page moved on (back, lock): the camera light goes out. */
function closeWhenGone(view: HTMLElement, close: () => void): void {
  const watch = new MutationObserver(() => {
    if (view.isConnected) return;
    watch.disconnect();
    close();
  });
  watch.observe(document.body, { childList: true, subtree: true });
  document.addEventListener("visibilitychange", () => document.hidden && close(), { once: true });
}
