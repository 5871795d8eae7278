"""A wrong checker of certificates is noticed: with each fault in ``Verify.v`` some bound differs.

``verify_is_the_formula`` says that ``verify`` is a formula in which no text of ``Verify.v`` occurs.
Without a fault the program has the bounds of ``oracle.verify``, so a program with another bound
contradicts that theorem.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import NamedTuple

import pytest

from oracle import verify
from tests.rocq.program import Program
from tests.rocq.test_certificates import certified
from tests.rocq.test_conform_mutants import compiled
from tests.rocq.test_differential import drawn

pytestmark = pytest.mark.slow

CERTIFICATES = 1000
"""Random certificates on which a fault must show."""


class Mutant(NamedTuple):
    """A fault: what it is, and the text of ``Verify.v`` that it changes."""

    fault: str
    old: str
    new: str


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


def differs(path: Path, certificates: int = CERTIFICATES) -> bool:
    """Whether the program has another bound than ``oracle.verify`` for some certificate."""
    rng = random.Random("faults")
    with Program(path) as program:
        for _ in range(certificates):
            certificate = certified(rng, drawn(rng, 12))
            if program.verified(certificate) != verify(certificate.instance, certificate):
                return True
    return False


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.fault)
def test_a_fault_in_the_checker_is_noticed(
    compiled_program: Path, tmp_path: Path, mutant: Mutant
) -> None:
    assert differs(compiled(compiled_program, tmp_path, "Verify.v", mutant.old, mutant.new))


def test_the_checker_without_a_fault_differs_nowhere(
    compiled_program: Path, tmp_path: Path
) -> None:
    unchanged = "Definition verify (d : Z)"
    assert not differs(compiled(compiled_program, tmp_path, "Verify.v", unchanged, unchanged))
