/** A form that comes back with something to put right begins there: the first such line is in sight, its field in hand. */
export function showFirstError(): void {
  const lines = [...document.querySelectorAll<HTMLElement>(".error[id]")];
  for (const line of lines) if (!fieldOf(line)) line.closest("fieldset")?.setAttribute("aria-describedby", line.id);
  const [first] = lines;
  if (!first) return;
  const field = fieldOf(first);
  const control = field?.matches("fieldset") ? field.querySelector<HTMLElement>("input") : field;
  control?.focus({ preventScroll: true });
  first.scrollIntoView({ block: "center" }); // the dock covers the lower edge
}

function fieldOf(line: HTMLElement): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[aria-describedby~="${line.id}"]`);
}
