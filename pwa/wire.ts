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

/** docs/formats.md §2: all that leaves the phone about an event. */
export interface SealedItem {
  id: Uuid;
  hash: string;
  device: Uuid;
  key: string;
  sealed: string;
}

/* ---- enrolment (docs/formats.md §4) ---- */

export interface EnrolmentRequest {
  code: string;
  public_key: string;
  version: string;
  /** What the phone was before the county forgot it: its id, and the SHA-256 of its mailbox token. */
  again?: { device: Uuid; mailbox: string } | null;
}

export interface EnrolmentClaim {
  enrolment: Uuid;
  claim: string;
  expires_at: Instant;
}

export interface Release {
  device: Uuid;
  mailbox: string;
  person: Uuid;
  county_key: { id: string; public: string };
  county: string;
  epoch: number;
  demo: boolean;
}

export interface EnrolmentState {
  state: "waiting" | "released" | "void" | "expired";
  release?: Release | null;
}

/* ---- what goes up ---- */

export type Order = "lock" | "wipe";

/** The 24 digits, sealed and signed; `n` counts them. */
export interface RecoveryCode {
  n: number;
  sealed: string;
  signature: string;
}

/** What an emptied phone could not bring: a picture by event and role, or a record (no role). */
export interface Lost {
  event: Uuid;
  role: string;
  why: "damaged" | "missing" | "refused" | "unanswered";
}

/** What this phone still holds after the request, and what it knows of its own count. */
export interface Waiting {
  records: number;
  blobs: number;
  /** The newest count of its own chain. */
  newest?: number;
  /** Stretches [first, last] of that count that it knows it lost; at most 50. */
  missing?: [number, number][];
}

export interface MailboxRequest {
  device: Uuid;
  version: string;
  v: number;
  clock: Instant;
  items: SealedItem[];
  waiting?: Waiting;
  done: Order[];
  code?: RecoveryCode | null;
  /** With `done`. */
  lost?: Lost[];
  drafts?: number;
}

export interface SyncRequest {
  device: Uuid;
  version: string;
  v: number;
  epoch: number | null;
  clock: Instant;
  heads: Record<AreaCode, { position: number; chain: string }>;
  items: SealedItem[];
  /** null: no rows wanted now; a village at 0 is a full pack. */
  villages: Record<AreaCode, number> | null;
  cursor: string;
  inbox: number;
  waiting: Waiting;
  /** What this phone was before its store was emptied; sent until an answer comes. */
  before?: { device: Uuid; newest: number } | null;
  code: RecoveryCode | null;
  me: string;
  county: string;
  done: Order[];
  page: number;
}

/* ---- what comes down; an answer leaves out what is empty (`filled` puts it back) ---- */

export type ReceiptState = "accepted" | "held" | "refused";

export interface Receipt {
  id: Uuid;
  hash: string;
  /** Empty: never known. */
  scope: string;
  position: number | null;
  state: ReceiptState;
  reason: string;
  number: string;
}

/** A picture still missing, and how much of it is there. */
export interface Wanted {
  event: Uuid;
  role: string;
  offset: number;
}

export interface Head {
  position: number;
  chain: string;
  at: Instant;
}

export interface Helper {
  name: string;
  relation: string;
  phone: string;
}

export interface EntitlementRow {
  id: Uuid;
  /** Code; its name is in County.benefits. */
  benefit: string;
  due_on: Day;
  last_on?: Day | null;
  agency_state: string;
  /** State of an attempt under way: captured, checked_ok, exported. */
  taken: string;
}

export interface TaskRow {
  id: Uuid;
  kind: "delivery" | "retake" | "care" | "query" | "revisit" | "request_answer" | "consent";
  /** Of a consent to ask for: its purpose. */
  what: string;
  due_on?: Day | null;
  who_may: string;
  /** Delivery: only into the hands of the person or the guardian. */
  money: boolean;
  /** Sent back, asked or answered: the township's words. */
  why: string;
  /** A query's own id; the visit of a retake. */
  about?: Uuid | null;
}

export interface WitnessRow {
  name: string;
  relation: string;
  resident?: Uuid | null;
}

export interface PastVisit {
  id: Uuid;
  on: Day;
  reasons: string[];
  outcome: string;
  by: string;
  notes: string;
}

export interface ChallengeRow {
  id: Uuid;
  /** By how somebody can move: normal, one_side, bedridden, none → code of County.gestures. */
  gestures: Record<string, string>;
  ends_at: Instant;
}

export interface ClashRow {
  field: string;
  ours?: string | null;
  theirs?: string | null;
}

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

