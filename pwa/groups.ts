/**
 * Boxes for digits read out in groups: a full box leads on to the next, an empty one back, and what is pasted flows through them.
 * Without it the boxes are plain fields.
 */
import { readDigits } from "./recovery.ts";

export function openGroups(root: HTMLElement): void {
  const boxes = [...root.querySelectorAll<HTMLInputElement>("input")];
  const size = Number(root.dataset.groups);
  boxes.forEach((box, at) => {
    box.addEventListener("input", (event) => {
      if ((event as InputEvent).isComposing) return; // a keyboard that still asks which sign is meant
      spread(at);
    });
    box.addEventListener("compositionend", () => spread(at));
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Backspace" || box.value || at === 0) return;
      event.preventDefault();
      focus(boxes[at - 1]!);
    });
  });

  /** Digits only; what is more than one box holds goes on into the next ones. */
  function spread(from: number): void {
    let rest = readDigits(boxes[from]!.value);
    let at = from;
    for (; at < boxes.length; at++) {
      const box = boxes[at]!;
      if (at > from && !rest) break;
      const value = rest.slice(0, size);
      if (box.value !== value) box.value = value;
      rest = rest.slice(size);
      if (value.length < size) return;
      if (!rest) break;
    }
    const next = boxes[Math.min(at, boxes.length - 1) + 1];
    if (next && document.activeElement === boxes[from] && boxes[from]!.value.length === size && !next.value)
      focus(next);
  }

  function focus(box: HTMLInputElement): void {
    box.focus();
    box.select();
  }
}
