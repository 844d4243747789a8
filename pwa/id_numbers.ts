/** GB 11643 on the phone: what is wrong with a typed ID number, and what would be right. The county's twin is `rules/id_numbers.py`. */
import type { Translate } from "./ctx.ts";

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS = "10X98765432";

/** "" for an empty or a right number. The area part is never judged: it says where somebody was first registered, no more. */
export function idNumberError(t: Translate, number: string): string {
  if (!number) return "";
  const count = number.length;
  if (count < 18)
    return t("Too short by {missing}. An ID number has 18 figures, this has {count}", { missing: 18 - count, count });
  if (count > 18)
    return t("Too long by {more}. An ID number has 18 figures, this has {count}", { more: count - 18, count });
  if (!/^\d{17}[\dX]$/.test(number)) return t("Only figures, and an X at the very end");
  if (!isDay(number.slice(6, 14))) return t("The 7th to 14th figures are no birthday. Please compare with the card");
  if (CHECKS[sum(number) % 11] !== number[17]) return t("The last figure does not fit. Please compare with the card");
  return "";
}

function sum(number: string): number {
  return WEIGHTS.reduce((total, weight, at) => total + weight * Number(number[at]), 0);
}

function isDay(text: string): boolean {
  const [y, m, d] = [Number(text.slice(0, 4)), Number(text.slice(4, 6)), Number(text.slice(6))];
  const at = new Date(Date.UTC(y, m - 1, d));
  return at.getUTCFullYear() === y && at.getUTCMonth() === m - 1 && at.getUTCDate() === d;
}
