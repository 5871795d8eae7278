"""A wrong checker of conformance is noticed: each fault in ``Conform.v`` changes some answer.

The fault is put into the program, which is then compared with ``conform``: a proof script that no
longer compiles would not show that a statement is false.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from amin_ref.proved.building import COMPILE
from amin_ref.proved.source_text import SOURCES
from tests.rocq.program import ROCQ, Program
from tests.rocq.test_conform import answer, drawn_schedules

pytestmark = pytest.mark.slow

SCHEDULES = 10_000
"""Random valid schedules, with free and given ties, among which a fault must show; most do soon."""


class Mutant(NamedTuple):
    """A fault: what it is, and the text of ``Conform.v`` that it changes."""

    fault: str
    old: str
    new: str


MUTANTS = (
    Mutant("the last victim need not be the highest", "forallb (fun y => le y e) E &&", "true &&"),
    Mutant("victims above those who stay", "&& forallb (le e) S &&", "&& true &&"),
    Mutant("evicts more than needed", "&& negb (fits_now (e :: S))", "&& true"),
    Mutant("admits what does not fit", "fits_always (S ++ A) && match L", "true && match L"),
    Mutant("any request may be left behind", "forallb (le w) L &&", "true &&"),
    Mutant("skips the first", "&& forallb (fun y => le y w) A &&", "&& true &&"),
    Mutant("stops early", "&& negb (fits_always (S ++ A ++ [w]))", "&& true"),
    Mutant("readmits at once", "starters_wait t W && evictions_ok", "evictions_ok"),
    Mutant("forgets what it learnt", "then Z.max (stop x - start x) m else m", "then m else m"),
    Mutant("an evicted run has ended", "((stop x =? t) && completed x)", "(stop x =? t)"),
    Mutant("arrivals wait twice", "(arrival r <? t) && negb", "(arrival r <=? t) && negb"),
    Mutant("completed requests wait", "same (of x) r && completed x) past", "false) past"),
    Mutant("running requests wait", "same (tag j) r) running", "false) running"),
    Mutant("names the round after", "else Some t", "else Some (t + 1)"),
    Mutant("looks at no round", "Z.max (more_tokens j) n", "n"),
    Mutant("level requests are in no order", "assumed x <=? assumed y", "assumed x <? assumed y"),
    Mutant("ranks reversed", "negb (below y x)", "negb (below x y) || (assumed x <? assumed y)"),
    Mutant("looks at round 0 alone", "first_wrong (Z.to_nat (last_stop l)) 0", "first_wrong 1 0"),
)


def compiled(original: Path, folder: Path, name: str, old: str, new: str) -> Path:
    """The program, with one text of a source changed, from the compiled files beside it."""
    copy = folder / "rocq"
    shutil.copytree(original.parent, copy)
    source = copy / name
    text = source.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
    source.write_text(text.replace(old, new), encoding="utf-8")
    for each in (name, "Extract.v"):
        subprocess.run(["coqc", "-q", "-R", ".", "AminRef", each], cwd=copy, check=True)
    subprocess.run([*COMPILE, *SOURCES, "-o", "amin_model"], cwd=copy, check=True)
    return copy / "amin_model"


def differs(path: Path, schedules: int = SCHEDULES) -> bool:
    """Whether the program gives another verdict or another round than ``conform``."""
    rng = random.Random("faults")
    with Program(path) as program:
        for _, (schedule, ties, ranks) in zip(range(schedules), drawn_schedules(rng), strict=False):
            for free in (True, False):
                proved = program.conforms(schedule.instance, schedule.runs, ranks, free=free)
                if proved != answer(schedule, None if free else ties):
                    return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.fault)
def test_a_fault_in_the_checker_is_noticed(
    compiled_program: Path, tmp_path: Path, mutant: Mutant
) -> None:
    assert differs(compiled(compiled_program, tmp_path, "Conform.v", mutant.old, mutant.new))


def test_the_checker_without_a_fault_differs_nowhere(
    compiled_program: Path, tmp_path: Path
) -> None:
    unchanged = "Definition conform : verdict :="
    assert unchanged in (ROCQ / "Conform.v").read_text(encoding="utf-8")
    path = compiled(compiled_program, tmp_path, "Conform.v", unchanged, unchanged)
    assert not differs(path, SCHEDULES // 10)
