/** Find: anybody of the pack by a few letters. What is typed is in a body, never in an address; it comes back with Back. */
import { householdOf, openMatters, placeOf } from "../cards.ts";
import { type Ctx, type Found, type Route, seeOther } from "../ctx.ts";
import { age } from "../filters.ts";

export const routes: Route[] = [
  ["GET", "/field/find", show],
  ["POST", "/field/find", search],
];

const ROWS = 50;
const ANY_DAY = "9999-12-31";
/** Forgotten with this opening of the program: a search is not a record. */
export const SOUGHT = "find";

async function show(ctx: Ctx): Promise<Response> {
  if (ctx.query.has("clear")) {
    ctx.session.delete(SOUGHT);
    return seeOther("/field/find");
  }
  return ctx.render("field/find.html", await found(ctx, String(ctx.session.get(SOUGHT) ?? "")));
}

async function search(ctx: Ctx): Promise<Response> {
  const q = (ctx.form.get("q") ?? "").trim().slice(0, 40);
  ctx.session.set(SOUGHT, q);
  const template = ctx.isFragment ? "field/_found.html" : "field/find.html";
  return ctx.render(template, await found(ctx, q), { headers: { "HX-Push-Url": "false" } });
}

async function found(ctx: Ctx, q: string): Promise<Record<string, unknown>> {
  const [me, county, { whole, people: all }] = await Promise.all([
    ctx.store.me.get(),
    ctx.store.county.get(),
    ctx.store.people.pack(),
  ]);
  const hits = q ? await ctx.store.people.find(q, ROWS + 1) : [];
  const people = await Promise.all(
    hits.slice(0, ROWS).map(async (hit: Found) => {
      const known = hit.card === "full" ? await ctx.store.people.get(hit.id) : undefined;
      const card = known?.card === "full" ? known : undefined;
      const matters = card && !card.life ? openMatters(card, county, ctx.clock.today(), ANY_DAY) : [];
      return {
        ...hit,
        place: placeOf(hit, me),
        household: householdOf(hit),
        sex: card?.sex ?? "",
        age: age(card?.birth_on ?? card?.birth_year ?? "", ctx.clock.today()),
        matter: matters.find(({ due_on }) => due_on) ?? null,
      };
    }),
  );
  return { q, people, more: hits.length > ROWS, all, coming: !whole };
}
