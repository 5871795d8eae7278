"""Choosing the vectors: for every bug up to five that detect it, small and unlike each other."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat

from amin_ref.vectors import Group, Note, Vector, VectorFile
from tests.making.vectors.candidates import candidates, of_families, size
from tests.making.vectors.costs import costs
from tests.making.vectors.flags import FLAGS, Flag, broken_implementations
from tests.making.vectors.judging import passes
from tests.making.vectors.machines import of_other_policies, on_other_machines, recomputed

OF_EACH = 5
"""The largest number of vectors for each bug."""


def caught(flag: Flag, vectors: Sequence[Vector]) -> frozenset[int]:
    """Indices of the vectors that every implementation with the bug fails."""
    found = set(range(len(vectors)))
    for implementation in broken_implementations(flag):
        found = {place for place in found if not passes(implementation, vectors[place])}
    return frozenset(found)


def flags_of(vectors: Sequence[Vector]) -> list[tuple[str, ...]]:
    """The bugs that each vector detects: the matrix."""
    names = [flag.name for flag in FLAGS]
    with ProcessPoolExecutor() as executor:
        by_flag = dict(zip(names, executor.map(caught, FLAGS, repeat(vectors)), strict=True))
    return [
        tuple(name for name in names if place in by_flag[name]) for place in range(len(vectors))
    ]


def chosen(vectors: Sequence[Vector], flags: Sequence[Flag] = FLAGS) -> tuple[Group, ...]:
    """For every bug, the smallest vectors that detect it and are not chosen yet.

    First come vectors that differ in the set of bugs that they detect. Bugs that few vectors detect
    are served first.
    """
    rarest_first = sorted(flags, key=lambda flag: sum(flag.name in v.flags for v in vectors))
    taken: set[int] = set()
    places: dict[str, list[int]] = {}
    for flag in rarest_first:
        mine = [
            place
            for place, vector in enumerate(vectors)
            if flag.name in vector.flags and place not in taken
        ]
        unlike = list({vectors[place].flags: place for place in reversed(mine)}.values())[::-1]
        others = [place for place in mine if place not in unlike]
        places[flag.name] = sorted((unlike + others)[:OF_EACH])
        taken.update(places[flag.name])
    return _numbered(
        [(flag.name, [vectors[place] for place in places[flag.name]]) for flag in flags]
    )


def with_more(groups: Sequence[Group]) -> tuple[Group, ...]:
    """The groups, and vectors that are chosen for their instances: of families, of other machines.

    Each stands behind those of the first bug that it detects; without any it is left out.
    """
    present = {(v.policy, v.ties, v.schedules) for group in groups for v in group.vectors}
    more = (*of_families(), *of_other_policies())
    vectors = [v for v in more if (v.policy, v.ties, v.schedules) not in present]
    with_flags = [
        replace(vector, flags=flags)
        for vector, flags in zip(vectors, flags_of(vectors), strict=True)
    ]
    return _numbered(
        [
            (group.flag, [*group.vectors, *(v for v in with_flags if v.flags[:1] == (group.flag,))])
            for group in groups
        ]
    )


def _numbered(groups: Sequence[tuple[str, Sequence[Vector]]]) -> tuple[Group, ...]:
    """The groups, with ids counted from 1."""
    numbered, last = [], 0
    for name, vectors in groups:
        members = tuple(replace(v, id=last + place) for place, v in enumerate(vectors, start=1))
        last += len(members)
        numbered.append(Group(name, members))
    return tuple(numbered)


def regenerated(published: VectorFile) -> VectorFile:
    """The same instances, with comments, flags and verdicts computed again."""
    vectors = [
        replace(recomputed(vector), flags=flags)
        for vector, flags in zip(published.vectors, flags_of(published.vectors), strict=True)
    ]
    remaining = iter(vectors)
    groups = [(group.flag, [next(remaining) for _ in group.vectors]) for group in published.groups]
    return VectorFile(notes(), _numbered(groups))


def chosen_again() -> VectorFile:
    """Vectors chosen again from all candidates."""
    vectors = _all_candidates()
    with_flags = [
        replace(vector, flags=flags)
        for vector, flags in zip(vectors, flags_of(vectors), strict=True)
    ]
    return VectorFile(notes(), with_more(chosen(with_flags)))


def _all_candidates() -> list[Vector]:
    """The candidates on the paper's machine, the smallest first, and then those on others."""
    return [*candidates(), *sorted(on_other_machines(), key=size)]


def added(published: VectorFile) -> VectorFile:
    """The published vectors, and vectors for the bugs that have none yet."""
    known = {group.flag for group in published.groups}
    flags = [flag for flag in FLAGS if flag.name not in known]
    taken = {_content(vector) for vector in published.vectors}
    vectors = [vector for vector in _all_candidates() if _content(vector) not in taken]
    by_flag = {flag.name: caught(flag, vectors) for flag in flags}
    with_flags = [
        replace(vector, flags=tuple(name for name, places in by_flag.items() if place in places))
        for place, vector in enumerate(vectors)
    ]
    found = {group.flag: group for group in (*published.groups, *chosen(with_flags, flags))}
    groups = [(flag.name, found[flag.name].vectors) for flag in FLAGS]
    return regenerated(VectorFile(published.notes, with_more(_numbered(groups))))


def notes() -> tuple[Note, ...]:
    """The meaning of every flag, and the cost of its bug."""
    measured = costs()
    return tuple(
        Note(flag.name, f"{flag.bug[0].upper()}{flag.bug[1:]}.", measured[flag.name])
        for flag in FLAGS
    )


def _content(vector: Vector) -> Vector:
    """A vector without its number, words and flags: two with the same are the same test."""
    return replace(vector, id=0, comment="", flags=())
