/**
 * Every field of every `<form data-draft="key">` is kept at each input and comes back on the same field after a lock or a kill.
 * Restoring is done while the page is put in place, from memory, so nothing flashes.
 */
import type { Draft } from "./ctx.ts";
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
      .keep(key, fieldsOf(form), name, location.pathname + location.search, choicesOf(form))
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

/** Of each form what its draft holds and the form has no place for. */
const left = new WeakMap<HTMLFormElement, Record<string, string[]>>();

/**
 * What a draft holds for this page that its form does not offer any more, since it was written in an earlier version: a choice that
 * is gone, a field that is gone. `offered`: of each field of the form its choices, or null where anything may be written.
 */
export function leftOver(
  draft: Draft,
  page: string,
  offered: Map<string, Set<string> | null>,
): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const [name, values] of Object.entries(draft.fields)) {
    const choices = offered.get(name);
    const gone =
      choices === undefined
        ? draft.pages?.[name] === page
          ? values
          : [] // of another page of the same draft
        : values.filter((value) => choices !== null && !choices.has(value));
    const said = gone.filter(Boolean);
    if (said.length) found[name] = said;
  }
  return found;
}

function offeredBy(form: HTMLFormElement): Map<string, Set<string> | null> {
  const offered = new Map<string, Set<string> | null>();
  const choice = (name: string, values: string[]) => {
    const known = offered.get(name);
    offered.set(name, new Set([...(known ?? []), ...values]));
  };
  for (const element of form.elements) {
    if (element instanceof HTMLInputElement && (element.type === "radio" || element.type === "checkbox"))
      choice(element.name, [element.value]);
    else if (element instanceof HTMLSelectElement)
      choice(
        element.name,
        [...element.options].map(({ value }) => value),
      );
    else if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)
      offered.set(element.name, null);
  }
  return offered;
}

/** As it was typed, or as it stood beside the choice. */
export function wordsOf(gone: Record<string, string[]>, draft: Draft): string[] {
  return Object.entries(gone).flatMap(([name, values]) =>
    values.map((value) => draft.choices?.[`${name}=${value}`] ?? value),
  );
}

/** Said at the head of the form, so that it can be written into another field. It stays in the draft until the form is saved. */
function showLeftOver(form: HTMLFormElement, gone: string[], t: (words: string) => string): void {
  const box = document.createElement("div");
  box.className = "notice notice-soon";
  box.setAttribute("role", "status");
  box.dataset.leftOver = "";
  const lines = document.createElement("div");
  const head = document.createElement("p");
  head.textContent = t("Written earlier, this form has no place for it any more. Please put it where it fits:");
  const said = document.createElement("p");
  said.textContent = gone.join("; ");
  lines.append(head, said);
  box.append(lines);
  (form.querySelector("main") ?? form).prepend(box);
}

/** Put kept values back; a form that already shows an answer (an error) says `data-draft-fresh` and is left alone. */
export function restore(forms: HTMLFormElement[], drafts: Drafts, t: (words: string) => string): void {
  for (const form of forms) {
    const draft = drafts.peek(form.dataset.draft!);
    if (!draft) continue;
    const gone = leftOver(draft, location.pathname, offeredBy(form));
    if (Object.keys(gone).length) {
      left.set(form, gone);
      showLeftOver(form, wordsOf(gone, draft), t);
    }
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
  // A choice that is gone stays known until another is made.
  for (const [name, values] of Object.entries(left.get(form) ?? {}))
    if (fields[name] && !fields[name].some(Boolean)) fields[name] = values;
  return fields;
}

/** What stands beside each choice made, as people read it. */
function choicesOf(form: HTMLFormElement): Record<string, string> {
  const said: Record<string, string> = {};
  for (const field of keptFields(form))
    if (field instanceof HTMLInputElement && field.checked && field.labels?.[0])
      said[`${field.name}=${field.value}`] = (field.labels[0].textContent ?? "").trim();
  return said;
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
