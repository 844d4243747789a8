/** Let a form leave as if this button had been pressed. Safari 14 has no requestSubmit; htmx only listens for the event. */
export function submit(form: HTMLFormElement, button?: HTMLElement | null): void {
  if (form.requestSubmit) form.requestSubmit(button);
  else form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
}
