/**
 * A life verification at the bedside: document seen, live picture with its gesture, a witness, the mark (R-LIF-7, R-LIF-10).
 * Where consent stands it takes five presses: begin, document, shutter, witness, keep. What could not be is said as plainly.
 */
import { uuid7 } from "../bytes.ts";
import type { Correctable } from "../corrections.ts";
import { type Ctx, type Draft, Problem, type ResidentCard, type Route, record, seeOther } from "../ctx.ts";
import {
  cardOf,
  type Errors,
  type Mark,
  type MarkValues,
  markValues,
  NO_MARK,
  none,
  oneOf,
  readMark,
  whom,
  words,
} from "../fields.ts";
import { localDay, masked_id } from "../filters.ts";
import type { VerificationCaptured, VerificationNotTaken } from "../generated/wire.ts";
import { isSecondTap } from "../second_tap.ts";
import { visitWithoutWords } from "../under_way.ts";
import { fieldsIn, fieldsOf, putBeside, read as readVisit, visitFact } from "./visits.ts";

export const routes: Route[] = [
  ["GET", "/field/residents/:id/verification", begin],
  ["POST", "/field/residents/:id/verification", seeDocument],
  ["GET", "/field/residents/:id/verification/camera", camera],
  ["POST", "/field/residents/:id/verification/camera", taken],
  ["GET", "/field/residents/:id/verification/gestures", gestures],
  ["GET", "/field/residents/:id/verification/confirm", confirm],
  ["POST", "/field/residents/:id/verification/confirm", keep],
  ["GET", "/field/residents/:id/app", askApp],
  ["POST", "/field/residents/:id/app", keepApp],
  ["GET", "/field/residents/:id/kin", askKin],
  ["POST", "/field/residents/:id/kin", keepKin],
  ["GET", "/field/residents/:id/loss", askLoss],
  ["POST", "/field/residents/:id/loss", keepLoss],
];

const ABILITIES = ["normal", "one_side", "bedridden", "none"] as const;
const DOCUMENTS = ["id_card", "household_book", "none"] as const;
const CONDITIONS = ["healthy", "weak", "bedridden", "hospital"] as const;
const LOSSES = ["double_benefit", "missing", "serving_sentence", "lost_nationality", "other"] as const;
const WITNESSES = ["before", "helper", "guardian", "other"] as const;
type Ability = (typeof ABILITIES)[number];
type Condition = VerificationCaptured["condition"];

const home = (id: string): string => `/field/residents/${id}`;
const step = (id: string, name = ""): string => `${home(id)}/verification${name ? "/" : ""}${name}`;
const draftKey = (id: string): string => `verification:${id}`;

/** The entitlements this attempt is for; a retake is for those of the attempt sent back. */
function wanted(card: ResidentCard): ResidentCard["entitlements"] {
  const open = card.entitlements.filter(({ taken }) => !taken);
  return open.length ? open : card.tasks.some(({ kind }) => kind === "retake") ? card.entitlements : [];
}

async function benefitsOf(ctx: Ctx, card: ResidentCard): Promise<string[]> {
  const county = await ctx.store.county.get();
  return wanted(card).map(({ benefit }) => county.benefits[benefit] ?? benefit);
}

const retakeOf = (card: ResidentCard) => card.tasks.find(({ kind }) => kind === "retake");

/* ---- 1: the document, after whatever forbids to begin */

async function begin(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const person = whom(ctx, card);
  if (card.life || wanted(card).length === 0) return seeOther(home(card.id));
  if (card.kin) return seeOther(`${home(card.id)}/kin`);
  const consent = card.consents.life_verification ?? "";
  if (consent === "") return seeOther(`${home(card.id)}/consents/life_verification?then=verification`);
  if (consent !== "given") {
    const { lead } = await ctx.store.me.get();
    return ctx.render("field/verification_refused.html", { back: home(card.id), person, lead: lead ?? null });
  }
  const draft = await ctx.store.drafts.open(draftKey(card.id));
  // Killed after the picture: it goes on where it was, on the same field.
  const again = ctx.query.has("again"); // stepped back on purpose
  if (!again && isFresh(ctx, draft) && (await ctx.store.photos.info(draft.id, "picture")))
    return seeOther(step(card.id, "confirm"));
  // Killed at the camera, before the picture was kept: only that is to be done again.
  if (!again && draft.fields.document && draft.fields.ability && localDay(draft.at) === ctx.clock.today())
    return seeOther(step(card.id, "camera"));
  return ctx.render("field/verification.html", {
    ...{ action: step(card.id), back: home(card.id), person, draft, draft_key: draft.key },
    ...{ benefits: await benefitsOf(ctx, card), masked: masked_id(card.id_number || card.id_masked) },
    why_again: retakeOf(card)?.why ?? "",
  });
}

