"""Shrinking a failing instance: greedy steps to smaller instances that still fail.

Every step reduces the sum of all numbers, so shrinking ends, at an instance from which no single
step leads to a smaller failing one. Unlike Hypothesis, it starts from any given instance, and its
steps fit scheduling: a request and the capacity can shrink together.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from amin_ref.model.errors import InvalidValue
from amin_ref.model.instance import Instance
from amin_ref.model.machine import (
    PAPERS_MACHINE,
    Machine,
    machine_document,
    machine_from_document,
)
from amin_ref.model.request import Request
from amin_ref.model.validation import RequestId

MOST_ATTEMPTS = 2_000
"""Most instances tried: a few seconds of work, and more than small instances ever need."""

Numbers = tuple[int, ...]
"""A request's prompt_len, output_len, lower, upper (0 if unknown) and arrival."""

PROMPT_LEN, OUTPUT_LEN, LOWER, UPPER, ARRIVAL = range(5)
LEAST: Numbers = (1, 1, 1, 0, 0)
"""The least value of each number."""


def shrunk(
    instance: Instance, fails: Callable[[Instance], bool], most_attempts: int = MOST_ATTEMPTS
) -> Instance:
    """The smallest failing instance that greedy steps from ``instance`` lead to.

    Args:
        instance: a failing instance.
        fails: whether an instance fails.
        most_attempts: most calls of ``fails`` before the ids are renamed.
    """
    attempts = 0
    draft = _Draft.of(instance)
    steps = _steps(draft)
    while attempts < most_attempts and (step := next(steps, None)) is not None:
        candidate = step.instance()
        if candidate is None:
            continue
        attempts += 1
        if fails(candidate):
            instance, draft = candidate, step
            steps = _steps(draft)
    named = replace(draft, ids=tuple(string.ascii_lowercase[: len(draft.ids)])).instance()
    return named if named is not None and fails(named) else instance


@dataclass(frozen=True, slots=True)
class _Draft:
    """The numbers of an instance, which may break its rules."""

    capacity: int
    block_size: int
    machine: Machine
    ids: tuple[RequestId, ...]
    numbers: tuple[Numbers, ...]

    @classmethod
    def of(cls, instance: Instance) -> _Draft:
        return cls(
            instance.capacity,
            instance.block_size,
            instance.machine,
            tuple(request.id for request in instance.requests),
            tuple(
                (r.prompt_len, r.output_len, r.lower, r.upper or 0, r.arrival)
                for r in instance.requests
            ),
        )

    def instance(self) -> Instance | None:
        """The instance; ``None`` if bounds do not hold or a request does not fit the cache."""
        try:
            return Instance(
                self.capacity,
                tuple(
                    Request(
                        request,
                        numbers[PROMPT_LEN],
                        numbers[OUTPUT_LEN],
                        numbers[LOWER],
                        numbers[UPPER] or None,
                        numbers[ARRIVAL],
                    )
                    for request, numbers in zip(self.ids, self.numbers, strict=True)
                ),
                self.block_size,
                self.machine,
            )
        except InvalidValue:
            return None

    def without(self, first: int, last: int) -> _Draft:
        """The draft without the requests from ``first`` to ``last`` - 1."""
        return replace(
            self,
            ids=self.ids[:first] + self.ids[last:],
            numbers=self.numbers[:first] + self.numbers[last:],
        )

    def changed(self, position: int, numbers: Numbers) -> _Draft:
        """The draft with other numbers for one request."""
        changed = (*self.numbers[:position], numbers, *self.numbers[position + 1 :])
        return replace(self, numbers=changed)


def _simpler(machine: Machine) -> Iterator[Machine]:
    """Machines with fewer fields that differ from the paper's machine."""
    differ = machine_document(machine)
    if len(differ) > 1:
        yield PAPERS_MACHINE
    for name in differ:
        others = {other: value for other, value in differ.items() if other != name}
        yield machine_from_document(others, "machine")


def _steps(draft: _Draft) -> Iterator[_Draft]:
    """Smaller drafts, the largest steps first."""
    yield from (replace(draft, machine=machine) for machine in _simpler(draft.machine))
    size = len(draft.ids)
    for length in (size // 2, 1):
        for first in range(0, size if length else 0, max(1, length)):
            yield draft.without(first, first + length)
    for field in (ARRIVAL, UPPER, LOWER, PROMPT_LEN):
        least = min((numbers[field] for numbers in draft.numbers), default=LEAST[field])
        for value in {LEAST[field], least}:
            rows = tuple(_with(row, {field: min(row[field], value)}) for row in draft.numbers)
            if rows != draft.numbers:
                yield replace(draft, numbers=rows)
        if least > LEAST[field]:
            down = least - LEAST[field]
            rows = tuple(_with(row, {field: row[field] - down}) for row in draft.numbers)
            yield replace(draft, numbers=rows)
    for block_size in _smaller(draft.block_size, 1):
        yield replace(draft, block_size=block_size)
    for capacity in _smaller(draft.capacity, 1):
        yield replace(draft, capacity=capacity)
    for position, row in enumerate(draft.numbers):
        for change in _changes(row):
            smaller = draft.changed(position, _with(row, change))
            yield smaller
            # Room that a smaller request leaves may hide the failure, so shrink the cache as well.
            yield replace(smaller, capacity=draft.capacity - 1)


def _changes(row: Numbers) -> Iterator[dict[int, int]]:
    """Smaller numbers for one request, as changes of its fields."""
    for field, least in enumerate(LEAST):
        for value in _smaller(row[field], least):
            yield {field: value}
            if field == OUTPUT_LEN and row[LOWER] > value:
                yield {field: value, LOWER: value}
    if row[LOWER] > 1:
        yield {OUTPUT_LEN: row[OUTPUT_LEN] - 1, LOWER: row[LOWER] - 1}


def _smaller(value: int, least: int) -> Iterator[int]:
    """Some numbers from ``least`` to ``value`` - 1, the smallest first."""
    for candidate in (least, (value + least) // 2, value - 1):
        if least <= candidate < value:
            yield candidate


def _with(row: Numbers, change: dict[int, int]) -> Numbers:
    return tuple(change.get(field, value) for field, value in enumerate(row))
