"""The dual function with prices of shares, from compiled code."""

from __future__ import annotations

import numpy as np

from amin_ref.model.instance import Instance
from oracle.compiled import shares as kernels
from oracle.prices.dual import (
    NEGLIGIBLE,
    Dual,
    Evaluation,
    Floats,
    sums_from_the_start,
    sums_to_the_end,
)
from oracle.starts.parts import BusyPeriod


class CompiledDual(Dual):
    """The same function as :class:`Dual`, several times as fast where shares have prices."""

    def __init__(
        self, instance: Instance, period: BusyPeriod, *, more_shares: bool = False
    ) -> None:
        super().__init__(instance, period, more_shares=more_shares)
        # A count with the second differences b is the sum of ramps that begin at each b ≠ 0.
        bends = np.diff(np.pad(self._counts, ((0, 0), (0, 0), (2, 2))), n=2)
        kind, share, place = np.nonzero(bends)
        self._ramp_rounds = self.rounds + bends.shape[2]
        self._kinds = kernels.Kinds(
            requests=self.count,
            output_len=self.output_len,
            arrival=self.arrival,
            before=self.before,
            after=self.after,
            done=self.done,
            growing_from=self.growing_from,
            growing_until=self.growing_until,
            first_ramp=np.searchsorted(kind, np.arange(len(self.count) + 1)),
            ramp_share=share,
            ramp_from=place,
            ramp_rise=bends[kind, share, place],
            rounds=self.rounds,
        )

    def evaluate(self, prices: Floats, step: int, temperature: float) -> Evaluation:
        """As the reference."""
        rounds, block, lead = self.rounds, self.block_size, self._lead
        onwards, rising = np.zeros((2, 2 * rounds + 1))
        onwards[:rounds] = block * sums_to_the_end(prices[0], 1)
        rising[:rounds] = sums_to_the_end(onwards[:rounds], block)
        ramps = np.zeros((len(self.shares), self._ramp_rounds))
        ramps[:, lead : lead + rounds] = prices[1:]
        for _ in range(2):
            ramps = np.cumsum(ramps[:, ::-1], axis=1)[:, ::-1]
        pulls = kernels.Sums(np.zeros_like(onwards), np.zeros_like(rising), np.zeros(ramps.shape))
        totals = np.zeros(kernels.SUM_ENTRIES)
        kernels.evaluate(
            self._kinds,
            kernels.Sums(onwards, rising, np.ascontiguousarray(ramps)),
            step,
            temperature,
            NEGLIGIBLE,
            np.empty(rounds // step + 1),
            totals,
            pulls,
        )
        gradient = np.empty_like(prices)
        growing = sums_from_the_start(pulls.rising[:rounds], block)
        gradient[0] = block * sums_from_the_start(pulls.onwards[:rounds] + growing, 1)
        counted = np.cumsum(np.cumsum(pulls.ramps, axis=1), axis=1)
        gradient[1:] = counted[:, lead : lead + rounds]
        worth = float(self.limits @ prices.sum(axis=1))
        return Evaluation(
            value=float(totals[kernels.LEAST]) - worth,
            smoothed=float(totals[kernels.SMOOTHED]) - worth,
            gradient=gradient - self.limits[:, None],
        )
