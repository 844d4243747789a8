/**
 * One conversation with the county (docs/formats.md §6, design §4): records up, receipts, rows, inbox and orders down, then pictures.
 *
 * - Unlocked it speaks with the session of the device key; locked it may only drop sealed items by the mailbox token.
 * - Only a receipt with the same id and hash changes a record. An HTTP 200 alone proves nothing.
 */
import { signChallenge } from "./envelope.ts";
import { hinder, leftHere, nothingHinders, sayEmptied } from "./leaving.ts";
import { Cut, Link, MAX_BATCH } from "./link.ts";
import type { Answer } from "./net.ts";
import { keepWhomToCall, sealCode } from "./recovery.ts";
import * as county from "./store/county.ts";
import { cursorToAsk } from "./store/damage.ts";
import type { OutboxRow } from "./store/db.ts";
import * as device from "./store/device.ts";
import * as inbox from "./store/inbox.ts";
import { People } from "./store/people.ts";
import * as records from "./store/records.ts";
import type { SyncParts } from "./sync.ts";
import { bringPictures } from "./upload.ts";
import { type KeyRing, Locked } from "./vault.ts";
import type {
  MailboxAnswer,
  MailboxRequest,
  Me,
  Order,
  RecoveryCode,
  SyncAnswer,
  SyncRequest,
  Waiting,
  Wanted,
} from "./wire.ts";

const MAX_BODY = 1_500_000; // characters of sealed items in one request
const KEEP_DAYS = 30; // [DEF] readable copies of what the county has kept