/** Of today: a picture left lying is not taken for somebody seen now. */
function isFresh(ctx: Ctx, draft: Draft): boolean {
  const at = draft.fields.captured_at?.[0];
  return at !== undefined && localDay(at) === ctx.clock.today();
}

async function seeDocument(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const document = oneOf(ctx.form, "document", DOCUMENTS);
  if (!document) return begin(ctx);
  await ctx.store.drafts.keep(draftKey(card.id), { document: [document] });
  return seeOther(step(card.id, "camera"));
}

/** The draft of an attempt whose document was seen; without one it begins again. */
async function begun(ctx: Ctx, card: ResidentCard): Promise<Draft> {
  const draft = await ctx.store.drafts.get(draftKey(card.id));
  if (!draft?.fields.document) throw new Problem("form-gone", { path: step(card.id) }, 404);
  return draft;
}

/* ---- 2: the picture */

async function camera(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await begun(ctx, card);
  const ability = oneOf(ctx.query, "ability", ABILITIES) || abilityOf(card);
  const { challenge } = card;
  const gesture = await gestureOf(ctx, card, ability);
  await ctx.store.drafts.keep(draft.key, asked(card, ability));
  return ctx.render("field/verification_camera.html", {
    ...{
      action: `${step(card.id, "camera")}?ability=${ability}`,
      back: `${step(card.id)}?again=1`,
      other: step(card.id, "gestures"),
    },
    ...{
      person: whom(ctx, card),
      draft,
      gesture,
      challenge: Boolean(challenge),
    },
    lapsed: challenge ? Date.parse(challenge.ends_at) <= ctx.clock.now().getTime() : false,
  });
}

/** A sync may bring another gesture before the save: what counts is the one that was on the screen. */
function asked(card: ResidentCard, ability: Ability): Record<string, string[]> {
  const { id, gestures } = card.challenge ?? { id: "", gestures: {} as Record<string, string> };
  return { ability: [ability], challenge: [id], gesture: [gestures[ability] ?? ""] };
}

/** Someone bedridden last time, or so noted, is not asked to lift an arm first. */
function abilityOf(card: ResidentCard): Ability {
  return card.condition === "bedridden" || card.needs.includes("bedridden") ? "bedridden" : "normal";
}

async function gestureOf(
  ctx: Ctx,
  card: ResidentCard,
  ability: Ability,
  code = card.challenge?.gestures[ability] ?? "",
): Promise<{ code: string; words: string }> {
  const found = (await ctx.store.county.get()).gestures.find((one) => one.code === code);
  return { code, words: found?.words ?? "" }; // said to the person: in Chinese whatever the screen speaks
}

async function gestures(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const options = await Promise.all(
    ABILITIES.map(async (ability) => {
      const href = `${step(card.id, "camera")}?ability=${ability}`;
      return { ability, href, ...(await gestureOf(ctx, card, ability)) };
    }),
  );
  return ctx.render("field/gestures.html", {
    back: step(card.id, "camera"),
    person: whom(ctx, card),
    options,
  });
}

async function taken(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await begun(ctx, card);
  const ability = oneOf(ctx.query, "ability", ABILITIES) || abilityOf(card);
  if (!(await ctx.store.photos.info(draft.id, "picture")))
    return seeOther(`${step(card.id, "camera")}?ability=${ability}`);
  const shown = fieldsOf(draft).get("ability") === ability ? {} : asked(card, ability);
  await ctx.store.drafts.keep(draft.key, { ...shown, captured_at: [ctx.clock.now().toISOString()] });
  return seeOther(step(card.id, "confirm"));
}

/* ---- 3: look once, then keep */

interface Values {
  witness: (typeof WITNESSES)[number] | "";
  other: string;
  condition: (typeof CONDITIONS)[number] | "";
}

