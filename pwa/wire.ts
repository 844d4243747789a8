/**
 * What crosses the wire, as `api/phone/wire.py` defines it, and the event bodies of `rules/events.py`.
 * Written by hand from docs/formats.md; the generated types in `pwa/generated/wire.ts` are compared with it in the tests.
 */

export type Uuid = string;
export type Instant = string; // 2026-11-22T10:04:01.123Z
export type Day = string; // 2026-11-22, Asia/Shanghai
export type AreaCode = string; // 12 digits

export type EventKind =
  | "visit.ended"
  | "verification.captured"
  | "verification.not_taken"
  | "consent.given"
  | "consent.refused"
  | "consent.withdrawn"
  | "request.raised"
  | "delivery.made"
  | "delivery.attempted"
  | "resident.noted"
  | "resident.provisional"
  | "resident.unmasked"
  | "death.reported"
  | "record.corrected"
  | "query.answered"
  | "complaint.made";

export type BlobType = "image/jpeg" | "image/png" | "image/webp" | "application/json";

export interface BlobRef {
  sha256: string;
  plain_sha256: string;
  key: string;
  bytes: number;
  type: BlobType;
  role: string;
}

export interface Payload {
  id: Uuid;
  salt: string;
  kind: EventKind;
  v: number;
  device: Uuid;
  seq: number;
  prev: string;
  scope: AreaCode;
  after: number;
  actor: Uuid;
  post: Uuid;
  subject: Uuid | null;
  at: Instant;
  offset_ms: number | null;
  offset_age_s: number | null;
  body: Record<string, unknown>;
  blobs: BlobRef[];
}

/** §2: all that leaves the phone about an event. */
export interface SealedItem {
  id: Uuid;
  hash: string;
  device: Uuid;
  key: string;
  sealed: string;
}

export type ReceiptState = "accepted" | "held" | "refused";

export interface Receipt {
  id: Uuid;
  hash: string;
  scope: AreaCode;
  position: number | null;
  state: ReceiptState;
  reason: string;
  number: string;
}

/* ---- rows (to be reconciled with api/phone/wire.py as soon as it stands; members are only added) ---- */

export interface NameCard {
  id: Uuid;
  area: AreaCode;
  rev: number;
  card: "name";
  name: string;
  initials: string;
  household: string;
  group: string;
}

export interface ResidentCard extends Omit<NameCard, "card"> {
  card: "full";
  [member: string]: unknown;
}

export interface Me {
  [member: string]: unknown;
}

export interface InboxRow {
  id: Uuid;
  [member: string]: unknown;
}
