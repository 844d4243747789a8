/** The way back in when the PIN is forgotten: the code the county keeps, and whom to call for it. */
import { sealRecovery, signRecovery } from "./envelope.ts";
import type { DB } from "./store/db.ts";
import * as device from "./store/device.ts";
import type { KeyRing, Vault } from "./vault.ts";
import type { Me } from "./wire.ts";

export const DIGITS = 24;
export const GROUPS = 6;

/** What was typed, as digits: spaces, hyphens, full-width figures and the like do not matter. */
export function readDigits(typed: string): string {
  return typed.normalize("NFKC").replace(/\D/g, "");
}

/** Seal the newest code to the county while the phone is open, so that it can leave also when it is locked. */
export async function sealCode(db: DB, vault: Vault, ring: KeyRing): Promise<void> {
  const identity = await device.get(db, "identity");
  if (!identity) return;
  await vault.sealCode(ring, async (n, digits) => {
    const sealed = await sealRecovery(digits, identity.device, identity.county_key);
    return { sealed, signature: await signRecovery(identity.device, n, sealed, ring.signing) };
  });
}

/** Whom to call stands in clear: a lead's name and office number hang in every village, and a finder may need them too. */
export async function keepWhomToCall(db: DB, { lead }: Pick<Me, "lead">): Promise<void> {
  if (lead?.phone) await device.put(db, "call", { name: lead.name, phone: lead.phone });
}
