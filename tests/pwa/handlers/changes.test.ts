import { expect, test } from "vitest";
import { phone, type TestPhone } from "../kit.ts";
import { cardOf, LUO_HOME, luo, records, wentTo } from "./more.ts";

const FORM = `${LUO_HOME}/changes`;

/** The form as the page shows it, with what the agent changes. */
async function form(one: TestPhone, change: Record<string, string>): Promise<URLSearchParams> {
  const page = await (await one.get(FORM)).text();
  const said = new URLSearchParams();
  for (const [tag] of page.matchAll(/<input [^>]*>/g)) {
    const of = (name: string) => (tag.match(new RegExp(`${name}="([^"]*)"`))?.[1] ?? "").replace(/&quot;/g, '"');
    if (/type="checkbox"/.test(tag) && !/ checked/.test(tag)) continue;
    said.append(of("name"), of("value"));
  }
  for (const [name, value] of Object.entries(change)) said.set(name, value);
  return said;
}

async function send(one: TestPhone, said: URLSearchParams): Promise<Response> {
  return one.local.handle(new Request(`http://localhost:8000${FORM}`, { method: "POST", body: said }));
}

const HELPER = { name: "陈大兰", relation: "女儿" };

test("only what differs travels, each with the value the agent saw, and shows at once", async () => {
  const one = await phone();
  await luo(one, { phone: "10286310427", hours: "上午在家", helper: HELPER });
  const answer = await send(one, await form(one, { phone: "102 1111 2222", helper_phone: "10233334444" }));
  expect(wentTo(answer)).toBe(`${LUO_HOME}?said=noted`);
  const [written] = await records(one);
  expect(written).toMatchObject({ kind: "resident.noted", subject: (await cardOf(one)).id });
  expect(written!.body).toEqual({
    changes: {
      phone: { base: "10286310427", value: "10211112222" },
      // Letter by letter as the county writes it: it compares texts.
      helper: {
        base: '{"name":"陈大兰","relation":"女儿"}',
        value: '{"name":"陈大兰","phone":"10233334444","relation":"女儿"}',
      },
    },
  });
  expect(await cardOf(one)).toMatchObject({
    phone: "10211112222",
    helper: { phone: "10233334444" },
    hours: "上午在家",
  });
  expect(await (await one.get(LUO_HOME)).text()).toContain("tel:10211112222");
});

test("needs keep their order, and one this phone cannot draw stays", async () => {
  const one = await phone();
  await luo(one, { needs: ["alone", "oxygen", "hearing"] });
  const said = await form(one, {});
  said.delete("needs");
  for (const need of ["hearing", "mobility"]) said.append("needs", need);
  await send(one, said);
  expect((await records(one))[0]!.body).toEqual({
    changes: { needs: { base: "alone,oxygen,hearing", value: "oxygen,hearing,mobility" } },
  });
});

test("no telephone empties the number", async () => {
  const one = await phone();
  await luo(one, { phone: "10286310427", phone_of: "女儿的" });
  await send(one, await form(one, { no_phone: "true" }));
  expect((await records(one))[0]!.body.changes).toEqual({
    ...{
      phone: { base: "10286310427", value: "" },
      phone_of: { base: "女儿的", value: "" },
      no_phone: { base: "", value: "true" },
    },
  });
  expect(await cardOf(one)).toMatchObject({ phone: "", no_phone: true });
});

test("the base is what stood there when the form was opened, not what the county sent meanwhile", async () => {
  const one = await phone();
  await luo(one, { phone: "10286310427" });
  const said = await form(one, { phone: "10211112222" });
  await luo(one, { phone: "10255556666" });
  await send(one, said);
  expect((await records(one))[0]!.body).toEqual({ changes: { phone: { base: "10286310427", value: "10211112222" } } });
});

test("nothing different is no record; a wrong number says what would be right", async () => {
  const one = await phone();
  await luo(one, { phone: "0851-87222222" });
  const nothing = await send(one, await form(one, {}));
  expect(nothing.status).toBe(422);
  expect(await nothing.text()).toContain("Nothing is different yet");
  const wrong = await send(one, await form(one, { phone: "102863104276" }));
  expect(await wrong.text()).toContain("A mobile number has 11 figures, this has 12");
  expect(await records(one)).toEqual([]);
});

test("a clash shows both values, the county's and one's own", async () => {
  const one = await phone();
  await luo(one, { phone: "10255556666", clashes: [{ field: "phone", ours: "10255556666", theirs: "10211112222" }] });
  const page = await (await one.get(LUO_HOME)).text();
  expect(page).toMatch(/You noted<\/dt><dd>102 1111 2222<\/dd><dt>The office has<\/dt><dd>102 5555 6666/);
});
