import { expect, test } from "vitest";
import { type Ctx, Problem, type Route, record, seeOther } from "../../pwa/ctx.ts";
import { drawing, dutyAt, routes as me } from "../../pwa/handlers/me.ts";
import { Local } from "../../pwa/local.ts";
import { Router } from "../../pwa/router.ts";
import * as county from "../../pwa/store/county.ts";
import * as device from "../../pwa/store/device.ts";
import { countyKeys, id, ME, ok, PIN, phone, visit } from "./kit.ts";

const routes: Route[] = [
  ["GET", "/field/a", (ctx: Ctx) => ctx.render("field/me-view.html", { settings: { lang: "en", view: "" } })],
  ["POST", "/field/a", () => seeOther("/field/b/7")],
  ["GET", "/field/b/:n", (ctx: Ctx) => new Response(`b ${ctx.params.n}`)],
  ["GET", "/field/bug", () => JSON.parse("{")],
  ["GET", "/field/round", () => seeOther("/field/round")],
  [
    "POST",
    "/field/refuse",
    () => {
      throw new Problem("picture-missing", {}, 409);
    },
  ],
  ["GET", "/field/unlock", () => new Response("unlock"), { open: true }],
];

test("a 303 is followed, and the last address goes into the history", async () => {
  const one = await phone({ routes });
  const answer = await one.post("/field/a");
  expect(await answer.text()).toBe("b 7");
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/b/7");
});

test("back and forward add no step", async () => {
  const one = await phone({ routes: [...routes, ["GET", "/field", () => seeOther("/field/b/1")]] });
  const headers = { "HX-History-Restore-Request": "true" };
  const answer = await one.local.handle(new Request("http://localhost:8000/field/", { headers }));
  expect(answer.headers.get("HX-Push-Url")).toBeNull();
  expect(answer.headers.get("HX-Replace-Url")).toBe("/field/b/1");
});

test("a bug becomes a page that says what is kept, and is told once", async () => {
  const one = await phone({ routes });
  const answer = await one.get("/field/bug");
  expect(answer.status).toBe(500);
  expect(await answer.text()).toContain("What you noted before is all there.");
  expect(one.bugs).toHaveLength(1);
});

test("a refusal is a page of its own, leads back, and leaves the address alone", async () => {
  const one = await phone({ routes });
  const headers = { "HX-Current-URL": "http://localhost:8000/field/a" };
  const answer = await one.local.handle(new Request("http://localhost:8000/field/refuse", { method: "POST", headers }));
  expect(answer.status).toBe(409);
  expect(answer.headers.get("HX-Push-Url")).toBe("false");
  expect(await answer.text()).toContain('href="/field/a"');
  expect(one.bugs).toEqual([]);
});

test("what does not exist says so, and redirects do not go round for ever", async () => {
  const one = await phone({ routes });
  expect((await one.get("/field/nowhere")).status).toBe(404);
  await expect(one.get("/field/round")).rejects.toThrow("too many redirects");
});