/** The county answered and would not speak with this phone. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

export class Talk {
  changed = false;
  #people: People | null;
  #records: records.Records | null;
  #mailboxOnly: boolean;
  readonly #link: Link;
  /** Sent in this conversation and answered without a receipt: not again now. */
  #unanswered = new Set<string>();
  #taken = 0;
  /** The recovery code this request carries. */
  #code: RecoveryCode | null = null;

  constructor(
    readonly parts: SyncParts,
    readonly ring: KeyRing | null,
  ) {
    this.#people = ring && new People(parts.db, () => ring);
    this.#records = ring && new records.Records(parts.db, () => ring);
    this.#mailboxOnly = !ring;
    this.#link = new Link(parts.db);
  }

  async everything(): Promise<void> {
    const { db, vault } = this.parts;
    if (this.ring) {
      await sealCode(db, vault, this.ring);
      await this.#rememberWhomToCall(this.ring);
    }
    let broken: unknown;
    let more = true;
    while (more)
      more = await this.#round().catch((error: unknown) => {
        if (this.#mailboxOnly || error instanceof Cut || error instanceof Refused) throw error;
        // Rows that find no room on this phone, or no key any more, must not keep here what was written here: when it has
        // left, there is room again.
        if (!(error instanceof Locked)) broken = error;
        this.#mailboxOnly = true;
        return true;
      });
    await this.#pictures();
    if ((await records.counts(db)).carried) {
      const { bring } = await import("./later.ts");
      if (await bring({ ...this.parts, changed: () => this.#told() })) throw new Cut();
    }
    if (await records.allKept(db)) {
      const heard = await device.get(db, "heard");
      if (heard) await device.put(db, "proven", new Date(heard.at).toISOString());
    }
    const before = new Date(this.parts.clock.now().getTime() - KEEP_DAYS * 86_400_000).toISOString();
    if ((await records.forgetOld(db, before)) > 0) this.changed = true;
    if ((await device.get(db, "order")) === "wipe") await this.#wipe();
    if (broken !== undefined) throw broken;
  }

  /** Neither its session nor its mailbox is one of the county's: it was put back from a backup made before it knew this phone. */
  async notKnown(): Promise<void> {
    if (await device.get(this.parts.db, "unknown")) return;
    await device.put(this.parts.db, "unknown", true);
    this.changed = true;
  }

  /** Something that a page shows has changed. */
  #told(): void {
    this.changed = true;
    this.parts.changed();
  }

  /** One request of records and rows. True: there is more of one or the other. */
  async #round(): Promise<boolean> {
    const { db, sending, clock } = this.parts;
    const sizes = await this.#link.sizes();
    const ready = await records.queued(db, MAX_BATCH + this.#unanswered.size);
    const batch = fitting(ready.filter(({ id }) => !this.#unanswered.has(id)).slice(0, sizes.batch));
    sending.clear();
    for (const { id } of batch) sending.add(id);
    if (batch.length) this.parts.changed();
    const sentAt = clock.now().getTime();
    const answer = this.#mailboxOnly ? await this.#drop(batch) : await this.#ask(batch);
    if (answer.kind === "unreachable") {
      sending.clear();
      this.parts.changed(); // what was on its way is on this phone again
      await this.#link.cut(answer.why, "batch", "page");
      return true;
    }
    if (answer.kind === "refused") {
      sending.clear();
      if (answer.status === 413 && batch.length > 0) {
        if (batch.length === 1) this.#unanswered.add(batch[0]!.id); // no room for this one: the others go on
        await this.#link.halve("batch");
        return true;
      }
      // The county ended this phone's session for good (locked, replaced), or it stumbles over the rows of its own
      // answer: the records may still be dropped.
      const stumbles = answer.status >= 500 && batch.length > 0;
      if (!this.#mailboxOnly && (answer.status === 401 || answer.status === 403 || stumbles)) {
        this.#mailboxOnly = true;
        if (answer.code === "phone-replaced") await device.put(db, "replaced", true);
        return true;
      }
      throw new Refused(answer.status, answer.code);
    }
    if (!fromCounty(answer.body)) throw new Cut(); // somebody else's JSON: nothing of it counts
    this.#link.held();
    const more = await this.#take(answer.body, sentAt, answer.at);
    for (const { id } of batch) sending.delete(id);
    const answered = new Set((answer.body.receipts ?? []).map(({ id, hash }) => `${id} ${hash}`));
    for (const { id, hash } of batch) if (!answered.has(`${id} ${hash}`)) this.#unanswered.add(id);
    await this.#link.grow({ batch: batch.length === sizes.batch, page: more });
    const left = (await records.queued(db, MAX_BATCH + this.#unanswered.size)).some(
      ({ id }) => !this.#unanswered.has(id),
    );
    return more || left;
  }

  async #ask(batch: OutboxRow[]): Promise<Answer<SyncAnswer>> {
    const { db, clock, net, version } = this.parts;
    const identity = (await device.get(db, "identity"))!;
    const cursor = await cursorToAsk(db);
    const heads = (await device.get(db, "heads")) ?? {};
    const versions = (await device.get(db, "versions")) ?? { me: "", county: "" };
    const before = await device.get(db, "before");
    const body: SyncRequest = {
      ...{ device: identity.device, version, v: 1, epoch: identity.epoch, clock: clock.now().toISOString() },
      heads: Object.fromEntries(
        Object.entries(heads).map(([scope, { position, chain }]) => [scope, { position, chain }]),
      ),
      items: batch.map(({ item }) => item!),
      ...{ villages: cursor.villages, cursor: cursor.cursor, inbox: (await device.get(db, "inbox_rev")) ?? 0 },
      waiting: await this.#waiting(batch.length),
      code: await this.#codeToSend(),
      // A lock is never reported as done: the phone stays locked for as long as the county says so.
      ...{ ...versions, done: [], page: (await this.#link.sizes()).page },
      ...(before ? { before: { device: before.device, newest: before.newest } } : {}),
    };
    const answer = await net<SyncAnswer>("/api/phone/sync", { json: body });
    if (answer.kind !== "refused" || answer.status !== 401) return answer;
    const opened = await this.#openSession();
    return opened.kind === "ok" ? net<SyncAnswer>("/api/phone/sync", { json: body }) : opened;
  }

  async #openSession(): Promise<Answer<SyncAnswer>> {
    const { db, net } = this.parts;
    const { device: id } = (await device.get(db, "identity"))!;
    const asked = await net<{ challenge: string }>("/api/phone/challenges", { json: { device: id } });
    if (asked.kind !== "ok") return asked;
    const { challenge } = asked.body;
    const signature = await signChallenge(id, challenge, this.ring!.signing);
    return net("/api/phone/sessions", { json: { device: id, challenge, signature } });
  }

  async #codeToSend(): Promise<RecoveryCode | null> {
    const code = await this.parts.vault.codeToSend();
    this.#code = code && { n: code.n, sealed: code.sealed, signature: code.signature };
    return this.#code;
  }

  async #drop(batch: OutboxRow[]): Promise<Answer<MailboxAnswer>> {
    const { db, clock, net, version } = this.parts;
    const identity = (await device.get(db, "identity"))!;
    const body: MailboxRequest = {
      ...{ device: identity.device, version, v: 1, clock: clock.now().toISOString() },
      items: batch.map(({ item }) => item!),
      ...{ waiting: await this.#waiting(batch.length), done: [], code: await this.#codeToSend() },
    };
    return net<MailboxAnswer>("/api/phone/mailbox", { json: body, token: identity.mailbox });
  }

  async #waiting(now: number): Promise<Waiting> {
    const { db } = this.parts;
    const left = await records.counts(db);
    const { seq } = await records.head(db);
    const missing = (await device.get(db, "losses"))?.missing ?? [];
    return { records: Math.max(0, left.waiting - now), blobs: left.pictures, newest: seq, missing };
  }

  /** True: the county has more rows. */
  async #take(answer: SyncAnswer | MailboxAnswer, sentAt: number, at: number): Promise<boolean> {
    const { db, clock, vault } = this.parts;
    const heard = { at: clock.now().getTime(), offset_ms: Date.parse(answer.now) - Math.round((sentAt + at) / 2) };
    clock.answered(heard);
    await device.put(db, "heard", heard);
    const identity = (await device.get(db, "identity"))!;
    const restored = identity.epoch !== answer.epoch;
    if (restored) {
      // First the outbox, last the epoch: killed in between, it all happens once more.
      await records.offerAgain(db);
      await device.put(db, "cursor", { villages: {}, cursor: "" });
      await device.put(db, "heads", {});
      await device.put(db, "inbox_rev", 0);
      await device.put(db, "versions", { me: "", county: "" });
      await vault.offerCodeAgain();
      await device.put(db, "identity", { ...identity, epoch: answer.epoch });
      this.changed = true;
    }
    await device.remove(db, "unknown");
    const receipts = answer.receipts ?? [];
    const received = await records.receive(db, receipts, new Date(heard.at).toISOString());
    if (received.length) this.changed = true;
    for (const wanted of answer.wanted ?? []) await this.#stillWanted(wanted);
    // Now or never: heard before a picture had arrived, it says nothing of that picture.
    if (answer.kept_to && (await records.release(db, answer.kept_to)) > 0) this.changed = true;
    if (answer.recovery_kept && this.#code && !restored) await vault.codeKept(this.#code.n);
    await this.#orders(answer.orders ?? []);
    if (this.#mailboxOnly || !this.ring) return false;
    await device.remove(db, "replaced");
    await device.remove(db, "before");
    const told = answer as SyncAnswer;
    if (told.me) {
      await keepWhomToCall(db, told.me);
      await county.put(db, this.ring, "me", told.me);
      await device.put(db, "agent", told.me.person.name);
      await this.#know({ me: told.me.version });
      this.changed = true;
    }
    if (told.county) {
      await county.put(db, this.ring, "county", told.county);
      await device.put(db, "lease_days", told.county.lease_days);
      await this.#know({ county: told.county.version });
      this.changed = true;
    }
    if (restored) return true; // its rows continue a pack that is no more: ask from the beginning
    return this.#takeRows(told);
  }

  async #takeRows(told: SyncAnswer): Promise<boolean> {
    const { db, progress } = this.parts;
    const people = this.#people!;
    const { epoch } = (await device.get(db, "identity"))!;
    const dropped = told.dropped ?? [];
    if (dropped.length) await people.drop(dropped);
    const rows = told.rows ?? [];
    const before = (await device.get(db, "cursor")) ?? { villages: {}, cursor: "" };
    const villages = { ...before.villages, ...told.villages };
    for (const area of dropped) delete villages[area];
    const patches = rows.length ? await this.#records!.unsentChanges() : new Map();
    const cursor = told.more ? told.cursor || before.cursor : "";
    await people.apply(rows, { villages, cursor }, epoch, (id) => patches.get(id));
    this.#records!.empty();
    if (told.heads) await device.put(db, "heads", { ...(await device.get(db, "heads")), ...told.heads });
    if (told.inbox?.length || told.inbox_rev !== undefined) {
      const from = (await device.get(db, "inbox_rev")) ?? 0;
      const afresh = from === 0;
      await inbox.apply(db, this.ring!, told.inbox ?? [], told.inbox_rev ?? from, afresh);
    }
    if (rows.length || dropped.length || told.inbox?.length) this.changed = true;
    this.#taken += rows.length;
    progress?.({ people: this.#taken, more: told.more ?? false });
    if (!told.more && (await device.get(db, "packed")) !== epoch) {
      await people.sweep(epoch);
      await device.put(db, "packed", epoch);
      this.changed = true;
    }
    return told.more ?? false;
  }

  /** Where `me` came before the telephone of the lead was kept in clear. */
  async #rememberWhomToCall(ring: KeyRing): Promise<void> {
    const { db } = this.parts;
    if (await device.get(db, "call")) return;
    const me = await county.get<Me>(db, ring, "me");
    if (me) await keepWhomToCall(db, me);
  }

  async #know(version: { me?: string; county?: string }): Promise<void> {
    const { db } = this.parts;
    await device.put(db, "versions", { me: "", county: "", ...(await device.get(db, "versions")), ...version });
  }

  async #stillWanted({ event, role, offset }: Wanted): Promise<void> {
    const row = await this.parts.db.get("blobs", [event, role]);
    if (!row?.held || (!row.done && row.sent === offset)) return;
    const tx = this.parts.db.transaction("blobs", "readwrite");
    await Promise.all([tx.store.put({ ...row, done: false, sent: offset }), tx.done]);
  }

  #pictures(): Promise<void> {
    const talk = this;
    return bringPictures({
      parts: this.parts,
      link: this.#link,
      get mailboxOnly() {
        return talk.#mailboxOnly;
      },
      reopen: async () => {
        if ((await this.#openSession()).kind !== "ok") this.#mailboxOnly = true;
      },
      told: () => this.#told(),
    });
  }

  /* ---- orders ---------------------------------------------------------------------------------------------------- */

  async #orders(orders: Order[]): Promise<void> {
    const { db, vault } = this.parts;
    const before = await device.get(db, "order");
    const now = orders.includes("wipe") ? "wipe" : orders.includes("lock") ? "lock" : undefined;
    if (now) await device.put(db, "order", now);
    else if (before) await device.remove(db, "order"); // withdrawn: the phone counts again
    if (now !== "wipe") await nothingHinders(db);
    if (before !== now) this.changed = true;
    if (now) vault.lock(); // this conversation may finish with the key it holds
  }

  /** Sent what could be sent; empty the phone, then say so. Killed anywhere in between, it goes on at the next start. */
  async #wipe(): Promise<void> {
    const { db, vault, wiped } = this.parts;
    for (const id of this.#unanswered) await hinder(this.parts, `${id} `, false);
    const { waits, lost } = await leftHere(db);
    if (waits || (await records.counts(db)).carried > 0) return; // it may still arrive, a colleague's too
    const { device: id, mailbox } = (await device.get(db, "identity"))!;
    const drafts = await db.count("drafts");
    vault.shut();
    await device.wipe(db, { device: id, mailbox, lost, drafts });
    await sayEmptied(this.parts);
    wiped();
  }
}

/** Whether this is the county's own answer, which always says when it was given and of which epoch; a stranger's 204 has none. */
function fromCounty(answer: SyncAnswer | MailboxAnswer | null): answer is SyncAnswer | MailboxAnswer {
  return answer !== null && Number.isInteger(answer.epoch) && !Number.isNaN(Date.parse(answer.now));
}

/** As many as fit one body; at least one. */
function fitting(rows: OutboxRow[]): OutboxRow[] {
  let size = 0;
  return rows.filter((row, at) => {
    size += row.item!.sealed.length;
    return at === 0 || size <= MAX_BODY;
  });
}
