/**
 * Dates, numbers and numbers of people as they are read aloud. The Python twin is `api/filters.py`; both are run over the
 * same cases (`tests/templates/filters.json`), so change them together. Days are `2026-10-13`, instants `2026-10-13T02:15:00Z`;
 * all is shown in Asia/Shanghai, which has had no summer time since 1991: a fixed +8 hours. Nothing is shown for "" or null.
 */

export type Lang = "zh-Hans" | "en";
type Value = string | number | null | undefined;
// biome-ignore lint/suspicious/noExplicitAny: Nunjucks gives a filter whatever the template holds
export type Filters = Record<string, (...values: any[]) => string | number>;

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
const WEEKDAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const ZH_WEEKDAYS = "日一二三四五六";
const DAY_MS = 86_400_000;
const SHANGHAI_MS = 8 * 3_600_000;

export function makeFilters(lang: () => Lang): Filters {
  const zh = () => lang() === "zh-Hans";

  /** 10月13日; the year only if it is not the year of `today`. */
  function day(value: Value, today: Value = ""): string {
    const [y, m, d] = parts(value);
    if (!y) return "";
    const plain = zh() ? `${m}月${d}日` : `${d} ${MONTHS[m! - 1]}`;
    if (y === parts(today)[0]) return plain;
    return zh() ? `${y}年${plain}` : `${plain} ${y}`;
  }

  /** 星期二 */
  function weekday(value: Value): string {
    const n = weekdayNumber(value);
    if (n < 0) return "";
    return zh() ? `星期${ZH_WEEKDAYS[n]}` : WEEKDAYS[n]!;
  }

  /** 周五 */
  function weekday_short(value: Value): string {
    const n = weekdayNumber(value);
    if (n < 0) return "";
    return zh() ? `周${ZH_WEEKDAYS[n]}` : WEEKDAYS[n]!.slice(0, 3);
  }

  /** 今天 10:15, 昨天 18:20, 10月9日 18:20 */
  function moment(value: Value, today: Value = ""): string {
    const on = localDay(value);
    if (!on) return "";
    const ago = days_until(on, today);
    const time = clock(value);
    if (today && ago === 0) return zh() ? `今天 ${time}` : `today ${time}`;
    if (today && ago === 1) return zh() ? `昨天 ${time}` : `yesterday ${time}`;
    return `${day(on, today)} ${time}`;
  }

  /** A list in a sentence: 罗正英、李应芬 */
  function listing(values: string[] | null | undefined): string {
    return (values ?? []).filter(Boolean).join(zh() ? "、" : ", ");
  }

  /** Facts in a sentence, read aloud well: 养老金认证，耳背. What ends a sentence by itself gets no comma. */
  function facts(values: string[] | null | undefined): string {
    let told = "";
    for (const each of (values ?? []).filter(Boolean)) told += (told && between(told.slice(-1))) + each;
    return told;
  }

  function between(last: string): string {
    if ("。？！".includes(last)) return "";
    if (".?!".includes(last)) return " ";
    return zh() ? "，" : ", ";
  }

  return {
    day,
    weekday,
    weekday_short,
    clock,
    moment,
    local_day: localDay,
    days_until,
    age,
    masked_id,
    spaced_id,
    phone,
    number,
    listing,
    facts,
  };
}

/** 10:15 */
export function clock(value: Value): string {
  const local = shanghai(value);
  return local ? `${local.getUTCHours()}:${String(local.getUTCMinutes()).padStart(2, "0")}` : "";
}

/** The day in Asia/Shanghai of an instant; a day stays itself. */
export function localDay(value: Value): string {
  const text = String(value ?? "");
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return text;
  const local = shanghai(value);
  return local ? local.toISOString().slice(0, 10) : "";
}

/** From the first day to the second; negative when the second is earlier. 0 when one is missing. */
export function days_until(from: Value, to: Value): number {
  const [a, b] = [stamp(from), stamp(to)];
  return Number.isNaN(a) || Number.isNaN(b) ? 0 : Math.round((b - a) / DAY_MS);
}

/** Whole years; "" when the birth day is unknown. A bare year counts as its first day. */
export function age(born: Value, today: Value): string {
  const text = String(born ?? "");
  const [y, m, d] = /^\d{4}$/.test(text) ? [Number(text), 1, 1] : parts(born);
  const [ty, tm, td] = parts(today);
  if (!y || !ty) return "";
  return String(ty - y - (tm! < m! || (tm === m && td! < d!) ? 1 : 0));
}

/** 990 **** **** 2417: at most the first three and the last four are ever shown (R-PRI-4). */
export function masked_id(value: Value): string {
  const text = String(value ?? "").replace(/\s/g, "");
  return text.length < 8 ? "" : `${text.slice(0, 3)} **** **** ${text.slice(-4)}`;
}

/** 990101 1944 0607 2417 */
export function spaced_id(value: Value): string {
  const text = String(value ?? "").replace(/\s/g, "");
  return [text.slice(0, 6), text.slice(6, 10), text.slice(10, 14), text.slice(14)].filter(Boolean).join(" ");
}

/** 102 8631 0427 */
export function phone(value: Value): string {
  const text = String(value ?? "");
  return /^\d{11}$/.test(text) ? `${text.slice(0, 3)} ${text.slice(3, 7)} ${text.slice(7)}` : text;
}

/** 2 000; small numbers as they are. */
export function number(value: Value): string {
  return value === "" || value == null
    ? ""
    : String(Math.trunc(Number(value))).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
}

function parts(value: Value): [number?, number?, number?] {
  const found = /^(\d{4})-(\d{2})-(\d{2})/.exec(localDay(value));
  return found ? [Number(found[1]), Number(found[2]), Number(found[3])] : [];
}

function stamp(value: Value): number {
  const on = localDay(value);
  return on ? Date.parse(`${on}T00:00:00Z`) : Number.NaN;
}

function weekdayNumber(value: Value): number {
  const at = stamp(value);
  return Number.isNaN(at) ? -1 : new Date(at).getUTCDay();
}

function shanghai(value: Value): Date | undefined {
  const text = String(value ?? "");
  if (!/T\d{2}:\d{2}/.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : new Date(at + SHANGHAI_MS);
}
