"""A wrong checker of certificates is noticed: with each fault in ``Verify.v`` some bound differs.

``verify_is_the_formula`` says that ``verify`` is a formula in which no text of ``Verify.v`` occurs.
Without a fault the program has the bounds of ``oracle.verify``, so a program with another bound
contradicts that theorem.
"""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

import pytest

from oracle import Certificate, verify
from tests.rocq.faulty import Mutant, Source, with_faults
from tests.rocq.program import Program
from tests.rocq.test_certificates import certified
from tests.rocq.test_differential import drawn

pytestmark = pytest.mark.slow

CERTIFICATES = 1000
"""Random certificates on which a fault must show."""

VERIFY = Source("Verify.v", "COPY.verify", {"match verify capacity": "match fault capacity"})

LIMITS = " - limits_cost M B st."
EARLY = "repeat 0 (Z.to_nat early) ++ share_prices f"

MUTANTS = (
    Mutant("sums leave out their first price", "x + hd 0 sums :: sums", "hd 0 sums :: sums"),
    Mutant("strides are too long", "Z.to_nat (Z.min B (", "Z.to_nat (Z.min (B + 1) ("),
    Mutant("a block too many before", "(prompt_len r + B) / B", "(prompt_len r + 2 * B) / B"),
    Mutant("a block too many after", "output_len r + B - 1) / B", "output_len r + 2 * B - 1) / B"),
    Mutant("delay counts twice", "(here + d) n'", "(here + 2 * d) n'"),
    Mutant("the last start is left out", "S (Z.to_nat (rounds_of", "(Z.to_nat (rounds_of"),
    Mutant("the end has no overtime", "rounds_of st + overtime st - w", "rounds_of st - w"),
    Mutant("the worst start counts", "Z.min x (smallest later)", "Z.max x (smallest later)"),
    Mutant("shares have no lead", EARLY, "share_prices f"),
    Mutant("bends are slopes", "next - 2 * here + before", "next - here"),
    Mutant("a bend counts once", "plus_scaled (snd b)", "plus_scaled 1"),
    Mutant("arrivals are alike", " && (arrival r =? arrival q)", ""),
    Mutant("equal requests count once", "(q, n + 1) :: later", "(q, n) :: later"),
    Mutant("limits cost nothing", LIMITS, "."),
    Mutant("rounded down", "Some (- ((- (d * sum", "Some ((((d * sum"),
    Mutant("outside of all stretches is free", "filter (outside sts)", "filter (fun _ => false)"),
)


@pytest.fixture(scope="module")
def faulty(compiled_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with all faults."""
    changes = [(mutant.old, mutant.new) for mutant in MUTANTS]
    return with_faults(compiled_program, tmp_path_factory.mktemp("verify"), VERIFY, changes)


@cache
def verified() -> list[tuple[Certificate, int]]:
    """Random certificates, and the bound of each."""
    rng = random.Random("faults")
    certificates = [certified(rng, drawn(rng, 12)) for _ in range(CERTIFICATES)]
    return [(each, verify(each.instance, each)) for each in certificates]


def differs(path: Path, number: int) -> bool:
    """Whether the program with a fault has another bound than ``oracle.verify`` for some one."""
    with Program(path, str(number)) as program:
        return any(program.verified(certificate) != bound for certificate, bound in verified())


@pytest.mark.parametrize(
    "number", range(1, len(MUTANTS) + 1), ids=lambda number: MUTANTS[number - 1].fault
)
def test_a_fault_in_the_checker_is_noticed(faulty: Path, number: int) -> None:
    assert differs(faulty, number)


def test_the_checker_without_a_fault_differs_nowhere(faulty: Path) -> None:
    assert not differs(faulty, 0)
