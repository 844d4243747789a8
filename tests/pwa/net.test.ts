import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { makeNet } from "../../pwa/net.ts";

const answering = (answer: Response | Error, seen: RequestInit[] = []) =>
  makeNet((async (_path: string, init: RequestInit) => {
    seen.push(init);
    if (answer instanceof Error) throw answer;
    return answer;
  }) as typeof fetch);

test("a long body travels gzipped, a short one as it is", async () => {
  const seen: RequestInit[] = [];
  await answering(Response.json({}), seen)("/x", { json: { words: "走".repeat(2000) } });
  await answering(Response.json({}), seen)("/x", { json: { words: "走" } });
  const [long, short] = seen.map(({ headers, body }) => ({ headers: headers as Record<string, string>, body }));
  expect(long!.headers["Content-Encoding"]).toBe("gzip");
  expect(JSON.parse(gunzipSync(Buffer.from(long!.body as ArrayBuffer)).toString())).toEqual({
    words: "走".repeat(2000),
  });
  expect(short!.headers["Content-Encoding"]).toBeUndefined();
});

test("a wait has a limit", async () => {
  const never = makeNet(
    ((_: string, { signal }: RequestInit) =>
      new Promise((_done, fail) => signal!.addEventListener("abort", () => fail(signal!.reason)))) as typeof fetch,
  );
  expect(await never("/x", { limitMs: 20 })).toEqual({ kind: "unreachable", why: "too-slow" });
});

test("no signal, a proxy's own page and a refusal of the county are three things", async () => {
  expect(await answering(new TypeError("failed"))("/x")).toEqual({ kind: "unreachable", why: "no-signal" });
  const gateway = new Response("<h1>Bad gateway</h1>", { status: 502 });
  expect(await answering(gateway)("/x")).toEqual({ kind: "unreachable", why: "cut" });
  // A network that asks for a number before it lets anybody through answers 200, for every address.
  const portal = () => new Response("<h1>Welcome</h1>", { headers: { "Content-Type": "text/html" } });
  expect(await answering(portal())("/x")).toEqual({ kind: "unreachable", why: "cut" });
  expect(await answering(new Response(""))("/x")).toEqual({ kind: "unreachable", why: "cut" });
  expect(await answering(new Response(null, { status: 204 }))("/x")).toMatchObject({ kind: "ok", body: null });
  const refusal = Response.json({ code: "piece-not-next", kind: "conflict", facts: { offset: 7 } }, { status: 409 });
  expect(await answering(refusal)("/x")).toMatchObject({
    kind: "refused",
    status: 409,
    code: "piece-not-next",
    facts: { offset: 7 },
  });
});

test("the cookie goes along, nothing is cached, no redirect is followed", async () => {
  const seen: RequestInit[] = [];
  await answering(Response.json({}), seen)("/x", { token: "t" });
  expect(seen[0]).toMatchObject({ credentials: "same-origin", cache: "no-store", redirect: "error", method: "GET" });
  expect((seen[0]!.headers as Record<string, string>).Authorization).toBe("Bearer t");
});

test("what fails after a while was under way and was cut; what fails at once had no signal", async () => {
  let clock = 0;
  const failing = (after: number) =>
    makeNet(
      (async () => {
        clock += after;
        throw new TypeError("failed");
      }) as unknown as typeof fetch,
      () => clock,
    );
  expect(await failing(40)("/x")).toEqual({ kind: "unreachable", why: "no-signal" });
  expect(await failing(4_000)("/x")).toEqual({ kind: "unreachable", why: "cut" });
});
