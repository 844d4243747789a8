/** The one way a handler writes: sign, seal for the county, and store the record with all it changes, or nothing. */
import { b64, random, uuid7 } from "./bytes.ts";
import type { Ctx, Draft, Fact, OwnRecord, Person } from "./ctx.ts";
import { payloadText, sealEvent, signEvent } from "./envelope.ts";
import { Problem } from "./problem.ts";
import { saysTheSame } from "./second_tap.ts";
import * as blobs from "./store/blobs.ts";
import * as device from "./store/device.ts";
import type { PhoneStore } from "./store/index.ts";
import { append, type Beside, BlobMissing, type Made, type Own } from "./store/records.ts";
import { isFull, withReserve } from "./store/reserve.ts";
import { type BlobRef, filled, type Me, type ResidentCard } from "./wire.ts";

export async function record(ctx: Ctx, fact: Fact): Promise<OwnRecord>;
export async function record(ctx: Ctx, facts: Fact[]): Promise<OwnRecord[]>;
export async function record(ctx: Ctx, given: Fact | Fact[]): Promise<OwnRecord | OwnRecord[]> {
  const store = ctx.store as PhoneStore;
  const now = ctx.clock.now();
  const facts = (Array.isArray(given) ? given : [given]).map((fact) => ({ ...fact, id: fact.id ?? uuid7(now) }));
  const form = facts[0]?.draft ? await store.forms.get(facts[0].draft) : undefined;
  const drafts = facts.flatMap(({ draft }) => (draft ? [store.forms.forget(draft)] : []));
  await store.forms.settled();
  const write = () => append(store.db, (head) => make(ctx, store, facts, head, now));
  const written = await withReserve(store.db, write).catch((error) => {
    if (isFull(error))
      for (const draft of drafts) store.forms.recall(draft); // the disk may hold an older one
    else store.forms.empty(); // nothing was written: the drafts are read again from the disk
    throw error instanceof BlobMissing ? new Problem("picture-missing", {}, 409) : error;
  });
  if (written) {
    ctx.clock.passed(now);
    store.everyone.empty();
    ctx.send("saved");
  }
  const records = await Promise.all(facts.map(({ id }) => store.records.get(id)));
  if (!written) {
    if (!saysTheSame(facts, records)) throw await handedBack(store, facts[0]!.id, form);
    for (const { draft } of facts) if (draft) await store.forms.clear(draft);
  }
  return (Array.isArray(given) ? records : records[0]) as OwnRecord | OwnRecord[];
}

/** Another window saved this form first: what stood in this one goes on under an id of its own. */
async function handedBack(store: PhoneStore, id: string, form: Draft | undefined): Promise<Problem> {
  store.forms.empty();
  if (form?.id === id) await store.forms.again(form);
  return new Problem("saved-elsewhere", { path: form?.path ?? "/field/today" }, 409);
}

type WithId = Fact & { id: string };

/** Everything that needs a foreign await, before the transaction: it would commit under it. */
async function make(
  ctx: Ctx,
  store: PhoneStore,
  facts: WithId[],
  head: { seq: number; hash: string },
  now: Date,
): Promise<{ made: Made[]; beside: Beside }> {
  const { db } = store;
  const { ring } = store.vault;
  const identity = await device.get(db, "identity");
  if (!identity) throw new Problem("not-enrolled", {}, 404);
  const me = await store.me.get();
  const heads = (await device.get(db, "heads")) ?? {};
  const made: Made[] = [];
  const beside: Beside = { people: [], names: [], blobs: [], drafts: [] };
  const cards = new Map<string, ResidentCard>();
  let { seq, hash: prev } = head;

  for (const fact of facts) {
    const person = fact.subject ? await store.people.get(fact.subject) : undefined;
    const area = fact.area ?? person?.area ?? me.posts[0]?.area ?? "";
    const post = postFor(me, area);
    const { scope } = post;
    const refs: BlobRef[] = [];
    for (const role of fact.blobs ?? []) {
      const ref = await blobs.info(db, ring, fact.id, role);
      if (!ref) throw new Problem("picture-missing", { role }, 409);
      refs.push(ref);
      beside.blobs.push([fact.id, role]);
    }
    const { ms, age_s } = ctx.clock.offset();
    seq += 1;
    const payload = payloadText({
      id: fact.id,
      salt: b64(random(16)),
      kind: fact.kind,
      v: 1,
      device: identity.device,
      seq,
      prev,
      scope,
      after: heads[scope]?.position ?? 0,
      actor: identity.person,
      post: post.id,
      subject: fact.subject,
      at: now.toISOString(),
      offset_ms: ms,
      offset_age_s: age_s,
      body: fact.body,
      blobs: refs,
    });
    const event = await signEvent(payload, ring.signing);
    const item = await sealEvent(event, fact.id, identity.device, identity.county_key);
    const own: Own = {
      ...{ kind: fact.kind, subject: fact.subject, body: fact.body, blobs: refs, at: now.toISOString() },
      subject_name: person?.name ?? fact.change?.name ?? "",
      ...(fact.change ? { change: fact.change } : {}),
    };
    const sealed = await ring.seal("records", fact.id, own);
    made.push({ id: fact.id, hash: event.hash, item, own, sealed, scope, at: own.at });
    prev = event.hash;
    if (fact.draft) beside.drafts.push(fact.draft);
    if (fact.subject && fact.change) {
      const card = changed(cards.get(fact.subject) ?? person, fact.subject, area, fact.change);
      cards.set(fact.subject, card);
    }
  }
  for (const card of cards.values()) {
    const known = await store.people.get(card.id);
    const { person, names } = await store.everyone.prepare(card, !known || known.card === "name");
    beside.people.push(person);
    if (names) beside.names.push(names);
  }
  return { made, beside };
}

/** Someone known only by name, or not at all, gets a full card of what this phone just learnt. */
function changed(card: Person | undefined, id: string, area: string, change: Partial<ResidentCard>): ResidentCard {
  return filled({ id, area, ...card, ...change, card: "full" });
}

/** The nearest post that covers the village: the longest prefix of its code; else the agent's first post. */
export function postFor(me: Me, area: string): Me["posts"][number] {
  const covering = me.posts.filter((post) => area.startsWith(prefix(post.area)));
  covering.sort((a, b) => prefix(b.area).length - prefix(a.area).length);
  const post = covering[0] ?? me.posts[0];
  if (!post) throw new Problem("no-post", {}, 403);
  return post;
}

/** The significant digits of an area code: 520121107000 → 520121107. */
function prefix(code: string): string {
  for (const length of [2, 4, 6, 9]) if (/^0*$/.test(code.slice(length))) return code.slice(0, length);
  return code;
}
