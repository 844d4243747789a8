/** Let a form leave as if its button had been pressed. Safari 14 has no requestSubmit; htmx only listens for the event. */
export function submit(form: HTMLFormElement): void {
  if (form.requestSubmit) form.requestSubmit();
  else form.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
}
