/** Brings a colleague's records to the county by this phone's own mailbox: records first, then the pictures of those received. */
import { sha256 } from "./bytes.ts";
import type { PhoneClock } from "./clock.ts";
import type { Net } from "./net.ts";
import * as carried from "./store/carried.ts";
import type { CarriedPart, DB } from "./store/db.ts";
import * as device from "./store/device.ts";
import type { MailboxAnswer, MailboxRequest, SealedItem } from "./wire.ts";

const MAX_BODY = 1_500_000; // characters of sealed items in one request
const BATCH = 5;
const MAX_BATCH = 200;
const PIECE = 64 * 1024;
const LEAST_PIECE = 8 * 1024;

export interface CarryParts {
  db: DB;
  net: Net;
  clock: PhoneClock;
  version: string;
  changed: () => void;
}

/** True: the link was cut, the rest goes another time. */
export async function bring(parts: CarryParts): Promise<boolean> {
  const { db } = parts;
  const identity = await device.get(db, "identity");
  if (!identity) return false;
  return (await records(parts, identity)) || (await pictures(parts, identity));
}

async function records({ db, net, clock, version, changed }: CarryParts, me: device.Identity): Promise<boolean> {
  let batch = BATCH;
  for (;;) {
    const items = fitting(await carried.items(db, batch));
    if (!items.length) return false;
    const asked: MailboxRequest = {
      ...{ device: me.device, version, v: 1, clock: clock.now().toISOString(), items, done: [] },
    };
    const answer = await net<MailboxAnswer>("/api/phone/mailbox", { json: asked, token: me.mailbox });
    if (answer.kind === "unreachable") return true;
    if (answer.kind === "refused") {
      if (answer.status !== 413 || items.length === 1) return false;
      batch = Math.max(1, Math.floor(items.length / 2));
      continue;
    }
    // Without one receipt of ours it is of no use to ask again now.
    if (!(await carried.receive(db, answer.body.receipts ?? []))) return false;
    changed();
    batch = Math.min(MAX_BATCH, batch * 2);
  }
}

function fitting(items: SealedItem[]): SealedItem[] {
  let size = 0;
  return items.filter(({ sealed }, at) => {
    size += sealed.length;
    return at === 0 || size <= MAX_BODY;
  });
}

async function pictures(parts: CarryParts, me: device.Identity): Promise<boolean> {
  for (const part of await carried.pictures(parts.db)) if (await picture(parts, me, part)) return true;
  return false;
}

async function picture({ db, net, changed }: CarryParts, me: device.Identity, part: CarriedPart): Promise<boolean> {
  const cipher = await db.get("carried_bytes", part.key);
  if (!cipher || (await sha256(cipher)) !== part.hash) return false; // damaged here: its own phone still holds it
  const total = cipher.byteLength;
  let { sent: offset } = part;
  let piece = PIECE;
  let anew = 0;
  for (;;) {
    const bytes = cipher.slice(offset, offset + piece);
    const path = `/api/phone/blobs/${part.event}/${part.role}?offset=${offset}&total=${total}&sha256=${part.hash}`;
    const limitMs = 20_000 + bytes.byteLength / 2; // 2 KB/s is still a link
    const answer = await net<{ offset: number }>(path, { method: "PUT", bytes, limitMs, token: me.mailbox });
    if (answer.kind === "unreachable") {
      if (answer.why === "no-signal" || piece === LEAST_PIECE) return true;
      piece = Math.max(LEAST_PIECE, piece / 2);
    } else if (answer.kind === "refused") {
      if (answer.status === 409 && typeof answer.facts.offset === "number" && answer.facts.offset !== offset) {
        if (answer.facts.offset < offset && ++anew > 1) return false; // it arrives damaged each time
        offset = answer.facts.offset;
        await carried.arrived(db, part.key, offset, "");
        continue;
      }
      if (answer.code === "picture-not-wanted") {
        await carried.arrived(db, part.key, offset, "unwanted");
        changed();
      }
      return false;
    } else {
      const { offset: held } = answer.body;
      // Only a 201 that names all its bytes says that a picture has arrived.
      const done = answer.status === 201 && held === total;
      if (!done && (answer.status !== 202 || typeof held !== "number")) return true;
      await carried.arrived(db, part.key, held, done ? "done" : "");
      if (done) {
        changed();
        return false;
      }
      offset = held;
      piece *= 2;
    }
  }
}
