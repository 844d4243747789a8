/**
 * Marks that outlive the store, so that an emptied phone does not look like a new one (docs/adr/0014). Chromium's eviction leaves
 * `localStorage`; Safari's leaves the cookie that the county sets. Neither opens anything, and neither names a person.
 */
import type { DB } from "./store/db.ts";
import * as device from "./store/device.ts";

export interface Mark {
  device: string;
  /** The newest count of the phone's own chain, and its hash ("" when only the county's mark is left). */
  newest: number;
  hash: string;
  /** The newest count that has its receipt. */
  arrived: number;
  at: string;
}

const NAME = "daiban-mark";
const COOKIE = /(?:^|; )daiban-phone=([0-9a-f-]{36})\.(\d{1,15})\.(\d{4}-\d\d-\d\d)/;

/** What both marks say together; the county's alone where they are of two phones, for it is the newer one. */
export function read(kept: string | null = item(), cookies: string = document.cookie): Mark | null {
  const own = parse(kept);
  const said = COOKIE.exec(cookies);
  const arrived = Number(said?.[2] ?? 0);
  if (!said) return own;
  if (own && own.device === said[1]) return { ...own, arrived: Math.max(own.arrived, arrived) };
  return { device: said[1]!, newest: arrived, hash: "", arrived, at: "" };
}

export async function write(db: DB): Promise<void> {
  const identity = await device.get(db, "identity");
  const head = await db.get("chain", "head");
  if (!identity) return;
  const rows = await db.getAllFromIndex("outbox", "seq");
  const arrived = rows.reduce((most, row) => (row.received_at ? Math.max(most, row.seq) : most), 0);
  const before = parse(item());
  const known = before?.device === identity.device ? before.arrived : 0;
  const mark: Mark = {
    ...{ device: identity.device, newest: head?.seq ?? 0, hash: head?.hash ?? "" },
    ...{ arrived: Math.max(arrived, known), at: new Date().toISOString() },
  };
  try {
    localStorage.setItem(NAME, JSON.stringify(mark));
  } catch {
    // full or forbidden: the county's mark is still there
  }
}

/** The phone was emptied on purpose: nothing is missing. */
export function clear(): void {
  localStorage.removeItem(NAME);
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in Safari 14
  document.cookie = "daiban-phone=; Path=/field; Max-Age=0; Secure; SameSite=Strict";
}

function item(): string | null {
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}

function parse(kept: string | null): Mark | null {
  try {
    const mark = JSON.parse(kept ?? "null") as Mark | null;
    return mark && typeof mark.device === "string" && Number.isSafeInteger(mark.newest) ? mark : null;
  } catch {
    return null;
  }
}
