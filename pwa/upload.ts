/**
 * Pictures up, one after the other, each in pieces and resumed at the very byte: after a cut an empty piece asks where the county
 * ended. A picture counts as arrived only by the county's own 201 that names all its bytes (docs/formats.md §6).
 */
import { sha256 } from "./bytes.ts";
import { hinder } from "./leaving.ts";
import { Cut, type Link } from "./link.ts";
import * as blobs from "./store/blobs.ts";
import type { BlobRow } from "./store/db.ts";
import * as device from "./store/device.ts";
import type { SyncParts } from "./sync.ts";

/** How this conversation reaches the county. */
export interface Way {
  parts: SyncParts;
  link: Link;
  /** Only by the mailbox token: locked, or without a session. */
  readonly mailboxOnly: boolean;
  /** Open a session anew; where none is given, the mailbox is left. */
  reopen(): Promise<void>;
  /** Something that a page shows has changed. */
  told(): void;
}

/** All pictures of records that the county has. Throws Cut where the link gives out. */
export async function bringPictures(way: Way): Promise<void> {
  const { db, sending } = way.parts;
  const leaves = (await device.get(db, "order")) === "wipe";
  for (const row of await blobs.unsent(db)) {
    const record = await db.get("outbox", row.event);
    // Of a record that this phone lost the county may still want the picture: asked before the phone is emptied, not at every sync.
    const asks = record ? record.state === "accepted" || record.state === "held" : leaves;
    if (!asks) continue;
    const cipher = await db.get("ciphers", [row.event, row.role]);
    if (!cipher || (await sha256(cipher)) !== row.sha256) continue; // damaged here: it would be sent for nothing, for ever
    sending.add(row.event);
    await bring(way, row, cipher, record === undefined);
    sending.delete(row.event);
  }
}

async function bring(way: Way, row: BlobRow, cipher: ArrayBuffer, alone: boolean): Promise<void> {
  const { parts, link } = way;
  const { db, net } = parts;
  const identity = (await device.get(db, "identity"))!;
  const refuse = (forever: boolean) => hinder(parts, `${row.event} ${row.role}`, forever);
  let offset = row.sent;
  let opened = false;
  let anew = 0;
  let asking = offset > 0 || alone;
  for (;;) {
    const { piece } = await link.sizes();
    const bytes = cipher.slice(offset, asking ? offset : offset + piece);
    const path = `/api/phone/blobs/${row.event}/${row.role}?offset=${offset}&total=${cipher.byteLength}`;
    const token = way.mailboxOnly ? { token: identity.mailbox } : {};
    const limitMs = 20_000 + bytes.byteLength / 2; // 2 KB/s is still a link
    const answer = await net<{ offset: number }>(path, { method: "PUT", bytes, limitMs, ...token });
    if (answer.kind === "unreachable") {
      await link.cut(answer.why, "piece");
      asking = true;
      continue;
    }
    if (answer.kind === "refused" && answer.status === 409 && typeof answer.facts.offset === "number") {
      // It wants what it was given, or it arrives damaged each time: another day, another link.
      if (answer.facts.offset === offset || (answer.facts.offset < offset && ++anew > 1)) return refuse(false);
      if (answer.facts.offset > offset) link.held(); // cut again and again, it still gets on
      offset = answer.facts.offset;
      asking = false;
      await blobs.arrived(db, row.event, row.role, offset, false);
      continue;
    }
    if (answer.kind === "refused" && answer.status === 401 && !way.mailboxOnly && !opened) {
      opened = true;
      await way.reopen();
      continue;
    }
    if (answer.kind === "refused") {
      const never = answer.code === "picture-not-wanted" || answer.code === "body-invalid";
      if (never || (answer.status < 500 && ![401, 408, 413, 425, 429].includes(answer.status))) await refuse(never);
      return; // this one not now; the others go on
    }
    const held = answer.body?.offset; // a stranger's 204 has no body
    if (held > offset) link.held();
    asking = false;
    const done = answer.status === 201 && held === cipher.byteLength;
    if (!done && (answer.status !== 202 || typeof held !== "number")) throw new Cut();
    offset = held;
    await blobs.arrived(db, row.event, row.role, held, done);
    way.told();
    if (done) return;
    if (bytes.byteLength === piece) await link.grow({ piece: true });
  }
}
