import { expect, test } from "vitest";
import * as device from "../../../pwa/store/device.ts";
import { phone } from "../kit.ts";

test("a few initials find a person, and the address says nothing of them", async () => {
  const one = await phone();
  const answer = await one.post("/field/find", { q: "lzy" });
  expect(await answer.text()).toContain("<mark>罗正英</mark>");
  expect(answer.headers.get("HX-Push-Url")).toBe("false");
});

test("coming back to Find shows the search again, clearing it forgets it", async () => {
  const one = await phone();
  await one.post("/field/find", { q: "陈" });
  const back = await (await one.get("/field/find")).text();
  expect(back).toContain('value="陈"');
  expect(back).toContain("name only");
  expect(await (await one.get("/field/find?clear=1")).text()).not.toContain("陈国发");
});

test("whoever is not in the list can be noted first", async () => {
  const one = await phone();
  const page = await (await one.post("/field/find", { q: "欧阳" })).text();
  expect(page).toContain("Not in the list");
  expect(page).toContain("/field/people/new");
});

test("two of one name are told apart by their age", async () => {
  const one = await phone();
  const page = await (await one.post("/field/find", { q: "lzy" })).text();
  expect(page).toContain("<mark>罗正英</mark><small>female age 82</small>");
  expect(await (await one.post("/field/find", { q: "陈国发" })).text()).not.toContain("<small>");
});

test("of a list that is still coming nobody is said not to be in it", async () => {
  const one = await phone();
  await device.remove(one.db, "packed");
  expect(await (await one.get("/field/find")).text()).toContain("2 people are here so far");
  const page = await (await one.post("/field/find", { q: "欧阳" })).text();
  expect(page).toContain("still coming");
  expect(page).not.toContain("Not in the list");
});
