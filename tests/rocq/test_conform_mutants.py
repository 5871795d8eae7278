"""A wrong checker of conformance is noticed: each fault in ``Conform.v`` changes some answer."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from amin_ref import RequestId, Schedule
from tests.rocq.faulty import Mutant, Source, with_faults
from tests.rocq.program import Program
from tests.rocq.test_conform import answer, drawn_schedules

pytestmark = pytest.mark.slow

SCHEDULES = 10_000
"""Random valid schedules, with free and given ties, among which a fault must show; most do soon."""

CONFORM = Source(
    "Conform.v",
    # The verdicts of a copy are of another type than those that the program prints.
    "((fun M B le requests l => match COPY.conform M B le requests l with "
    "COPY.Invalid => Invalid | COPY.Departs t => Departs t | COPY.Conforms => Conforms end), "
    "(COPY.level_or_before, COPY.not_after))",
    {
        '"free" -> level_or_before': '"free" -> fst (snd fault)',
        '"given" -> not_after': '"given" -> snd (snd fault)',
        "match conform capacity": "match fst fault capacity",
    },
)

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


@pytest.fixture(scope="module")
def faulty(compiled_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with all faults."""
    changes = [(mutant.old, mutant.new) for mutant in MUTANTS]
    return with_faults(compiled_program, tmp_path_factory.mktemp("conform"), CONFORM, changes)


Judged = tuple[Schedule, dict[RequestId, int], dict[bool, str]]
"""A schedule with its ranks, and ``conform``'s answers: with free ties, and with given ties."""


@cache
def stream() -> Iterator[Judged]:
    """Random schedules, as they are judged one after the other."""
    return (
        (schedule, ranks, {True: answer(schedule, None), False: answer(schedule, ties)})
        for schedule, ties, ranks in drawn_schedules(random.Random("faults"))
    )


@cache
def judged(place: int) -> Judged:
    """The schedule at a place of the stream. Each place is judged once, in order."""
    return next(stream())


def differs(path: Path, number: int, schedules: int = SCHEDULES) -> bool:
    """Whether the program with a fault has another verdict or another round than ``conform``."""
    with Program(path, str(number)) as program:
        for place in range(schedules):
            schedule, ranks, verdicts = judged(place)
            for free, verdict in verdicts.items():
                if program.conforms(schedule.instance, schedule.runs, ranks, free=free) != verdict:
                    return True
    return False


@pytest.mark.parametrize(
    "number", range(1, len(MUTANTS) + 1), ids=lambda number: MUTANTS[number - 1].fault
)
def test_a_fault_in_the_checker_is_noticed(faulty: Path, number: int) -> None:
    assert differs(faulty, number)


def test_the_checker_without_a_fault_differs_nowhere(faulty: Path) -> None:
    assert not differs(faulty, 0, SCHEDULES // 10)
