"""The tables of the sequencing bound from compiled code; otherwise as ``relaxation.Sequencing``."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from oracle.compiled import sequences as kernels
from oracle.search.relaxation import NEVER, Number, Sequences, Sequencing


class CompiledSequencing(Sequencing):
    """The same tables as :class:`Sequencing`, ten times as fast."""

    def solve(self, reduced: NDArray[Number]) -> Sequences[Number]:
        """Tables for reduced costs of shape (large, rounds)."""
        return self._filled(reduced, self._tables(reduced.dtype))

    def solver(self) -> Callable[[NDArray[np.float64]], Sequences[np.float64]]:
        """As :meth:`solve`, in the same memory each time: a call overwrites the last result."""
        tables = self._tables(np.dtype(np.float64))
        return lambda reduced: self._filled(reduced, tables)

    def _tables(self, kind: np.dtype[Number]) -> kernels.Tables[Number]:
        """Tables that say "never" everywhere."""
        large, rounds = self.large, self.rounds
        padded = rounds + self._padding
        after = np.full((1 << large, large, rounds), NEVER, dtype=kind)
        after[0] = 0
        return kernels.Tables(
            reduced=np.full((large, padded), NEVER, dtype=kind),
            first=np.full((1 << large, large, padded), NEVER, dtype=kind),
            later=np.full((1 << large, large, padded), NEVER, dtype=kind),
            after=after,
            inside=np.full((large, large, rounds), NEVER, dtype=kind),
        )

    def _filled(
        self, reduced: NDArray[Number], tables: kernels.Tables[Number]
    ) -> Sequences[Number]:
        tables.reduced[:, : self.rounds] = reduced
        apart = np.zeros((self.large, self.large), dtype=np.int64)
        nested = apart.copy()
        for (earlier, later), offsets in self._offsets.items():
            apart[earlier, later], nested[earlier, later] = offsets.apart, offsets.close + 1
        kernels.fill(tables, apart, nested, NEVER)
        return Sequences(self, tables.reduced, tables.first, tables.later, tables.after)