test("every refusal the phone can raise has its page", async () => {
  const { readdirSync, readFileSync } = await import("node:fs");
  const root = new URL("../../pwa/", import.meta.url);
  const files = (readdirSync(root, { recursive: true }) as string[]).filter(
    (name) => name.endsWith(".ts") && !name.startsWith("generated"),
  );
  const codes = files.flatMap((name) =>
    [...readFileSync(new URL(name, root), "utf8").matchAll(/new Problem\(\s*"([\w-]+)"/g)].map(([, code]) => code!),
  );
  const inline = new Set(["pin-wrong", "pin-wait", "pin-weak", "recovery-wrong"]); // shown at the field they concern
  const pages = readdirSync(new URL("../../templates/field/problems/", import.meta.url));
  const missing = [...new Set(codes)].filter((code) => !inline.has(code) && !pages.includes(`${code}.html`));
  expect(missing, "write templates/field/problems/<code>.html for these").toEqual([]);
});

test("a screen that is not on the phone yet says so, and comes at the next try", async () => {
  const one = await phone();
  let signal = false;
  const later = async () => {
    if (!signal) throw new TypeError("Failed to fetch dynamically imported module");
    return me;
  };
  const local = new Local({ ...one.local.parts, routes: [], later });
  const ask = () => local.handle(new Request("http://localhost:8000/field/me"));
  const missing = await ask();
  expect(missing.status).toBe(500);
  expect(await missing.text()).toContain("This page is not on the phone yet");
  signal = true;
  expect((await ask()).status).toBe(200);
});

test("English that cannot be fetched is no reason to show nothing", async () => {
  const one = await phone();
  const local = new Local({ ...one.local.parts, speak: async () => false });
  expect((await local.handle(new Request("http://localhost:8000/field/me"))).status).toBe(200);
});

test("English chosen without signal says that it needs one once; the size of the words counts all the same", async () => {
  const one = await phone();
  let here = false;
  const asked: unknown[] = [];
  const speak = async (lang?: string) => {
    asked.push(lang);
    return lang !== "en" || here;
  };
  const local = new Local({ ...one.local.parts, speak });
  const choose = (lang: string, view: string) => {
    const body = new URLSearchParams({ lang, view, done: "yes" });
    return local.handle(new Request("http://localhost:8000/field/me/view", { method: "POST", body }));
  };
  const answer = await choose("en", "elder");
  expect(answer.status).toBe(422);
  expect(await answer.text()).toContain("English has to be fetched once, and there is no signal now.");
  expect(await one.store.settings.get()).toMatchObject({ lang: "zh-Hans", view: "elder" });
  here = true;
  expect((await choose("en", "elder")).headers.get("HX-Push-Url")).toBe("/field/me");
  expect(await one.store.settings.get()).toEqual({ lang: "en", view: "elder" });
  here = false; // whoever speaks it already is not asked again: only the size changes
  expect((await choose("en", "max")).status).toBe(200);
  expect(await one.store.settings.get()).toEqual({ lang: "en", view: "elder elder-max" });
  expect(asked.filter((lang) => lang === "en")).toHaveLength(2);
});

test("patterns take whole parts of a path, decoded", () => {
  const router = new Router([["GET", "/field/x/:a/y", () => new Response()]]);
  expect(router.match("GET", "/field/x/%E7%9F%B3/y/")!.params).toEqual({ a: "石" });
  expect(router.match("GET", "/field/x/1/2/y")).toBeUndefined();
  expect(router.match("POST", "/field/x/1/y")).toBeUndefined();
});

/* ---- lock ---- */

test("a locked phone asks for the PIN and goes on where it was", async () => {
  const one = await phone();
  one.vault.shut();
  expect((await one.get("/field/me/phone")).headers.get("HX-Push-Url")).toBe("/field/unlock");
  const answer = await one.post("/field/unlock", { pin: PIN });
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/me/phone");
  expect(one.sends).toContain("unlock");
});

test("a form caught by the lock is where the phone goes on", async () => {
  const one = await phone();
  one.vault.shut();
  const headers = { "HX-Current-URL": "http://localhost:8000/field/me/view" };
  const body = new URLSearchParams({ view: "elder" });
  await one.local.handle(new Request("http://localhost:8000/field/me/view", { method: "POST", body, headers }));
  const answer = await one.post("/field/unlock", { pin: PIN });
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/me/view");
});

test("the unlock page says who, what is not sent, and how long to wait", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  one.vault.shut();
  const page = await (await one.get("/field/unlock")).text();
  expect(page).toContain("杨秀芝");
  expect(page).toContain("1 record not sent is locked in the phone");
  for (let n = 0; n < 3; n++) await one.post("/field/unlock", { pin: "999998" });
  const wait = await (await one.get("/field/unlock")).text();
  expect(wait).toContain('data-wait="60"');
  expect(one.vault.unlocked).toBe(false);
});

test("thirty days without an answer close the list; the outbox stays open", async () => {
  const one = await phone();
  await device.put(one.db, "heard", { at: one.at.now.getTime() - 31 * 86_400_000, offset_ms: 0 });
  expect((await one.get("/field/today")).status).toBe(403);
  expect((await one.get("/field/outbox")).status).toBe(200);
  expect((await one.get("/field/me")).status).toBe(200);
});

test("a phone that another one replaced shows no people", async () => {
  const one = await phone();
  await device.put(one.db, "replaced", true);
  expect((await one.get("/field/find")).status).toBe(403);
  expect((await one.get("/field/outbox")).status).toBe(200);
});

/* ---- outbox ---- */

test("the outbox shows each record as it stands, in words", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  const page = await (await one.get("/field/outbox")).text();
  expect(page).toContain("1 record not sent");
  expect(page).toContain("On this phone");
  expect(page).toContain("罗正英");
  one.county.on((path, { json }) => {
    if (path !== "/api/phone/sync") return undefined;
    const [item] = (json as { items: { id: string; hash: string }[] }).items;
    const receipts = item
      ? [{ id: item.id, hash: item.hash, scope: "s", position: 1, state: "accepted", reason: "", number: "HL-1122-01" }]
      : [];
    return ok({ epoch: 1, now: one.at.now.toISOString(), receipts });
  });
  await one.sync.run();
  const after = await (await one.get("/field/outbox")).text();
  expect(after).toContain("HL-1122-01");
  expect(after).toContain("All sent");
});