/** What an agent needs at the door; as handlers see it every member is there. */
export interface ResidentCard extends Omit<NameCard, "card"> {
  card: "full";
  household_id?: Uuid | null;
  /** provisional; empty: verified. */
  state: string;
  sex: string;
  birth_on?: Day | null;
  birth_year?: number | null;
  address: string;
  phone: string;
  phone_of: string;
  no_phone: boolean;
  needs: string[];
  dialect: string;
  hours: string;
  helper?: Helper | null;
  guardian?: Helper | null;
  id_masked: string;
  /** Only where a verification is due. */
  id_number: string;
  tail: string;
  entitlements: EntitlementRow[];
  tasks: TaskRow[];
  /** Purpose → given, refused, withdrawn. */
  consents: Record<string, string>;
  condition: string;
  witness?: WitnessRow | null;
  past: PastVisit[];
  tries: number;
  /** death_reported, death_confirmed; empty: presumed alive. */
  life: string;
  kin: boolean;
  challenge?: ChallengeRow | null;
  clashes: ClashRow[];
}

export interface GoneRow {
  id: Uuid;
  area: AreaCode;
  rev: number;
  gone: true;
}

/** A row as it comes: empty members are missing. */
export type Row =
  | NameCard
  | (Pick<ResidentCard, "id" | "area" | "rev" | "card" | "name" | "initials" | "household" | "group"> &
      Partial<ResidentCard>)
  | GoneRow;

export interface InboxRow {
  id: Uuid;
  kind:
    | "sent_back"
    | "query"
    | "answer"
    | "assigned"
    | "due"
    | "badge"
    | "phone_locked"
    | "consent"
    | "death"
    | "held"
    | "phone"
    | "complaint"
    | "kin"
    | "loss"
    | "recovery";
  resident?: Uuid | null;
  about?: Uuid | null;
  words: string;
  at: Instant;
  done: boolean;
}

export interface PostRow {
  id: Uuid;
  role: string;
  area: AreaCode;
  area_name: string;
  scope: AreaCode;
  scope_name: string;
  from_on: Day;
  to_on?: Day | null;
}

export interface BadgeRow {
  id: Uuid;
  number: string;
  name: string;
  unit: string;
  duty: string;
  phone: string;
  /** active, suspended, lost, revoked. */
  state: string;
  valid_from: Day;
  valid_to: Day;
  /** What the printed code says. */
  url: string;
  /** That code as SVG. */
  qr: string;
  /** data: address of a small JPEG, or empty. */
  photo: string;
}

export interface Me {
  version: string;
  person: { id: Uuid; name: string; initials: string; unit: string; duty: string; phone: string };
  posts: PostRow[];
  /** Code: name, of all villages the posts cover. */
  villages: Record<AreaCode, string>;
  badge?: BadgeRow | null;
  /** Whom to call at the township. */
  lead?: Helper | null;
}

/** The county's own words and numbers. */
export interface County {
  version: string;
  name: string;
  gestures: { code: string; words: string; english: string }[];
  consents: { purpose: string; version: string; words: string; english: string }[];
  /** Code: name. */
  benefits: Record<string, string>;
  /** Code: what to do, as said on the chip. */
  needs: Record<string, string>;
  phones: { name: string; phone: string }[];
  retry_days: number;
  max_tries: number;
  due_days: number;
  correction_days: number;
  /** Working days in which a complaint is answered; older county facts do not say. */
  complaint_days?: number;
  no_working_days: Day[];
  working_weekends: Day[];
  lease_days: number;
  photo_bytes: number;
}

export interface MailboxAnswer {
  epoch: number;
  now: Instant;
  kept_to?: Record<AreaCode, number>;
  receipts?: Receipt[];
  wanted?: Wanted[];
  orders?: Order[];
  recovery_kept?: boolean;
}

export interface SyncAnswer extends MailboxAnswer {
  heads?: Record<AreaCode, Head>;
  rows?: Row[];
  /** Revs to send next time. */
  villages?: Record<AreaCode, number>;
  dropped?: AreaCode[];
  more?: boolean;
  /** With `more`: to be sent back, together with `villages`. */
  cursor?: string;
  inbox?: (Partial<InboxRow> & Pick<InboxRow, "id" | "kind" | "at">)[];
  inbox_rev?: number;
  me?: Me | null;
  county?: County | null;
  recovery_kept?: boolean;
}

const EMPTY = {
  ...{ name: "", initials: "", household: "", group: "", state: "", sex: "", address: "", phone: "", phone_of: "" },
  ...{ no_phone: false, dialect: "", hours: "", id_masked: "", id_number: "", tail: "", condition: "", tries: 0 },
  ...{ life: "", kin: false },
};

/** The card with what the wire left out, so that a template asks no questions. */
export function filled(row: Partial<ResidentCard> & { id: Uuid; area: AreaCode }): ResidentCard {
  const lists = { needs: [], entitlements: [], tasks: [], past: [], clashes: [], consents: {} };
  const card = { ...EMPTY, ...lists, rev: 0, ...row, card: "full" as const };
  return {
    ...card,
    entitlements: card.entitlements.map((one) => ({
      ...one,
      agency_state: one.agency_state ?? "paying",
      taken: one.taken ?? "",
    })),
    tasks: card.tasks.map((one) => ({
      ...one,
      ...{ what: one.what ?? "", who_may: one.who_may ?? "", why: one.why ?? "" },
      money: one.money ?? false,
    })),
    past: card.past.map((one) => ({ ...one, by: one.by ?? "", notes: one.notes ?? "" })),
  };
}