async function confirm(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await begun(ctx, card);
  if (!isFresh(ctx, draft)) return seeOther(step(card.id, "camera"));
  const fields = fieldsOf(draft);
  const values = read(fields);
  const before = oneOf(new URLSearchParams({ condition: card.condition }), "condition", CONDITIONS);
  const mark = fields.has("mark_kind") ? markValues(fields) : NO_MARK;
  return confirmPage(ctx, card, draft, { ...values, condition: values.condition || before }, mark, {});
}

async function confirmPage(
  ctx: Ctx,
  card: ResidentCard,
  draft: Draft,
  values: Values,
  mark: MarkValues,
  errors: Errors,
): Promise<Response> {
  const kept = fieldsOf(draft);
  const ability = oneOf(kept, "ability", ABILITIES) || "normal";
  return ctx.render(
    "field/verification_confirm.html",
    {
      ...{
        action: step(card.id, "confirm"),
        back: step(card.id, "camera"),
        again: `${step(card.id, "camera")}?ability=${ability}`,
      },
      ...{ person: whom(ctx, card), draft, draft_key: draft.key, benefits: await benefitsOf(ctx, card) },
      gesture: await gestureOf(ctx, card, ability, kept.get("gesture") ?? ""),
      ...{ witnesses: known(card), values, mark, errors },
      condition_before: card.condition,
    },
    none(errors) ? {} : { status: 422 },
  );
}

/** Who stood by last time, and who helps: to press, not to type. */
function known(
  card: ResidentCard,
): { value: string; words: string; name: string; relation: string; resident: string | null }[] {
  const people = [
    {
      value: "before",
      name: card.witness?.name ?? "",
      relation: card.witness?.relation ?? "",
      resident: card.witness?.resident ?? null,
    },
    { value: "helper", name: card.helper?.name ?? "", relation: card.helper?.relation ?? "", resident: null },
    {
      value: "guardian",
      name: card.guardian?.name ?? "",
      relation: card.guardian?.relation ?? "",
      resident: null,
    },
  ];
  return people
    .filter((one, at) => one.name && people.findIndex(({ name }) => name === one.name) === at)
    .map((one) => ({ ...one, words: `${one.relation} ${one.name}`.trim() }));
}

async function keep(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  if (await isSecondTap(ctx, ctx.form.get("event"), draftKey(card.id)))
    return seeOther(`${home(card.id)}?said=verification`);
  const draft = await begun(ctx, card);
  const values = read(ctx.form);
  const { mark, blobs, errors } = await readMark(ctx, draft.id);
  const witness = witnessOf(card, values);
  Object.assign(errors, await errorsOf(ctx, values, witness));
  await ctx.store.drafts.keep(draft.key, fieldsIn(ctx.form));
  if (!none(errors) || !mark) return confirmPage(ctx, card, draft, values, markValues(ctx.form), errors);

  const fields = fieldsOf(draft);
  const ability = oneOf(fields, "ability", ABILITIES) || "normal";
  await capture(ctx, card, draft, ["picture", ...blobs], {
    challenge: fields.get("challenge") || null,
    gesture: fields.get("gesture") || ability,
    document: oneOf(fields, "document", DOCUMENTS) || "none",
    ...{ condition: values.condition as Condition, witness, mark: mark as VerificationCaptured["mark"] },
    captured_at: fields.get("captured_at") ?? ctx.clock.now().toISOString(),
  });
  return seeOther(`${home(card.id)}?said=verification`);
}

async function errorsOf(ctx: Ctx, values: Values, witness: VerificationCaptured["witness"]): Promise<Errors> {
  const errors: Errors = {};
  const { name: agent } = (await ctx.store.me.get()).person;
  if (!values.witness) errors.witness = ctx.t("Choose who stands by");
  else if (!witness.name) errors.witness_other = ctx.t("Write the name and how they are related");
  else if (witness.name === agent) errors.witness = ctx.t("You cannot be the witness, ask somebody else");
  if (!values.condition) errors.condition = ctx.t("Choose how they are");
  return errors;
}

