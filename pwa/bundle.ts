/**
 * The sealed outbox as one file (docs/formats.md §8), written and read part by part: a picture at a time is in memory, the rest is the
 * browser's, as Blobs. Needs no PIN: everything in it is sealed already.
 */
import { hex, sha256, utf8, words } from "./bytes.ts";
import type { BlobRow, DB, OutboxRow } from "./store/db.ts";
import * as device from "./store/device.ts";
import type { SealedItem } from "./wire.ts";

const MAGIC = "daiban-bundle/1";
const MARK = utf8("\n@part {");
const LARGEST: Record<string, number> = { head: 20_000, item: 300_000, picture: 2_000_000, end: 0 };
const WINDOW = 64 * 1024; // bytes looked through at a time after a damaged part
const HEADER = 600; // bytes in which a part's header line ends

export interface Contents {
  records: number;
  /** Of these, without a receipt yet. */
  unproven: number;
  pictures: number;
  /** Of the whole file, nearly. */
  bytes: number;
}

interface Inside {
  rows: OutboxRow[];
  blobs: BlobRow[];
}

/** Whatever the phone has not let go of; what was refused the county has as it came. Small pictures first. */
async function inside(db: DB): Promise<Inside> {
  const all = await db.getAllFromIndex("outbox", "seq");
  const rows = all.filter((row) => row.item && row.state !== "refused");
  const ids = new Set(rows.map(({ id }) => id));
  const here = new Set((await db.getAllKeys("ciphers")).map(([event, role]) => `${event} ${role}`));
  const blobs = (await db.getAll("blobs"))
    .filter((row) => row.saved && row.held && ids.has(row.event) && here.has(`${row.event} ${row.role}`))
    .sort((a, b) => a.bytes - b.bytes);
  return { rows, blobs };
}

export async function contents(db: DB): Promise<Contents> {
  const { rows, blobs } = await inside(db);
  const bytes =
    rows.reduce((sum, row) => sum + row.item!.sealed.length + 300, 0) +
    blobs.reduce((sum, row) => sum + row.bytes + 200, 0);
  const unproven = rows.filter(({ state }) => state === "queued" || state === "sending").length;
  return { records: rows.length, unproven, pictures: blobs.length, bytes };
}

export interface Packed extends Contents {
  file: Blob;
  name: string;
}

/** Make the file; `step` hears how many parts of all are in. A part changed or let go of meanwhile is left out. */
export async function pack(
  db: DB,
  now: Date,
  step: (done: number, all: number) => void = () => undefined,
): Promise<Packed> {
  const { rows, blobs } = await inside(db);
  const all = rows.length + blobs.length;
  const file: Blob[] = [new Blob([MAGIC]), await head(db, rows, blobs, now)];
  let done = 0;
  let pictures = 0;
  for (const { item } of rows) {
    file.push(await part("item", utf8(JSON.stringify(item))));
    step(++done, all);
  }
  for (const { event, role } of blobs) {
    const cipher = await db.get("ciphers", [event, role]);
    if (cipher) {
      file.push(await part("picture", cipher, { event, role }));
      pictures++;
    }
    step(++done, all);
  }
  file.push(await part("end", new ArrayBuffer(0)));
  const whole = new Blob(file, { type: "application/octet-stream" });
  const from = rows[0]?.item?.device ?? "";
  const name = `daiban-${from.slice(0, 8)}-${day(now)}.dbx`;
  const unproven = rows.filter(({ state }) => state === "queued" || state === "sending").length;
  return { file: whole, name, records: rows.length, unproven, pictures, bytes: whole.size };
}

async function part(kind: string, body: ArrayBuffer | Uint8Array<ArrayBuffer>, about = {}): Promise<Blob> {
  const header = { part: kind, bytes: body.byteLength, sha256: await sha256(body), ...about };
  return new Blob([`\n@part ${JSON.stringify(header)}\n`, body]);
}

async function head(db: DB, rows: OutboxRow[], blobs: BlobRow[], now: Date): Promise<Blob> {
  const [identity, agent, lost, chain] = await Promise.all([
    device.get(db, "identity"),
    device.get(db, "agent"),
    device.get(db, "losses"),
    db.get("chain", "head"),
  ]);
  const last = rows[rows.length - 1];
  const from = last?.item?.device ?? identity?.device ?? "";
  const said = JSON.stringify({
    ...{
      device: from,
      agent: agent ?? "",
      newest: chain?.seq ?? last?.seq ?? 0,
      hash: chain?.hash ?? last?.hash ?? "",
    },
    ...{ records: rows.length, pictures: blobs.length, made_at: now.toISOString() },
    ...{ key: last?.item?.key ?? identity?.county_key.id ?? "", missing: lost?.missing ?? [] },
  });
  const proof = identity?.device === from ? await prove(identity.mailbox, said) : "";
  return part("head", utf8(JSON.stringify({ said, proof })));
}

