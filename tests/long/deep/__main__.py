"""Run the deep profile: ``python -m tests.long.deep --minutes 60`` or ``--instances 1000000``.

Progress goes to standard error, the table of what was covered to standard output. A case that
breaks a theorem is shrunk and stored in ``tests/regressions``; every test run replays it. With
``--checkpoint`` a run that was killed is continued. The exit status is 1 if a case was stored.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections import Counter
from pathlib import Path

from amin_ref.cli.workers import worker_pool
from tests.long.deep.checkpoint import Checkpoint
from tests.long.deep.exploration import PORTION, REGRESSIONS, explore, keep

SECONDS_BETWEEN_LINES = 60
"""Between two lines of progress, so that a run of an hour prints sixty."""


def main() -> int:
    """Run the command and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.long.deep", description=__doc__)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--instances", type=float, default=math.inf)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0, help="other cases for another seed")
    parser.add_argument(
        "--checkpoint", type=Path, help="file of finished portions: begun, or continued"
    )
    chosen = parser.parse_args()
    most: float = chosen.instances
    if chosen.minutes == most == math.inf:
        parser.error("give --minutes or --instances")
    began = reported = time.monotonic()
    until: float = began + 60 * chosen.minutes
    kept = Checkpoint(chosen.checkpoint, chosen.seed)
    covered, files = kept.covered, kept.files

    def go_on(begun: int) -> bool:
        return time.monotonic() < until and begun * PORTION < most

    with worker_pool(chosen.workers) as executor:
        for report in explore(
            executor, 2 * chosen.workers, chosen.seed, go_on, finished=kept.finished
        ):
            kept.add(report, [keep(finding, REGRESSIONS) for finding in report.findings])
            if time.monotonic() - reported > SECONDS_BETWEEN_LINES:
                reported = time.monotonic()
                print(progress(covered, files, reported - began), file=sys.stderr, flush=True)
    print(progress(covered, files, time.monotonic() - began), file=sys.stderr)
    print("| covered | times |\n|---|---:|")
    for name, times in covered.items():
        print(f"| {name} | {times:,} |")
    for file in files:
        print(f"broken: {file.name}")
    return 1 if files else 0


def progress(covered: Counter[str], files: list[Path], seconds: float) -> str:
    """One line: instances, time, rate, findings."""
    instances = covered["instances"] + covered["instances that break a theorem"]
    return (
        f"{instances:,} instances in {seconds:,.0f} s, {instances / seconds:,.0f} a second, "
        f"{len(files)} findings"
    )


if __name__ == "__main__":
    sys.exit(main())
