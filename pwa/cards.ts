/** From a card of the pack to what a screen shows of it. No words here: templates speak. */
import type { County, Day, Me, Person, ResidentCard } from "./ctx.ts";
import { days_until, localDay } from "./filters.ts";

export interface Matter {
  kind: "verification" | "retake" | "delivery" | "care" | "revisit" | "query" | "request_answer" | "consent";
  id: string;
  /** Name of the benefit, or what is brought. */
  name: string;
  due_on: Day | "";
  last_on: Day | "";
  /** An attempt is under way: nothing to do here. */
  taken: boolean;
  suspended: boolean;
  who_may: string;
  money: boolean;
  why: string;
}

/** What stands in a list for somebody: worst for the day first. */
const NEEDS = ["bedridden", "wheelchair", "hearing", "sight", "speech", "mobility", "dialect", "alone"];
const ORDER: Matter["kind"][] = [
  "retake",
  "verification",
  "delivery",
  "query",
  "revisit",
  "care",
  "consent",
  "request_answer",
];
const PATIENT: Matter["kind"][] = ["care", "revisit", "consent", "request_answer"];
const NEAR_DAYS = 30;

/**
 * Everything somebody waits for. First what has a last day that is past or near, then looking in and coming again, then what is
 * due much later; what is under way stands last.
 */
export function mattersOf(card: ResidentCard, county: County, today: Day): Matter[] {
  const tasks = card.tasks.map(
    (task): Matter => ({
      ...plain(task.kind, task.id),
      ...{ name: taskName(task.kind, task.what, card, county), due_on: task.due_on ?? "", who_may: task.who_may },
      ...{ money: task.money, why: task.why },
    }),
  );
  const retakes = tasks.filter(({ kind }) => kind === "retake");
  const entitled = card.entitlements
    .map(
      (one): Matter => ({
        ...plain("verification", one.id),
        ...{ name: county.benefits[one.benefit] ?? one.benefit, due_on: one.due_on, last_on: one.last_on ?? "" },
        ...{ taken: one.taken !== "", suspended: one.agency_state === "suspended" },
      }),
    )
    .filter((matter) => !saidByRetake(matter, retakes));
  const near = localDay(new Date(Date.parse(`${today}T04:00:00Z`) + NEAR_DAYS * 86_400_000).toISOString());
  const group = ({ taken, kind, due_on }: Matter) =>
    taken ? 3 : PATIENT.includes(kind) ? 1 : due_on && due_on > near ? 2 : 0;
  return [...entitled, ...tasks].sort(
    (a, b) =>
      group(a) - group(b) || compare(a.due_on || "~", b.due_on || "~") || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind),
  );
}

/** The picture to be taken again says it for the benefit too, with the nearer of the two days. */
function saidByRetake(matter: Matter, retakes: Matter[]): boolean {
  const retake = retakes.find(({ name }) => name === matter.name);
  if (!retake) return matter.taken && retakes.length > 0;
  if (!retake.due_on || matter.due_on < retake.due_on) retake.due_on = matter.due_on;
  return true;
}

/** Of those, what an agent can do something about by that day. */
export function openMatters(card: ResidentCard, county: County, today: Day, until: Day): Matter[] {
  return mattersOf(card, county, today).filter(({ taken, due_on }) => !taken && (!due_on || due_on <= until));
}

const PICTURED = new Set(["verification", "retake"]);

/** The one thing to do next, for the one primary button. */
export function primaryOf(card: ResidentCard, matters: Matter[]): { kind: string; id: string } | null {
  if (card.life) return null;
  // A relation takes no picture: another agent does.
  const open = matters.filter(({ kind, taken }) => !taken && !(card.kin && PICTURED.has(kind)));
  const first = // the most pressing of these: looking in happens on the way
    open.find(({ kind }) => kind === "retake") ??
    open.find(({ kind }) => kind === "verification" || kind === "delivery");
  return first ? { kind: first.kind, id: first.id } : { kind: "visit", id: "" };
}

/** Nobody was there lately and a day was agreed: until then the person is left in peace. */
export function waitsUntil(card: ResidentCard, today: Day): Day | "" {
  const again = card.tasks.find(({ kind, due_on }) => kind === "revisit" && due_on && due_on > today);
  const bringing = card.tasks.some(
    ({ kind, due_on }) => kind === "delivery" && due_on && days_until(today, due_on) < 1,
  );
  return again?.due_on && !bringing ? again.due_on : "";
}

export function topNeed(card: ResidentCard): string {
  return NEEDS.find((code) => card.needs.includes(code)) ?? "";
}

/** 清江村三组; the village too, since two villages have a 三组. */
export function placeOf(person: Pick<Person, "area" | "group">, me: Me): string {
  return `${me.villages[person.area] ?? ""}${person.group}`;
}

/** As the village counts: 12, also where a list put the village's code before it. */
export function householdOf(person: Pick<Person, "household">): string {
  return person.household.replace(/^\d{12}(?=\d)/, "").replace(/^0+(?=\d)/, "");
}

const LONG_MS = 3 * 3_600_000;

/** UUIDv7 begins with its milliseconds, so a draft's id says when the work began; a form left open since long ago began just now. */
export function beganAt(id: string, now: Date): Date {
  const born = Number.parseInt(id.replace("-", "").slice(0, 12), 16);
  return now.getTime() - born > LONG_MS ? now : new Date(born);
}

function plain(kind: Matter["kind"], id: string): Matter {
  return {
    kind,
    id,
    name: "",
    due_on: "",
    last_on: "",
    taken: false,
    suspended: false,
    who_may: "",
    money: false,
    why: "",
  };
}

function taskName(kind: string, what: string, card: ResidentCard, county: County): string {
  if (kind !== "retake") return county.benefits[what] ?? what;
  const benefit = what || card.entitlements[0]?.benefit || "";
  return county.benefits[benefit] ?? benefit;
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
