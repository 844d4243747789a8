/** The phone's clock, what the county's clock said of it, and days in Asia/Shanghai (UTC+8 all year). */
import type { Clock } from "./ctx.ts";
import type { Heard } from "./store/device.ts";

const SHANGHAI_MS = 8 * 3600 * 1000;

export function dayOf(at: Date | string): string {
  return new Date(new Date(at).getTime() + SHANGHAI_MS).toISOString().slice(0, 10);
}

/** So far off a clock is still right: people set them to the minute. */
const RIGHT_MS = 120_000;

/** What is wrong with the phone's clock: what the county's last answer said of it, or that it stands before what has been. */
export type WrongClock = { kind: "slow" | "fast"; minutes: number } | { kind: "behind"; since: string };

export class PhoneClock implements Clock {
  /** Last answer of the server; kept up by sync. */
  heard: Heard | null = null;
  /** Ms: when this program was built, and the newest record not yet answered for: no clock that is right stands before them. */
  built = Number.NEGATIVE_INFINITY;
  written = Number.NEGATIVE_INFINITY;

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

  /** Something is written now: from here on it is later. */
  passed(at: Date): void {
    this.written = Math.max(this.written, at.getTime());
  }

  /** What the county says now is newer than whatever this clock wrote before. */
  answered(heard: Heard): void {
    this.heard = heard;
    this.written = Number.NEGATIVE_INFINITY;
  }

  /** Said to the agent, and never a reason to stop: the record carries what is known, and the county puts it right. */
  wrong(): WrongClock | null {
    const off = this.offset().ms ?? 0;
    if (Math.abs(off) <= RIGHT_MS) {
      const told = this.heard ? this.heard.at + this.heard.offset_ms : Number.NEGATIVE_INFINITY; // the county's own clock
      const past = Math.max(this.built, this.written, told);
      return this.read().getTime() < past - RIGHT_MS ? { kind: "behind", since: new Date(past).toISOString() } : null;
    }
    return { kind: off > 0 ? "slow" : "fast", minutes: Math.round(Math.abs(off) / 60_000) };
  }
}