async function prove(mailbox: string, said: string): Promise<string> {
  const secret = utf8(await sha256(utf8(mailbox)));
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return hex(await crypto.subtle.sign("HMAC", key, utf8(`${MAGIC}\n${said}`)));
}

/** Day in Asia/Shanghai, for the file's name. */
function day(now: Date): string {
  return new Date(now.getTime() + 8 * 3_600_000).toISOString().slice(0, 10);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

export interface Said {
  device: string;
  agent: string;
  records: number;
  pictures: number;
}

export type Part =
  | { kind: "head"; said: Said }
  | { kind: "item"; item: SealedItem; body: ArrayBuffer }
  | { kind: "picture"; event: string; role: string; sha256: string; body: ArrayBuffer }
  | { kind: "end" }
  | { kind: "damage" };

export class NoBundle extends Error {}

/** The parts of a file in order; what is damaged is said, and reading goes on at the next part. Throws NoBundle. */
export async function* parts(file: Blob, at: (bytes: number) => void = () => undefined): AsyncGenerator<Part> {
  const begins = (await text(file.slice(0, MAGIC.length))) === MAGIC;
  let place: number | null = begins ? MAGIC.length : await nextMark(file, 0, WINDOW);
  if (place === null) throw new NoBundle();
  if (!begins) yield { kind: "damage" };
  while (place !== null && place < file.size) {
    at(place);
    const window = new Uint8Array(await file.slice(place, place + HEADER).arrayBuffer());
    const about = header(window);
    if (!about) {
      yield { kind: "damage" };
      place = await nextMark(file, place + 1);
      continue;
    }
    const from: number = place + about.length;
    const body = await file.slice(from, from + about.bytes).arrayBuffer();
    if (body.byteLength !== about.bytes || (await sha256(body)) !== about.sha256) {
      yield { kind: "damage" };
      place = await nextMark(file, from);
      continue;
    }
    yield read(about, body);
    place = from + about.bytes;
  }
  at(file.size);
}

interface About {
  part: string;
  bytes: number;
  sha256: string;
  event?: string;
  role?: string;
  /** Of the header itself. */
  length: number;
}

function header(window: Uint8Array<ArrayBuffer>): About | null {
  if (MARK.some((byte, n) => window[n] !== byte)) return null;
  const end = window.indexOf(10, 1);
  if (end < 0) return null;
  try {
    const about = JSON.parse(words(window.slice(MARK.length - 1, end))) as About;
    const most = LARGEST[about.part];
    const fits = most !== undefined && Number.isInteger(about.bytes) && about.bytes >= 0 && about.bytes <= most;
    return fits ? { ...about, length: end + 1 } : null;
  } catch {
    return null;
  }
}

function read({ part: kind, event, role, sha256: hash }: About, body: ArrayBuffer): Part {
  try {
    if (kind === "end") return { kind };
    if (kind === "picture") return event && role ? { kind, event, role, sha256: hash, body } : { kind: "damage" };
    const json = JSON.parse(words(body)) as { said: string } & SealedItem;
    if (kind === "head") return { kind, said: JSON.parse(json.said) as Said };
    const whole = [json.id, json.hash, json.device, json.key, json.sealed].every((one) => typeof one === "string");
    return whole ? { kind: "item", item: json, body } : { kind: "damage" };
  } catch {
    return { kind: "damage" };
  }
}

async function nextMark(file: Blob, from: number, within = Number.POSITIVE_INFINITY): Promise<number | null> {
  for (let at = from; at < Math.min(file.size, from + within); at += WINDOW) {
    const window = new Uint8Array(await file.slice(at, at + WINDOW + MARK.length).arrayBuffer());
    for (let n = window.indexOf(10); n >= 0; n = window.indexOf(10, n + 1))
      if (MARK.every((byte, m) => window[n + m] === byte)) return at + n;
  }
  return null;
}

async function text(piece: Blob): Promise<string> {
  try {
    return words(await piece.arrayBuffer());
  } catch {
    return "";
  }
}
