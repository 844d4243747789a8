/** What an agent does, through the program's own pages. Each says what the agent was told, and nothing that was not on the screen. */
import { utf8 } from "../../../pwa/bytes.ts";
import type { OwnRecord } from "../../../pwa/ctx.ts";
import type { Chance } from "./chance.ts";
import type { Served } from "./county.ts";
import type { Page } from "./handset.ts";

/** `token` stands in what the agent wrote, so that it can be found again wherever it went. */
export interface Deed {
  kind: string;
  token: string;
  resident: Served;
  do(page: Page): Promise<boolean>;
}

export interface Told {
  token: string;
  /** Of the record that bears the token. */
  kind: string;
  subject: string | null;
}

const KINDS = {
  "looked in": { weight: 4, does: lookedIn, writes: "visit.ended" },
  "signed visit": { weight: 4, does: signedVisit, writes: "visit.ended" },
  verification: { weight: 4, does: verification, writes: "verification.captured" },
  request: { weight: 2, does: request, writes: "request.raised" },
  "somebody new": { weight: 1, does: somebodyNew, writes: "resident.provisional" },
  complaint: { weight: 1, does: complaint, writes: "complaint.made" },
  correction: { weight: 1, does: correction, writes: "record.corrected" },
} as const;

type Kind = keyof typeof KINDS;

/** What text fields have swallowed: half an emoji, a NUL, what looks like markup, too much. */
const NASTY = ["", "", "", "", "", "\ud83d", "\u0000", "<b>&quot;", "很长的话。".repeat(60), "'; DROP TABLE visit; --"];

export function makeDeed(chance: Chance, residents: readonly Served[], token: string): Deed {
  const kind = chance.weighed(Object.entries(KINDS).map(([name, { weight }]) => [weight, name as Kind] as const));
  const resident = chance.one(residents);
  const words = `${token}。${chance.one(NASTY)}`;
  const bytes = chance.between(200, 6_000);
  const twice = chance.happens(0.15);
  return { kind, token, resident, do: (page) => KINDS[kind].does(page, { resident, words, token, bytes, twice }) };
}

export function kindWritten(deed: Deed): string {
  return KINDS[deed.kind as Kind].writes;
}

interface Way {
  resident: Served;
  words: string;
  token: string;
  bytes: number;
  /** The save is tapped twice. */
  twice: boolean;
}

async function lookedIn(page: Page, { resident, words, twice }: Way): Promise<boolean> {
  const form = `/field/visits/new?resident=${resident.id}`;
  await page.get(form);
  return save(page, form, { outcome: "not_home", reasons: "care", notes: words }, twice);
}

async function signedVisit(page: Page, { resident, words, bytes, twice }: Way): Promise<boolean> {
  const form = `/field/visits/new?resident=${resident.id}`;
  await page.get(form);
  const asked = await page.post(form, { outcome: "done", reasons: "care", notes: words });
  if (asked.status !== 200 || !went(asked).startsWith("/field/visits/mark")) return false;
  const signed = await sign(page, `visit:${resident.id}`, bytes);
  return save(page, `/field/visits/mark?resident=${resident.id}`, signed, twice);
}

async function verification(page: Page, { resident, token, bytes, twice }: Way): Promise<boolean> {
  const start = `/field/residents/${resident.id}/verification`;
  let answer = await page.get(start);
  if (went(answer).includes("/consents/")) {
    answer = await page.post(went(answer), { by: "self", answer: "aloud" });
    answer = await page.get(start);
  }
  if (answer.status !== 200) return false;
  answer = await page.post(start, { document: "id_card" });
  if (!went(answer).endsWith("/camera")) return false;
  const draft = await page.store.drafts.get(`verification:${resident.id}`);
  if (!draft) return false;
  await page.store.photos.put(draft.id, "picture", crypto.getRandomValues(new Uint8Array(bytes)).buffer, "image/jpeg");
  answer = await page.post(`${start}/camera`, { picture: "taken" });
  if (!went(answer).endsWith("/confirm")) return false;
  const signed = await sign(page, `verification:${resident.id}`, 300);
  const form = { ...signed, witness: "other", witness_other: `证人${token} 邻居`, condition: "weak" };
  return save(page, `${start}/confirm`, form, twice);
}

async function request(page: Page, { resident, words, twice }: Way): Promise<boolean> {
  const form = `/field/residents/${resident.id}/request`;
  await page.get(form);
  const draft = await page.store.drafts.open(`request:${resident.id}`);
  return save(page, form, { event: draft.id, words }, twice);
}

async function somebodyNew(page: Page, { token, twice }: Way): Promise<boolean> {
  await page.get("/field/people/new");
  const me = await page.store.me.get();
  const area = Object.keys(me.villages)[0] ?? "";
  const [draft] = (await page.store.drafts.list()).filter(({ key }) => key.startsWith("provisional"));
  const form = { ...(draft ? { event: draft.id } : {}), name: "王桂珍", area, why_here: token };
  return save(page, "/field/people/new", form, twice);
}

async function complaint(page: Page, { words, twice }: Way): Promise<boolean> {
  await page.get("/field/complaints/new");
  const [draft] = (await page.store.drafts.list()).filter(({ key }) => key.startsWith("complaint"));
  return save(
    page,
    "/field/complaints/new",
    { ...(draft ? { event: draft.id } : {}), kind: "complaint", words },
    twice,
  );
}

async function correction(page: Page, { words }: Way): Promise<boolean> {
  const own = await page.store.records.list();
  const corrected = new Set(own.map(({ body }) => body.corrects));
  const old = own.find(({ id, kind, state }) => kind === "visit.ended" && state !== "refused" && !corrected.has(id));
  if (!old) return false;
  const form = `/field/records/${old.id}/correction`;
  if ((await page.get(form)).status !== 200) return false;
  return save(page, form, { outcome: "refused", reasons: "care", notes: words, why: "写错了" }, false);
}

/** Send the form; told "saved" is what the next page says. */
async function save(page: Page, path: string, form: Record<string, string>, twice: boolean): Promise<boolean> {
  const taps = twice ? [page.post(path, form), page.post(path, form)] : [page.post(path, form)];
  const answers = await Promise.allSettled(taps);
  const first = answers.find(({ status }) => status === "rejected") as PromiseRejectedResult | undefined;
  if (first) throw first.reason;
  return answers.some(
    (answer) => answer.status === "fulfilled" && answer.value.status === 200 && went(answer.value).includes("said="),
  );
}

async function sign(page: Page, key: string, bytes: number): Promise<Record<string, string>> {
  const draft = await page.store.drafts.open(key);
  const strokes = utf8(
    JSON.stringify({ v: 1, w: 300, h: 150, strokes: [Array.from({ length: bytes % 400 }, () => 1)] }),
  );
  const { sha256 } = await page.store.photos.put(draft.id, "mark", strokes.buffer as ArrayBuffer, "application/json");
  return { event: draft.id, mark_kind: "signature", mark: sha256 };
}

function went(answer: Response): string {
  return answer.headers.get("HX-Push-Url") ?? "";
}

/** The record on the phone that bears the agent's words. */
export function bears(record: OwnRecord, token: string): boolean {
  return JSON.stringify(record.body).includes(token);
}
