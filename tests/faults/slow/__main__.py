"""`python -m tests.faults.slow --seed S [--runs N]`: play seeds and tell their stories."""

from __future__ import annotations

import argparse
import signal
import sys
import time
import traceback
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.faults.slow import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.slow", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--runs", type=int, default=1, help="so many seeds, one after the other")
    parser.add_argument("--made", type=Path, help="a prepared county to begin with (default: make one)")
    options = parser.parse_args()
    failed = 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside, it still ends what it started
    with sync_playwright() as playwright:
        for seed in range(options.seed, options.seed + options.runs):
            begun = time.monotonic()
            try:
                ledger = run(seed, playwright=playwright, made=options.made)
            except Exception:
                traceback.print_exc(file=sys.stdout)
                failed += 1
                continue
            failed += bool(ledger.failures)
            if options.runs == 1 or ledger.failures:
                print(ledger.text(), flush=True)
            print(
                f"seed {seed}: {len(ledger.failures)} failures, {time.monotonic() - begun:.1f} s, {ledger.counts()}",
                flush=True,
            )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
