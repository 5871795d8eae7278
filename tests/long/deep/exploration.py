"""Runs thousands of cases on any executor; shrinks and stores each case that breaks a theorem."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path

from amin_ref import Amin
from amin_ref.files.writing import write_whole
from tests.long.deep.case import Case, random_case, smaller
from tests.long.deep.theorems import Broken, MakeAmin, examine
from tests.support.project import PROJECT

REGRESSIONS = PROJECT / "tests" / "regressions"
"""The folder of the cases that broke a theorem once; every test run replays them."""

PORTION = 200
"""Cases in a portion, which a worker examines at a time: about a second of work."""


@dataclass(frozen=True)
class Finding:
    """A case that breaks a theorem, as small as it could be made."""

    theorem: str
    seen: str
    case: Case

    def to_json(self) -> str:
        """The finding as JSON, to be stored as a regression example."""
        return json.dumps(
            {"theorem": self.theorem, "seen": self.seen, "case": json.loads(self.case.to_json())},
            indent=1,
        )


@dataclass(frozen=True)
class Report:
    """The result of a portion: its number, the counts of what was covered, and the findings."""

    portion: int
    covered: Counter[str]
    findings: tuple[Finding, ...]


def examine_portion(seed: int, portion: int, amin: MakeAmin = Amin) -> Report:
    """The cases of one portion: the same ones for the same seed and number."""
    rng = random.Random(f"deep/{seed}/{portion}")
    covered: Counter[str] = Counter()
    findings: dict[str, Finding] = {}
    for _ in range(PORTION):
        case = random_case(rng)
        try:
            covered.update(examine(case, amin))
        except Broken as broken:
            covered["instances that break a theorem"] += 1
            if broken.theorem not in findings:
                findings[broken.theorem] = shrunk(case, broken.theorem, amin)
    return Report(portion, covered, tuple(findings.values()))


def shrunk(case: Case, theorem: str, amin: MakeAmin = Amin) -> Finding:
    """The simplest case that can be reached step by step and breaks the same theorem."""
    seen = what_breaks(case, theorem, amin)
    assert seen is not None, "a case to shrink breaks the theorem"
    while True:
        for simpler in smaller(case):
            found = what_breaks(simpler, theorem, amin)
            if found is not None:
                case, seen = simpler, found
                break
        else:
            return Finding(theorem, seen, case)


def what_breaks(case: Case, theorem: str, amin: MakeAmin) -> str | None:
    """How a case breaks this theorem; ``None`` if it does not, or breaks another one first."""
    try:
        examine(case, amin)
    except Broken as broken:
        return str(broken) if broken.theorem == theorem else None
    return None


def explore(
    executor: Executor,
    at_once: int,
    seed: int,
    go_on: Callable[[int], bool],
    amin: MakeAmin = Amin,
    finished: Collection[int] = (),
) -> Iterator[Report]:
    """The reports of the portions, each as soon as it is complete.

    Args:
        executor: examines the portions; their arguments can be pickled.
        at_once: portions in progress at the same time.
        seed: chooses the cases.
        go_on: called before each portion with the number begun so far; begins it if True.
        amin: makes the scheduler that is examined as Amin.
        finished: numbers of the portions that are left out: an earlier run has examined them.
    """
    begun = 0
    pending: set[Future[Report]] = set()
    while True:
        while len(pending) < at_once and go_on(begun):
            if begun not in finished:
                pending.add(executor.submit(examine_portion, seed, begun, amin))
            begun += 1
        if not pending:
            return
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        for future in done:
            yield future.result()


def keep(finding: Finding, folder: Path) -> Path:
    """Store a finding where every test run replays it; return its file."""
    text = finding.to_json()
    name = hashlib.sha256(finding.case.to_json().encode()).hexdigest()[:12]
    file = folder / f"{finding.theorem}-{name}.json"
    write_whole(file, text + "\n")
    return file
