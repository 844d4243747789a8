/**
 * The phone's one database. Only `pwa/store/` opens it. Personal members are sealed under the data key (vault.ts); in clear
 * stand only what sending needs while locked (sealed items, ciphertexts, counts), positions, and settings of the view.
 *
 * Upgrade steps are kept for ever and only add: old code may still run in another tab when a new version opens.
 */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { BlobType, ReceiptState, SealedItem } from "../wire.ts";

/** 12-byte IV ‖ AES-GCM, as docs/formats.md §5. */
export type Sealed = ArrayBuffer;

export interface Wrap {
  salt: ArrayBuffer;
  rounds: number;
  wrapped: ArrayBuffer;
}

export interface Head {
  seq: number;
  hash: string;
}

export interface PersonRow {
  id: string;
  area: string;
  rev: number;
  card: "name" | "full";
  sealed: Sealed;
}

export interface NamesRow {
  area: string;
  sealed: Sealed;
}

export interface RecordRow {
  id: string;
  seq: number;
  hash: string;
  /** Random, so that rows of one person cannot be told apart from outside. */
  sealed: Sealed;
}

export interface OutboxRow {
  id: string;
  seq: number;
  hash: string;
  /** The sealed item; null once the county holds it in a backup. */
  item: SealedItem | null;
  state: "queued" | "sending" | ReceiptState;
  scope: string;
  position: number | null;
  number: string;
  reason: string;
  at: string;
  received_at: string | null;
  kept: boolean;
}

export interface BlobRow {
  event: string;
  role: string;
  type: BlobType;
  sha256: string;
  bytes: number;
  /** Its ciphertext is still on the phone, in `ciphers`. */
  held: boolean;
  /** {key, plain_sha256} sealed under the data key. */
  sealed: Sealed;
  /** Belongs to an event in the outbox; a draft's picture does not travel. */
  saved: boolean;
  /** Bytes the server holds. */
  sent: number;
  done: boolean;
}

export interface SealedRow {
  key: string;
  version: number;
  sealed: Sealed;
}

export interface DraftRow {
  key: string;
  sealed: Sealed;
}

export interface InboxRowSealed {
  id: string;
  sealed: Sealed;
}

/** Whose records this phone carries to the county: a colleague's, or those of the phone it was before. */
export interface CarriedRow {
  device: string;
  /** Name of the agent, as the file says; "" for this phone's own former self. */
  agent: string;
  /** When they were taken along. */
  at: string;
  /** How many records the file said it has, and whether all of it could be read. */
  said: number;
  whole: boolean;
  records: number;
  pictures: number;
  /** Receipts of the county, refusals among them. */
  arrived: number;
  refused: number;
  pictures_arrived: number;
  /** Pictures no record at the county asks for. */
  pictures_unwanted: number;
}

/** One sealed item or one picture's ciphertext on its way; the bytes lie in `carried_bytes` under the same key. */
export interface CarriedPart {
  /** `item <id>` or `picture <event> <role>`. */
  key: string;
  device: string;
  kind: "item" | "picture";
  event: string;
  role: string;
  /** Of the item's event, or of the ciphertext. */
  hash: string;
  bytes: number;
  sent: number;
}

export interface FieldDB extends DBSchema {
  /** Name → value, in clear. */
  device: { key: string; value: unknown };
  /** Name → value, sealed. */
  county: { key: string; value: SealedRow };
  /** "head" → the phone's own chain. */
  chain: { key: string; value: Head };
  people: { key: string; value: PersonRow; indexes: { area: string } };
  names: { key: string; value: NamesRow };
  records: { key: string; value: RecordRow; indexes: { seq: number } };
  outbox: { key: string; value: OutboxRow; indexes: { seq: number } };
  /** What is known of each picture; the bytes lie apart, for this is read with every page. */
  blobs: { key: [string, string]; value: BlobRow };
  /** Ciphertext (formats.md §1) under [event, role]. */
  ciphers: { key: [string, string]; value: ArrayBuffer };
  drafts: { key: string; value: DraftRow };
  inbox: { key: string; value: InboxRowSealed };
  carried: { key: string; value: CarriedRow };
  carried_parts: { key: string; value: CarriedPart };
  carried_bytes: { key: string; value: ArrayBuffer };
}

export type DB = IDBPDatabase<FieldDB>;
export type StoreName =
  | "device"
  | "county"
  | "chain"
  | "people"
  | "names"
  | "records"
  | "outbox"
  | "blobs"
  | "ciphers"
  | "drafts"
  | "inbox"
  | "carried"
  | "carried_parts"
  | "carried_bytes";

export const NAME = "daiban-field";
export const VERSION = 2;
/** For records and pictures: after "saved" a power cut must not take them back. */
export const STRICT = { durability: "strict" } as const;

export interface Opened {
  /** Another tab must reload to let a new version in. */
  onBlocked?: () => void;
  /** A newer version wants in: this page must let go, when what is being written has been. */
  onBlocking?: () => Promise<unknown>;
  /** It has let go. */
  onLetGo?: () => void;
  name?: string;
}

export function open({ onBlocked, onBlocking, onLetGo, name = NAME }: Opened = {}): Promise<DB> {
  return openDB<FieldDB>(name, VERSION, {
    upgrade(db, from) {
      if (from < 1) {
        db.createObjectStore("device");
        db.createObjectStore("county", { keyPath: "key" });
        db.createObjectStore("chain");
        db.createObjectStore("people", { keyPath: "id" }).createIndex("area", "area");
        db.createObjectStore("names", { keyPath: "area" });
        db.createObjectStore("records", { keyPath: "id" }).createIndex("seq", "seq");
        db.createObjectStore("outbox", { keyPath: "id" }).createIndex("seq", "seq");
        db.createObjectStore("blobs", { keyPath: ["event", "role"] });
        db.createObjectStore("ciphers");
        db.createObjectStore("drafts", { keyPath: "key" });
        db.createObjectStore("inbox", { keyPath: "id" });
      }
      if (from < 2) {
        db.createObjectStore("carried", { keyPath: "device" });
        db.createObjectStore("carried_parts", { keyPath: "key" });
        db.createObjectStore("carried_bytes");
      }
    },
    blocked: () => onBlocked?.(),
    blocking(_current, _blocked, event) {
      const db = event.target as IDBDatabase;
      Promise.resolve(onBlocking?.())
        .catch(() => undefined)
        .then(() => db.close())
        .then(onLetGo);
    },
  });
}
