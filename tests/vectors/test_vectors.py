"""The published vectors are right and current, and each bug fails the vectors of its group."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import get_args

import pytest

from amin_ref import InvalidDocument, Machine, Rule
from amin_ref.conformance import RoundRule
from amin_ref.vectors import VectorFile, published_text, published_vectors
from tests.long.mutants.catalogue import MUTANTS
from tests.making.vectors.candidates import family_instances
from tests.making.vectors.flags import (
    FILES_IN_VECTORS,
    FLAGS,
    NOT_IN_VECTORS,
    Flag,
    broken_implementations,
)
from tests.making.vectors.implementation import OURS
from tests.making.vectors.judging import passes
from tests.making.vectors.machines import recomputed
from tests.making.vectors.selection import regenerated
from tests.models.wrong_schedulers import WRONG

PUBLISHED = published_vectors()


def test_every_vector_is_numbered_grouped_and_flagged() -> None:
    assert len(PUBLISHED.vectors) >= 300
    assert [vector.id for vector in PUBLISHED.vectors] == [*range(1, len(PUBLISHED.vectors) + 1)]
    assert [group.flag for group in PUBLISHED.groups] == [note.flag for note in PUBLISHED.notes]
    for group in PUBLISHED.groups:
        assert group.vectors
        for vector in group.vectors:
            assert group.flag in vector.flags
    assert {vector.result for vector in PUBLISHED.vectors} == {"valid", "acceptable", "invalid"}


def test_no_two_vectors_are_the_same() -> None:
    contents = {(v.policy, v.ties, v.result, v.schedules) for v in PUBLISHED.vectors}
    assert len(contents) == len(PUBLISHED.vectors)


def test_vectors_are_read_as_they_were_written() -> None:
    assert PUBLISHED.to_json() == published_text()
    for group in PUBLISHED.groups[:3]:
        part = PUBLISHED.part(group.flag)
        assert VectorFile.from_json(part.to_json()) == part
        assert part.groups == (group,)


def test_only_a_file_with_another_machine_is_of_version_2() -> None:
    """Readers of version 1 read the groups that are on the paper's machine alone."""
    papers = PUBLISHED.part("FullIsTooFull")
    others = PUBLISHED.part("IgnoresTokensPerRound")
    assert {vector.instance.machine for vector in papers.vectors} == {Machine()}
    assert Machine() not in {vector.instance.machine for vector in others.vectors}
    assert [json.loads(part.to_json())["version"] for part in (papers, others)] == [1, 2]
    in_version_2 = papers.to_json().replace('"version": 1', '"version": 2')
    assert VectorFile.from_json(in_version_2) == papers
    in_version_1 = others.to_json().replace('"version": 2', '"version": 1')
    with pytest.raises(InvalidDocument, match="the field 'machine' belongs to version 2"):
        VectorFile.from_json(in_version_1)


def test_vectors_on_other_machines_differ_in_every_field_and_policy() -> None:
    others = [v for v in PUBLISHED.vectors if v.instance.machine != Machine()]
    assert {vector.policy for vector in others} == {"amin", "amax", "h-sf", "fcfs"}
    for field in fields(Machine):
        values = {getattr(vector.instance.machine, field.name) for vector in others}
        assert len(values) > 1
    assert any(vector.schedules[0].evictions for vector in others)
    assert any(vector.schedules[0].has_computed for vector in others)


def test_the_notes_are_those_of_the_flags() -> None:
    for note, flag in zip(PUBLISHED.notes, FLAGS, strict=True):
        assert note.flag == flag.name
        assert note.bug.lower() == f"{flag.bug.lower()}."
        if flag.cost is not None:
            assert note.cost.lower() == f"{flag.cost.lower()}."
        else:
            assert "total latency" in note.cost


# Right and wrong, worked out anew and by force.


def test_brute_force_finds_the_published_verdict_of_each_vector() -> None:
    """Schedules, rule, round and comment follow from the naive policies under every tie-break."""
    for vector in PUBLISHED.vectors:
        found = recomputed(vector)
        assert replace(found, id=vector.id, flags=vector.flags) == vector


def test_every_rule_of_a_schedule_or_a_round_has_a_vector() -> None:
    """The other names are those of known bugs, as which a round's fault may be reported."""
    rules = {vector.rule for vector in PUBLISHED.vectors}
    assert {*get_args(Rule), *get_args(RoundRule)} <= rules


@pytest.mark.theorem("T15")
def test_small_instances_on_which_amin_is_far_from_the_optimum_have_vectors() -> None:
    with_order = {(vector.instance, vector.ties) for vector in PUBLISHED.vectors}
    for instance in family_instances():
        assert (instance, tuple(instance.by_id)) in with_order


def test_our_implementation_passes_every_vector() -> None:
    failed = [vector.id for vector in PUBLISHED.vectors if not passes(OURS, vector)]
    assert failed == []


# The matrix: every bug against the vectors.


def test_every_mutant_and_every_wrong_scheduler_has_a_flag() -> None:
    with_flag = {mutant.name for flag in FLAGS for mutant in flag.mutants}
    ours = {mutant.name for mutant in MUTANTS if mutant.file.startswith(FILES_IN_VECTORS)}
    assert ours - with_flag == set(NOT_IN_VECTORS)
    wrong = {scheduler.name for flag in FLAGS for scheduler in flag.schedulers}
    assert {scheduler.name for scheduler in WRONG} - wrong == {"Raises"}


@pytest.mark.parametrize(
    "flag",
    [
        pytest.param(flag, id=flag.name, marks=pytest.mark.slow if number % 3 else ())
        for number, flag in enumerate(FLAGS)
    ],
)
def test_every_bug_fails_the_vectors_of_its_group(flag: Flag) -> None:
    """A row of the matrix: each implementation with the bug fails its group's first vectors."""
    (group,) = (group for group in PUBLISHED.groups if group.flag == flag.name)
    for implementation in broken_implementations(flag):
        assert not any(passes(implementation, vector) for vector in group.vectors[:2])


@pytest.mark.slow
def test_the_published_file_is_what_the_generator_writes() -> None:
    """The whole matrix and the measured cost of every bug are recomputed."""
    assert regenerated(PUBLISHED).to_json() == published_text()
