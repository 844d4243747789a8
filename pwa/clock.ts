/** The phone's clock, what the county's clock said of it, and days in Asia/Shanghai (UTC+8 all year). */
import type { Clock } from "./ctx.ts";
import type { Heard } from "./store/device.ts";

const SHANGHAI_MS = 8 * 3600 * 1000;

export function dayOf(at: Date | string): string {
  return new Date(new Date(at).getTime() + SHANGHAI_MS).toISOString().slice(0, 10);
}

export class PhoneClock implements Clock {
  /** Last answer of the server; kept up by sync. */
  heard: Heard | null = null;

  constructor(readonly read: () => Date = () => new Date()) {}

  now(): Date {
    return this.read();
  }

  today(): string {
    return dayOf(this.read());
  }

  offset(): { ms: number | null; age_s: number | null } {
    if (!this.heard) return { ms: null, age_s: null };
    // A clock set back since makes the age negative: unknown is more honest than a number.
    const age = Math.round((this.read().getTime() - this.heard.at) / 1000);
    return age < 0 ? { ms: null, age_s: null } : { ms: this.heard.offset_ms, age_s: age };
  }
}
