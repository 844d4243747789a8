/** Let a form leave as if this button had been pressed. Safari 14 has no requestSubmit; htmx only listens for the event. */
export function submit(form: HTMLFormElement, button?: HTMLElement | null): void {
  if (form.requestSubmit) form.requestSubmit(button);
  else form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
}

export function hidden(form: HTMLFormElement, name: string): HTMLInputElement {
  const known = form.querySelector<HTMLInputElement>(`input[type="hidden"][name="${CSS.escape(name)}"]`);
  if (known) return known;
  const input = document.createElement("input");
  input.type = "hidden";
  input.name = name;
  form.append(input);
  return input;
}