/** The verification and the visit it was, all or nothing; the card says so before the county does. */
async function capture(
  ctx: Ctx,
  card: ResidentCard,
  draft: Draft,
  blobs: string[],
  seen: Pick<VerificationCaptured, "document" | "condition" | "witness" | "mark" | "captured_at"> &
    Partial<VerificationCaptured>,
): Promise<void> {
  const entitlements = wanted(card).map(({ id }) => id);
  const begun = await visitWithoutWords(ctx, card.id);
  const visit = begun?.id ?? uuid7(ctx.clock.now());
  const retake_of = retakeOf(card)?.id ?? null;
  const body: VerificationCaptured = { verification: draft.id, visit, entitlements, kin: card.kin, retake_of, ...seen };
  const { condition, witness, mark } = body;
  const visited = await visitAround(
    ctx,
    card,
    visit,
    draft.id,
    mark as Mark,
    blobs.filter((role) => role === "mark"),
    begun,
  );
  await record(ctx, [
    { id: draft.id, kind: "verification.captured", subject: card.id, body: { ...body }, draft: draft.key, blobs },
    {
      ...visited,
      change: {
        ...visited.change,
        condition,
        witness: { name: witness.name ?? "", relation: witness.relation ?? "", resident: witness.resident ?? null },
        entitlements: card.entitlements.map((one) =>
          entitlements.includes(one.id) ? { ...one, taken: "captured" } : one,
        ),
        tasks: card.tasks.filter(({ kind }) => kind !== "retake" && kind !== "revisit"),
      },
    },
  ]);
}

/* ---- done by the family in the agency's own app: its receipt instead of a picture (R-LIF-8) */

async function askApp(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  if (card.life || wanted(card).length === 0) return seeOther(home(card.id));
  const draft = await ctx.store.drafts.open(`app:${card.id}`);
  const before = oneOf(new URLSearchParams({ condition: card.condition }), "condition", CONDITIONS);
  return appPage(ctx, card, draft, { ...read(fieldsOf(draft)), condition: before }, "", {});
}

