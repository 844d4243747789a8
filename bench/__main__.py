"""`python -m bench push [--json]`: run one measurement."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

try:
    from bench import faults, push
except ImportError as missing:
    raise SystemExit(
        f"The measurements need what the tests need ({missing.name}): run `python3 dev.py test` once."
    ) from None


def main() -> int:
    if sys.argv[1:2] == ["faults"]:  # it measures no time, and has its own words
        return faults.main(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    benches = parser.add_subparsers(dest="bench", required=True)
    pushing = benches.add_parser("push", help="visits pushed by phones: how many a second, and a core-second")
    pushing.add_argument("--json", action="store_true", help="one JSON line for each database")
    pushing.add_argument("--database", choices=push.DATABASES, action="append", help="only this one (default: both)")
    pushing.add_argument("--visits", type=int, default=8000)
    pushing.add_argument("--batch", type=int, default=20, help="visits in one request")
    pushing.add_argument("--phones", type=int, default=40, help="agents who send, spread over the county's townships")
    pushing.add_argument("--at-once", type=int, default=8, help="requests under way at any time")
    pushing.add_argument(
        "--workers", type=int, default=0, help="gunicorn's processes (default: 1 on SQLite, 2 on PostgreSQL)"
    )
    pushing.add_argument("--threads", type=int, default=8, help="threads of each")
    options = parser.parse_args()
    results = []
    for database in options.database or push.DATABASES:
        found = push.measure(
            database, visits=options.visits, batch=options.batch, phones=options.phones, at_once=options.at_once,
            workers=options.workers, threads=options.threads,
        )  # fmt: skip
        results.append(found)
        if options.json:
            print(json.dumps(asdict(found)), flush=True)
    if not options.json:
        print_table(results)
    return 0


def print_table(results: list[push.Result]) -> None:
    """One column for each database; the budget of design §9 beside what was measured."""
    rows = [asdict(found) for found in results]
    print(f"{'':<28}" + "".join(f"{row['database']:>14}" for row in rows))
    for name in rows[0]:
        if name != "database":
            print(f"{name:<28}" + "".join(f"{row[name]:>14,}" for row in rows))
    print(f"{'budget (per core-second)':<28}" + "".join(f"{push.BUDGET[row['database']]:>14,}" for row in rows))


if __name__ == "__main__":
    sys.exit(main())
