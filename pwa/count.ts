/** A text with a limit says how long it is: `<textarea data-count="id of the figure">`, while typing and after a draft came back. */
export function countWords(): void {
  document.addEventListener("input", (event) => count(event.target));
  document.addEventListener("daiban:restored", (event) => {
    if (event.target instanceof HTMLFormElement) for (const field of event.target.elements) count(field);
  });
}

function count(field: EventTarget | null): void {
  if (!(field instanceof HTMLTextAreaElement) || !field.dataset.count) return;
  const figure = document.getElementById(field.dataset.count);
  if (figure) figure.textContent = String(field.value.length);
}
