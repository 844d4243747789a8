"""The clock's process as it writes one workbook; bench/export.py starts it and reads what it says.

It is what `huey_consumer jobs.huey` has in memory, and does what its job does; only the log ends after so many rows.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import huey.consumer  # noqa: F401  (what runs the jobs is in memory too)

import jobs
from api.office import log_search


def main(rows: int) -> None:
    every = log_search.every

    def first(asked: log_search.Asked) -> Iterator[list[Any]]:
        lines = (line for part in every(asked) for line in part)
        left = islice(lines, rows)
        return iter(lambda: list(islice(left, 1000)), [])

    log_search.every = first  # type: ignore[assignment]
    jobs.bind()
    before, began = _peak(), time.perf_counter()
    done = jobs.write_workbooks()
    said = {"done": done, "seconds": time.perf_counter() - began, "peak": _peak(), "before": before}
    print(json.dumps(said))


def _peak() -> int:
    """Bytes this process held at most. Linux counts into `ru_maxrss` what its parent held when it was started."""
    status = Path("/proc/self/status")
    if status.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
        assert found is not None
        return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main(int(sys.argv[1]))
