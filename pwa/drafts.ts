/**
 * Every field of every `<form data-draft="key">` is kept at each input and comes back on the same field after a lock or a kill.
 * Restoring is done while the page is put in place, from memory, so nothing flashes.
 */
import type { Drafts } from "./store/drafts.ts";

type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

const PAUSE_MS = 150; // typing: one write for a few letters; leaving the field writes at once

/** Returns what writes the last letters at once. */
export function keepDrafts(drafts: () => Drafts): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let waiting: HTMLFormElement | null = null;
  let turn = 0;

  const keep = (form: HTMLFormElement) => {
    const key = form.dataset.draft;
    if (!key || form.dataset.saved !== undefined) return;
    const focus = document.activeElement;
    const name = focus && form.contains(focus) ? ((focus as Field).name ?? "") : "";
    const mine = ++turn;
    drafts()
      .keep(key, fieldsOf(form), name, location.pathname + location.search)
      .then(() => {
        if (mine === turn && !waiting) form.dataset.kept = ""; // on the disk as it stands on the page
      })
      .catch(() => undefined); // locked in this very moment: the last input before stands
  };
  const flush = () => {
    clearTimeout(timer);
    const form = waiting;
    waiting = null;
    if (form?.isConnected) keep(form);
  };

  document.addEventListener("input", (event) => {
    const form = formOf(event.target);
    if (!form) return;
    delete form.dataset.kept;
    waiting = form;
    clearTimeout(timer);
    timer = setTimeout(flush, PAUSE_MS);
  });
  document.addEventListener("change", (event) => {
    const form = formOf(event.target);
    if (!form) return;
    delete form.dataset.kept;
    waiting = form;
    flush();
  });
  document.addEventListener("focusout", flush);
  document.addEventListener("visibilitychange", flush);
  window.addEventListener("pagehide", flush);
  return flush;
}

/** Put kept values back; a form that already shows an answer (an error) says `data-draft-fresh` and is left alone. */
export function restore(forms: HTMLFormElement[], drafts: Drafts): void {
  for (const form of forms) {
    const draft = drafts.peek(form.dataset.draft!);
    if (!draft) continue;
    for (const field of keptFields(form)) {
      const values = draft.fields[field.name];
      if (!values) continue;
      if (field instanceof HTMLInputElement && (field.type === "radio" || field.type === "checkbox"))
        field.checked = values.includes(field.value);
      else if (field instanceof HTMLSelectElement && field.multiple)
        for (const option of field.options) option.selected = values.includes(option.value);
      else field.value = values[0] ?? "";
    }
    form.dispatchEvent(new Event("daiban:restored", { bubbles: true }));
    const focus = draft.focus && form.elements.namedItem(draft.focus);
    const field = focus instanceof RadioNodeList ? focus[0] : focus;
    if (field instanceof HTMLElement) field.focus({ preventScroll: false });
  }
}

export function fieldsOf(form: HTMLFormElement): Record<string, string[]> {
  const fields: Record<string, string[]> = {};
  for (const field of keptFields(form)) {
    fields[field.name] ??= [];
    const list = fields[field.name]!;
    if (field instanceof HTMLInputElement && (field.type === "radio" || field.type === "checkbox")) {
      if (field.checked) list.push(field.value);
    } else if (field instanceof HTMLSelectElement && field.multiple)
      for (const option of field.selectedOptions) list.push(option.value);
    else list.push(field.value);
  }
  return fields;
}

function keptFields(form: HTMLFormElement): Field[] {
  return [...form.elements].filter((element): element is Field => {
    if (
      !(
        element instanceof HTMLInputElement ||
        element instanceof HTMLSelectElement ||
        element instanceof HTMLTextAreaElement
      )
    )
      return false;
    if (!element.name || element.dataset.draftSkip !== undefined) return false;
    if (element instanceof HTMLInputElement && ["submit", "button", "file", "password"].includes(element.type))
      return false;
    return (
      !(element instanceof HTMLInputElement && element.type === "hidden") || element.dataset.draftKeep !== undefined
    );
  });
}

function formOf(target: EventTarget | null): HTMLFormElement | null {
  return target instanceof Element ? target.closest<HTMLFormElement>("form[data-draft]") : null;
}
