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

/** The form last sent: a refusal may name one of its fields. */
let sent: HTMLFormElement | null = null;

function rememberForm(event: Event): void {
  sent = event.target instanceof HTMLFormElement ? event.target : null;
  for (const field of sent?.querySelectorAll(".field-bad") ?? []) unmark(field);
}

/** After a refusal the reader looks where it is said: at the field it is about, else at the top. */
function showProblem(): void {
  const problem = document.querySelector<HTMLElement>("#problems [role=alert]");
  if (problem === null) return;
  const input = sent?.elements.namedItem(problem.dataset.field ?? "");
  const field = input instanceof HTMLElement ? input.closest(".field") : null;
  if (field !== null) mark(field, input as HTMLElement, problem);
  else problem.scrollIntoView({ block: "center" });
}

/** Say it again below the field, tied to it, and put the cursor there. */
function mark(field: Element, input: HTMLElement, problem: HTMLElement): void {
  const line = document.createElement("p");
  line.className = "error";
  line.id = `${input.id}-error`;
  const shape = problem.querySelector(".icon")?.cloneNode(true);
  if (shape !== undefined) line.append(shape);
  line.append(problem.querySelector("b")?.textContent ?? "");
  field.append(line);
  field.classList.add("field-bad");
  input.setAttribute("aria-invalid", "true");
  input.dataset.help = input.getAttribute("aria-describedby") ?? "";
  input.setAttribute("aria-describedby", `${input.dataset.help} ${line.id}`.trim());
  input.focus();
  field.scrollIntoView({ block: "center" });
}

function unmark(field: Element): void {
  field.classList.remove("field-bad");
  field.querySelector(".error")?.remove();
  const input = field.querySelector<HTMLElement>("[aria-invalid]");
  if (input === null) return;
  input.removeAttribute("aria-invalid");
  if (input.dataset.help) input.setAttribute("aria-describedby", input.dataset.help);
  else input.removeAttribute("aria-describedby");
}

/** No answer came: say so in the page, where everything typed still stands. */
function sayUnheard(event: Event): void {
  const words = document.querySelector<HTMLTemplateElement>("#unheard");
  const place = document.querySelector("#problems");
  const source = event.target instanceof Element ? event.target.closest("form") : null;
  if (words === null || place === null || source === null) return; // what asks by itself asks again by itself
  place.replaceChildren(words.content.cloneNode(true));
  place.scrollIntoView({ block: "center" });
}

/** An address to share holds what was chosen, not every field left empty. */
function leaveOutEmpty(event: FormDataEvent): void {
  if (!(event.target instanceof HTMLFormElement) || event.target.dataset.apply !== "change") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
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

/** A large file: how much of it has left, then a sentence while the county works. Without scripts it is a plain form. */
function upload(event: SubmitEvent): void {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.upload === undefined) return;
  event.preventDefault();
  const shows = form.querySelector<HTMLElement>("[data-upload-shows]");
  const bar = shows?.querySelector("progress");
  const words = shows?.querySelector<HTMLElement>("[role=status]");
  const button = form.querySelector("button");
  const asked = new XMLHttpRequest(); // fetch does not say how far a body is
  const ends = (): void => {
    if (shows) shows.hidden = true;
    if (button) button.disabled = false;
  };
  asked.upload.onprogress = ({ loaded, total }) => {
    const done = Math.floor((loaded / total) * 100);
    if (bar) bar.value = done;
    if (words) words.textContent = (words.dataset.sending ?? "").replace("{n}", `${done}%`);
  };
  asked.upload.onload = () => {
    bar?.removeAttribute("value");
    if (words) words.textContent = words.dataset.taking ?? "";
  };
  asked.onload = () => {
    const to = asked.getResponseHeader("HX-Redirect");
    if (to) return location.assign(to);
    ends();
    const place = document.querySelector("#problems");
    if (place) place.innerHTML = asked.responseText;
    showProblem();
  };
  asked.onerror = () => {
    ends();
    sayUnheard(event);
  };
  if (shows) shows.hidden = false;
  if (button) button.disabled = true;
  asked.open("POST", form.action);
  asked.setRequestHeader("HX-Request", "true");
  asked.send(new FormData(form));
}

nameFiles();
setInterval(countDown, 1000);
document.addEventListener("change", applyOnChange);
document.addEventListener("click", printPage);
document.addEventListener("formdata", leaveOutEmpty);
document.addEventListener("submit", rememberForm, true);
document.addEventListener("submit", upload);
document.addEventListener("htmx:error", sayUnheard);
document.addEventListener("htmx:after:swap", showProblem);
document.addEventListener("htmx:after:swap", nameFiles);
