"""The deep profile covers T1 to T11, finds deliberate faults, and stores what it finds."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from amin_ref.model.json_reading import expect_object, parse
from amin_ref.policies.variants import AminVariant, EvictsLargest, NeverLooksAhead, NeverRefines
from tests.long.deep.case import Case, smaller
from tests.long.deep.exploration import (
    PORTION,
    REGRESSIONS,
    Finding,
    examine_portion,
    explore,
    keep,
)
from tests.long.deep.theorems import THEOREMS, Broken, examine

STORED = sorted(REGRESSIONS.glob("*.json"))


def stored_case(file: Path) -> Case:
    found = expect_object(parse(file.read_text(encoding="utf-8")), "finding")
    return Case.from_json(json.dumps(found["case"]))


def test_a_portion_covers_every_theorem_and_finds_nothing() -> None:
    report = examine_portion(seed=0, portion=0)
    assert report.findings == ()
    for name in ("instances", *THEOREMS):
        assert report.covered[name] == PORTION
    # If one of these were rare, the theorems would hardly be tested.
    for name in (
        "blocks of 1",
        "blocks of 4",
        "4 requests",
        "instances with later arrivals",
        "instances where Amin evicts",
        "other futures that differ",
        "certificates that prove something",
        "instances where no policy is optimal",
    ):
        assert report.covered[name] > PORTION / 20, name


@pytest.mark.parametrize(
    ("variant", "theorem"),
    [(NeverRefines, "T3"), (EvictsLargest, "T6"), (NeverLooksAhead, "T7")],
)
def test_a_broken_theorem_is_found_shrunk_stored_and_replayed(
    variant: type[AminVariant], theorem: str, tmp_path: Path
) -> None:
    findings = {finding.theorem: finding for finding in examine_portion(0, 0, variant).findings}
    finding = findings[theorem]
    assert len(finding.case.instance.requests) <= 3
    case = stored_case(keep(finding, tmp_path))
    assert case == finding.case
    with pytest.raises(Broken, match=f"^{theorem}: "):
        examine(case, variant)
    for simpler in smaller(case):
        assert not breaks(simpler, variant, theorem)


def breaks(case: Case, variant: type[AminVariant], theorem: str) -> bool:
    try:
        examine(case, variant)
    except Broken as broken:
        return broken.theorem == theorem
    return False


def test_any_executor_gives_the_same_reports() -> None:
    with ThreadPoolExecutor(2) as executor:
        reports = list(explore(executor, 2, 7, lambda begun: begun < 2, NeverRefines))
    again = [examine_portion(7, portion, NeverRefines) for portion in range(2)]
    assert sorted(map(str, reports)) == sorted(map(str, again))
    assert any(isinstance(finding, Finding) for report in reports for finding in report.findings)


def test_there_are_stored_cases() -> None:
    assert len(STORED) >= 4


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.stem)
def test_stored_cases_no_longer_break_a_theorem(file: Path) -> None:
    examine(stored_case(file))
