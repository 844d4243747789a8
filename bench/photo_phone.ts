/**
 * The phone's half of `bench photo`: the real store and sync over fake-indexeddb, without a screen. Reads one JSON object from its
 * standard input, writes one when all has arrived: how long it took, and how often it began to send.
 * `node --experimental-transform-types bench/photo_phone.ts`
 */
import "fake-indexeddb/auto";
import { readFileSync } from "node:fs";
import { unb64, uuid7 } from "../pwa/bytes.ts";
import { PhoneClock } from "../pwa/clock.ts";
import { type Ctx, record } from "../pwa/ctx.ts";
import { makeNet } from "../pwa/net.ts";
import { open } from "../pwa/store/db.ts";
import * as device from "../pwa/store/device.ts";
import { PhoneStore } from "../pwa/store/index.ts";
import { pauseMs, Sync } from "../pwa/sync.ts";
import { Vault } from "../pwa/vault.ts";

interface Given {
  identity: device.Identity;
  /** PKCS 8 of the device key, b64. */
  key: string;
  resident: string;
  /** Where the phone is set up, and over which link it then sends. */
  county: string;
  link: string;
  picture: number;
  mark: number;
}

const given = JSON.parse(readFileSync(0, "utf8")) as Given;
let origin = given.county;
let cookie = "";

/** A browser keeps the session's cookie by itself. */
const fetcher = (async (path: string, init: RequestInit) => {
  const answer = await fetch(origin + path, { ...init, headers: { ...init.headers, Cookie: cookie } });
  cookie = answer.headers.getSetCookie()[0]?.split(";")[0] ?? cookie;
  return answer;
}) as typeof fetch;

const db = await open();
const clock = new PhoneClock();
const vault = new Vault(db, undefined, 10);
const store = new PhoneStore(db, vault, () => clock.now());
const net = makeNet(fetcher);
const sync = new Sync({
  ...{ db, vault, clock, net, version: "bench", sending: store.sending, locks: undefined },
  changed: () => store.refresh(),
  wiped: () => undefined,
});
await vault.create("835274", unb64(given.key).buffer as ArrayBuffer);
await device.put(db, "identity", given.identity);
const ready = await sync.run();
if (ready.kind !== "done") throw new Error(`the county does not answer: ${JSON.stringify(ready)}`);

const event = uuid7(clock.now());
const noise = (bytes: number) => {
  const made = new Uint8Array(bytes);
  for (let at = 0; at < bytes; at += 65_536) crypto.getRandomValues(made.subarray(at, at + 65_536));
  return made.buffer;
};
await store.photos.put(event, "picture", noise(given.picture), "image/jpeg");
await store.photos.put(event, "mark", noise(given.mark), "image/jpeg");
const ctx = { store, clock, send: () => undefined } as unknown as Ctx;
const now = clock.now().toISOString();
await record(ctx, {
  ...{ id: event, kind: "visit.ended", subject: given.resident, blobs: ["mark", "picture"] },
  body: {
    ...{ visit: event, reasons: ["care"], met: [{ resident: given.resident }], outcome: "done", notes: "都好" },
    ...{ mark: { kind: "signature", role: "mark" }, started_at: now, ended_at: now },
  },
});

origin = given.link;
const began = performance.now();
let conversations = 0;
let failures = 0;
for (;;) {
  const outcome = await sync.run();
  conversations += 1;
  const { waiting, pictures } = await store.outbox.counts();
  if (waiting + pictures === 0) break;
  failures = outcome.kind === "done" ? 0 : failures + 1;
  await new Promise((done) => setTimeout(done, pauseMs(failures))); // as the program itself waits
}
const seconds = (performance.now() - began) / 1000;
const state = (await store.records.get(event))?.state;
console.log(JSON.stringify({ seconds, conversations, state }));
process.exit(0);
