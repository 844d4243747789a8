/** Reading a form: trimmed words, one of a few codes, the person it is about, the sign somebody left. */
import { type Ctx, Problem, type ResidentCard } from "./ctx.ts";
import { age } from "./filters.ts";
import { filled } from "./wire.ts";

export type Errors = Record<string, string>;

/** The sign of a person, as `rules/events.py` names it. */
export interface Mark {
  kind: "signature" | "thumbprint" | "none";
  role?: string;
  slip?: string;
  witnesses?: string[];
  why?: string;
}

/** What the mark's part of a form shows again. */
export interface MarkValues {
  kind: string;
  hash: string;
  slip: string;
  witness_1: string;
  witness_2: string;
  why: string;
}

export const NO_MARK: MarkValues = { kind: "signature", hash: "", slip: "", witness_1: "", witness_2: "", why: "" };

/** Control and format characters, but for the line break. */
const UNSEEN = /(?!\n)[\p{Cc}\p{Cf}]/gu;

/** Line breaks stay, other control characters go; full-width spaces at the ends count as none. */
export function words(form: URLSearchParams, name: string, limit = 60): string {
  const text = (form.get(name) ?? "").normalize("NFC").replace(/\r\n?/g, "\n");
  return text.replace(UNSEEN, "").trim().slice(0, limit);
}

export function oneOf<T extends string>(form: URLSearchParams, name: string, codes: readonly T[]): T | "" {
  const found = form.get(name) as T;
  return codes.includes(found) ? found : "";
}

/** Figures typed with spaces, hyphens or full-width: 102-8631 0427 → 10286310427. */
export function figures(form: URLSearchParams, name: string): string {
  return words(form, name, 40)
    .normalize("NFKC")
    .replace(/[\s\-()–]/g, "")
    .slice(0, 30);
}

/** "" when it can be called: a mobile of 11 figures, or a fixed line of 7 to 12; else what would be right. */
export function phoneError(ctx: Ctx, phone: string): string {
  if (!phone || /^\+?\d{7,8}$|^0\d{9,11}$|^1\d{10}$/.test(phone)) return "";
  const count = phone.replace(/\D/g, "").length;
  if (count !== phone.length) return ctx.t("Only figures, please");
  if (phone.startsWith("1") && count < 11)
    return ctx.t("Too short by {missing}. A mobile number has 11 figures, this has {count}", {
      missing: 11 - count,
      count,
    });
  return ctx.t("A mobile number has 11 figures, this has {count}", { count });
}

/** The person of the address: full card, or what little the phone knows of them. Someone not in the pack does not exist. */
export async function cardOf(ctx: Ctx, id = ctx.params.id ?? ""): Promise<ResidentCard> {
  const person = await ctx.store.people.get(id);
  if (!person) throw new Problem("not-found", {}, 404);
  return person.card === "full" ? person : filled({ ...person, card: "full" });
}

/** Whom a form is about, as its head says it. */
export function whom(ctx: Ctx, card: ResidentCard): { id: string; name: string; sex: string; age: string } {
  const born = card.birth_on ?? card.birth_year ?? "";
  return { id: card.id, name: card.name, sex: card.sex, age: age(born, ctx.clock.today()) };
}

export function markValues(form: URLSearchParams): MarkValues {
  return {
    ...{ kind: form.get("mark_kind") ?? "", hash: form.get("mark") ?? "", slip: words(form, "slip") },
    ...{ witness_1: words(form, "witness_1"), witness_2: words(form, "witness_2"), why: words(form, "mark_why", 200) },
  };
}

/** The mark of a form whose event will have the id `event`; errors name the field and the next step. */
export async function readMark(
  ctx: Ctx,
  event: string,
): Promise<{ mark: Mark | null; blobs: string[]; errors: Errors }> {
  const given = markValues(ctx.form);
  const errors: Errors = {};
  if (given.kind === "signature") {
    const stored = given.hash ? await ctx.store.photos.info(event, "mark") : undefined;
    if (stored) return { mark: { kind: "signature", role: "mark" }, blobs: ["mark"], errors };
    errors.mark = ctx.t("Not signed yet. A thumbprint on the paper slip counts too");
  } else if (given.kind === "thumbprint") {
    const witnesses = [given.witness_1, given.witness_2].filter(Boolean);
    const agent = (await ctx.store.me.get()).person.name;
    if (!given.slip) errors.slip = ctx.t("Copy the number at the top of the slip");
    if (witnesses.length < 2) {
      for (const name of ["witness_1", "witness_2"] as const)
        if (!given[name]) errors[name] = ctx.t("A thumbprint needs two witnesses");
    } else if (witnesses[0] === witnesses[1]) errors.witness_2 = ctx.t("The two witnesses are two people");
    if (witnesses.includes(agent)) errors.witness_2 = ctx.t("You cannot be the witness, ask somebody else");
    return { mark: { kind: "thumbprint", slip: given.slip, witnesses }, blobs: [], errors };
  } else if (given.kind === "none") {
    if (!given.why) errors.mark_why = ctx.t("Say in a few words why there is no mark");
    return { mark: { kind: "none", why: given.why }, blobs: [], errors };
  } else errors.mark = ctx.t("Choose one of the three");
  return { mark: null, blobs: [], errors };
}

export const none = (errors: Errors): boolean => Object.keys(errors).length === 0;