test("what the township sent back stands on top until it is taken again", async () => {
  const one = await phone();
  const row = {
    id: id(40),
    kind: "sent_back" as const,
    resident: id(1),
    about: id(41),
    words: "手没拍进去",
    at: "2026-11-21T01:00:00Z",
  };
  const { apply } = await import("../../pwa/store/inbox.ts");
  await apply(one.db, one.vault.ring, [row], 3, false);
  const page = await (await one.get("/field/outbox")).text();
  expect(page).toContain("手没拍进去. The record is still there, one new picture will do.");
  expect(page).toContain(`href="/field/residents/${id(1)}"`);
  await record(one.ctx(), { kind: "verification.captured", subject: id(1), body: { retake_of: id(41) } });
  expect(await (await one.get("/field/outbox")).text()).not.toContain("手没拍进去");
});

test("send now asks the sync and comes back", async () => {
  const one = await phone();
  const answer = await one.post("/field/outbox/send");
  expect(answer.headers.get("HX-Push-Url")).toBe("/field/outbox");
  expect(one.sends).toContain("send now");
});

/* ---- me ---- */

test("the printed code is drawn while the badge counts, and not after", async () => {
  const one = await phone();
  const badge = {
    ...{
      id: id(50),
      number: "HL-2047-6",
      name: "杨秀芝",
      unit: "清江村",
      duty: "清江村代办员",
      phone: "",
      state: "active",
    },
    ...{
      valid_from: "2026-01-01",
      valid_to: "2026-12-31",
      url: "https://x/b/1",
      qr: '<svg viewBox="0 0 1 1"><path d="M0 0h1v1h-1z"/></svg>',
      photo: "",
    },
  };
  await county.put(one.db, one.vault.ring, "me", { ...ME, badge });
  expect(await (await one.get("/field/me")).text()).toContain('<path d="M0 0h1v1h-1z"/>');
  await county.put(one.db, one.vault.ring, "me", { ...ME, badge: { ...badge, state: "suspended" } });
  const page = await (await one.get("/field/me")).text();
  expect(page).not.toContain("M0 0h1v1h-1z");
  expect(page).toContain("This badge does not count now");
});

test.each([
  ['<svg viewBox="0 0 1 1"><path d="M0 0"/></svg>', true],
  [
    '<?xml version="1.0" encoding="UTF-8"?>\n<svg width="2mm" xmlns="http://www.w3.org/2000/svg"><rect width="1"/></svg>',
    true,
  ],
  ['<svg onload="x()"><path d="M0 0"/></svg>', false],
  ["<svg><script>x</script></svg>", false],
  ['<svg><image href="http://x"/></svg>', false],
  ["<b>no</b>", false],
])("only the shapes of a code are drawn: %s", (svg, drawn) => {
  expect(drawing(svg) !== "").toBe(drawn);
});

test("the badge says for where its holder serves, once", () => {
  expect(dutyAt(["清江村", "花梨村"], "代办员")).toBe("清江村、花梨村代办员");
  expect(dutyAt(["清江村"], "清江村代办员")).toBe("清江村代办员");
});

test("language and size are kept and dress the page at once", async () => {
  const one = await phone();
  const seen: unknown[] = [];
  one.store.onSettings = (settings) => void seen.push(settings);
  await one.post("/field/me/view", { view: "max", lang: "en" });
  expect(seen).toEqual([{ lang: "en", view: "elder elder-max" }]);
  expect(await one.store.settings.get()).toEqual({ lang: "en", view: "elder elder-max" });
});

test("forgetting takes two pages, says what would be lost, and leaves nothing", async () => {
  const one = await phone();
  await record(one.ctx(), visit(id(1)));
  await one.store.drafts.keep("visit:1", { notes: ["x"] });
  await one.store.drafts.open("visit:2"); // opened, and nothing written
  await one.store.drafts.keep("provisional", { resident: [id(3)], name: [""] });
  const first = await (await one.get("/field/me/forget")).text();
  expect(first).toContain("1 record has not been sent");
  expect(first).toContain("1 form begun");
  expect((await one.post("/field/me/forget/sure")).status).toBe(422);
  expect(await one.db.count("outbox")).toBe(1);
  await one.post("/field/me/forget/sure", { sure: "yes" });
  for (const name of one.db.objectStoreNames) expect(await one.db.count(name)).toBe(0);
  expect((await one.get("/field/today")).headers.get("HX-Push-Url")).toBe("/field/enrol");
});

test("the device page says what the phone knows of itself", async () => {
  const one = await phone();
  await device.put(one.db, "heard", { at: one.at.now.getTime(), offset_ms: -47 * 60_000 });
  one.clock.heard = (await device.get(one.db, "heard"))!;
  const page = await (await one.get("/field/me/phone")).text();
  expect(page).toContain("47 minutes fast");
  expect(page).toContain("开阳县");
  expect(await countyKeys()).toBeDefined();
});
