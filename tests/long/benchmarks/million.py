"""The processor time of work on the schedule of one million requests.

``python -m tests.long.benchmarks.million`` prints a table of ``proofs_notes/complexity.md``. Each
figure is that of one call, after the same call on a small schedule.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from amin_ref import Amin, Instance, Schedule, check, conform, simulate
from tests.long.benchmarks.compiled import lmsys_like

REQUESTS = 1_000_000


def table(requests: int) -> dict[str, float]:
    """Processor seconds of each kind of work on a schedule of this many requests."""
    whole = lmsys_like(requests, "rough:1:1000", "at-once")
    found: dict[str, float] = {}

    def timed(name: str, work: Callable[[], object]) -> None:
        began = time.process_time()
        work()
        found[name] = time.process_time() - began

    schedule = simulate(whole, Amin(), compiled=True)
    timed("`check`", lambda: check(schedule))
    timed("`conform`, `check` included", lambda: conform(schedule, compiled=True))
    texts: list[str] = []
    timed("`Schedule.to_json`", lambda: texts.append(schedule.to_json()))
    timed("`Schedule.from_json`", lambda: Schedule.from_json(texts[0]))
    timed("`Instance.to_json`", lambda: texts.append(whole.to_json()))
    timed("`Instance.from_json`", lambda: Instance.from_json(texts[1]))
    return found


def main() -> None:
    """Measure and print the table."""
    table(1_000)
    print("| work | s |\n|---|---:|")
    for name, seconds in table(REQUESTS).items():
        print(f"| {name} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
