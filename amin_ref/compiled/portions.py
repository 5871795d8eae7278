"""Plays compiled rounds in portions; between two, it tells of progress and lengthens tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from amin_ref.compiled.refusal import NotCompiled, Numbers
from amin_ref.model.errors import NoProgress


class HasCounters(Protocol):
    """The state of a simulation in compiled code."""

    @property
    def now(self) -> Numbers:
        """The present round and other numbers, each at an index of its own."""
        ...


State = TypeVar("State", bound=HasCounters)


@dataclass(frozen=True, slots=True)
class Portions:
    """How long the rounds are played.

    Attributes:
        max_rounds: the round by which every request must have completed.
        rounds: rounds of a portion.
        on_completion: called after a portion with the number of completed requests.
    """

    max_rounds: int
    rounds: int
    on_completion: Callable[[int], None] | None = None

    def played(
        self,
        play: Callable[[State, int], bool],
        state: State,
        with_room: Callable[[State], State],
        *,
        round_entry: int,
        completed_entry: int,
    ) -> State | None:
        """The state after the last round.

        Args:
            play: plays up to this number of rounds, or fewer if a table is full, and returns
                whether all requests have completed.
            state: the state before the first round.
            with_room: returns the state with tables long enough for at least one round more.
            round_entry: the index of the present round in ``state.now``.
            completed_entry: the index of the number of completed requests.

        Returns:
            ``None`` if a request has not completed by ``max_rounds``.

        Raises:
            NotCompiled: Numba cannot compile ``play``.
            NoProgress: ``play`` raises it.
        """
        completed = 0
        done = False
        while not done:
            if state.now[round_entry] > self.max_rounds:
                return None
            state = with_room(state)
            try:
                done = play(state, self.rounds)
            except NoProgress:
                raise
            except Exception as error:  # noqa: BLE001 - Numba's errors are of many types
                raise NotCompiled(f"Numba cannot compile the simulation: {error}") from None
            if self.on_completion is not None and state.now[completed_entry] > completed:
                completed = int(state.now[completed_entry])
                self.on_completion(completed)
        return state


def longer_if_full(rows: Numbers, used: int, more: int) -> Numbers:
    """The rows, or twice as many if fewer than ``more`` of them are unused."""
    if used + more <= len(rows):
        return rows
    return np.concatenate([rows, np.zeros_like(rows)])
