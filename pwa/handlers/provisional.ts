/** Somebody not in the pack: noted at the door, visited like anybody, matched by the office. */
import { uuid7 } from "../bytes.ts";
import type { Correctable } from "../corrections.ts";
import { type Ctx, type Draft, type Route, record, seeOther } from "../ctx.ts";
import { type Errors, figures, none, oneOf, phoneError, words } from "../fields.ts";
import type { ResidentProvisional } from "../generated/wire.ts";
import { idNumberError } from "../id_numbers.ts";
import { isSecondTap } from "../second_tap.ts";
import type { ResidentCard } from "../wire.ts";
import { SOUGHT } from "./find.ts";

export const routes: Route[] = [
  ["GET", "/field/people/new", show],
  ["POST", "/field/people/new", note],
];

const KEY = "provisional";
const OLDEST = 1880; // rules/events.py; centenarians exist, no upper age beyond what the county takes

interface Values {
  name: string;
  sex: "male" | "female" | "";
  birth_year: string;
  phone: string;
  area: string;
  group: string;
  id_number: string;
  why: string;
}

async function show(ctx: Ctx): Promise<Response> {
  const empty = {
    name: await soughtInVain(ctx),
    sex: "" as const,
    birth_year: "",
    phone: "",
    area: "",
    group: "",
    id_number: "",
    why: "",
  };
  return page(ctx, empty, {});
}

/** The name typed into Find that nobody has. */
async function soughtInVain(ctx: Ctx): Promise<string> {
  const sought = String(ctx.session.get(SOUGHT) ?? "");
  if (!/^[\p{Script=Han}·]{2,}$/u.test(sought)) return "";
  return (await ctx.store.people.find(sought, 1)).length ? "" : sought;
}

/** The person's id is made with the draft, so that a second tap is the same person. */
async function residentOf(ctx: Ctx, draft: Draft): Promise<string> {
  const [known] = draft.fields.resident ?? [];
  if (known) return known;
  const id = uuid7(ctx.clock.now());
  await ctx.store.drafts.keep(KEY, { resident: [id] });
  return id;
}

async function villagesOf(ctx: Ctx): Promise<{ code: string; name: string }[]> {
  const { villages } = await ctx.store.me.get();
  return Object.entries(villages).map(([code, name]) => ({ code, name }));
}

async function page(ctx: Ctx, values: Values, errors: Errors): Promise<Response> {
  const draft = await ctx.store.drafts.open(KEY);
  return ctx.render(
    "field/provisional.html",
    {
      ...{ action: "/field/people/new", back: "/field/find", draft, draft_key: KEY, values, errors },
      ...{ resident: await residentOf(ctx, draft), villages: await villagesOf(ctx), correcting: null },
    },
    none(errors) ? {} : { status: 422 },
  );
}

function read(ctx: Ctx, villages: { code: string }[]): { values: Values; errors: Errors } {
  const { form } = ctx;
  const values: Values = {
    ...{
      name: words(form, "name"),
      sex: oneOf(form, "sex", ["male", "female"]),
      birth_year: figures(form, "birth_year"),
    },
    ...{
      phone: figures(form, "phone"),
      area: oneOf(
        form,
        "area",
        villages.map(({ code }) => code),
      ),
      group: words(form, "group"),
    },
    ...{ id_number: figures(form, "id_number").toUpperCase(), why: words(form, "why_here", 200) },
  };
  const errors: Errors = {};
  const year = Number(ctx.clock.today().slice(0, 4));
  const born = Number(values.birth_year);
  if (!values.name) errors.name = ctx.t("Write the name, as they say it");
  if (!values.area) errors.area = ctx.t("Choose the village they live in");
  if (values.birth_year && !(/^\d{4}$/.test(values.birth_year) && born >= OLDEST && born <= year))
    errors.birth_year = ctx.t("Four figures, from {oldest} to {year}", { oldest: OLDEST, year });
  const wrong = phoneError(ctx, values.phone);
  if (wrong) errors.phone = wrong;
  const number = idNumberError(ctx.t, values.id_number);
  if (number) errors.id_number = number;
  return { values, errors };
}

function bodyOf({ name, sex, birth_year, phone, area, group, id_number, why }: Values): ResidentProvisional {
  return { name, sex, birth_year: birth_year ? Number(birth_year) : null, phone, area, group, id_number, why };
}

function changeOf(body: ResidentProvisional): Partial<ResidentCard> {
  const { name, sex = "", birth_year = null, phone = "", group = "" } = body;
  return { name, sex, birth_year, phone, group, state: "provisional" };
}

async function note(ctx: Ctx): Promise<Response> {
  const draft = await ctx.store.drafts.open(KEY);
  const id = ctx.form.get("event") || draft.id;
  const before = (await isSecondTap(ctx, id, KEY)) ? await ctx.store.records.get(id) : undefined;
  if (before?.subject) return seeOther(`/field/residents/${before.subject}?said=provisional`);
  const { values, errors } = read(ctx, await villagesOf(ctx));
  if (!none(errors)) return page(ctx, values, errors);
  const subject = ctx.form.get("resident") || (await residentOf(ctx, draft));
  const body = bodyOf(values);
  await record(ctx, {
    ...{ id, kind: "resident.provisional", subject, area: values.area, body: { ...body }, draft: KEY },
    change: changeOf(body),
  });
  return seeOther(`/field/residents/${subject}?said=provisional`);
}

export const correctable: Correctable = {
  template: "field/provisional.html",
  async show(ctx, old, again) {
    const {
      name,
      sex = "",
      birth_year,
      phone = "",
      area,
      group = "",
      id_number = "",
      why = "",
    } = old.body as unknown as ResidentProvisional;
    const filled = { name, sex, birth_year: birth_year ? String(birth_year) : "", phone, area, group, id_number, why };
    const values = again ? read(ctx, [{ code: area }]).values : filled;
    return { values, villages: [], resident: old.subject ?? "" };
  },
  // The village stays as it was first said: whoever lives elsewhere is somebody else's to note.
  async read(ctx, old) {
    const { values, errors } = read(ctx, [{ code: String(old.body.area) }]);
    const body = bodyOf(values);
    return { errors, body: { ...body }, change: changeOf(body) };
  },
};
