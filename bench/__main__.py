"""`python -m bench NAME` runs one measurement of docs/benchmarks.md; `python -m bench all` all of them, each in its own
process, and goes on after one that fails. `--write` keeps what was found and writes docs/benchmarks.md from it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, is_dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: In the order of the page. `photo`, `size`, `phone` and `faults` are of the phone program.
NAMES = ("push", "growth", "pictures", "pull", "log", "export", "badge", "enrol", "photo", "size", "phone", "faults")
#: These have a table of their own and no budget of design §9; `all` leaves them out.
ALONE = ("photo", "faults")


def names() -> list[str]:
    """Those that are here."""
    return [name for name in NAMES if (HERE / f"{name}.py").exists()]


def main() -> int:
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    if asked in names():
        return one(asked, sys.argv[2:])
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("bench", choices=["all", *names()], help="which one; each has --help of its own")
    common(parser)
    parser.add_argument("--only", default="", help="of all, only these: push,log")
    parser.add_argument("--write", action="store_true", help="keep what was found; write docs/benchmarks.md")
    return everything(parser.parse_args())


def common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON line for each thing measured")
    parser.add_argument(
        "--quick", action="store_true", help="small numbers, to see that it runs; times then mean nothing"
    )
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql"), action="append", help="only this one (default: both)"
    )


def one(name: str, args: list[str]) -> int:
    """Run one measurement here. A module with a `main` of its own reads its options itself."""
    try:
        module = import_module(f"bench.{name}")
    except ImportError as missing:
        raise SystemExit(
            f"The measurements need what the tests need ({missing.name}): run `python3 dev.py test` once."
        ) from None
    if hasattr(module, "main"):
        sys.argv[1:] = args
        return int(module.main(*([args] if signature(module.main).parameters else [])) or 0)
    parser = argparse.ArgumentParser(prog=f"python -m bench {name}", description=module.__doc__)
    common(parser)
    if hasattr(module, "add_options"):
        module.add_options(parser)
    options = vars(parser.parse_args(args))
    as_json, databases = options.pop("json"), options.pop("database")
    options |= {"databases": databases} if databases else {}
    missed = 0
    for found in module.measure(**{k: v for k, v in options.items() if k in signature(module.measure).parameters}):
        missed += not found.ok
        said = asdict(found) if is_dataclass(found) and not isinstance(found, type) else dict(found)
        print(json.dumps(said, ensure_ascii=False) if as_json else line(said), flush=True)
    return 1 if missed and not options["quick"] else 0


def line(found: dict[str, Any]) -> str:
    word = "ok    " if found["ok"] else "MISSED"
    head = f"{word} {found['row']} [{found['database'] or '-'}]: {found['found']:g} {found['unit']} (budget {found['budget']:g})"
    return head + "".join(f"\n         {name}: {value}" for name, value in found["details"].items())


def everything(options: argparse.Namespace) -> int:
    """Each in its own process; gives 1 if any missed its budget or did not run."""
    wanted = [name for name in names() if name not in ALONE and (not options.only or name in options.only.split(","))]
    results: dict[str, list[dict[str, Any]]] = {}
    failed: dict[str, str] = {}
    for name in wanted:
        command = [sys.executable, "-m", "bench", name, "--json", *(["--quick"] if options.quick else [])]
        command += [part for database in options.database or () for part in ("--database", database)]
        done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
        results[name] = found = [json.loads(said) for said in done.stdout.splitlines() if said.startswith('{"row"')]
        if not found or done.returncode not in (0, 1):
            failed[name] = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        for each in found:
            print(json.dumps(each, ensure_ascii=False) if options.json else line(each), flush=True)
        if name in failed:
            print(f"{name} did not run: {failed[name]}", file=sys.stderr, flush=True)
    if options.write:
        from bench import page

        page.keep(results, failed, quick=options.quick)
        page.write()
    missed = [each for found in results.values() for each in found if not each["ok"]]
    return 1 if failed or (missed and not options.quick) else 0


if __name__ == "__main__":
    sys.exit(main())
