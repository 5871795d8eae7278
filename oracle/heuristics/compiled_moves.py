"""The moves of annealing and local search from compiled code, start round for start round."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amin_ref.model.instance import Instance
from oracle.compiled import overflowing, placing
from oracle.heuristics.annealing import Annealing
from oracle.heuristics.local_search import LocalSearch, Moves
from oracle.prices.dual import Dual, Floats, Rounds
from oracle.starts.parts import BusyPeriod


class CompiledLocalSearch(LocalSearch):
    """The same moves as :class:`LocalSearch`, eight to thirty times as fast."""

    moves_per_request = 10_000

    def __init__(
        self,
        instance: Instance,
        period: BusyPeriod,
        starts: Sequence[int],
        generator: np.random.Generator,
    ) -> None:
        super().__init__(instance, period, starts, generator)
        block, held = instance.block_size, instance.machine.held
        self._capacity = instance.capacity // block * block
        output_len = np.array([one.output_len for one in period.requests])
        self._tables = placing.Requests(
            stored=np.array([held(one.prompt_len) for one in period.requests]),
            output_len=output_len,
            arrival=np.array([one.arrival for one in period.requests]),
            volume=np.array([float(volume) for volume in self._volumes]),
            first_round=period.first_round,
            block_size=block,
            longest=int(output_len.max()),
        )
        self._level = self._free.level()
        self._counts = np.zeros(placing.COUNT_ENTRIES, dtype=np.int64)
        self._near = np.zeros(len(starts), dtype=np.int64)

    def _make(self, moves: Moves) -> None:
        most, made = moves.pick.shape[1], 0
        counts, starts = self._counts, self._starts
        counts[placing.CHANGE], counts[placing.LEAST] = self._change, self._least
        while made < len(moves.rise):
            ends = starts + self._tables.output_len - self._tables.first_round
            counts[placing.END] = ends.max()
            self._reach(int(counts[placing.END]) + most * self._tables.longest)
            state = placing.State(
                starts=starts,
                best=self._best,
                level=self._level,
                counts=counts,
                near=self._near,
                before=np.zeros(most, dtype=np.int64),
                after=np.zeros(most, dtype=np.int64),
                key=np.zeros(most),
            )
            made = placing.make(self._tables, state, placing.Moves(*moves), made)
        self._change, self._least = int(counts[placing.CHANGE]), int(counts[placing.LEAST])

    def _reach(self, rounds: int) -> None:
        """Make ``_level`` at least this long."""
        known = len(self._level)
        if rounds > known:
            more = np.arange(known, 2 * rounds, dtype=np.int64) - self._capacity
            self._level = np.concatenate((self._level, more))


class CompiledAnnealing(Annealing):
    """The same moves as :class:`Annealing`, about seven times as fast."""

    def __init__(
        self,
        instance: Instance,
        period: BusyPeriod,
        dual: Dual,
        prices: Floats,
        generator: np.random.Generator,
    ) -> None:
        super().__init__(instance, period, dual, prices, generator)
        self._tables = overflowing.Requests(self._full, self._phase, self._output_len, self._ramp)

    def _make(self, chosen: Rounds, proposals: Rounds, noise: Floats, weights: Floats) -> None:
        overflowing.make(self._tables, self._starts, self._held, chosen, proposals, noise, weights)