async function appPage(
  ctx: Ctx,
  card: ResidentCard,
  draft: Draft,
  values: Values,
  receipt: string,
  errors: Errors,
): Promise<Response> {
  return ctx.render(
    "field/verification_app.html",
    {
      ...{ action: `${home(card.id)}/app`, back: home(card.id), person: whom(ctx, card), draft, draft_key: draft.key },
      ...{ benefits: await benefitsOf(ctx, card), witnesses: known(card), values, receipt, errors },
      condition_before: card.condition,
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function keepApp(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  if (await isSecondTap(ctx, ctx.form.get("event"), `app:${card.id}`))
    return seeOther(`${home(card.id)}?said=verification`);
  const draft = await ctx.store.drafts.open(`app:${card.id}`);
  const values = read(ctx.form);
  const witness = witnessOf(card, values);
  const receipt = words(ctx.form, "receipt");
  const errors = await errorsOf(ctx, values, witness);
  if (!receipt) errors.receipt = ctx.t("Copy the number the app shows at the end");
  if (!none(errors)) return appPage(ctx, card, draft, values, receipt, errors);
  await capture(ctx, card, draft, [], {
    ...{ document: "none", condition: values.condition as Condition, witness, official_app_receipt: receipt },
    mark: { kind: "none", why: ctx.t("done in the official app") },
    captured_at: ctx.clock.now().toISOString(),
  });
  return seeOther(`${home(card.id)}?said=verification`);
}

/** The visit a verification is: it bears the same mark. */
async function visitAround(
  ctx: Ctx,
  card: ResidentCard,
  id: string,
  verification: string,
  mark: Mark,
  blobs: string[],
  begun: Draft | undefined,
): ReturnType<typeof visitFact> {
  await putBeside(ctx, verification, id, blobs);
  const values = { ...readVisit(new URLSearchParams()), outcome: "done" as const, reasons: ["verification"] };
  const fact = await visitFact(ctx, card, { id, key: "" }, values, mark, blobs, {
    verifications: [verification],
    began: begun?.id ?? verification,
  });
  const { draft: _none, ...rest } = fact;
  return begun ? { ...rest, draft: begun.key } : rest;
}

function witnessOf(card: ResidentCard, values: Values): VerificationCaptured["witness"] {
  const found = known(card).find(({ value }) => value === values.witness);
  if (found) return { name: found.name, relation: found.relation, resident: found.resident };
  const [name = "", relation = ""] = values.other.split(/[，,、;；\s]+/, 2);
  return { name, relation };
}

function read(form: URLSearchParams): Values {
  return {
    witness: oneOf(form, "witness", WITNESSES),
    other: words(form, "witness_other"),
    condition: oneOf(form, "condition", CONDITIONS),
  };
}

/* ---- what could not be */

async function askKin(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const draft = await ctx.store.drafts.open(`kin:${card.id}`);
  return ctx.render("field/kin.html", {
    ...{
      action: `${home(card.id)}/kin`,
      back: home(card.id),
      person: whom(ctx, card),
      draft,
      draft_key: draft.key,
    },
    declared: card.kin,
  });
}

/** A relation does not verify a relation: another agent comes (R-LIF-9). */
async function keepKin(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  await notTaken(ctx, card, `kin:${card.id}`, { outcome: "kin" }, { kin: true });
  return seeOther(`${home(card.id)}?said=kin`);
}

async function askLoss(ctx: Ctx): Promise<Response> {
  return lossPage(ctx, await cardOf(ctx), { loss: "", remarks: "" }, {});
}

async function lossPage(
  ctx: Ctx,
  card: ResidentCard,
  values: { loss: string; remarks: string },
  errors: Errors,
): Promise<Response> {
  const draft = await ctx.store.drafts.open(`loss:${card.id}`);
  return ctx.render(
    "field/loss.html",
    {
      ...{
        action: `${home(card.id)}/loss`,
        back: home(card.id),
        person: whom(ctx, card),
        draft,
        draft_key: draft.key,
      },
      ...{ values, errors },
    },
    none(errors) ? {} : { status: 422 },
  );
}

async function keepLoss(ctx: Ctx): Promise<Response> {
  const card = await cardOf(ctx);
  const values = { loss: oneOf(ctx.form, "loss", LOSSES), remarks: words(ctx.form, "remarks", 200) };
  const errors: Errors = {};
  if (!values.loss) errors.loss = ctx.t("Choose one");
  if (!values.remarks) errors.remarks = ctx.t("Say from whom you know it");
  if (!none(errors)) return lossPage(ctx, card, values, errors);
  const { loss, remarks } = values;
  await notTaken(ctx, card, `loss:${card.id}`, { outcome: "suspected_loss", loss, remarks });
  return seeOther(`${home(card.id)}?said=not_taken`);
}

async function notTaken(
  ctx: Ctx,
  card: ResidentCard,
  key: string,
  why: Pick<VerificationNotTaken, "outcome" | "loss" | "remarks">,
  change: Partial<ResidentCard> = {},
): Promise<void> {
  const draft = await ctx.store.drafts.open(key);
  const id = ctx.form.get("event") || draft.id;
  const body: VerificationNotTaken = {
    verification: id,
    entitlements: wanted(card).map((one) => one.id),
    ...why,
  };
  await record(ctx, {
    id,
    kind: "verification.not_taken",
    subject: card.id,
    body: { ...body },
    draft: key,
    change,
  });
}

/* ---- put right within two working days: what was written beside the picture; the picture, the mark and their time stay */

export const correctable: Correctable = {
  template: "field/verification_correct.html",
  async show(ctx, old, again) {
    const card = await cardOf(ctx, old.subject ?? "");
    const body = old.body as unknown as VerificationCaptured;
    const values = again ? read(ctx.form) : written(body, card);
    const document = again ? oneOf(ctx.form, "document", DOCUMENTS) : body.document;
    const remarks = again ? words(ctx.form, "remarks", 200) : (body.remarks ?? "");
    return { witnesses: known(card), values: { ...values, document, remarks } };
  },
  async read(ctx, old) {
    const card = await cardOf(ctx, old.subject ?? "");
    const values = read(ctx.form);
    const witness = witnessOf(card, values);
    const errors = await errorsOf(ctx, values, witness);
    const document = oneOf(ctx.form, "document", DOCUMENTS);
    if (!document) errors.document = ctx.t("Choose one");
    const remarks = words(ctx.form, "remarks", 200);
    return { errors, body: { ...old.body, document, condition: values.condition, witness, remarks } };
  },
};

/** The form as the first record filled it. */
function written(body: VerificationCaptured, card: ResidentCard): Values {
  const { name = "", relation = "" } = body.witness;
  const found = known(card).find((one) => one.name === name);
  const witness = (found?.value ?? "other") as Values["witness"];
  return { witness, other: found ? "" : [name, relation].filter(Boolean).join("，"), condition: body.condition };
}
