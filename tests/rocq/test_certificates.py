"""The proved checker of certificates computes what ``oracle.verify`` computes, shares and all."""

from __future__ import annotations

import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amin_ref import Instance
from amin_ref.cli.proved import certificate_in_words
from amin_ref.model.validation import LARGEST
from oracle import Certificate, Stretch, lower_bound, verify
from oracle.certificate import Share
from tests.long.benchmarks.certified_gap import from_file
from tests.rocq.program import Program, in_words
from tests.rocq.test_differential import drawn, positions
from tests.support.profiles import many
from tests.support.real_data import lmsys_file

pytestmark = pytest.mark.slow

CERTIFICATES = many(1000, deep=100_000)
"""Random certificates: some seconds."""

FOUND = 40
"""Instances whose certificates are searched for, a twentieth of a second each."""

REFERENCE_TIMES = 10
"""The proved checker takes at most this many times as long as ``verify``, in processor time."""


@pytest.fixture(scope="module")
def program(compiled_program: Path) -> Iterator[Program]:
    with Program(compiled_program) as running:
        yield running


def certified(rng: random.Random, instance: Instance) -> Certificate:
    """A random certificate; some shares have a lead longer than their stretch."""
    denominator = rng.choice([1, 7, 1000, LARGEST])
    # A price of about 1/M a token proves most: then a full cache costs as much as one delay.
    highest = rng.choice([denominator, 1 + denominator // instance.capacity])

    def prices(rounds: int) -> tuple[int, ...]:
        return tuple(rng.choice([0, 0, rng.randint(0, highest)]) for _ in range(rounds))

    stretches, now = [], rng.randint(0, 3)
    for _ in range(rng.randint(0, 3)):
        rounds = rng.randint(0, 40)
        shares = tuple(
            Share(
                places=rng.randint(1, 3),
                most=rng.randint(1, instance.capacity),
                ignored=rng.randint(0, 3),
                lead=rng.choice([0, 0, rng.randint(0, 12), rng.randint(0, 80)]),
                multipliers=prices(rounds),
            )
            for _ in range(rng.randint(0, 3))
        )
        stretches.append(Stretch(now, prices(rounds), shares))
        now += rounds + rng.randint(0, 5)
    return Certificate(instance, denominator, tuple(stretches))


def test_drawn_certificates_prove_the_same(program: Program) -> None:
    rng = random.Random("certificates")
    several = shared = longer = better = 0
    for _ in range(CERTIFICATES):
        instance = drawn(rng, 20)
        certificate = certified(rng, instance)
        proved = verify(instance, certificate)
        assert program.verified(certificate) == proved, certificate
        several += len(certificate.stretches) > 1
        shared += any(stretch.shares for stretch in certificate.stretches)
        longer += any(
            share.lead > len(stretch.multipliers)
            for stretch in certificate.stretches
            for share in stretch.shares
        )
        better += proved > sum(request.output_len for request in instance.requests)
    assert min(several, shared, longer) > CERTIFICATES // 50
    # Prices of 0 prove the sum of output lengths: some certificates must prove more.
    assert better > 0


def test_found_certificates_prove_the_same(program: Program) -> None:
    rng = random.Random("found certificates")
    shared = 0
    for _ in range(FOUND):
        instance = drawn(rng, 20)
        certificate = lower_bound(instance, 0.05)
        assert program.verified(certificate) == verify(instance, certificate), certificate
        shared += any(stretch.shares for stretch in certificate.stretches)
    assert shared > 0


@pytest.mark.skipif(sys.platform == "win32", reason="no processor time of child processes")
@pytest.mark.parametrize("block", [1, 16])
def test_two_thousand_requests_take_at_most_ten_times_as_long(
    compiled_program: Path, block: int
) -> None:
    columns = ("question_length", "answer_length")
    instance = from_file(lmsys_file(), *columns, 2000, 16_492, block)
    certificate = lower_bound(instance, 3.0)
    verify(instance, certificate)  # numpy's first call is slower
    began = time.process_time()
    proved = verify(instance, certificate)
    reference = time.process_time() - began
    prices = "\n".join(certificate_in_words(certificate))
    words = f"V {prices}\n{in_words(instance, positions(instance))}"
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    answer = subprocess.run([compiled_program], input=words, text=True, capture_output=True)
    took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert int(answer.stdout) == proved
    assert took <= REFERENCE_TIMES * reference
