/** The office's own script: htmx, and minutes that run down. Everything works without it, only less lively. */
import "htmx.org";

/** Write how long a code still lives; the words stand in the page, with {m} and {s} where the figures go. */
function countDown(): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-ends-at]")) {
    const left = Math.floor((Date.parse(place.dataset.endsAt ?? "") - Date.now()) / 1000);
    const words = left > 0 ? place.dataset.words : place.dataset.over;
    if (words === undefined || Number.isNaN(left)) continue;
    place.textContent = words.replace("{m}", String(Math.floor(left / 60))).replace("{s}", String(left % 60));
  }
}

/** Filters apply as soon as one is chosen; the button stays for whoever types. */
function applyOnChange(event: Event): void {
  const field = event.target;
  if (field instanceof HTMLSelectElement && field.form?.dataset.apply === "change") field.form.submit();
}

/** After a refusal the reader looks where it is said. */
function showProblem(): void {
  document.querySelector("#problems [role=alert]")?.scrollIntoView({ block: "center" });
}

function printPage(event: Event): void {
  if (event.target instanceof Element && event.target.closest("[data-print]")) window.print();
}

/** A file to choose, in our words instead of the browser's; the field itself lies over them, unseen. */
function nameFiles(): void {
  for (const box of document.querySelectorAll<HTMLElement>(".file-box:not(.file-ours)")) {
    const field = box.querySelector<HTMLInputElement>("input");
    const name = box.querySelector<HTMLElement>(".file-name");
    if (field === null || name === null) continue;
    const none = name.textContent;
    box.classList.add("file-ours");
    for (const words of box.querySelectorAll<HTMLElement>("span")) words.hidden = false;
    const show = (): void => {
      name.textContent = field.files?.[0]?.name ?? none;
    };
    field.addEventListener("change", show);
    show();
  }
}

nameFiles();
setInterval(countDown, 1000);
document.addEventListener("change", applyOnChange);
document.addEventListener("click", printPage);
document.addEventListener("htmx:after:swap", showProblem);
document.addEventListener("htmx:after:swap", nameFiles);
